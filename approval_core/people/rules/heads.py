"""Who leads a unit when its seats are known: the head, else the one acting, else the deputies by order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Capacity = Literal["head", "acting", "deputy"]


@dataclass(frozen=True, slots=True)
class Seat:
    """A live assignment of an active person in one unit."""

    person_id: int
    kind: str
    is_head: bool = False
    is_deputy: bool = False
    order: tuple[int, int] = (0, 0)


def capacity(seat: Seat) -> Capacity | None:
    if seat.kind == "acting":
        return "acting"
    if seat.kind == "seconded":
        return None
    if seat.is_head:
        return "head"
    return "deputy" if seat.is_deputy else None


def who_leads(seats: Iterable[Seat]) -> tuple[int, Capacity] | None:
    """The person to ask and in which capacity; None when the unit has nobody and its parent must answer."""
    steps: dict[str, int] = {"head": 0, "acting": 1, "deputy": 2}
    able = [(steps[held], seat.order, seat.person_id, held) for seat in seats if (held := capacity(seat))]
    if not able:
        return None
    first = min(able)
    return first[2], first[3]
