"""What the core's news mean for phones: questions, and the end of questions. Database only; may run late.

Lateness never matters: a reply is judged by the task as it is, and a question that has lost its sense is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select

from approval_core.approvals.models import Decision, Request, Task
from approval_core.columns import table_of
from approval_core.notices import service as notices
from approval_core.notices.models import Notice
from approval_core.outbox import Happening, Reaction
from approval_core.people import queries as people
from approval_core.people.models import persons
from approval_core.store import Row, Tx
from sms_modem import announcing, prompts, reminding, sending, situations, standing
from sms_modem.models import prompts as prompt_rows
from sms_modem.rules import wording
from sms_modem.rules.situation import ClosedAs
from sms_modem.sending import Wording
from sms_modem.settings import SmsSettings

notice_rows, requests, tasks, decisions = (
    table_of(Notice),
    table_of(Request),
    table_of(Task),
    table_of(Decision),
)

#: Whoever was asked within this time is awake: the end of the question does not wait for the morning.
STILL_AWAKE = timedelta(hours=2)
#: After any of these a question may have lost its sense.
ENDING_EVENTS = (
    "approval.decided",
    "approval.undone",
    "approval.taken_back",
    "approval.jumped",
    "approval.effective",
    "approval.revised",
    "approval.withdrawn",
    "approval.expired",
    "approval.closed",
    "task.moved",
)

_NOTICE = select(notice_rows).where(notice_rows.c.id == bindparam("notice_id")).with_for_update()
_LIVE_OF_REQUEST = (
    select(
        prompt_rows.c.id,
        prompt_rows.c.phone,
    )
    .where(prompt_rows.c.request_id == bindparam("of_request"), prompt_rows.c.state == "live")
    .order_by(prompt_rows.c.phone, prompt_rows.c.id)
)
_ASKED_BEFORE = (
    select(prompt_rows.c.id)
    .where(
        prompt_rows.c.task_id == bindparam("of_task"),
        prompt_rows.c.task_revision == bindparam("at_revision"),
        prompt_rows.c.phone == bindparam("number"),
        prompt_rows.c.state == "live",
    )
    .limit(1)
)
_LAST_SENT = (
    select(prompt_rows)
    .where(
        prompt_rows.c.task_id == bindparam("of_task"),
        prompt_rows.c.task_revision == bindparam("at_revision"),
        prompt_rows.c.phone == bindparam("number"),
        prompt_rows.c.sent_at.is_not(None),
        prompt_rows.c.state != "answered",
    )
    .order_by(prompt_rows.c.id.desc())
    .limit(1)
)
_DECISION = (
    select(decisions.c.verdict, decisions.c.decided_at, decisions.c.comment, persons.c.name)
    .join(persons, persons.c.id == decisions.c.person_id)
    .where(decisions.c.id == bindparam("decision_id"))
)
_LAST_DECISION = (
    select(decisions.c.verdict, decisions.c.decided_at, decisions.c.comment, persons.c.name, requests.c.title)
    .select_from(
        decisions.join(persons, persons.c.id == decisions.c.person_id).join(
            requests, requests.c.id == decisions.c.request_id
        )
    )
    .where(decisions.c.request_id == bindparam("of_request"), decisions.c.state == "effective")
    .where(or_(decisions.c.verdict == bindparam("first"), decisions.c.verdict == bindparam("second")))
    .order_by(decisions.c.id.desc())
    .limit(1)
)

#: A result by the request's final state: the verdicts that can have made it.
_VERDICTS = {
    "approved": ("approve", "approve"),
    "rejected": ("reject", "return"),
    "returned": ("return", "reject"),
}
#: Why a question is void, by the kind of the notice.
_WHY = {
    "changed": wording.WHY_VOID[ClosedAs.CHANGED],
    "withdrawn": wording.WHY_VOID[ClosedAs.WITHDRAWN],
    "moved": wording.WHY_VOID[ClosedAs.REASSIGNED],
    "recalled": "由上一环节收回",
    "cancelled": "由管理员终止",
    "jumped": "由管理员调整流程",
}


def reactions(settings: SmsSettings) -> Mapping[str, Mapping[str, Reaction]]:
    """For the wiring: event type → {stable name → reaction}."""
    table: dict[str, dict[str, Reaction]] = {
        "notice.due": {
            "sms": lambda tx, happening, now: on_notice_due(tx, happening, now, settings=settings)
        },
        announcing.DELEGATED: {"sms.delegated": announcing.on_delegated(settings)},
    }
    for event in ENDING_EVENTS:
        table[event] = {
            "sms.close": lambda tx, happening, now: on_matter_moved(tx, happening, now, settings=settings)
        }
    return table


def on_matter_moved(tx: Tx, happening: Happening, now: datetime, *, settings: SmsSettings) -> None:
    """Close the questions of this request that are no longer asked, whatever it was that moved."""
    live = tx.run(_LIVE_OF_REQUEST, of_request=int(happening.payload["request_id"])).all()
    ids = {row.id for row in live}
    for phone in sorted({row.phone for row in live}):
        standing.take(tx, phone, now=now)
        for one in situations.asked_of(tx, phone, settings=settings, now=now):
            if one.row.id in ids and one.closed_as is not None and one.row.state == "live":
                prompts.close(tx, one.row.id, reason=str(one.closed_as), now=one.closed_at)


def on_notice_due(tx: Tx, happening: Happening, now: datetime, *, settings: SmsSettings) -> None:
    """Somebody is to be told something by SMS: the words, or the reason why not."""
    notice = tx.run(_NOTICE, notice_id=int(happening.payload["notice_id"])).first()
    if notice is None or notice.state != "due" or notice.path != "sms":
        return
    phone = people.bound_phone(tx, notice.person_id, now=now)
    if phone is None:
        notices.failed(tx, notice.id, reason="no_number", now=now)
        return
    stance = standing.take(tx, phone, now=now)
    if stance.stopped_at is not None:
        notices.dropped(tx, notice.id, reason="stopped", now=now)
        return
    if notice.kind in ("request", "reopened"):
        _ask(tx, notice, stance, settings, now)
        return
    if notice.kind in reminding.KINDS:
        reminding.on_notice(tx, notice, phone, settings=settings, now=now)
        return
    words, awake = _words(tx, notice, phone, settings, now)
    if isinstance(words, str):
        notices.dropped(tx, notice.id, reason=words, now=now)
        return
    sending.say(tx, phone, words, settings=settings, notice_id=notice.id, urgent=awake, now=now)


def _ask(tx: Tx, notice: Row, stance: standing.Stance, settings: SmsSettings, now: datetime) -> None:
    task = prompts.task_of(tx, notice.task_id)
    if task is None or not prompts.can_be_asked(task, notice.task_revision):
        notices.dropped(tx, notice.id, reason="closed", now=now)
        return
    if tx.run(_ASKED_BEFORE, of_task=task.id, at_revision=task.revision, number=stance.phone).scalar():
        notices.dropped(tx, notice.id, reason="asked_already", now=now)
        return
    question = prompts.draft(tx, task, person_id=notice.person_id, stance=stance, settings=settings, now=now)
    prompts.ask(tx, question, stance.phone, settings=settings, notice_id=notice.id, now=now)


def _words(
    tx: Tx, notice: Row, phone: str, settings: SmsSettings, now: datetime
) -> tuple[Wording | str, bool]:
    """What to say, or the reason to be silent; and whether the person was asked so lately that it may go at night."""
    sign = settings.signature
    if notice.kind == "result":
        return _result(tx, notice, sign), False
    asked = tx.run(_LAST_SENT, of_task=notice.task_id, at_revision=notice.task_revision, number=phone).first()
    if asked is None or asked.form == "T19":
        return "never_asked", False
    awake = now - asked.sent_at < STILL_AWAKE
    if notice.kind in _WHY:
        text = wording.t11(code=asked.code, why=_WHY[notice.kind], signature=sign)
        return Wording("T11", text, "notice"), awake or notice.kind == "changed"
    if notice.kind == "expired":
        return Wording("T10", wording.t10(code=asked.code, signature=sign), "notice"), awake
    if notice.kind == "elsewhere":
        return _elsewhere(tx, notice, asked, sign), awake
    return "no_words", False


def _elsewhere(tx: Tx, notice: Row, asked: Row, sign: str) -> Wording | str:
    """Whoever holds a live question that somebody else decided is told who did, once."""
    facts: dict[str, Any] = notice.facts
    row = tx.run(_DECISION, decision_id=int(facts["decision_id"])).first() if "decision_id" in facts else None
    if row is None:
        return "no_words"
    text = wording.t12(code=asked.code, at=row.decided_at, who=row.name, verdict=row.verdict, signature=sign)
    return Wording("T12", text, "notice")


def _result(tx: Tx, notice: Row, sign: str) -> Wording | str:
    first, second = _VERDICTS.get(str(notice.facts.get("state")), ("", ""))
    row = tx.run(_LAST_DECISION, of_request=notice.request_id, first=first, second=second).first()
    if row is None:
        return "no_words"
    verdict = "return" if notice.facts.get("state") == "returned" else row.verdict
    text = wording.t08(
        what=row.title,
        verdict=verdict,
        approver=row.name,
        at=row.decided_at,
        comment=row.comment,
        signature=sign,
    )
    return Wording("T08", text, "result")
