"""What is said about a question that waits: to its holder, who gets the code he has, and to those beside him, who get none.

Nothing of this is a question of its own. It is not said once the question is answered, closed or over, nor before the
question itself has left, nor to anybody who has had enough of it for one day.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, func, select

from approval_core.clock import OFFICE_ZONE
from approval_core.notices import service as notices
from approval_core.people.models import persons
from approval_core.store import Row, Tx
from sms_modem import prompts, sending
from sms_modem.models import outbound_sms
from sms_modem.models import prompts as prompt_rows
from sms_modem.rules import wording
from sms_modem.sending import QUIET, Wording
from sms_modem.settings import SmsSettings

#: remind and urged: to the holder. tell_secretary and alarm: to those who look after him.
KINDS = frozenset({"remind", "urged", "tell_secretary", "alarm"})

_LIVE = (
    select(prompt_rows)
    .where(
        prompt_rows.c.task_id == bindparam("of_task"),
        prompt_rows.c.task_revision == bindparam("at_revision"),
        prompt_rows.c.phone == bindparam("number"),
        prompt_rows.c.person_id == bindparam("person"),
        prompt_rows.c.state == "live",
    )
    .order_by(prompt_rows.c.id.desc())
    .limit(1)
)
_SAID_TODAY = select(func.count()).where(
    outbound_sms.c.recipient == bindparam("number"),
    outbound_sms.c.created_at >= bindparam("since"),
    outbound_sms.c.category.in_(sorted(QUIET)),
)
_NAME = select(persons.c.name).where(persons.c.id == bindparam("person"))

#: {what} of T32, before the title.
ALARM_SAYS = {
    "prompt_not_delivered": "发给{leader}的审批短信未送达",
    "overdue_task": "{leader}的待办已超过办理时限",
}


def on_notice(tx: Tx, notice: Row, phone: str, *, settings: SmsSettings, now: datetime) -> None:
    """A notice of one of KINDS: the SMS in the queue, or the reason why not. The caller holds the phone's standing."""
    task = prompts.task_of(tx, notice.task_id) if notice.task_id is not None else None
    if task is None or not prompts.can_be_asked(task, notice.task_revision):
        notices.dropped(tx, notice.id, reason="closed", now=now)
    elif _had_enough(tx, phone, settings, now):
        notices.dropped(tx, notice.id, reason="daily_ceiling", now=now)
    elif notice.kind in ("remind", "urged"):
        _remind(tx, notice, task, phone, settings, now)
    else:
        sending.say(
            tx,
            phone,
            _to_others(tx, notice, task, settings, now),
            settings=settings,
            notice_id=notice.id,
            urgent=task.urgency >= prompts.VERY_URGENT,
            now=now,
        )


def _had_enough(tx: Tx, phone: str, settings: SmsSettings, now: datetime) -> bool:
    if settings.daily_ceiling == 0:
        return False
    midnight = now.astimezone(OFFICE_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    said = tx.execute(_SAID_TODAY, {"number": phone, "since": midnight}).scalar_one()
    return int(said) >= settings.daily_ceiling


def _remind(tx: Tx, notice: Row, task: Row, phone: str, settings: SmsSettings, now: datetime) -> None:
    asked = tx.run(
        _LIVE,
        of_task=notice.task_id,
        at_revision=notice.task_revision,
        number=phone,
        person=notice.person_id,
    ).first()
    if asked is None or asked.sent_at is None or asked.expires_at <= now:
        why = "never_asked" if asked is None else "question_waits" if asked.sent_at is None else "expired"
        notices.dropped(tx, notice.id, reason=why, now=now)
        return
    sending.say(
        tx,
        phone,
        _again(asked, task, settings, now),
        settings=settings,
        prompt_id=asked.id,
        notice_id=notice.id,
        deadline=asked.expires_at,
        urgent=task.urgency >= prompts.VERY_URGENT,
        now=now,
    )


def _again(asked: Row, task: Row, settings: SmsSettings, now: datetime) -> Wording:
    """As the question was asked: what SMS may not decide is not invited, what is to be read is not to be decided."""
    sign = settings.signature
    if asked.form == "T19":
        return Wording("T19", wording.t19(kind=prompts.KIND, signature=sign), "reminder")
    if asked.form == "T05":
        return Wording("T05", wording.t05(title=task.title, code=asked.code, signature=sign), "reminder")
    text = wording.t04(
        who=task.applicant, what=task.title, hours=waited(task, now), code=asked.code, signature=sign
    )
    return Wording("T04", text, "reminder")


def _to_others(tx: Tx, notice: Row, task: Row, settings: SmsSettings, now: datetime) -> Wording:
    leader = str(tx.run(_NAME, person=notice.facts.get("holder_id")).scalar() or "")
    if notice.kind == "tell_secretary":
        text = wording.t31(
            leader=leader, what=task.title, hours=waited(task, now), signature=settings.signature
        )
        return Wording("T31", text, "notice")
    says = ALARM_SAYS.get(str(notice.facts.get("alarm")), "{leader}有事项需要处理").format(leader=leader)
    return Wording("T32", wording.t32(says=says, what=task.title, signature=settings.signature), "notice")


def waited(task: Row, now: datetime) -> int:
    """Hours by the clock on the wall, as the person would count them."""
    opened: datetime = task.opened_at
    return max(1, int((now - opened).total_seconds() // 3600))
