"""The parts of every movement of a request: take its row, open and end tasks, say so, close it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update

from approval_core import audit, outbox, timers
from approval_core.approvals import talk_ends
from approval_core.approvals.models import Copy, Decision, Provisional, Request, Step, Task
from approval_core.columns import table_of
from approval_core.inbox import service as inbox
from approval_core.notices import ladder
from approval_core.notices import service as notices
from approval_core.notices.alarms import raise_alarm, settle_alarm
from approval_core.store import Row, Tx

requests, steps, tasks, decisions = table_of(Request), table_of(Step), table_of(Task), table_of(Decision)
copies, provisionals = table_of(Copy), table_of(Provisional)

#: The kind of the alarm for a step without people.
BLOCKED = "step_blocked"
#: The kind of the alarm for a task whose holder is away while nobody may answer for him.
ABSENT = "holder_absent"


@dataclass(frozen=True, slots=True)
class Matter:
    """The locked request, as far as moving it needs."""

    id: int
    source: str
    source_ref: str
    type: str
    type_version_id: int | None
    title: str
    applicant: str
    applicant_id: int | None
    unit_id: int | None
    amount: Decimal | None
    revision: int
    content_hash: str
    state: str
    on_reject: str
    hold_seconds: int
    sms: bool
    urgency: int
    due_at: datetime | None
    expires_at: datetime | None
    revokes_id: int | None = None

    @property
    def chain(self) -> str:
        return f"request:{self.id}"


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
_STEP_STATE = (
    update(steps)
    .where(steps.c.id == bindparam("of_step"))
    .values(state=bindparam("new_state"), settled_at=bindparam("at"))
)
_VOID_STEPS = (
    update(steps)
    .where(steps.c.request_id == bindparam("of_request"))
    .where(or_(steps.c.state == "waiting", steps.c.state == "active", steps.c.state == "blocked"))
    .values(state="void", settled_at=bindparam("at"))
    .returning(steps.c.id)
)
_WAITING_TASKS = (
    select(tasks.c.id, tasks.c.person_id, tasks.c.revision, steps.c.block)
    .join(steps, steps.c.id == tasks.c.step_id)
    .where(tasks.c.step_id == bindparam("of_step"), tasks.c.state == "waiting")
    .order_by(tasks.c.position)
)
_OPEN_TASK = (
    update(tasks).where(tasks.c.id == bindparam("of_task")).values(state="open", opened_at=bindparam("at"))
)
_END_STEP_TASKS = (
    update(tasks)
    .where(tasks.c.step_id == bindparam("of_step"))
    .where(or_(tasks.c.state == "waiting", tasks.c.state == "open"))
    .values(state="over", closed_at=bindparam("at"))
    .returning(tasks.c.id, tasks.c.person_id, tasks.c.revision, tasks.c.opened_at)
)
_END_ALL_TASKS = (
    update(tasks)
    .where(tasks.c.request_id == bindparam("of_request"))
    .where(or_(tasks.c.state == "waiting", tasks.c.state == "open"))
    .values(state="over", closed_at=bindparam("at"))
    .returning(tasks.c.id, tasks.c.person_id, tasks.c.revision, tasks.c.opened_at)
)
_ADDED_TO = select(steps.c.id, tasks.c.id.label("task_id")).where(
    steps.c.parent_task_id == tasks.c.id,
    tasks.c.step_id == bindparam("of_step"),
    or_(steps.c.state == "waiting", steps.c.state == "active"),
)
_OPEN_STEPS_OF_TOKEN = select(steps.c.id).where(
    steps.c.token_id == bindparam("of_token"),
    or_(steps.c.state == "waiting", steps.c.state == "active", steps.c.state == "blocked"),
)
_VOID_PROVISIONAL = (
    update(provisionals)
    .where(provisionals.c.request_id == bindparam("of_request"), provisionals.c.state == "open")
    .values(state="void", closed_at=bindparam("at"))
)
_COPY = insert(copies).returning(copies.c.id)
_COPIED = select(copies.c.id).where(
    copies.c.request_id == bindparam("of_request"), copies.c.person_id == bindparam("of_person")
)
_VOID_TASKS = (
    update(tasks)
    .where(tasks.c.request_id == bindparam("of_request"))
    .where(or_(tasks.c.state == "waiting", tasks.c.state == "open"))
    .values(state="void", closed_at=bindparam("at"))
    .returning(tasks.c.id, tasks.c.person_id, tasks.c.revision, tasks.c.opened_at)
)
_SUPERSEDE_ALL_HELD = (
    update(decisions)
    .where(decisions.c.request_id == bindparam("of_request"), decisions.c.state == "held")
    .values(state="superseded", settled_at=bindparam("at"))
    .returning(decisions.c.id)
)
_SUPERSEDE_HELD = _SUPERSEDE_ALL_HELD.where(decisions.c.step_id == bindparam("of_step"))


def matter_of(row: Row) -> Matter:
    return Matter(**{name: getattr(row, name) for name in Matter.__slots__})


def lock(tx: Tx, request_id: int) -> Matter | None:
    """Everything that changes a request takes its row first: on PostgreSQL changes of one request queue here."""
    row = tx.run(_LOCK, of_request=request_id).first()
    return None if row is None else matter_of(row)


def touch(tx: Tx, matter: Matter, *, now: datetime) -> None:
    tx.run(_TOUCH, of_request=matter.id, at=now)


def tell(tx: Tx, matter: Matter, type: str, *, now: datetime, **facts: object) -> None:  # noqa: A002 — the event's own word
    """What takes a finished request back says so in everything that is told of it: it is not one more of its type."""
    if matter.revokes_id is not None:
        facts["revokes_id"] = matter.revokes_id
    outbox.emit(tx, type, key=matter.chain, payload={"request_id": matter.id, **facts}, now=now)


def waiting_tasks(tx: Tx, step_id: int) -> list[Row]:
    return tx.run(_WAITING_TASKS, of_step=step_id).all()


def mark_open(tx: Tx, task_id: int, *, now: datetime) -> None:
    tx.run(_OPEN_TASK, of_task=task_id, at=now)


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


def settle_step(tx: Tx, step_id: int, state: str, *, now: datetime) -> None:
    tx.run(_STEP_STATE, of_step=step_id, new_state=state, at=now)


def end_tasks(tx: Tx, matter: Matter, step_id: int, *, decision_id: int | None = None, now: datetime) -> None:
    """Nobody is asked in this step any more, nor in what was added to it. A decision in hold there does not count."""
    held = tx.run(_SUPERSEDE_HELD, of_request=matter.id, of_step=step_id, at=now).all()
    _superseded(tx, matter, held, decision_id=decision_id, now=now)
    closed = tx.run(_END_STEP_TASKS, of_step=step_id, at=now)
    displaced(tx, matter, closed, decision_id=decision_id, now=now)
    for added in tx.run(_ADDED_TO, of_step=step_id):
        settle_step(tx, added.id, "void", now=now)
        end_tasks(tx, matter, added.id, decision_id=decision_id, now=now)


def _superseded(
    tx: Tx, matter: Matter, held: Iterable[Row], *, decision_id: int | None, now: datetime
) -> None:
    for one in held:
        timers.cancel_timer(tx, "hold_end", str(one.id))
        audit.append(
            tx, chain=matter.chain, actor="system", verb="superseded", thing=f"decision:{one.id}",
            data={"by": f"decision:{decision_id}"}, now=now,
        )  # fmt: skip


def end_steps_of(tx: Tx, matter: Matter, token_id: int, *, now: datetime) -> None:
    """A thread of the request ends before its turn."""
    for step in tx.run(_OPEN_STEPS_OF_TOKEN, of_token=token_id):
        settle_step(tx, step.id, "void", now=now)
        end_tasks(tx, matter, step.id, now=now)
        unblocked(tx, step.id, now=now)


def blocked(
    tx: Tx, matter: Matter, step_id: int, *, block: str, why: Mapping[str, str] | None, now: datetime
) -> None:
    """Nobody is there to ask: an alarm, never a silent pass."""
    raise_alarm(
        tx, BLOCKED, f"step:{step_id}",
        facts={"title": matter.title, "block": block, "why": dict(why or {})}, request_id=matter.id, now=now,
    )  # fmt: skip
    tell(tx, matter, "step.blocked", step_id=step_id, now=now)


def unblocked(tx: Tx, step_id: int, *, now: datetime) -> None:
    settle_alarm(tx, BLOCKED, f"step:{step_id}", now=now)


def copy_to(
    tx: Tx, matter: Matter, person_id: int, *, place: str, why: Mapping[str, Any], now: datetime
) -> bool:
    """F13: one copy for each person and request, however often the route passes. False: he has one."""
    if tx.run(_COPIED, of_request=matter.id, of_person=person_id).first() is not None:
        return False
    tx.run(_COPY, request_id=matter.id, person_id=person_id, place=place, why=dict(why), at=now, read_at=None)
    inbox.open_word(
        tx, kind="copy", ref=f"copy/{matter.id}/{person_id}", source=matter.source, request_id=matter.id,
        person_id=person_id, title=matter.title, applicant=matter.applicant, urgency=matter.urgency, now=now,
    )  # fmt: skip
    tell(tx, matter, "request.copied", person_id=person_id, now=now)
    return True


def rest(tx: Tx, matter: Matter, task_id: int, revision: int, *, reason: str, now: datetime) -> None:
    """A task is open no longer: what was not yet told of it is not told, its ladder ends, its alarms are settled."""
    notices.drop_for_task(tx, task_id, reason=reason, now=now)
    if matter.type_version_id is not None:  # what an asking system brings has no ladder
        ladder.stop(tx, task_id, revision, now=now)
        settle_alarm(tx, ABSENT, f"task:{task_id}", now=now)


def displaced(
    tx: Tx, matter: Matter, closed: Iterable[Row], *, decision_id: int | None, now: datetime
) -> None:
    """Tasks that somebody else's decision closed: off their lists, and those who were asked by SMS are told."""
    for task in closed:
        if task.opened_at is None:
            continue
        inbox.close_for_task(tx, task.id, state="over", now=now)
        rest(tx, matter, task.id, task.revision, reason="elsewhere", now=now)
        if matter.sms and decision_id is not None:
            notices.tell(
                tx, kind="elsewhere", person_id=task.person_id, request_id=matter.id, task_id=task.id,
                task_revision=task.revision, facts={"decision_id": decision_id}, now=now,
            )  # fmt: skip


