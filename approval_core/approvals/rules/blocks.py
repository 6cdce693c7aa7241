"""A route as nested blocks, and the way through it. A route is a list of plain dicts, as a definition is written.

Kinds, told by their first key: `step`, `choice`, `parallel`, `inclusive`, `sub`, `copy`. Blocks nest and never jump,
so a route cannot dead-lock by its shape. A sequence inside is named by its path: "2.branches.legal".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Block = Mapping[str, Any]
Route = Sequence[Block]

KINDS = ("step", "choice", "parallel", "inclusive", "sub", "copy")
ROOT = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A block in a route: the sequence that holds it and its index there."""

    sequence: str
    at: int


def kind_of(block: Block) -> str:
    """One of KINDS; KeyError for anything else."""
    for kind in KINDS:
        if kind in block:
            return kind
    raise KeyError(f"no kind of block: {sorted(block)}")


def id_of(block: Block) -> str:
    return str(block[kind_of(block)])


def sequence_at(route: Route, path: str) -> Route:
    """The list of blocks that a path names. KeyError or IndexError for a path of another route."""
    here: Any = route
    for part in path.split(".") if path else ():
        here = here[int(part)] if isinstance(here, Sequence) and not isinstance(here, str) else here[part]
    found: Route = here
    return found


def inside(sequence: str, at: int, *way: object) -> str:
    """The path of a sequence within the block at `at`."""
    return ".".join(str(part) for part in ((sequence,) if sequence else ()) + (at, *way))


def branches(block: Block) -> list[tuple[str, ...]]:
    """The ways into a block's sequences, in the order written."""
    kind = kind_of(block)
    if kind == "sub":
        return [("do",)]
    if kind == "parallel":
        return [("branches", name) for name in block["branches"]]
    if kind in ("choice", "inclusive"):
        several = [("branches", str(number), "do") for number in range(len(block["branches"]))]
        return [*several, ("otherwise",)]
    return []


def walk(route: Route, sequence: str = ROOT) -> Iterator[tuple[Place, Block]]:
    """Every block, a block before what it holds."""
    for at, block in enumerate(sequence_at(route, sequence)):
        yield Place(sequence, at), block
        for way in branches(block):
            yield from walk(route, inside(sequence, at, *way))


def ahead(route: Route, place: Place) -> Iterator[Block]:
    """The blocks of this sequence behind a place, with what they hold: what may still come there."""
    for at, block in enumerate(sequence_at(route, place.sequence)):
        if at > place.at:
            yield block
            for way in branches(block):
                yield from (inner for _, inner in walk(route, inside(place.sequence, at, *way)))


def find(route: Route, block_id: str) -> Place | None:
    for place, block in walk(route):
        if id_of(block) == block_id:
            return place
    return None


def block_at(route: Route, place: Place) -> Block:
    return sequence_at(route, place.sequence)[place.at]


def holders(route: Route, place: Place) -> list[Place]:
    """The places on the way to a block, from the route itself down to the block."""
    found: list[Place] = []
    sequence, parts, here = ROOT, place.sequence.split(".") if place.sequence else [], 0
    while here < len(parts):
        at = int(parts[here])
        found.append(Place(sequence, at))
        block = sequence_at(route, sequence)[at]
        way = next(way for way in branches(block) if tuple(parts[here + 1 : here + 1 + len(way)]) == way)
        sequence = inside(sequence, at, *way)
        here += 1 + len(way)
    return [*found, place]


def precedes(route: Route, first: Place, second: Place) -> bool:
    """`first` lies on the way to `second`: before it in a sequence that holds both. Branches beside each other: neither."""
    for one, other in zip(holders(route, first), holders(route, second), strict=False):
        if one.sequence != other.sequence:
            return False
        if one.at != other.at:
            return one.at < other.at
    return False


def needed(block: Block, running: int) -> int:
    """How many of the running branches must end before a block that holds them is passed."""
    join = block.get("join", "all")
    if join == "any":
        return min(1, running)
    return min(int(join), running) if join != "all" else running


def step_setting(block: Block, name: str, fallback: Any) -> Any:
    """A setting of a step where it has one, else what its type says."""
    value = block.get(name)
    return fallback if value is None else value
