"""F15: back to an earlier step. What was decided behind it no longer counts and stays on record, struck out.

A return cancels threads by dominance: whatever lies behind the target in the route ends, whatever runs beside it goes
on. `replay` walks the way again; `back` asks the target once more and then those who sent it back, where they stood.
"""

from __future__ import annotations

from sqlalchemy import bindparam, or_, select, update

from approval_core import audit, timers
from approval_core.approvals import activating, stepping, walking
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Decision, Step, Token
from approval_core.approvals.rules import blocks
from approval_core.approvals.rules.blocks import Place
from approval_core.approvals.walking import Thread
from approval_core.columns import table_of
from approval_core.errors import Conflict, NotFound
from approval_core.store import Row

steps, tokens, decisions = table_of(Step), table_of(Token), table_of(Decision)

RESUME = ("replay", "back")

_STEPS = (
    select(steps.c.id, steps.c.block, steps.c.state, steps.c.token_id, steps.c.position)
    .where(
        steps.c.request_id == bindparam("of_request"),
        steps.c.revision == bindparam("at_revision"),
        steps.c.parent_task_id.is_(None),
    )
    .order_by(steps.c.position)
)
_THREADS = select(
    tokens.c.id, tokens.c.parent_id, tokens.c.sequence, tokens.c.at, tokens.c.state, tokens.c.parked_by
).where(
    tokens.c.request_id == bindparam("of_request"),
    tokens.c.revision == bindparam("at_revision"),
    tokens.c.state != "cancelled",
)
_PARK = (
    update(tokens)
    .where(tokens.c.id == bindparam("of_token"))
    .values(state="parked", parked_by=bindparam("detour"))
)
_SUPERSEDE = (
    update(decisions)
    .where(decisions.c.step_id == bindparam("of_step"))
    .where(or_(decisions.c.state == "effective", decisions.c.state == "held"))
    .values(state="superseded")
    .returning(decisions.c.id)
)


def returnable(journey: Journey, token_id: int | None) -> list[str]:
    """The blocks to which a step of this token may be sent back, in the order of the route."""
    if token_id is None:
        return []
    here = _place(journey, token_id)
    done = {row.block for row in _steps(journey) if row.state == "approved"}
    return [
        blocks.id_of(block)
        for place, block in blocks.walk(journey.route)
        if "step" in block and block["step"] in done and blocks.precedes(journey.route, place, here)
    ]


def check_target(journey: Journey, token_id: int | None, target: str) -> None:
    """NotFound("no_step"); Conflict("not_before_you") with the steps that are."""
    if blocks.find(journey.route, target) is None:
        raise NotFound("no_step", f"the route has no step {target}", step=target)
    possible = returnable(journey, token_id)
    if target not in possible:
        raise Conflict(
            "not_before_you", f"{target} is no completed step on the way to yours", possible=possible
        )


def previous(journey: Journey, token_id: int | None) -> str | None:
    """The step decided last on the way to this token; None: it was the first."""
    possible = returnable(journey, token_id)
    order = [row.block for row in _steps(journey) if row.state == "approved" and row.block in possible]
    return order[-1] if order else None


def go_back(journey: Journey, token_id: int | None, target: str, *, resume: str) -> bool:
    """The step of `token_id` was settled as returned to `target`, which `check_target` allowed. True: nobody is left to ask."""
    place = blocks.find(journey.route, target)
    if place is None or token_id is None:
        raise NotFound("no_step", f"the route has no step {target}", step=target)
    if resume == "back":
        return _detour(journey, place)
    supersede_from(journey, place)
    return resume_at(journey, set_back(journey, place))


def resume_at(journey: Journey, thread: Thread) -> bool:
    """Asks the step at which a thread was put, whoever approved it before. True: it and all behind it had nobody to ask and
    may be skipped, the route is at its end."""
    block = journey.block(thread.sequence, thread.at)
    return activating.activate(journey, thread.id, block, fresh=True) and walking.passed(journey, thread.id)


