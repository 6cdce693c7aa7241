"""A settled step stands open again as it was before its last decision: what it led to is closed, whom it displaced is asked.

Threads behind the step end; threads beside it, which its decision had ended, live again.
"""

from __future__ import annotations

from sqlalchemy import and_, bindparam, insert, or_, select, update

from approval_core.approvals import after_a_step, opening, returning, stepping, walking
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Decision, Step, Task
from approval_core.approvals.rules import blocks
from approval_core.columns import table_of
from approval_core.inbox import service as inbox
from approval_core.notices import service as notices
from approval_core.store import Row

steps, tasks, decisions = table_of(Step), table_of(Task), table_of(Decision)

_STEP = (
    update(steps)
    .where(steps.c.id == bindparam("of_step"))
    .values(state=bindparam("new_state"), settled_at=None, token_id=bindparam("on_token"))
)
_STEP_WAITS = (
    update(steps)
    .where(steps.c.id == bindparam("of_step"), steps.c.state == "active")
    .values(state="waiting", opened_at=None)
)
_VOID = (
    update(tasks)
    .where(
        tasks.c.step_id == bindparam("of_step"), tasks.c.state == "open", tasks.c.position > bindparam("behind")
    )
    .values(state="void", closed_at=bindparam("at"))
    .returning(
        tasks.c.id, tasks.c.request_id, tasks.c.step_id, tasks.c.person_id, tasks.c.position, tasks.c.weight, tasks.c.why,
        tasks.c.after_step_id, tasks.c.revision,
    )
)  # fmt: skip
_INSERT = insert(tasks).returning(tasks.c.id)
_BELONGS = (
    update(steps)
    .where(steps.c.parent_task_id == bindparam("of_task"))
    .values(parent_task_id=bindparam("new_task"))
)
_ASKER_WAITS = (
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"), tasks.c.state == "open")
    .values(state="waiting", opened_at=None)
    .returning(tasks.c.revision)
)
_ABOVE = (
    select(
        tasks.c.id.label("task_id"), tasks.c.person_id, tasks.c.position.label("task_position"), steps.c.id.label("step_id"),
        steps.c.block, steps.c.mode, steps.c.state.label("step_state"), steps.c.position.label("step_position"),
        steps.c.token_id, steps.c.parent_task_id, steps.c.placed, steps.c.settled_at,
    )
    .join(steps, steps.c.id == tasks.c.step_id)
    .where(tasks.c.id == bindparam("of_task"))
)  # fmt: skip
_NEVER_ASKED = (
    update(tasks)
    .where(tasks.c.step_id == bindparam("of_step"), tasks.c.state == "over", tasks.c.opened_at.is_(None))
    .values(state="waiting", closed_at=None)
    .returning(tasks.c.id)
)
_MODE = select(steps.c.mode).where(steps.c.id == bindparam("of_step"))
#: displaced, or decided by what no longer counts
_UNHEARD = (
    select(tasks.c.id)
    .outerjoin(
        decisions,
        and_(
            decisions.c.task_id == tasks.c.id,
            decisions.c.task_revision == tasks.c.revision,
            or_(decisions.c.state == "held", decisions.c.state == "effective"),
        ),
    )
    .where(tasks.c.step_id == bindparam("of_step"), tasks.c.opened_at.is_not(None))
    .where(or_(tasks.c.state == "over", and_(tasks.c.state == "decided", decisions.c.id.is_(None))))
    .order_by(tasks.c.position, tasks.c.id)
)
_REOPEN = (
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"))
    .values(state="open", opened_at=bindparam("at"), closed_at=None, revision=tasks.c.revision + 1)
    .returning(tasks.c.id, tasks.c.person_id, tasks.c.revision)
)
_ENDED_THEN = (
    select(steps.c.id, steps.c.block, steps.c.token_id)
    .where(
        steps.c.request_id == bindparam("of_request"),
        steps.c.revision == bindparam("at_revision"),
        steps.c.state == "void",
        steps.c.settled_at == bindparam("at"),
        steps.c.parent_task_id.is_(None),
        steps.c.token_id.is_not(None),
    )
    .order_by(steps.c.position)
)
_ANYBODY = select(tasks.c.id).where(tasks.c.step_id == bindparam("of_step")).limit(1)


def behind(journey: Journey, step: Row) -> list[Row]:
    """The tasks that were put before somebody because this step was settled. `step`: as `take_back` reads it."""
    if step.parent_task_id is None:
        return [
            task
            for one in after_a_step.steps_behind(journey, step.block, step.step_position)
            for task in after_a_step.opened_in(journey, one.id)
        ]
    above = journey.tx.run(_ABOVE, of_task=step.parent_task_id).one()
    if step.placed != "after":
        return [
            one for one in after_a_step.opened_in(journey, above.step_id) if one.id == step.parent_task_id
        ]
    if above.step_state == "approved":
        return behind(journey, above)
    if above.mode == "sequence":
        return after_a_step.opened_in(journey, above.step_id, behind=above.task_position)
    return []


