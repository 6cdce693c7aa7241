"""F19–F22: an approver brings others in. Before him, after him, beside him, or only to hear an opinion; and out again.

People added before or after a task form a step of their own that belongs to it: before it, the task waits for them;
after it, an approval counts when they have approved as well; asked for an opinion, they decide nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import bindparam, or_, select, update

from approval_core.approvals import (
    activating,
    at_hand,
    choosing,
    effects,
    handing,
    opening,
    settling,
    stepping,
)
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Step, Task
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, Invalid
from approval_core.inbox import service as inbox
from approval_core.people.actor import Actor
from approval_core.people.queries import PersonCard
from approval_core.store import Row, Tx

steps, tasks = table_of(Step), table_of(Task)

Placed = Literal["before", "after", "beside", "asked"]
PLACED: tuple[Placed, ...] = ("before", "after", "beside", "asked")
METHODS = ("any", "all", "sequence")
MOST = 20

_WAIT = (
    update(tasks).where(tasks.c.id == bindparam("of_task"), tasks.c.state == "open").values(state="waiting")
)
_AFTER = update(tasks).where(tasks.c.id == bindparam("of_task")).values(after_step_id=bindparam("step"))
_HAS_AFTER = select(tasks.c.after_step_id).where(tasks.c.id == bindparam("of_task"))
_CLAIMED = select(tasks.c.id).where(tasks.c.id == bindparam("of_task"), tasks.c.claimed_at.is_not(None))
#: what he had asked of others in his turn
_BROUGHT_IN = (
    select(steps.c.id)
    .where(steps.c.parent_task_id == bindparam("of_task"))
    .where(or_(steps.c.state == "waiting", steps.c.state == "active"))
)
_LAST = (
    select(tasks.c.position)
    .where(tasks.c.step_id == bindparam("of_step"))
    .order_by(tasks.c.position.desc())
    .limit(1)
)
_WHY = select(tasks.c.why).where(tasks.c.id == bindparam("of_task"))
_LEFT = (
    select(tasks.c.id)
    .where(tasks.c.step_id == bindparam("of_step"))
    .where(or_(tasks.c.state == "open", tasks.c.state == "waiting", tasks.c.state == "decided"))
)


@dataclass(frozen=True, slots=True)
class Added:
    """The step the newcomers are asked in: one of their own, or the approver's own when they join it."""

    step_id: int
    task_ids: tuple[int, ...]


def add(
    tx: Tx,
    task_id: int,
    persons: Sequence[int],
    *,
    actor: Actor,
    task_revision: int,
    placed: Placed,
    method: str = "all",
    reason: str = "",
    now: datetime,
) -> Added:
    """Brings people in, within the range that the step names (F22).

    As a decision is refused; Invalid("bad_place" | "bad_method" | "bad_persons" | "bad_person"); Forbidden("no_add" |
    "out_of_range"); Conflict("already_asked" | "already_added": there are people after this task already | "claimed": nobody beside who took it alone).
    """
    _check(persons, placed, method)
    journey, task, _ = at_hand.open_task(tx, task_id, actor=actor, task_revision=task_revision, now=now)
    cards = [handing.newcomer(journey, task, one, reason) for one in dict.fromkeys(persons)]
    if placed != "asked":
        _refuse_out_of_range(journey, task, cards)
    words = f"{actor.name}加签" if placed != "asked" else f"{actor.name}征询意见"
    why = {"rule": "ADDED", "zh": words, "en": f"brought in by {actor.name}", "by": actor.name}
    if placed == "beside":
        added = _join(journey, task, cards, why)
    else:
        added = _step_of_their_own(journey, task, cards, placed, method, why)
    handing.note(
        journey, actor, "added", task_id,
        {"persons": [one.account for one in cards], "placed": placed, "method": method, "reason": reason},
    )  # fmt: skip
    stepping.tell(tx, journey.matter, "task.moved", task_id=task_id, person_id=task.person_id, now=now)
    return added


def _check(persons: Sequence[int], placed: str, method: str) -> None:
    if placed not in PLACED:
        raise Invalid("bad_place", f"people are added {', '.join(PLACED)}")
    if method not in METHODS:
        raise Invalid("bad_method", f"a method is one of {', '.join(METHODS)}")
    if not 1 <= len(persons) <= MOST:
        raise Invalid("bad_persons", f"name 1 to {MOST} people")


