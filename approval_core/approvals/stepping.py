"""Moves a request from step to step: opens tasks, counts what was decided, closes what is settled.

Counting happens in the transaction of the write and after it, with the request's row locked, so two
decisions on one step always see each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, or_, select, update

from approval_core import audit, outbox, timers
from approval_core.approvals.models import Decision, Request, Step, Task
from approval_core.approvals.rules import moves
from approval_core.columns import table_of
from approval_core.inbox import service as inbox
from approval_core.notices import service as notices
from approval_core.store import Row, Tx

requests, steps, tasks, decisions = table_of(Request), table_of(Step), table_of(Task), table_of(Decision)


@dataclass(frozen=True, slots=True)
class Matter:
    """The locked request, as far as moving it needs."""

    id: int
    source: str
    source_ref: str
    type: str
    title: str
    applicant: str
    applicant_id: int | None
    revision: int
    content_hash: str
    state: str
    on_reject: str
    hold_seconds: int
    sms: bool
    urgency: int
    due_at: datetime | None
    expires_at: datetime | None

    @property
    def chain(self) -> str:
        return f"request:{self.id}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision, as far as counting it needs."""

    decision_id: int
    step_id: int
    mode: str
    threshold: int | None
    verdict: str


#: what `matter_of` reads, and no more: content and route are long
MATTER_COLUMNS = tuple(requests.c[name] for name in Matter.__slots__)

# FOR NO KEY UPDATE: what only refers to the request (a notice, a prompt) is written meanwhile and waits for nobody
_LOCK = (
    select(*MATTER_COLUMNS).where(requests.c.id == bindparam("of_request")).with_for_update(key_share=True)
)
_TOUCH = update(requests).where(requests.c.id == bindparam("of_request")).values(changed_at=bindparam("at"))
_CLOSE = (
    update(requests)
    .where(requests.c.id == bindparam("of_request"))
    .values(state=bindparam("new_state"), closed_at=bindparam("at"), changed_at=bindparam("at"))
)
_STEP_STATE = update(steps).where(steps.c.id == bindparam("of_step")).values(state=bindparam("new_state"))
_NEXT_STEP = (
    select(steps.c.id, steps.c.mode)
    .where(
        steps.c.request_id == bindparam("of_request"),
        steps.c.revision == bindparam("at_revision"),
        steps.c.state == "waiting",
    )
    .order_by(steps.c.position)
    .limit(1)
)
_VOID_STEPS = (
    update(steps)
    .where(steps.c.request_id == bindparam("of_request"))
    .where(or_(steps.c.state == "waiting", steps.c.state == "active"))
    .values(state="void")
)
_WAITING_TASKS = (
    select(tasks.c.id, tasks.c.person_id, tasks.c.revision)
    .where(tasks.c.step_id == bindparam("of_step"), tasks.c.state == "waiting")
    .order_by(tasks.c.position)
)
_OPEN_TASK = (
    update(tasks).where(tasks.c.id == bindparam("of_task")).values(state="open", opened_at=bindparam("at"))
)
_VOTES = (
    select(tasks.c.weight, decisions.c.verdict)
    .select_from(
        tasks.outerjoin(
            decisions,
            and_(
                decisions.c.task_id == tasks.c.id,
                decisions.c.task_revision == tasks.c.revision,
                decisions.c.state == "effective",
            ),
        )
    )
    .where(tasks.c.step_id == bindparam("of_step"))
    .order_by(tasks.c.position)
)
_END_STEP_TASKS = (
    update(tasks)
    .where(tasks.c.step_id == bindparam("of_step"))
    .where(or_(tasks.c.state == "waiting", tasks.c.state == "open"))
    .values(state="over", closed_at=bindparam("at"))
    .returning(tasks.c.id, tasks.c.person_id, tasks.c.revision, tasks.c.opened_at)
)
_VOID_TASKS = (
    update(tasks)
    .where(tasks.c.request_id == bindparam("of_request"))
    .where(or_(tasks.c.state == "waiting", tasks.c.state == "open"))
    .values(state="void", closed_at=bindparam("at"))
    .returning(tasks.c.id, tasks.c.person_id, tasks.c.revision, tasks.c.opened_at)
)
_SUPERSEDE_HELD = (
    update(decisions)
    .where(
        decisions.c.request_id == bindparam("of_request"),
        decisions.c.step_id == bindparam("of_step"),
        decisions.c.state == "held",
    )
    .values(state="superseded", settled_at=bindparam("at"))
    .returning(decisions.c.id)
)


def matter_of(row: Row) -> Matter:
    return Matter(**{name: getattr(row, name) for name in Matter.__slots__})


def lock(tx: Tx, request_id: int) -> Matter | None:
    """Everything that changes a request takes its row first: on PostgreSQL changes of one request queue here."""
    row = tx.run(_LOCK, of_request=request_id).first()
    return None if row is None else matter_of(row)


def touch(tx: Tx, matter: Matter, *, now: datetime) -> None:
    tx.run(_TOUCH, of_request=matter.id, at=now)


def tell(tx: Tx, matter: Matter, type: str, *, now: datetime, **facts: object) -> None:  # noqa: A002 — the event's own word
    outbox.emit(tx, type, key=matter.chain, payload={"request_id": matter.id, **facts}, now=now)


def open_next_step(tx: Tx, matter: Matter, *, now: datetime) -> bool:
    """False when no step is left."""
    step = tx.run(_NEXT_STEP, of_request=matter.id, at_revision=matter.revision).first()
    if step is None:
        return False
    tx.run(_STEP_STATE, of_step=step.id, new_state="active")
    waiting = tx.run(_WAITING_TASKS, of_step=step.id).all()
    for task in waiting[:1] if step.mode == "sequence" else waiting:
        _open_task(tx, matter, task, now=now)
    return True


