"""Questions to a phone: the form by C1(c), the code by C2, and the end of a question that has lost its sense."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, literal_column, select, update

from approval_core.approvals import assurance
from approval_core.approvals.models import Request, Task
from approval_core.approvals.rules.floor import Risk, floor_of, open_by_sms
from approval_core.columns import table_of
from approval_core.errors import Unavailable
from approval_core.notices import service as notices
from approval_core.store import Row, Tx
from sms_modem import sending, undelivered
from sms_modem.models import prompts
from sms_modem.rules import codes, wording
from sms_modem.rules.situation import ClosedBy, Form
from sms_modem.sending import Wording
from sms_modem.settings import SmsSettings
from sms_modem.situations import HIGHEST_SMS_FLOOR, Asked, asked_of
from sms_modem.standing import Stance

requests, tasks = table_of(Request), table_of(Task)

VERY_URGENT = 2  # 特急
#: How long after its window a question waits for replies that the network held up (C9).
LATE_REPLIES = timedelta(hours=6)
#: What T19 calls an item whose type has no better name.
KIND = "审批"

_TASK = (
    select(
        tasks.c.id,
        tasks.c.state,
        tasks.c.revision,
        tasks.c.request_id,
        tasks.c.opened_at,
        requests.c.state.label("request_state"),
        requests.c.type,
        requests.c.title,
        requests.c.applicant,
        requests.c.urgency,
        requests.c.content_hash,
        requests.c.due_at,
        requests.c.expires_at,
    )
    .select_from(tasks.join(requests, requests.c.id == tasks.c.request_id))
    .where(tasks.c.id == bindparam("task_id"))
)
_INSERT = insert(prompts).returning(prompts.c.id)
_CLOSE = (
    update(prompts)
    .where(prompts.c.id == bindparam("prompt_id"), prompts.c.state == "live")
    .values(
        state=bindparam("new_state"),
        closed_reason=bindparam("why"),
        closed_at=bindparam("at"),
        closed_by_bare=bindparam("by_bare"),
    )
    .returning(prompts.c.delivered_at)
)
_OVERDUE = (
    select(prompts.c.id, prompts.c.expires_at)
    .where(prompts.c.state == literal_column("'live'"), prompts.c.expires_at <= bindparam("before"))
    .limit(500)
)
_TAKEN_BACK = (
    update(prompts)
    .where(
        prompts.c.task_id == bindparam("of_task"),
        prompts.c.task_revision < bindparam("revision"),
        prompts.c.closed_reason == "decided",
    )
    .values(closed_reason="undone")
)


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt that stands in the table, and the words for it."""

    prompt_id: int
    code: str
    wording: Wording
    expires_at: datetime
    urgent: bool


def task_of(tx: Tx, task_id: int) -> Row | None:
    """The task with what is said of its request."""
    return tx.run(_TASK, task_id=task_id).first()


def can_be_asked(task: Row | None, revision: int | None) -> bool:
    return (
        task is not None
        and task.state == "open"
        and task.request_state == "pending"
        and (revision is None or task.revision == revision)
    )


def draft(
    tx: Tx,
    task: Row,
    *,
    person_id: int,
    stance: Stance,
    settings: SmsSettings,
    after_undo: bool = False,
    now: datetime,
) -> Question:
    """A new prompt for this phone, whose standing the caller holds. Nothing is queued yet."""
    asked = asked_of(tx, stance.phone, settings=settings, person_id=person_id, now=now)
    own_sim = settings.transport_kind == "own_sim"
    stakes = assurance.stakes_of_task(tx, task.id, person_id, now=now)
    floor = floor_of(stakes, verdict="approve", risk=Risk.NORMAL)
    form = wording.choose_form(
        floor=floor,
        own_sim=own_sim,
        bare_allowed=not after_undo and bare_allowed(asked, task.id, settings=settings, now=now),
        sms_decidable=open_by_sms(stakes, "approve") and floor <= HIGHEST_SMS_FLOOR,
    )
    code = free_code(asked, six=not own_sim or stance.wants_six_digits(now))
    others = sum(one.is_open and one.row.task_id != task.id and one.row.expires_at > now for one in asked)
    words = _words(task, form, code, others + 1, after_undo=after_undo, signature=settings.signature)
    window = now + settings.reply_window_span
    expires_at = window if task.expires_at is None else min(window, task.expires_at)
    prompt_id: int = tx.run(
        _INSERT,
        request_id=task.request_id,
        task_id=task.id,
        task_revision=task.revision,
        content_hash=task.content_hash,
        person_id=person_id,
        phone=stance.phone,
        sent_by=None,
        sent_from=None,
        code=code,
        form=words.template,
        bare=form is Form.BARE,
        floor=floor,
        transport_kind=settings.transport_kind,
        created_at=now,
        sent_at=None,
        delivered_at=None,
        expires_at=expires_at,
        state="live",
        closed_reason=None,
        closed_at=None,
        closed_by_bare=False,
    ).scalar()
    undelivered.watch(tx, prompt_id, seconds=settings.undelivered_after, now=now)
    return Question(prompt_id, code, words, expires_at, task.urgency >= VERY_URGENT)


