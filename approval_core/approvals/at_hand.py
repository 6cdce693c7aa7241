"""A task that lies with somebody: read with its request's row taken, and refused with the reason when it is not at his hand."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from approval_core.approvals import refusals
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Request, Step, Task
from approval_core.approvals.settling import STEP_PARTS
from approval_core.approvals.stepping import MATTER_COLUMNS, matter_of
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, NotFound
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.store import Row, Tx

requests, steps, tasks = table_of(Request), table_of(Step), table_of(Task)

_READ = (
    select(
        *MATTER_COLUMNS,
        requests.c.state.label("request_state"),
        requests.c.revision.label("request_revision"),
        *STEP_PARTS,
        tasks.c.id.label("task_id"),
        tasks.c.step_id,
        tasks.c.person_id,
        tasks.c.revision.label("task_revision"),
        tasks.c.state.label("task_state"),
    )
    .select_from(
        tasks.join(requests, requests.c.id == tasks.c.request_id).join(steps, steps.c.id == tasks.c.step_id)
    )
    .where(tasks.c.id == bindparam("of_task"))
)
_TASK = _READ.with_for_update(of=requests, key_share=True)


def read(tx: Tx, task_id: int) -> Row:
    """As `find`, without taking the request: for a question."""
    return _found(tx.run(_READ, of_task=task_id).first())


def find(tx: Tx, task_id: int) -> Row:
    """The task with step and request, whoever has it, the request taken. NotFound("no_task")."""
    return _found(tx.run(_TASK, of_task=task_id).first())


def _found(task: Row | None) -> Row:
    if task is None:
        raise NotFound("no_task", "there is no such task")
    return task


def task_of(tx: Tx, task_id: int, *, actor: Actor, now: datetime) -> tuple[Row, int | None]:
    """As `find`, with the person he acts for when the task is not his own. Forbidden("not_yours")."""
    task = find(tx, task_id)
    return task, _capacity(tx, actor, task, now=now)


def open_task(
    tx: Tx, task_id: int, *, actor: Actor, task_revision: int, verdict: str = "", now: datetime
) -> tuple[Journey, Row, int | None]:
    """As `task_of`, for one that is open at the revision he was shown; else the Conflict that a decision would get."""
    task, on_behalf_of = task_of(tx, task_id, actor=actor, now=now)
    refuse_unless_open(tx, task, task_revision=task_revision, verdict=verdict, now=now)
    return Journey(tx, matter_of(task), now), task, on_behalf_of


def refuse_unless_open(tx: Tx, task: Row, *, task_revision: int, verdict: str, now: datetime) -> None:
    """The request's row is taken, so that what is open here stays open until the commit."""
    if not in_time(task, now) or task.task_state != "open" or task.task_revision != task_revision:
        raise why_not(tx, task.task_id, task_revision=task_revision, verdict=verdict, now=now)


def in_time(task: Row, now: datetime) -> bool:
    return task.request_state == "pending" and (task.expires_at is None or now < task.expires_at)


def why_not(tx: Tx, task_id: int, *, task_revision: int, verdict: str, now: datetime) -> Conflict:
    task = tx.run(_TASK, of_task=task_id).one()
    return refusals.why_not(tx, task, task_revision=task_revision, verdict=verdict, now=now)


def _capacity(tx: Tx, actor: Actor, task: Row, *, now: datetime) -> int | None:
    """None when the person acts himself, else the one he acts for (F35)."""
    person_id: int = task.person_id
    if actor.person_id == person_id:
        return None
    if actor.person_id is None or not people.may_act_for(
        tx, actor.person_id, person_id, type=task.type, amount=task.amount, now=now
    ):
        raise Forbidden("not_yours", "this task is somebody else's")
    return person_id