def reopen(journey: Journey, step: Row) -> None:
    """The step, without its tasks; what was settled with it as well."""
    token_id = step.token_id
    if step.parent_task_id is None:
        token_id = _put_back(journey, step)
    else:
        above = journey.tx.run(_ABOVE, of_task=step.parent_task_id).one()
        if step.placed != "after":
            _asker_waits(journey, step.parent_task_id)
        elif above.step_state == "approved":
            reopen(journey, above)
            ask_the_others(journey, above.step_id, above.block)
        elif above.mode == "sequence":
            wait_again(journey, above.step_id, behind=above.task_position)
    journey.tx.run(_STEP, of_step=step.step_id, new_state="active", on_token=token_id)


def ask_the_others(journey: Journey, step_id: int, block: str) -> None:
    """Everybody whom the settled step asked no longer is asked again, each in his turn."""
    never = {row.id for row in journey.tx.run(_NEVER_ASKED, of_step=step_id).all()}
    if (
        never and journey.tx.run(_MODE, of_step=step_id).scalar() != "sequence"
    ):  # settled before it asked anybody
        for waiting in stepping.waiting_tasks(journey.tx, step_id):
            if waiting.id in never:
                opening.open_task(journey, waiting)
    for row in journey.tx.run(_UNHEARD, of_step=step_id).all():
        task = journey.tx.run(_REOPEN, of_task=row.id, at=journey.now).one()
        notices.drop_for_task(journey.tx, task.id, reason="reopened", now=journey.now)
        opening.reopened(journey, task, block=block, kind="reopened")


def wait_again(journey: Journey, step_id: int, *, behind: int = 0) -> None:
    """Open tasks of a step wait for their turn again. The old ones stay on record: what was sent about them is void."""
    tx, now = journey.tx, journey.now
    for old in tx.run(_VOID, of_step=step_id, behind=behind, at=now).all():
        inbox.close_for_task(tx, old.id, state="withdrawn", now=now)
        stepping.rest(tx, journey.matter, old.id, old.revision, reason="recalled", now=now)
        new_id = tx.run(
            _INSERT, request_id=old.request_id, step_id=old.step_id, person_id=old.person_id, position=old.position,
            weight=old.weight, revision=1, state="waiting", why=old.why, from_task_id=old.id,
            after_step_id=old.after_step_id, claimed_at=None, opened_at=None, closed_at=None,
        ).scalar()  # fmt: skip
        tx.run(_BELONGS, of_task=old.id, new_task=new_id)


def step_waits(journey: Journey, step_id: int) -> None:
    """People added after a task wait for it again."""
    wait_again(journey, step_id)
    journey.tx.run(_STEP_WAITS, of_step=step_id)


def _asker_waits(journey: Journey, task_id: int) -> None:
    """Whoever had brought others in waits for them again."""
    revision = journey.tx.run(_ASKER_WAITS, of_task=task_id).scalar()
    inbox.close_for_task(journey.tx, task_id, state="over", now=journey.now)
    stepping.rest(journey.tx, journey.matter, task_id, revision, reason="waits", now=journey.now)


def _put_back(journey: Journey, step: Row) -> int:
    """The thread of this step stands at it again. Returns its token."""
    place = blocks.find(journey.route, step.block)
    assert place is not None  # noqa: S101  # a route of blocks has every block it ran
    mine = walking.find(journey, step.token_id)
    if mine.state == "done" and mine.at < len(blocks.sequence_at(journey.route, mine.sequence)):
        _back_to_detour(journey, step)
        return int(step.token_id)
    returning.supersede_from(journey, place, itself=False)
    thread = returning.set_back(journey, place)
    for ended in journey.tx.run(
        _ENDED_THEN, of_request=journey.matter.id, at_revision=journey.matter.revision, at=step.settled_at
    ).all():
        there = blocks.find(journey.route, ended.block)
        if there is not None and there != place and not blocks.precedes(journey.route, place, there):
            _live_again(journey, ended)
    return thread.id


def _back_to_detour(journey: Journey, step: Row) -> None:
    """Whoever had sent it back, and was asked again, waits once more where he stood."""
    for later in after_a_step.steps_behind(journey, step.block, step.step_position):
        if later.state in ("active", "blocked") and later.token_id is not None:
            stepping.end_steps_of(journey.tx, journey.matter, later.token_id, now=journey.now)
            returning.park(journey, later.token_id, step.token_id)
    walking.put(journey, step.token_id, "live", walking.find(journey, step.token_id).at)


def _live_again(journey: Journey, step: Row) -> None:
    """A thread beside, which ended because this one was enough."""
    token = walking.find(journey, step.token_id)
    if token.state != "cancelled":
        return
    walking.put(journey, token.id, "live", token.at)
    while token.parent_id is not None:
        token = walking.find(journey, token.parent_id)
        if token.state != "cancelled":
            break
        walking.put(journey, token.id, "split", token.at)
    if journey.tx.run(_ANYBODY, of_step=step.id).first() is None:
        journey.tx.run(_STEP, of_step=step.id, new_state="blocked", on_token=step.token_id)
        stepping.blocked(journey.tx, journey.matter, step.id, block=step.block, why=None, now=journey.now)
        return
    journey.tx.run(_STEP, of_step=step.id, new_state="active", on_token=step.token_id)
    ask_the_others(journey, step.id, step.block)
