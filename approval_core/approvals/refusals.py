"""Why a decision does not count: said with the winner, so that every loser can be told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, or_, select

from approval_core.approvals.models import Decision
from approval_core.columns import table_of
from approval_core.errors import Conflict
from approval_core.people.models import Person
from approval_core.store import Row, Tx

decisions, persons = table_of(Decision), table_of(Person)

_LIVE = (
    select(decisions, persons.c.name.label("by_name"), persons.c.account.label("by_account"))
    .join(persons, persons.c.id == decisions.c.person_id)
    .where(decisions.c.request_id == bindparam("of_request"), decisions.c.step_id == bindparam("of_step"))
    .where(
        or_(decisions.c.state == "held", decisions.c.state == "effective", decisions.c.state == "superseded")
    )
    .order_by(decisions.c.id.desc())
)


def why_not(tx: Tx, task: Row, *, task_revision: int, verdict: str, now: datetime) -> Conflict:
    """`task` is the row `deciding` loaded: task, request and step in one."""
    if task.step_revision != task.request_revision:
        return Conflict(
            "changed", "the content was changed after you were asked", revision=task.request_revision
        )
    if task.task_state == "void":
        return closed(task.request_state if task.request_state != "pending" else "cancelled")
    if task.task_state in ("moved", "removed"):
        return Conflict("moved", "the task lies with somebody else now", state=task.task_state)
    if task.task_revision != task_revision:
        return Conflict("changed", "you were asked anew in the meantime", revision=task.task_revision)
    if task.task_state == "waiting":
        return Conflict("not_yet", "it is not your turn yet")
    if task.task_state == "open":
        expired = task.expires_at is not None and task.expires_at <= now
        return closed("expired" if expired else task.request_state)
    return already_decided(tx, task, verdict=verdict)


def closed(state: str) -> Conflict:
    return Conflict("closed", f"the request is {state}", state=state)


def already_decided(tx: Tx, task: Row, *, verdict: str) -> Conflict:
    """Own decision first, else the one that closed the step."""
    rows = tx.run(_LIVE, of_request=task.id, of_step=task.step_id).all()
    winner = next((row for row in rows if row.task_id == task.task_id), rows[0] if rows else None)
    if winner is None:
        if task.request_state == "pending":
            return Conflict("moved", "a colleague has taken it", state=task.task_state)
        return closed(task.request_state)
    return Conflict(
        "already_decided",
        f"already decided by {winner.by_name}",
        by=winner.by_name,
        account=winner.by_account,
        person_id=winner.person_id,
        at=winner.decided_at,
        channel=winner.channel,
        verdict=winner.verdict,
        decision_id=winner.id,
        state=winner.state,
        own=winner.task_id == task.task_id,
        same=winner.verdict == verdict,
    )
