"""When one person may decide in another's name, and why a circle of such permissions is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from approval_core.errors import Invalid

#: Through how many hands an item may go: giver → 1 → 2 → 3.
LONGEST_CHAIN = 3
LARGEST_CEILING = Decimal("9999999999999.99")


@dataclass(frozen=True, slots=True)
class Tie:
    """`giver` lets `taker` decide from `start` (included) to `end` (excluded). No types: all of them."""

    giver: int
    taker: int
    start: datetime
    end: datetime
    types: frozenset[str] = frozenset()


def covers(types: Collection[str], wanted: str) -> bool:
    return not types or wanted in types


def within(ceiling_fen: int | None, amount: Decimal | None) -> bool:
    """A ceiling covers only what states an amount, up to and including the ceiling."""
    if ceiling_fen is None:
        return True
    return amount is not None and abs(amount) <= yuan(ceiling_fen)


def yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)


def fen(amount: Decimal | None) -> int | None:
    """A ceiling as it is stored; `Invalid` (bad_ceiling) when it is no sum of money."""
    if amount is None:
        return None
    if not amount.is_finite() or not 0 < amount <= LARGEST_CEILING or amount != round(amount, 2):
        raise Invalid(
            "bad_ceiling",
            "A ceiling is a sum above 0 with at most two decimals.",
            zh="金额上限应大于 0，至多两位小数",
        )
    return int(amount.scaleb(2))


def _common(one: Tie, other: Tie) -> Tie | None:
    """The path giver → … → taker of two ties in a row, for as long and for as much as both hold."""
    start, end = max(one.start, other.start), min(one.end, other.end)
    if start >= end:
        return None
    if not one.types or not other.types:
        return Tie(one.giver, other.taker, start, end, one.types or other.types)
    shared = one.types & other.types
    return Tie(one.giver, other.taker, start, end, shared) if shared else None


def closes_a_loop(new: Tie, ties: Iterable[Tie]) -> bool:
    """True when at some moment and for some type the item would come back to the one who gave it away."""
    from_giver: dict[int, list[Tie]] = {}
    for tie in ties:
        from_giver.setdefault(tie.giver, []).append(tie)
    seen: set[Tie] = set()
    paths = [new]
    while paths:
        path = paths.pop()
        if path.taker == new.giver:
            return True
        if path in seen:
            continue
        seen.add(path)
        paths.extend(longer for tie in from_giver.get(path.taker, ()) if (longer := _common(path, tie)))
    return False
