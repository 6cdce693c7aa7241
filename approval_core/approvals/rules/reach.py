"""Which steps of a route somebody may come to, whatever he fills in: by what is known about him before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from approval_core.approvals.rules import blocks
from approval_core.approvals.rules.blocks import Block, Route
from approval_core.definitions.rules import implied
from approval_core.definitions.rules.implied import Atom, Way, Ways


def known(facts: Mapping[str, Any], limits: Way) -> Way:
    """What is certain about the applicant, and the limits of the form."""
    return (*(Atom(f"applicant.{name}", "==", value) for name, value in facts.items()), *limits)


def steps(route: Route, certain: Way, sequence: str = blocks.ROOT) -> Iterator[Block]:
    """Every step that may be reached, in the order of the route; a branch only where its condition may hold."""
    for at, block in enumerate(blocks.sequence_at(route, sequence)):
        kind = blocks.kind_of(block)
        if kind == "step":
            yield block
        elif kind in ("parallel", "sub"):
            for way in blocks.branches(block):
                yield from steps(route, certain, blocks.inside(sequence, at, *way))
        elif kind != "copy":
            for way, more in _branches(block, certain, first=kind == "choice"):
                yield from steps(route, more, blocks.inside(sequence, at, *way))


def conditions(route: Route) -> list[str]:
    return [
        branch["when"]
        for _, block in blocks.walk(route)
        if blocks.kind_of(block) in ("choice", "inclusive")
        for branch in block["branches"]
    ]


def _branches(block: Block, certain: Way, *, first: bool) -> Iterator[tuple[tuple[str, ...], Way]]:
    """The ways that may be taken, each with what is certain inside. `first`: only the first that holds is taken."""
    rest = certain
    for number, branch in enumerate(block["branches"]):
        held = _possible(_ways(branch["when"]), rest)
        if held is None or held:
            yield ("branches", str(number), "do"), _with(rest if first else certain, held)
        denied = _possible(_denied(branch["when"]), rest)
        if denied is not None and not denied:
            return  # it holds in any case
        rest = _with(rest, denied)
    yield ("otherwise",), rest


def _possible(ways: Ways | None, certain: Way) -> Ways | None:
    """Those that do not contradict what is certain; None when nothing is known about the condition."""
    return None if ways is None else [way for way in ways if not implied.impossible(way, certain)]


def _with(certain: Way, ways: Ways | None) -> Way:
    return certain + ways[0] if ways is not None and len(ways) == 1 else certain


@lru_cache(maxsize=1024)
def _ways(text: str) -> Ways | None:
    return implied.ways_of(text)


@lru_cache(maxsize=1024)
def _denied(text: str) -> Ways | None:
    return implied.denied_of(text)
