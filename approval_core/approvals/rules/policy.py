"""What a request's type says for every step that does not say it itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Merge = Literal["none", "adjacent", "route"]


@dataclass(frozen=True, slots=True)
class Separation:
    """Steps that must not be decided by one person, or by people of one unit (F12)."""

    steps: frozenset[str]
    by: Literal["person", "unit"] = "person"

    def others(self, step: str) -> frozenset[str]:
        return self.steps - {step} if step in self.steps else frozenset()


@dataclass(frozen=True, slots=True)
class Policy:
    """`given`: the asking system brought the steps, and what it says counts."""

    given: bool = False
    merge: Merge = "adjacent"
    separate: tuple[Separation, ...] = ()
    on_reject: str = "return"
    sms: str = "none"
    floor: int = 1
    withdraw: str = "before_end"
    copies: Mapping[str, Any] = field(default_factory=dict)


#: The policy of a request whose steps the asking system brought.
GIVEN = Policy(given=True, merge="none", on_reject="reject", sms="approve")
