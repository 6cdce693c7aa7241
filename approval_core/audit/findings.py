"""What a verification says: each damaged row by name, and what was looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LISTED = 1000  # problems kept in full; the rest are counted


@dataclass(frozen=True)
class Problem:
    """One row that is not as it was written. `id`: its primary key in words; chain and seq where it has them."""

    table: str
    id: str
    what: str
    chain: str | None = None
    seq: int | None = None
    expected: str | None = None
    found: str | None = None

    def __str__(self) -> str:
        where = f"{self.table} {self.id}"
        if self.chain is not None:
            where += f" (chain {self.chain}, seq {self.seq})"
        values = [f"expected {self.expected}"] if self.expected is not None else []
        values += [f"found {self.found}"] if self.found is not None else []
        return f"{where}: {self.what}" + (f"; {', '.join(values)}" if values else "")


@dataclass
class VerifyReport:
    """`ok` when nothing was found. `unsequenced`: entries younger than the log; `unsigned`: leaves after the last
    checkpoint; `deleted_texts`: texts taken away with a record of it."""

    entries: int = 0
    chains: int = 0
    unsequenced: int = 0
    deleted_texts: int = 0
    leaves: int = 0
    nodes: int = 0
    checkpoints: int = 0
    cosignatures: int = 0
    unsigned: int = 0
    signatures_checked: bool = False
    problems: list[Problem] = field(default_factory=list)
    more_problems: int = 0

    @property
    def ok(self) -> bool:
        return not self.problems

    def add(self, problem: Problem) -> None:
        if len(self.problems) < LISTED:
            self.problems.append(problem)
        else:
            self.more_problems += 1

    def compare(self, table: str, row_id: object, what: str, expected: Any, found: Any, **where: Any) -> bool:
        """True when both are equal; else the row is named."""
        if type(expected) is type(found) and expected == found:
            return True
        self.add(
            Problem(
                table=table, id=str(row_id), what=what, expected=shown(expected), found=shown(found), **where
            )
        )
        return False


#: told now and then: which table, how many rows of it are done
Progress = Callable[[str, int], None]


def shown(value: Any) -> str:
    """A value as a report shows it, cut to a line."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else text[:199] + "…"