def supersede_from(journey: Journey, place: Place, *, itself: bool = True) -> None:
    """What was asked and decided at this place and behind it no longer counts. The return itself does.
    `itself`: False leaves the place alone."""
    gone = []
    for row in _steps(journey):
        at = blocks.find(journey.route, row.block)
        if at is None or not ((itself and at == place) or blocks.precedes(journey.route, place, at)):
            continue
        if row.state in ("active", "blocked"):
            stepping.settle_step(journey.tx, row.id, "void", now=journey.now)
            stepping.end_tasks(journey.tx, journey.matter, row.id, now=journey.now)
            stepping.unblocked(journey.tx, row.id, now=journey.now)
        elif row.state in ("approved", "rejected"):
            stepping.settle_step(journey.tx, row.id, "superseded", now=journey.now)
        if row.state not in ("returned", "void", "superseded"):
            gone += [one.id for one in journey.tx.run(_SUPERSEDE, of_step=row.id)]
    for decision_id in gone:
        timers.cancel_timer(journey.tx, "hold_end", str(decision_id))
    if gone:
        audit.append(
            journey.tx, chain=journey.matter.chain, actor="system", verb="superseded",
            thing=f"request:{journey.matter.id}", data={"decisions": gone}, now=journey.now,
        )  # fmt: skip


def set_back(journey: Journey, place: Place) -> Thread:
    """Puts the thread that holds a place back to it: threads behind it end, threads beside it run on."""
    _end_detours(journey, place)
    way = blocks.holders(journey.route, place)
    threads = _threads(journey)
    detours = {row.parked_by for row in threads}
    parent_id: int | None = None
    thread = Thread(0, None, blocks.ROOT, 0)
    for level, here in enumerate(way):
        found = next(
            (
                row
                for row in threads
                if (row.parent_id, row.sequence) == (parent_id, here.sequence) and row.id not in detours
            ),
            None,
        )
        last = level == len(way) - 1
        state = "live" if last else "split"
        if found is None:
            thread = walking.open_token(journey, parent_id, here.sequence, here.at, state)
        else:
            thread = Thread(found.id, parent_id, here.sequence, here.at)
            if last or (found.at, found.state) != (here.at, "split"):
                walking.put(journey, found.id, state, here.at)
            inside = blocks.inside(here.sequence, here.at) + "."
            walking.cancel(
                journey,
                [row.id for row in threads
                 if row.parent_id == found.id and (last or not row.sequence.startswith(inside))],
            )  # fmt: skip
        parent_id = thread.id
    return thread


def _end_detours(journey: Journey, place: Place) -> None:
    """Detours that lie at this place or behind it end; whoever waits for them waits no longer."""
    while True:
        threads = {row.id: row for row in _threads(journey)}
        ended = [
            row
            for row in threads.values()
            if row.state == "parked" and _at_or_behind(journey, place, threads[row.parked_by])
        ]
        if not ended:
            return
        for row in ended:
            walking.unpark(journey, row.id)
        walking.cancel(journey, list({row.parked_by for row in ended}))


def _at_or_behind(journey: Journey, place: Place, row: Row) -> bool:
    there = Place(row.sequence, row.at)
    return there == place or blocks.precedes(journey.route, place, there)


def _detour(journey: Journey, place: Place) -> bool:
    """The target is asked by a thread of its own; the threads behind it wait, and are asked again when it has spoken."""
    behind = [
        row
        for row in _threads(journey)
        if row.state == "live" and blocks.precedes(journey.route, place, Place(row.sequence, row.at))
    ]
    parent = next((row.parent_id for row in _threads(journey) if row.sequence == place.sequence), None)
    detour = walking.open_token(journey, parent, place.sequence, place.at)
    for row in behind:
        stepping.end_steps_of(journey.tx, journey.matter, row.id, now=journey.now)
        park(journey, row.id, detour.id)
    return resume_at(journey, detour)


def park(journey: Journey, token_id: int, detour_id: int) -> None:
    """The token waits for a detour."""
    journey.tx.run(_PARK, of_token=token_id, detour=detour_id)


def _place(journey: Journey, token_id: int) -> Place:
    row = walking.find(journey, token_id)
    return Place(row.sequence, row.at)


def _steps(journey: Journey) -> list[Row]:
    return journey.tx.run(_STEPS, of_request=journey.matter.id, at_revision=journey.matter.revision).all()


def _threads(journey: Journey) -> list[Row]:
    return journey.tx.run(_THREADS, of_request=journey.matter.id, at_revision=journey.matter.revision).all()
