"""Where blocks stand to each other: which step has surely run before another, which may not have, which never has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from approval_core.definitions.rules.blocks import Block, Copy, Parallel, Step, Sub
from approval_core.definitions.rules.document import TypeDocument, id_of, inside

Order = Literal["before", "perhaps", "beside", "apart", "after", "same"]


@dataclass(frozen=True, slots=True)
class Position:
    """`path`: from the whole route inwards, (kind and id of the block around, its branch, the index in it)."""

    place: str
    block: Block
    path: tuple[tuple[str, str, int], ...]


def positions(document: TypeDocument) -> Iterator[Position]:
    """Every block that can run, sub-routes in their places, in the order of the page."""
    yield from _within(document, document.blocks, "route", ("route", ""), ())


def _within(
    document: TypeDocument,
    blocks: Sequence[Block],
    place: str,
    around: tuple[str, str],
    path: tuple[tuple[str, str, int], ...],
) -> Iterator[Position]:
    for index, block in enumerate(blocks):
        here, deeper = f"{place}[{index}]", (*path, (*around, index))
        yield Position(here, block, deeper)
        for branch, do in inside(block):
            owner = f"{type(block).__name__.lower()} {id_of(block)}"
            yield from _within(document, do, f"{here}.{branch}", (owner, branch), deeper)
        if isinstance(block, Sub):
            name = block.route
            yield from _within(
                document, document.routes[name], f"routes.{name}", (f"sub {block.sub}", ""), deeper
            )


def order(one: Position, other: Position) -> Order:
    """How `one` stands to `other`: before it on every way, perhaps before, in a branch beside, on a way apart, after."""
    if one.path == other.path:
        return "same"
    for level, (a, b) in enumerate(zip(one.path, other.path, strict=False)):
        if a[:2] != b[:2]:
            return "apart" if a[0].startswith("choice ") else "beside"
        if a[2] != b[2]:
            if a[2] > b[2]:
                return "after"
            sure = all(around.startswith(("sub ", "parallel ")) for around, _, _ in one.path[level + 1 :])
            return "before" if sure else "perhaps"
    return "before" if len(one.path) < len(other.path) else "after"  # one holds the other


def may_pass_undecided(document: TypeDocument, blocks: Sequence[Block]) -> bool:
    """Whether there is a way through on which nobody decides."""
    return all(_may_pass(document, block) for block in blocks)


def _may_pass(document: TypeDocument, block: Block) -> bool:
    if isinstance(block, Step):
        return block.when_empty == "skip"
    if isinstance(block, Copy):
        return True
    if isinstance(block, Sub):
        return may_pass_undecided(document, document.routes[block.route])
    ways = [may_pass_undecided(document, do) for _, do in inside(block)]
    if isinstance(block, Parallel):
        wanted = {"all": len(ways), "any": 1}.get(
            str(block.join), block.join if isinstance(block.join, int) else 1
        )
        return sum(ways) >= wanted
    return any(ways)
