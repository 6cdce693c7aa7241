"""A secretary, or the operator, has a leader's question sent once more: the same code, and not often."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select

from approval_core import audit
from approval_core.clock import OFFICE_ZONE
from approval_core.errors import Conflict, Forbidden, NotFound
from approval_core.notices.watchers import is_secretary_of
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.store import Row, Tx
from sms_modem import prompts, sending, standing, undelivered
from sms_modem.models import outbound_sms
from sms_modem.models import prompts as prompt_rows
from sms_modem.settings import SmsSettings
from sms_modem.situations import asked_of

A_DAY = 2
#: The grant whose holders run the channel.
OPERATOR = "operator"

_PROMPT = select(prompt_rows).where(prompt_rows.c.id == bindparam("prompt_id"))
_FIRST_AND_LAST = select(
    func.min(outbound_sms.c.id).label("first"),
    func.max(outbound_sms.c.id).label("last"),
).where(outbound_sms.c.prompt_id == bindparam("of_prompt"))
_STATE = select(outbound_sms.c.state).where(outbound_sms.c.id == bindparam("sms_id"))
_AGAIN_SINCE = select(func.count()).where(
    outbound_sms.c.prompt_id == bindparam("of_prompt"),
    outbound_sms.c.category == "approval",
    outbound_sms.c.id != bindparam("but"),
    outbound_sms.c.created_at >= bindparam("since"),
)


def resend_prompt(tx: Tx, prompt_id: int, *, actor: Actor, settings: SmsSettings, now: datetime) -> int:
    """The question in the queue once more; the SMS's id.

    NotFound("no_prompt"); Forbidden("not_yours"); Conflict("closed" | "number_changed" | "stopped" | "still_queued"),
    Conflict("resend_limit", next_at=).
    """
    asked = tx.run(_PROMPT, prompt_id=prompt_id).first()
    if asked is None:
        raise NotFound("no_prompt", "there is no such question")
    _may(tx, asked, actor, now)
    stance = standing.take(tx, asked.phone, now=now)
    asked = tx.run(_PROMPT, prompt_id=prompt_id).one()
    task = prompts.task_of(tx, asked.task_id)
    if (
        task is None
        or asked.state != "live"
        or asked.expires_at <= now
        or not prompts.can_be_asked(task, asked.task_revision)
    ):
        raise Conflict("closed", "the question is not asked any more")
    if people.bound_phone(tx, asked.person_id, now=now) != asked.phone:
        raise Conflict("number_changed", "the number is not this person's any more")
    if stance.stopped_at is not None:
        raise Conflict("stopped", "the phone has asked to be left alone", at=stance.stopped_at)
    _refuse_too_often(tx, prompt_id, now)
    asked_now = asked_of(tx, asked.phone, settings=settings, person_id=asked.person_id, now=now)
    others = sum(one.is_open and one.row.id != prompt_id and one.row.expires_at > now for one in asked_now)
    words = prompts.words_again(task, asked, open_count=others + 1, signature=settings.signature)
    sms_id = sending.say(
        tx,
        asked.phone,
        words,
        settings=settings,
        prompt_id=prompt_id,
        deadline=asked.expires_at,
        urgent=task.urgency >= prompts.VERY_URGENT,
        now=now,
    )
    undelivered.watch(tx, prompt_id, seconds=settings.undelivered_after, now=now)
    audit.append(
        tx,
        chain=f"request:{asked.request_id}",
        actor=actor.name,
        verb="sms.resent",
        thing=f"prompt:{prompt_id}",
        data={"sms_id": sms_id},
        now=now,
    )
    return sms_id


def _may(tx: Tx, asked: Row, actor: Actor, now: datetime) -> None:
    if actor.kind == "system":
        return
    if actor.person_id is not None:
        if is_secretary_of(tx, actor.person_id, asked.person_id, now=now):
            return
        if any(card.id == actor.person_id for card in people.holders_of_role(tx, OPERATOR, now)):
            return
    raise Forbidden("not_yours", "only the leader's secretary or the operator may send it again")


def _refuse_too_often(tx: Tx, prompt_id: int, now: datetime) -> None:
    edge = tx.run(_FIRST_AND_LAST, of_prompt=prompt_id).one()
    if edge.last is not None and tx.run(_STATE, sms_id=edge.last).scalar() in ("queued", "leased"):
        raise Conflict("still_queued", "it has not left yet")
    midnight = now.astimezone(OFFICE_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    again = tx.run(_AGAIN_SINCE, of_prompt=prompt_id, but=edge.first or 0, since=midnight).scalar()
    if int(again) >= A_DAY:
        tomorrow = midnight + timedelta(days=1)
        raise Conflict("resend_limit", f"{A_DAY} times a day are enough", next_at=tomorrow)
