"""The thread of a request is put at another step of its route, behind or ahead."""

from __future__ import annotations

from itertools import pairwise

from sqlalchemy import bindparam, or_, select

from approval_core.approvals import returning, stepping, walking
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Step, Token
from approval_core.approvals.rules import blocks
from approval_core.approvals.rules.blocks import Place
from approval_core.columns import table_of
from approval_core.store import Row

steps, tokens = table_of(Step), table_of(Token)

_RUNNING = (
    select(steps.c.id, steps.c.block)
    .where(
        steps.c.request_id == bindparam("of_request"),
        steps.c.revision == bindparam("at_revision"),
        steps.c.parent_task_id.is_(None),
        or_(steps.c.state == "active", steps.c.state == "blocked"),
    )
    .order_by(steps.c.position)
)
_THREADS = select(tokens.c.id, tokens.c.sequence, tokens.c.at, tokens.c.state, tokens.c.parked_by).where(
    tokens.c.request_id == bindparam("of_request"),
    tokens.c.revision == bindparam("at_revision"),
    or_(tokens.c.state == "live", tokens.c.state == "split", tokens.c.state == "parked"),
)


def put_at(journey: Journey, place: Place) -> bool:
    """Everything behind the place no longer counts, what is asked before it ends, what runs beside it goes on; then its people
    are asked. True when nobody has to be asked any more and the whole route is at its end."""
    returning.supersede_from(journey, place)
    _end_before(journey, place)
    _end_detours_before(journey, place)
    _leave_other_ways(journey, place)
    return returning.resume_at(journey, returning.set_back(journey, place))


def _end_before(journey: Journey, place: Place) -> None:
    matter = journey.matter
    for row in journey.tx.run(_RUNNING, of_request=matter.id, at_revision=matter.revision).all():
        there = blocks.find(journey.route, row.block)
        if there is None or _before(journey, there, place):
            stepping.settle_step(journey.tx, row.id, "void", now=journey.now)
            stepping.end_tasks(journey.tx, matter, row.id, now=journey.now)
            stepping.unblocked(journey.tx, row.id, now=journey.now)


def _end_detours_before(journey: Journey, place: Place) -> None:
    """Whoever was asked once more is asked no longer, and nobody waits for him."""
    threads = {row.id: row for row in _threads(journey)}
    for row in threads.values():
        detour = threads.get(row.parked_by) if row.state == "parked" else None
        if detour is not None and _before(journey, Place(detour.sequence, detour.at), place):
            walking.unpark(journey, row.id)
            walking.cancel(journey, [detour.id])


def _before(journey: Journey, there: Place, place: Place) -> bool:
    """On the way to the place: before it, or a choice that holds it and waits for its answer."""
    return there in blocks.holders(journey.route, place) or blocks.precedes(journey.route, there, place)


def _leave_other_ways(journey: Journey, place: Place) -> None:
    """Of a choice only one way is gone: the branch that holds the place."""
    holders = blocks.holders(journey.route, place)
    for here, below in pairwise(holders):
        if blocks.kind_of(blocks.block_at(journey.route, here)) != "choice":
            continue
        inside = blocks.inside(here.sequence, here.at) + "."
        threads = _threads(journey)
        walking.cancel(
            journey,
            [
                row.id
                for row in threads
                if row.sequence.startswith(inside) and not _within(row.sequence, below.sequence)
            ],
        )


def _within(sequence: str, branch: str) -> bool:
    return sequence == branch or sequence.startswith(branch + ".")


def _threads(journey: Journey) -> list[Row]:
    return journey.tx.run(_THREADS, of_request=journey.matter.id, at_revision=journey.matter.revision).all()
