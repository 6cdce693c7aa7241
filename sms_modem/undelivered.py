"""A question that did not reach its phone: an alarm for the office, settled when it arrived or has lost its sense."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from approval_core.notices import alarms
from approval_core.notices import service as notices
from approval_core.notices.watchers import watchers_of
from approval_core.people.models import persons
from approval_core.store import Row, Tx
from approval_core.timers import set_timer
from sms_modem.models import outbound_sms, prompts
from sms_modem.situations import still_asked

KIND = "prompt_not_delivered"
#: Timer handler; its ref is the prompt and the seconds to wait for the report.
HANDLER = "sms.undelivered"

_PROMPT = (
    select(prompts, persons.c.account)
    .join(persons, persons.c.id == prompts.c.person_id)
    .where(prompts.c.id == bindparam("prompt_id"))
)
_LAST_SMS = (
    select(outbound_sms.c.state)
    .where(outbound_sms.c.prompt_id == bindparam("of_prompt"))
    .order_by(outbound_sms.c.id.desc())
    .limit(1)
)


def watch(tx: Tx, prompt_id: int, *, seconds: int, now: datetime) -> None:
    """Look again when the report should have come. 0 seconds: this office has a network without reports."""
    if seconds > 0:
        set_timer(tx, HANDLER, f"{prompt_id}:{seconds}", now + timedelta(seconds=seconds))


def on_time(tx: Tx, ref: str, now: datetime) -> None:
    """The timer handler. What still lies in the queue is looked at again later; the queue has figures of its own."""
    prompt_id, seconds = (int(part) for part in ref.split(":"))
    asked = tx.run(_PROMPT, prompt_id=prompt_id).first()
    if asked is None or asked.state != "live" or asked.delivered_at is not None:
        return
    span = timedelta(seconds=seconds)
    if asked.sent_at is not None and asked.sent_at + span > now:
        set_timer(tx, HANDLER, ref, asked.sent_at + span)
    elif tx.run(_LAST_SMS, of_prompt=prompt_id).scalar() in ("queued", "leased"):
        set_timer(tx, HANDLER, ref, now + span)
    else:
        _raise(tx, asked, "no_report" if asked.sent_at is not None else "not_sent", now)


def failed(tx: Tx, prompt_id: int | None, *, reason: str, now: datetime) -> None:
    """The network or the modem refused an SMS with this question."""
    asked = tx.run(_PROMPT, prompt_id=prompt_id).first() if prompt_id is not None else None
    if asked is not None and asked.state == "live" and asked.delivered_at is None:
        _raise(tx, asked, reason, now)


def over(tx: Tx, prompt_id: int, *, now: datetime) -> None:
    """It arrived, was answered, or is asked no more."""
    alarms.settle_alarm(tx, KIND, _thing(prompt_id), now=now)


def _raise(tx: Tx, asked: Row, reason: str, now: datetime) -> None:
    """Those who look after the leader are told the first time."""
    if not still_asked(tx, asked.id):
        return
    facts = {"account": asked.account, "task_id": asked.task_id, "reason": reason}
    thing = _thing(asked.id)
    alarm_id = alarms.raise_alarm(tx, KIND, thing, facts=facts, request_id=asked.request_id, now=now)
    if alarms.alarm(tx, alarm_id).times > 1:
        return
    for person_id in watchers_of(tx, asked.person_id, now=now):
        notices.tell(
            tx,
            kind="alarm",
            person_id=person_id,
            request_id=asked.request_id,
            task_id=asked.task_id,
            task_revision=asked.task_revision,
            facts={"alarm": KIND, "alarm_id": alarm_id, "holder_id": asked.person_id},
            now=now,
        )


def _thing(prompt_id: int) -> str:
    return f"prompt:{prompt_id}"
