"""Where the threads of a request stand in another route: each block by the block it is carried to (F41)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from approval_core.approvals.rules import blocks
from approval_core.approvals.rules.blocks import Place, Route
from approval_core.errors import Invalid


@dataclass(frozen=True, slots=True)
class Tree:
    """`splits`: the sequences in which a thread is split, outermost first, with its place in each. `missing`: branches
    of a parallel block in which no thread stands. `clash`: two threads that would stand in one sequence."""

    splits: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    clash: tuple[int, int] | None = None


def tree_of(route: Route, leaves: Mapping[int, Place]) -> Tree:
    """`leaves`: each thread that stands at a block, with its place in this route."""
    ends: dict[str, int] = {}
    splits: dict[str, tuple[int, int]] = {}
    for token_id, place in leaves.items():
        *above, here = blocks.holders(route, place)
        for one in above:
            at, other = splits.setdefault(one.sequence, (one.at, token_id))
            if at != one.at or one.sequence in ends:
                return Tree(clash=(ends.get(one.sequence, other), token_id))
        if here.sequence in ends or here.sequence in splits:
            first = ends[here.sequence] if here.sequence in ends else splits[here.sequence][1]
            return Tree(clash=(first, token_id))
        ends[here.sequence] = token_id
    order = sorted(splits, key=len)
    missing = [
        path
        for sequence in order
        for path in _parallel_branches(route, Place(sequence, splits[sequence][0]))
        if path not in ends and path not in splits
    ]
    return Tree({sequence: splits[sequence][0] for sequence in order}, tuple(missing))


def _parallel_branches(route: Route, place: Place) -> list[str]:
    block = blocks.block_at(route, place)
    if blocks.kind_of(block) != "parallel":
        return []
    return [blocks.inside(place.sequence, place.at, *way) for way in blocks.branches(block)]


def holder_of(route: Route, sequence: str) -> Place:
    """The block that a sequence lies in."""
    for place, block in blocks.walk(route):
        if sequence in (blocks.inside(place.sequence, place.at, *way) for way in blocks.branches(block)):
            return place
    raise KeyError(f"no sequence {sequence}")


def check_mapping(old: Route, new: Route, mapping: Mapping[str, str]) -> None:
    """Invalid("bad_mapping") with each pair that names no block, or blocks of two kinds."""
    before = {blocks.id_of(block): blocks.kind_of(block) for _, block in blocks.walk(old)}
    after = {blocks.id_of(block): blocks.kind_of(block) for _, block in blocks.walk(new)}
    wrong = {
        one: (
            f"the old version has no {one}"
            if one not in before
            else f"the new version has no {other}"
            if other not in after
            else f"{one} is a {before[one]}, {other} a {after[other]}"
        )
        for one, other in mapping.items()
        if before.get(one) is None or before[one] != after.get(other)
    }
    if wrong:
        raise Invalid("bad_mapping", "; ".join(wrong.values()), pairs=wrong)
    doubled = sorted({other for other in mapping.values() if list(mapping.values()).count(other) > 1})
    if doubled:
        raise Invalid(
            "bad_mapping", f"carried to twice: {', '.join(doubled)}", pairs=dict.fromkeys(doubled, "twice")
        )


def carried(old: Route, new: Route, mapping: Mapping[str, str]) -> dict[str, str]:
    """Every old block with its new one: as mapped, else the block of the same name and kind that nothing else is
    mapped to."""
    after = {blocks.id_of(block): blocks.kind_of(block) for _, block in blocks.walk(new)}
    taken = set(mapping.values())
    same = {
        blocks.id_of(block): blocks.id_of(block)
        for _, block in blocks.walk(old)
        if after.get(blocks.id_of(block)) == blocks.kind_of(block) and blocks.id_of(block) not in taken
    }
    return same | dict(mapping)
