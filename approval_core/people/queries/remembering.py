"""The same questions about the same organisation, asked thousands of times: each answer is read once.

For checks over everybody and replays within one read transaction, where an answer cannot change.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Executable, select

from approval_core.people.models import assignments, charges, org_units, role_grants
from approval_core.store import Rows, Tx

#: answers kept before everything is forgotten and read anew
MOST = 500_000


class Remembering(Tx):
    """Reads through another transaction and keeps what `run` found, by statement and parameters."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._answers: dict[Hashable, Rows] = {}
        self.topics = set()
        self._read_only = True

    def run(self, stmt: Executable, /, **params: Any) -> Rows:
        key = (stmt, *params.values())
        found = self._answers.get(key)
        if found is None:
            if len(self._answers) >= MOST:
                self._answers.clear()
            found = self._answers[key] = self._tx.run(stmt, **params)
        return found

    def execute(
        self, stmt: Executable, params: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        return self._tx.execute(stmt, params)


def remembering(tx: Tx) -> Remembering:
    return tx if isinstance(tx, Remembering) else Remembering(tx)


def moments_of_change(tx: Tx) -> list[Any]:
    """Every moment at which a tie of the organisation begins or ends, in order: between two of them all answers about
    who leads and holds what are the same."""
    found: set[Any] = set()
    for table in (assignments, charges, org_units, role_grants):
        for column in (table.c.valid_from, table.c.valid_to):
            found |= set(tx.execute(select(column).where(column.is_not(None)).distinct()).scalars())
    return sorted(found)
