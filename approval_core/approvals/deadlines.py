"""F34: the time of a task is over. It goes up a level, or the step or the request ends; no timeout ever approves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from approval_core import audit
from approval_core.approvals import at_hand, choosing, closing, effects, handing, opening, settling, stepping
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Task
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, NotFound
from approval_core.notices.ladder import Held
from approval_core.outbox import Happening
from approval_core.people import queries as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Row, Tx

tasks = table_of(Task)

_OPENED = select(tasks.c.id, tasks.c.person_id, tasks.c.revision, tasks.c.opened_at).where(
    tasks.c.id == bindparam("of_task")
)


def held_of(tx: Tx, task_id: int) -> Held | None:
    """The task as its ladder sees it; None once nobody is asked by it any more."""
    try:
        task = at_hand.find(tx, task_id)
    except NotFound:
        return None
    if task.task_state != "open" or task.request_state != "pending":
        return None
    row = tx.run(_OPENED, of_task=task_id).one()
    journey = Journey(tx, stepping.matter_of(task), row.opened_at)
    rungs = opening.ladder_of(journey, task.block)
    if rungs is None:
        return None
    return opening.held(journey.matter, row, rungs, opened_at=row.opened_at)


def on_overdue_rung(tx: Tx, happening: Happening, now: datetime) -> None:
    """Carries out what a step says about its time: transfer_up, reject or close. `remind` has been done already."""
    facts = happening.payload
    try:
        task = at_hand.find(tx, facts["task_id"])
    except NotFound:
        return
    if (
        task.task_state != "open"
        or task.task_revision != facts["task_revision"]
        or not at_hand.in_time(task, now)
    ):
        return
    journey = Journey(tx, stepping.matter_of(task), now)
    match facts["action"]:
        case "transfer_up":
            _up(journey, task)
        case "reject":
            _reject(journey, task)
        case "close":
            closing.time_over(journey)


def _up(journey: Journey, task: Row) -> None:
    """One level up from whoever let it lie; where nobody is above him, the alarm of the ladder stands."""
    above = people.one_up(
        journey.tx, task.person_id, case=choosing.case_of(journey, task.block), now=journey.now
    )
    for one in above.people:
        try:
            handing.move(journey, task, one.person_id, actor=SYSTEM, reason="timeout", verb="escalated")
        except (Conflict, Forbidden):
            continue
        return
    audit.append(
        journey.tx, chain=journey.matter.chain, actor=SYSTEM.name, verb="not_escalated", thing=f"task:{task.task_id}",
        data={"why": above.reason_en or "nobody above him may be asked here"}, now=journey.now,
    )  # fmt: skip


def _reject(journey: Journey, task: Row) -> None:
    """The step ends as refused; nobody's decision stands behind it, and the trail says so."""
    audit.append(
        journey.tx, chain=journey.matter.chain, actor=SYSTEM.name, verb="timed_out", thing=f"task:{task.task_id}",
        data={"action": "reject"}, now=journey.now,
    )  # fmt: skip
    settled = settling.verdict_of(task, None, verdict="reject")
    effects.end_step(journey, settled, "rejected")