def _refuse_out_of_range(journey: Journey, task: Row, cards: Sequence[PersonCard]) -> None:
    """A given route has no range and lets nobody be added; a type says who may be."""
    allowed = (handing.step_block(journey, task).get("add") or {}).get("from")
    if allowed is None:
        raise Forbidden("no_add", "nobody is added in this step")
    if allowed == "anyone":
        return
    within = {one.person_id for one in choosing.resolved(journey, allowed, task.block).people}
    out = [one.account for one in cards if one.id not in within]
    if out:
        raise Forbidden("out_of_range", f"not among those who may be added: {', '.join(out)}", accounts=out)


def _join(journey: Journey, task: Row, cards: Sequence[PersonCard], why: dict[str, str]) -> Added:
    """Beside: tasks of the same step, counted with the others. In a sequence they come last."""
    tx = journey.tx
    if tx.run(_CLAIMED, of_task=task.task_id).first() is not None:
        raise Conflict("claimed", "you have taken it from the pool for yourself: give it back first")
    last: int = tx.run(_LAST, of_step=task.step_id).scalar()
    new = [
        activating.insert_task(journey, task.step_id, person_id=one.id, position=place, why=why)
        for place, one in enumerate(cards, start=last + 1)
    ]
    if task.mode != "sequence":
        for one in stepping.waiting_tasks(tx, task.step_id):
            if one.id in new:
                opening.open_task(journey, one)
    return Added(task.step_id, tuple(new))


def _step_of_their_own(
    journey: Journey, task: Row, cards: Sequence[PersonCard], placed: str, method: str, why: dict[str, str]
) -> Added:
    tx, now = journey.tx, journey.now
    waits = placed == "after"
    if waits and tx.run(_HAS_AFTER, of_task=task.task_id).scalar() is not None:
        raise Conflict("already_added", "there are people after this task already")
    step_id = activating.insert_step(
        journey, block=task.block, mode=method, state="waiting" if waits else "active", sms=task.step_sms,
        floor=task.step_floor, parent_task_id=task.task_id, placed=placed,
    )  # fmt: skip
    new = [
        activating.insert_task(journey, step_id, person_id=one.id, position=place, why=why)
        for place, one in enumerate(cards, start=1)
    ]
    if waits:
        tx.run(_AFTER, of_task=task.task_id, step=step_id)
        return Added(step_id, tuple(new))
    tx.run(_WAIT, of_task=task.task_id)
    inbox.close_for_task(tx, task.task_id, state="over", now=now)
    stepping.rest(tx, journey.matter, task.task_id, task.task_revision, reason="waits", now=now)
    waiting = stepping.waiting_tasks(tx, step_id)
    for one in waiting[:1] if method == "sequence" else waiting:
        opening.open_task(journey, one)
    return Added(step_id, tuple(new))


def remove(tx: Tx, task_id: int, *, actor: Actor, reason: str = "", now: datetime) -> str:
    """F21: whoever brought somebody in takes him out again, as long as he has not acted; the step is counted at once.
    Returns the request's state.

    NotFound("no_task"); Forbidden("not_added_by_you"); Conflict("acted" | "closed"); Invalid("long_reason").
    """
    out = at_hand.find(tx, task_id)
    journey = Journey(tx, stepping.matter_of(out), now)
    handing.check_reason(reason)
    if (tx.run(_WHY, of_task=task_id).scalar() or {}).get("by") != actor.name:
        raise Forbidden("not_added_by_you", "only whoever brought somebody in takes him out again")
    if not at_hand.in_time(out, now):
        raise at_hand.why_not(tx, task_id, task_revision=out.task_revision, verdict="", now=now)
    if out.task_state not in ("open", "waiting"):
        raise Conflict("acted", "he has acted, or is asked no longer", state=out.task_state)
    handing.leave(journey, out, state="removed")
    for brought_in in tx.run(_BROUGHT_IN, of_task=task_id).all():
        stepping.settle_step(tx, brought_in.id, "void", now=now)
        stepping.end_tasks(tx, journey.matter, brought_in.id, now=now)
    handing.note(journey, actor, "removed", task_id, {"reason": reason})
    stepping.tell(tx, journey.matter, "task.moved", task_id=task_id, person_id=out.person_id, now=now)
    if out.parent_task_id is not None and not tx.run(_LEFT, of_step=out.step_id).all():
        return settling.nobody_added(journey, out)
    return effects.count_again(journey, settling.verdict_of(out, None, verdict=""))
