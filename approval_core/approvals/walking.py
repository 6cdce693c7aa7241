"""Moves the tokens of a request through its route: into branches, out of them again, to the end.

A token is where a thread of the request stands. A block that holds others splits its token; the children run, and
when enough of them are done the token goes on. Counting happens after the write and under the request's lock.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update

from approval_core.approvals import activating, stepping
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Token
from approval_core.approvals.rules import blocks
from approval_core.columns import table_of
from approval_core.store import Row

tokens = table_of(Token)

_BEGIN = insert(tokens).returning(tokens.c.id)
_FIND = select(
    tokens.c.id, tokens.c.parent_id, tokens.c.sequence, tokens.c.at, tokens.c.state, tokens.c.parked_by
).where(tokens.c.id == bindparam("of_token"))
_STATE = (
    update(tokens)
    .where(tokens.c.id == bindparam("of_token"))
    .values(state=bindparam("new_state"), at=bindparam("new_at"))
)
_CHILDREN = (
    select(tokens.c.id, tokens.c.state)
    .where(tokens.c.parent_id == bindparam("of_token"), tokens.c.state != "cancelled")
    .order_by(tokens.c.id)
)
_CHILDREN_AT = select(tokens.c.id, tokens.c.sequence, tokens.c.at, tokens.c.state).where(
    tokens.c.parent_id == bindparam("of_token"), tokens.c.state != "cancelled"
)
_PARKED = select(tokens.c.id, tokens.c.sequence, tokens.c.at, tokens.c.parent_id).where(
    tokens.c.parked_by == bindparam("of_token"), tokens.c.state == "parked"
)
_UNPARK = (
    update(tokens)
    .where(tokens.c.id == bindparam("of_token"), tokens.c.state == "parked")
    .values(state="live", parked_by=None)
)
_CANCEL_ALL = (
    update(tokens)
    .where(tokens.c.request_id == bindparam("of_request"))
    .where(tokens.c.state.in_(("live", "split", "parked")))
    .values(state="cancelled")
)


@dataclass(slots=True)
class Thread:
    """A live token."""

    id: int
    parent_id: int | None
    sequence: str
    at: int


def start(journey: Journey) -> bool:
    """The first token, at the first block. True when the route is at its end already."""
    return advance(journey, open_token(journey, None, blocks.ROOT))


def open_token(
    journey: Journey, parent_id: int | None, sequence: str, at: int = 0, state: str = "live"
) -> Thread:
    token_id: int = journey.tx.run(
        _BEGIN,
        request_id=journey.matter.id,
        revision=journey.matter.revision,
        parent_id=parent_id,
        sequence=sequence,
        at=at,
        state=state,
        parked_by=None,
    ).scalar()
    return Thread(token_id, parent_id, sequence, at)


def find(journey: Journey, token_id: int) -> Row:
    return journey.tx.run(_FIND, of_token=token_id).one()


def passed(journey: Journey, token_id: int) -> bool:
    """The step at which this token stood is approved. True when the route is at its end."""
    row = find(journey, token_id)
    parked = journey.tx.run(_PARKED, of_token=token_id).all()
    if parked:  # a detour: those who sent it back are asked again, where they stood
        put(journey, token_id, "done", row.at)
        return _resume(journey, parked)
    return advance(journey, Thread(row.id, row.parent_id, row.sequence, row.at + 1))


def _resume(journey: Journey, parked: list[Row]) -> bool:
    ended = False
    for row in parked:
        unpark(journey, row.id)
        ended = advance(journey, Thread(row.id, row.parent_id, row.sequence, row.at), fresh=True) or ended
    return ended


def unpark(journey: Journey, token_id: int) -> None:
    journey.tx.run(_UNPARK, of_token=token_id)


def put(journey: Journey, token_id: int, state: str, at: int) -> None:
    journey.tx.run(_STATE, of_token=token_id, new_state=state, new_at=at)


def advance(journey: Journey, thread: Thread, *, fresh: bool = False) -> bool:
    """On until somebody is asked. True when the whole route is at its end. `fresh`: as in `activate`, for the first block."""
    sequence = blocks.sequence_at(journey.route, thread.sequence)
    while thread.at < len(sequence):
        block = sequence[thread.at]
        kind = blocks.kind_of(block)
        if kind == "step":
            if not activating.activate(journey, thread.id, block, fresh=fresh):
                put(journey, thread.id, "live", thread.at)
                return False
        elif kind == "copy":
            activating.send_copies(journey, block["to"], place=str(block["copy"]))
        else:
            ways = activating.ways_into(journey, thread.id, block)
            if ways is None:
                put(journey, thread.id, "live", thread.at)
                return False
            return _split(journey, thread, ways)
        thread.at, fresh = thread.at + 1, False
    return _finish(journey, thread)


def _split(journey: Journey, thread: Thread, ways: list[tuple[str, ...]]) -> bool:
    put(journey, thread.id, "split", thread.at)
    children = [
        open_token(journey, thread.id, blocks.inside(thread.sequence, thread.at, *way)) for way in ways
    ]
    for child in children:
        if find(journey, child.id).state != "live":  # an earlier branch was enough
            continue
        if advance(journey, child):
            return True
    return False


def _finish(journey: Journey, thread: Thread) -> bool:
    put(journey, thread.id, "done", thread.at)
    if thread.parent_id is None:
        return True
    parent = find(journey, thread.parent_id)
    if parent.state != "split":
        return False
    inside = blocks.inside(parent.sequence, parent.at) + "."
    running = [
        row for row in journey.tx.run(_CHILDREN_AT, of_token=parent.id) if row.sequence.startswith(inside)
    ]
    # a branch counts once, and only its end: a detour in it is done somewhere on the way
    done = {
        row.sequence
        for row in running
        if row.state == "done" and row.at == len(blocks.sequence_at(journey.route, row.sequence))
    }
    if len(done) < blocks.needed(
        journey.block(parent.sequence, parent.at), len({row.sequence for row in running})
    ):
        return False
    cancel(journey, [row.id for row in running if row.state != "done"])
    return advance(journey, Thread(parent.id, parent.parent_id, parent.sequence, parent.at + 1))


def cancel(journey: Journey, token_ids: list[int]) -> None:
    """These threads and all below them end; who was asked in them is asked no longer."""
    for token_id in token_ids:
        row = find(journey, token_id)
        if row.state == "cancelled":
            continue
        put(journey, token_id, "cancelled", row.at)
        stepping.end_steps_of(journey.tx, journey.matter, token_id, now=journey.now)
        cancel(journey, [child.id for child in journey.tx.run(_CHILDREN, of_token=token_id)])


def cancel_all(journey: Journey) -> None:
    journey.tx.run(_CANCEL_ALL, of_request=journey.matter.id)
