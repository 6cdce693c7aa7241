"""Texts that are about no request: the check of a number, a new phone, a delegation that begins."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from approval_core.outbox import Happening, Reaction
from approval_core.people import queries as people
from approval_core.people.models import delegations, persons
from approval_core.store import Tx
from sms_modem import sending, standing
from sms_modem.rules import wording
from sms_modem.sending import Wording
from sms_modem.settings import SmsSettings

OTP_HOLDS = timedelta(minutes=10)
DELEGATED = "delegation.given"

_DELEGATION = (
    select(
        delegations.c.to_id,
        delegations.c.valid_from,
        delegations.c.valid_to,
        delegations.c.revoked_at,
        persons.c.name,
    )
    .join(persons, persons.c.id == delegations.c.from_id)
    .where(delegations.c.id == bindparam("delegation_id"))
)


def number_check(tx: Tx, number: str, *, otp: str, settings: SmsSettings, now: datetime) -> int:
    """T26 to a number that is not bound yet. It goes before everything else and is not sent late."""
    text = wording.t26(otp=otp, signature=settings.signature)
    return sending.say(
        tx, number, Wording("T26", text, "otp"), settings=settings, deadline=now + OTP_HOLDS, now=now
    )


def phone_bound(tx: Tx, person_id: int, *, model: str, settings: SmsSettings, now: datetime) -> int | None:
    """T29 to the bound number, at any hour: it warns of a thief. None: the person has no number."""
    number = people.bound_phone(tx, person_id, now=now)
    if number is None:
        return None
    text = wording.t29(model=model, signature=settings.signature)
    return sending.say(tx, number, Wording("T29", text, "notice"), settings=settings, urgent=True, now=now)


def delegation_begins(tx: Tx, delegation_id: int, *, settings: SmsSettings, now: datetime) -> int | None:
    """T25 to who decides from now on in another's name. None: it is over, or there is no number to tell."""
    found = tx.run(_DELEGATION, delegation_id=delegation_id).first()
    if found is None or found.revoked_at is not None or found.valid_to <= now:
        return None
    number = people.bound_phone(tx, found.to_id, now=now)
    if number is None or standing.read(tx, number, now=now).stopped_at is not None:
        return None
    last = found.valid_to - timedelta(microseconds=1)  # half-open: the day on which it still holds
    text = wording.t25(leader=found.name, start=found.valid_from, end=last, signature=settings.signature)
    return sending.say(tx, number, Wording("T25", text, "notice"), settings=settings, now=now)


def on_delegated(settings: SmsSettings) -> Reaction:
    """For the wiring: the event `delegation.given` with its `delegation_id`."""

    def reaction(tx: Tx, happening: Happening, now: datetime) -> None:
        delegation_begins(tx, int(happening.payload["delegation_id"]), settings=settings, now=now)

    return reaction