def _void_steps(tx: Tx, matter: Matter, *, now: datetime) -> None:
    for step in tx.run(_VOID_STEPS, of_request=matter.id, at=now).all():
        unblocked(tx, step.id, now=now)


def void_open_tasks(tx: Tx, matter: Matter, *, kind: str, now: datetime) -> None:
    """Nothing of this request is asked any more (withdrawn, changed, expired); whoever was asked by SMS is told."""
    _void_steps(tx, matter, now=now)
    if matter.type_version_id is not None:
        tx.run(_VOID_PROVISIONAL, of_request=matter.id, at=now)
    for task in tx.run(_VOID_TASKS, of_request=matter.id, at=now):
        if task.opened_at is None:
            continue
        inbox.close_for_task(tx, task.id, state="withdrawn", now=now)
        rest(tx, matter, task.id, task.revision, reason=kind, now=now)
        ask(
            tx,
            matter,
            task_id=task.id,
            person_id=task.person_id,
            task_revision=task.revision,
            kind=kind,
            now=now,
        )


def end_everything(tx: Tx, matter: Matter, *, decision_id: int | None, now: datetime) -> None:
    """The request is decided while others are still asked, in branches beside: off their lists too, and what
    is in hold there does not count."""
    held = tx.run(_SUPERSEDE_ALL_HELD, of_request=matter.id, at=now).all()
    _superseded(tx, matter, held, decision_id=decision_id, now=now)
    _void_steps(tx, matter, now=now)
    displaced(
        tx, matter, tx.run(_END_ALL_TASKS, of_request=matter.id, at=now), decision_id=decision_id, now=now
    )


def close(tx: Tx, matter: Matter, *, state: str, now: datetime) -> None:
    """The end of a request (a returned one may come back as a new revision)."""
    tx.run(_CLOSE, of_request=matter.id, new_state=state, at=now)
    if matter.type_version_id is not None:
        tx.run(_VOID_PROVISIONAL, of_request=matter.id, at=now)
    if state != "returned":
        talk_ends.end_talks(tx, matter.source, matter.id, now=now)
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
