"""F18 and F5: a task changes hands. Handed over, the other's decision counts and the first is out; taken from a pool, the
others are off their lists until it is given back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, update

from approval_core import audit
from approval_core.approvals import activating, at_hand, choosing, opening, stepping
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Step, Task
from approval_core.approvals.rules import blocks
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, Invalid
from approval_core.inbox import service as inbox
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.people.queries import PersonCard
from approval_core.store import Row, Tx

steps, tasks = table_of(Step), table_of(Task)

LONGEST_REASON = 2000

_PART = select(tasks.c.position, tasks.c.weight, tasks.c.after_step_id, tasks.c.claimed_at).where(
    tasks.c.id == bindparam("of_task")
)
_LEAVE = (
    update(tasks)
    .where(
        tasks.c.id == bindparam("of_task"),
        or_(tasks.c.state == "open", tasks.c.state == "waiting"),
    )
    .values(state=bindparam("new_state"), closed_at=bindparam("at"), after_step_id=None)
)
_CARRY = (
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"))
    .values(after_step_id=bindparam("after"), claimed_at=bindparam("claimed"))
)
_BELONGS = (
    update(steps)
    .where(steps.c.parent_task_id == bindparam("of_task"))
    .values(parent_task_id=bindparam("new_task"))
)
_IN_STEP = (
    select(tasks.c.id)
    .where(tasks.c.step_id == bindparam("of_step"), tasks.c.person_id == bindparam("of_person"))
    .where(or_(tasks.c.state == "open", tasks.c.state == "waiting", tasks.c.state == "decided"))
)
_CLAIM = (
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"), tasks.c.claimed_at.is_(None))
    .values(claimed_at=bindparam("at"))
)
_RELEASE = (
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"), tasks.c.claimed_at.is_not(None))
    .values(claimed_at=None)
)
_OTHERS = (
    update(tasks)
    .where(
        tasks.c.step_id == bindparam("of_step"),
        tasks.c.id != bindparam("of_task"),
        tasks.c.person_id != bindparam("holder"),
        tasks.c.state == bindparam("old"),
    )
    .values(state=bindparam("new_state"), closed_at=bindparam("closed"))
    .returning(tasks.c.id, tasks.c.person_id, tasks.c.revision, tasks.c.opened_at)
)


def transfer(
    tx: Tx, task_id: int, to_id: int, *, actor: Actor, task_revision: int, reason: str = "", now: datetime
) -> int:
    """The task goes to somebody else, who decides it; whoever had it is out. Returns the new task.

    As a decision is refused; Forbidden("no_transfer" | "separated"); Invalid("bad_person" | "long_reason");
    Conflict("already_asked") when he is asked in this step anyway.
    """
    journey, task, _ = at_hand.open_task(tx, task_id, actor=actor, task_revision=task_revision, now=now)
    if not step_block(journey, task).get("transfer", True):
        raise Forbidden("no_transfer", "a task of this step is not handed over")
    return move(journey, task, to_id, actor=actor, reason=reason)


def move(
    journey: Journey, task: Row, to_id: int, *, actor: Actor, reason: str, verb: str = "transferred"
) -> int:
    """Whatever the step says about it: a leaver's tasks are moved too. `task` is open or waits, as `at_hand` reads it."""
    tx, now = journey.tx, journey.now
    card = newcomer(journey, task, to_id, reason)
    part = tx.run(_PART, of_task=task.task_id).one()
    leave(journey, task, state="moved")
    why = {"rule": "TRANSFER", "zh": f"由{actor.name}转办", "en": f"handed over by {actor.name}"}
    new_id = activating.insert_task(
        journey, task.step_id, person_id=card.id, position=part.position, weight=part.weight, why=why,
        from_task_id=task.task_id,
    )  # fmt: skip
    tx.run(_CARRY, of_task=new_id, after=part.after_step_id, claimed=part.claimed_at)
    tx.run(_BELONGS, of_task=task.task_id, new_task=new_id)
    if task.task_state == "open":
        opened = next(one for one in stepping.waiting_tasks(tx, task.step_id) if one.id == new_id)
        opening.open_task(journey, opened)
    note(journey, actor, verb, task.task_id, {"to": card.account, "task": new_id, "reason": reason})
    stepping.tell(
        tx, journey.matter, "task.moved", task_id=task.task_id, new_task_id=new_id, person_id=card.id, now=now
    )
    return new_id


