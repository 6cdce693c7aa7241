"""Assembly of a long SMS from its parts, in any order, some of them twice. Values only; the service stores them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

#: C5: how long the first part waits for the last.
HOLD = timedelta(seconds=120)


@dataclass(frozen=True, slots=True, order=True)
class PartKey:
    """What the parts of one message have in common. Two widths of reference never mix."""

    sender: str
    reference: int
    total: int
    bits: int = 8  # of the reference: 8 or 16


@dataclass(frozen=True, slots=True)
class Part:
    key: PartKey
    number: int  # from 1
    text: str

    @property
    def is_sound(self) -> bool:
        """Its number fits its total and its reference the width; anything else can never be completed."""
        key = self.key
        return (
            1 <= self.number <= key.total <= 255
            and key.bits in (8, 16)
            and 0 <= key.reference < 1 << key.bits
        )


def missing(parts: Iterable[Part], key: PartKey) -> tuple[int, ...]:
    """The numbers not there yet."""
    there = {part.number for part in parts if part.key == key and part.is_sound}
    return tuple(number for number in range(1, key.total + 1) if number not in there)


def is_complete(parts: Iterable[Part], key: PartKey) -> bool:
    return key.total > 0 and not missing(parts, key)


def contradicts(parts: Iterable[Part], key: PartKey) -> bool:
    """One number with two texts: a reused reference. Such a message is never decided from."""
    seen: dict[int, str] = {}
    return any(seen.setdefault(part.number, part.text) != part.text for part in parts if part.key == key)


def join(parts: Iterable[Part], key: PartKey) -> str | None:
    """The whole text, or None while a part is missing or two parts of one number differ.

    A character outside the BMP may be split between two parts: its halves are joined again.
    """
    mine = [part for part in parts if part.key == key and part.is_sound]
    if not is_complete(mine, key) or contradicts(mine, key):
        return None
    texts = {part.number: part.text for part in mine}
    whole = "".join(texts[number] for number in sorted(texts))
    return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
