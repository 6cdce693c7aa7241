"""What has come of a decision since: the tasks that lie behind it, and whether anybody has looked at them or acted (F24)."""

from __future__ import annotations

from sqlalchemy import bindparam, or_, select

from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Decision, Step, Task
from approval_core.approvals.reading import last_read
from approval_core.approvals.rules import blocks
from approval_core.columns import table_of
from approval_core.errors import Conflict
from approval_core.people.models import Person
from approval_core.store import Row

steps, tasks, decisions, persons = table_of(Step), table_of(Task), table_of(Decision), table_of(Person)

_STEPS = (
    select(steps.c.id, steps.c.block, steps.c.state, steps.c.position, steps.c.parent_task_id, steps.c.token_id)
    .where(
        steps.c.request_id == bindparam("of_request"),
        steps.c.revision == bindparam("at_revision"),
        steps.c.position > bindparam("behind"),
        steps.c.state != "superseded",
        steps.c.state != "void",
    )
    .order_by(steps.c.position)
)  # fmt: skip
_TASKS = (
    select(
        tasks.c.id, tasks.c.person_id, tasks.c.state, tasks.c.position, tasks.c.opened_at, tasks.c.claimed_at,
        tasks.c.closed_at, persons.c.name,
    )
    .join(persons, persons.c.id == tasks.c.person_id)
    .where(tasks.c.step_id == bindparam("of_step"), tasks.c.opened_at.is_not(None))
    .order_by(tasks.c.position, tasks.c.id)
)  # fmt: skip
_ACTED = (
    select(decisions.c.decided_at, persons.c.name)
    .join(persons, persons.c.id == decisions.c.person_id)
    .where(decisions.c.task_id == bindparam("of_task"), decisions.c.channel != "system")
    .order_by(decisions.c.id)
    .limit(1)
)
_DECIDED_LATER = (
    select(decisions.c.decided_at, persons.c.name)
    .join(persons, persons.c.id == decisions.c.person_id)
    .where(
        decisions.c.step_id == bindparam("of_step"),
        decisions.c.state == "effective",
        decisions.c.task_id != bindparam("of_task"),
    )
    .where(
        or_(
            decisions.c.settled_at > bindparam("at"),
            (decisions.c.settled_at == bindparam("at")) & (decisions.c.id > bindparam("mine")),
        )
    )
    .order_by(decisions.c.id)
    .limit(1)
)
_ADDED_BY = select(steps.c.id).where(steps.c.parent_task_id == bindparam("of_task"))


def steps_behind(journey: Journey, block: str, position: int) -> list[Row]:
    """Live runs of steps that lie behind a block in the route, and a later run of the block itself."""
    place = blocks.find(journey.route, block)
    matter, found = journey.matter, []
    for row in journey.tx.run(
        _STEPS, of_request=matter.id, at_revision=matter.revision, behind=position
    ).all():
        there = blocks.find(journey.route, row.block)
        if place is None or there is None:
            continue
        again = row.block == block and row.parent_task_id is None
        if again or blocks.precedes(journey.route, place, there):
            found.append(row)
    return found


def opened_in(journey: Journey, step_id: int, *, behind: int = 0) -> list[Row]:
    """Tasks of a step that were put before somebody; `behind`: only those after this place in a sequence."""
    return [row for row in journey.tx.run(_TASKS, of_step=step_id) if row.position > behind]


def refuse_decided_later(journey: Journey, decision: Row) -> None:
    """In a settled step only whoever spoke last takes his word back."""
    later = journey.tx.run(
        _DECIDED_LATER, of_step=decision.step_id, of_task=decision.task_id, at=decision.settled_at, mine=decision.decision_id
    ).first()  # fmt: skip
    if later is not None:
        raise _acted(later.name, later.decided_at)


def refuse_seen(journey: Journey, found: list[Row], *, own_step: int) -> None:
    """Conflict("acted" | "seen") with who and when. `own_step`: where the decision was taken; it may be one that was added."""
    tx = journey.tx
    for task in found:
        decided = tx.run(_ACTED, of_task=task.id).first()
        if decided is not None:
            raise _acted(decided.name, decided.decided_at)
        claimed = task.claimed_at is not None and task.claimed_at >= task.opened_at
        if claimed or task.state == "moved":
            raise _acted(task.name, task.claimed_at if claimed else task.closed_at)
        if any(added.id != own_step for added in tx.run(_ADDED_BY, of_task=task.id)):
            raise _acted(task.name, task.opened_at)
    for task in found:
        seen = last_read(tx, journey.matter.id, task.person_id)
        if seen is not None and seen >= task.opened_at:
            raise Conflict("seen", f"{task.name} has opened it", by=task.name, at=seen)


def _acted(name: str, at: object) -> Conflict:
    return Conflict("acted", f"{name} has acted on it", by=name, at=at)