def newcomer(journey: Journey, task: Row, person_id: int, reason: str) -> PersonCard:
    """Somebody who may be asked in this step beside those who are: here, not asked yet, not the applicant, not kept apart."""
    check_reason(reason)
    card = people.persons_by_id(journey.tx, [person_id], now=journey.now).get(person_id)
    if card is None or card.state != "active":
        raise Invalid("bad_person", "there is nobody here to ask", person_id=person_id)
    if journey.tx.run(_IN_STEP, of_step=task.step_id, of_person=person_id).first() is not None:
        raise Conflict("already_asked", f"{card.name} is asked in this step already", account=card.account)
    if not journey.policy.given:
        own = step_block(journey, task).get("own", "up")
        if person_id == journey.matter.applicant_id and own != "allow":
            raise Forbidden("separated", "an applicant does not decide on his own request")
        unit_id = people.unit_of(journey.tx, person_id, now=journey.now)
        if choosing.separated_from(journey, task.block).bars(person_id, unit_id):
            raise Forbidden(
                "separated", "whoever decided the other step must not decide this one", step=task.block
            )
    return card


def check_reason(reason: str) -> None:
    if len(reason) > LONGEST_REASON:
        raise Invalid("long_reason", f"a reason has at most {LONGEST_REASON} characters")


def step_block(journey: Journey, task: Row) -> Mapping[str, Any]:
    """The block the task's step runs; empty for a block that the route does not have."""
    place = blocks.find(journey.route, task.block)
    return {} if place is None else blocks.block_at(journey.route, place)


def leave(journey: Journey, task: Row, *, state: str) -> None:
    """The task is nobody's any more: off the list, and what was not yet told about it is not told."""
    tx, now = journey.tx, journey.now
    tx.run(_LEAVE, of_task=task.task_id, new_state=state, at=now)
    inbox.close_for_task(tx, task.task_id, state="over", now=now)
    stepping.rest(tx, journey.matter, task.task_id, task.task_revision, reason="moved", now=now)


def note(journey: Journey, actor: Actor, verb: str, task_id: int, data: dict[str, Any]) -> None:
    audit.append(
        journey.tx, chain=journey.matter.chain, actor=actor.name, verb=verb, thing=f"task:{task_id}", data=data,
        now=journey.now,
    )  # fmt: skip
    stepping.touch(journey.tx, journey.matter, now=journey.now)


def claim(tx: Tx, task_id: int, *, actor: Actor, task_revision: int, now: datetime) -> None:
    """F5: out of the pool into one pair of hands; the others are off their lists until it is released.

    Conflict("not_a_pool" | "claimed"), or as a decision is refused: to whoever came second, with the winner.
    """
    journey, task, _ = at_hand.open_task(tx, task_id, actor=actor, task_revision=task_revision, now=now)
    if not step_block(journey, task).get("claim", False):
        raise Conflict("not_a_pool", "this step is not taken from a pool")
    if not tx.run(_CLAIM, of_task=task_id, at=now).rowcount:
        raise Conflict("claimed", "you have it already")
    others = tx.run(
        _OTHERS,
        of_step=task.step_id,
        of_task=task_id,
        holder=task.person_id,
        old="open",
        new_state="over",
        closed=now,
    ).all()
    stepping.displaced(tx, journey.matter, others, decision_id=None, now=now)
    note(journey, actor, "claimed", task_id, {"others": [one.id for one in others]})
    stepping.tell(tx, journey.matter, "task.moved", task_id=task_id, person_id=task.person_id, now=now)


def release(tx: Tx, task_id: int, *, actor: Actor, task_revision: int, now: datetime) -> None:
    """F5: back into the pool; everybody it was offered to has it on his list again. Conflict("not_claimed")."""
    journey, task, _ = at_hand.open_task(tx, task_id, actor=actor, task_revision=task_revision, now=now)
    if not tx.run(_RELEASE, of_task=task_id).rowcount:
        raise Conflict("not_claimed", "nobody has taken this task")
    others = tx.run(
        _OTHERS,
        of_step=task.step_id,
        of_task=task_id,
        holder=task.person_id,
        old="over",
        new_state="open",
        closed=None,
    ).all()
    for one in others:
        opening.reopened(journey, one, block=task.block)
    note(journey, actor, "released", task_id, {"others": [one.id for one in others]})
    stepping.tell(tx, journey.matter, "task.moved", task_id=task_id, person_id=task.person_id, now=now)