def ask(
    tx: Tx,
    question: Question,
    phone: str,
    *,
    settings: SmsSettings,
    inbound_id: int | None = None,
    notice_id: int | None = None,
    now: datetime,
) -> int:
    """Queue it; not sent any more when its time is over."""
    return sending.say(
        tx,
        phone,
        question.wording,
        settings=settings,
        prompt_id=question.prompt_id,
        inbound_id=inbound_id,
        notice_id=notice_id,
        deadline=question.expires_at,
        urgent=question.urgent,
        now=now,
    )


def bare_allowed(asked: list[Asked], task_id: int, *, settings: SmsSettings, now: datetime) -> bool:
    """C1(c): nothing else is live for this phone, and nothing was closed unanswered or by a bare reply of late."""
    began = now - settings.bare_rest_span
    for one in asked:
        if one.is_open and one.row.task_id != task_id:
            return False
        if not one.is_open and one.closed_by is not ClosedBy.CODE and one.closed_at > began:
            return False
    return True


def free_code(asked: list[Asked], *, six: bool) -> str:
    """One that is neither live nor reserved for this phone (C2). Unavailable("no_code") when six digits are all taken."""
    taken = {one.row.code for one in asked}
    fours = sum(len(code) == codes.FOUR for code in taken)
    code = codes.draw(taken, codes.digits_for(fours, six))
    if code is None:
        raise Unavailable("no_code", "every code of this phone is in use")
    return code


def _words(task: Row, form: Form, code: str, open_count: int, *, after_undo: bool, signature: str) -> Wording:
    if form is Form.NOTIFY:
        return Wording("T19", wording.t19(kind=KIND, signature=signature), "approval")
    if after_undo:
        return Wording("T27", wording.t27(what=task.title, code=code, signature=signature), "receipt")
    fields: dict[str, Any] = {
        "who": task.applicant,
        "what": task.title,
        "code": code,
        "signature": signature,
    }
    due = task.due_at or task.expires_at
    bare = form is Form.BARE
    if task.urgency >= VERY_URGENT and due is not None:
        return Wording("T03", wording.t03(due=due, bare=bare, **fields), "approval")
    if bare:
        return Wording("T01", wording.t01(**fields), "approval")
    return Wording("T02", wording.t02(open_count=open_count, **fields), "approval")


def words_again(task: Row, asked: Row, *, open_count: int, signature: str) -> Wording:
    """The same question once more, under its code: a bare answer is not invited twice, for it may mean another now."""
    if asked.form == "T05":
        return Wording("T05", wording.t05(title=task.title, code=asked.code, signature=signature), "approval")
    form = Form.NOTIFY if asked.form == "T19" else Form.CODED
    return _words(task, form, asked.code, open_count, after_undo=False, signature=signature)


def answered(tx: Tx, prompt_id: int, *, bare: bool, now: datetime) -> None:
    """This phone's own reply has decided it."""
    _end(tx, prompt_id, "answered", "decided", bare=bare, at=now)


def close(tx: Tx, prompt_id: int, *, reason: str, now: datetime) -> None:
    """No answer counts any more. What still lies in the queue is not sent."""
    _end(tx, prompt_id, "closed", reason, at=now)
    for notice_id in sending.take_back(tx, prompt_id, why=f"closed: {reason}"):
        notices.dropped(tx, notice_id, reason=reason, now=now)


def _end(tx: Tx, prompt_id: int, state: str, why: str, *, bare: bool = False, at: datetime) -> None:
    ended = tx.run(_CLOSE, prompt_id=prompt_id, new_state=state, why=why, at=at, by_bare=bare).first()
    if ended is not None and ended.delivered_at is None:
        undelivered.over(tx, prompt_id, now=at)


def taken_back(tx: Tx, task_id: int, revision: int) -> None:
    """After an undo: the codes of the earlier revision say so."""
    tx.run(_TAKEN_BACK, of_task=task_id, revision=revision)


def close_overdue(tx: Tx, *, now: datetime) -> int:
    """Questions whose window ended long ago, so that no reply given in time can still be on its way. Returns how many."""
    rows = tx.run(_OVERDUE, before=now - LATE_REPLIES).all()
    for row in rows:
        close(tx, row.id, reason="expired", now=row.expires_at)
    return len(rows)