def _open_task(tx: Tx, matter: Matter, task: Row, *, now: datetime) -> None:
    tx.run(_OPEN_TASK, of_task=task.id, at=now)
    inbox.open_for_task(
        tx,
        source=matter.source,
        request_id=matter.id,
        task_id=task.id,
        person_id=task.person_id,
        title=matter.title,
        applicant=matter.applicant,
        urgency=matter.urgency,
        due_at=matter.due_at,
        now=now,
    )
    tell(tx, matter, "task.opened", task_id=task.id, person_id=task.person_id, now=now)
    ask(tx, matter, task_id=task.id, person_id=task.person_id, task_revision=task.revision, now=now)


def ask(
    tx: Tx,
    matter: Matter,
    *,
    task_id: int,
    person_id: int,
    task_revision: int,
    kind: str = "request",
    now: datetime,
) -> None:
    """The person is to be asked by SMS, where the request allows that."""
    if matter.sms:
        notices.tell(
            tx,
            kind=kind,
            person_id=person_id,
            request_id=matter.id,
            task_id=task_id,
            task_revision=task_revision,
            now=now,
        )


def take_effect(tx: Tx, matter: Matter, decision: Verdict, *, now: datetime) -> str:
    """A decision became effective: count, advance, close. Returns the request's state afterwards."""
    votes = [moves.Vote(row.weight, row.verdict) for row in tx.run(_VOTES, of_step=decision.step_id)]
    settled = moves.outcome(decision.mode, votes, threshold=decision.threshold)
    state = "pending"
    if settled == "open":
        if decision.mode == "sequence":
            for task in tx.run(_WAITING_TASKS, of_step=decision.step_id).all()[:1]:
                _open_task(tx, matter, task, now=now)
        touch(tx, matter, now=now)
    else:
        tx.run(_STEP_STATE, of_step=decision.step_id, new_state=settled)
        if len(votes) > 1:  # somebody else was asked as well
            _end_step(tx, matter, decision, now=now)
        if settled == "approved" and open_next_step(tx, matter, now=now):
            touch(tx, matter, now=now)
        else:
            state = moves.closing_state(settled, matter.on_reject)
            close(tx, matter, state=state, now=now)
    audit.append(
        tx,
        chain=matter.chain,
        actor="system",
        verb="effective",
        thing=f"decision:{decision.decision_id}",
        data={"verdict": decision.verdict, "step": settled, "request": state},
        now=now,
    )
    tell(tx, matter, "approval.effective", decision_id=decision.decision_id, state=state, now=now)
    if state != "pending":
        tell(tx, matter, "approval.closed", state=state, now=now)
    return state


def _end_step(tx: Tx, matter: Matter, decision: Verdict, *, now: datetime) -> None:
    for held in tx.run(_SUPERSEDE_HELD, of_request=matter.id, of_step=decision.step_id, at=now):
        timers.cancel_timer(tx, "hold_end", str(held.id))
        audit.append(
            tx, chain=matter.chain, actor="system", verb="superseded", thing=f"decision:{held.id}",
            data={"by": f"decision:{decision.decision_id}"}, now=now,
        )  # fmt: skip
    displaced(
        tx,
        matter,
        tx.run(_END_STEP_TASKS, of_step=decision.step_id, at=now),
        decision_id=decision.decision_id,
        now=now,
    )


def displaced(tx: Tx, matter: Matter, closed: Iterable[Row], *, decision_id: int, now: datetime) -> None:
    """Tasks that somebody else's decision closed: off their lists, and those who were asked by SMS are told."""
    for task in closed:
        if task.opened_at is None:
            continue
        inbox.close_for_task(tx, task.id, state="over", now=now)
        notices.drop_for_task(tx, task.id, reason="elsewhere", now=now)
        if matter.sms:
            notices.tell(
                tx, kind="elsewhere", person_id=task.person_id, request_id=matter.id, task_id=task.id,
                task_revision=task.revision, facts={"decision_id": decision_id}, now=now,
            )  # fmt: skip


def void_open_tasks(tx: Tx, matter: Matter, *, kind: str, now: datetime) -> None:
    """Nothing of this request is asked any more (withdrawn, changed, expired); whoever was asked by SMS is told."""
    tx.run(_VOID_STEPS, of_request=matter.id)
    for task in tx.run(_VOID_TASKS, of_request=matter.id, at=now):
        if task.opened_at is None:
            continue
        inbox.close_for_task(tx, task.id, state="withdrawn", now=now)
        notices.drop_for_task(tx, task.id, reason=kind, now=now)
        ask(
            tx,
            matter,
            task_id=task.id,
            person_id=task.person_id,
            task_revision=task.revision,
            kind=kind,
            now=now,
        )


def close(tx: Tx, matter: Matter, *, state: str, now: datetime) -> None:
    """The end of a request (a returned one may come back as a new revision)."""
    tx.run(_CLOSE, of_request=matter.id, new_state=state, at=now)
    for handler, moment in (("expiry", matter.expires_at), ("deadline", matter.due_at)):
        if moment is not None:
            timers.cancel_timer(tx, handler, str(matter.id))
    if matter.sms and matter.applicant_id is not None and state in ("approved", "rejected", "returned"):
        notices.tell(
            tx,
            kind="result",
            person_id=matter.applicant_id,
            request_id=matter.id,
            facts={"state": state},
            now=now,
        )
