"""One live number per person, one person per number. A suspended number receives and decides nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from approval_core.errors import Conflict, NotFound
from approval_core.people.actor import Actor
from approval_core.people.models import persons, phones
from approval_core.people.rules import fields
from approval_core.people.service import ledger
from approval_core.store import Tx


def bind_phone(
    tx: Tx, person_id: int, *, number: str, resting_until: datetime | None = None, actor: Actor, now: datetime
) -> int:
    """Bind a number already in E.164. The same binding again changes nothing.
    `resting_until`: a new number may wait (S3: 72 hours) before it decides anything."""
    who, number = ledger.serving(tx, person_id), fields.number(number)
    held = tx.execute(
        select(phones.c.id, phones.c.person_id, persons.c.account)
        .join(persons, persons.c.id == phones.c.person_id)
        .where(phones.c.number == number, phones.c.state != "unbound")
    ).first()
    if held is not None and held.person_id == person_id:
        return int(held.id)
    if held is not None:
        raise Conflict("number_taken", f"The number is bound to {held.account}.", account=held.account)
    if _live(tx, person_id) is not None:
        raise Conflict("has_number", f"{who.account} has a number; unbind it first.", account=who.account)
    resting = resting_until is not None and resting_until > now
    phone_id = ledger.add(
        tx,
        phones,
        taken="number_taken",
        message="The number, or the person, was bound a moment ago.",
        person_id=person_id,
        number=number,
        state="suspended" if resting else "bound",
        bound_at=now,
        suspended_until=resting_until if resting else None,
    )
    ledger.note(tx, actor, "phone.bound", f"person:{who.account}", now, phone_id=phone_id, resting=resting)
    return phone_id


def unbind_phone(tx: Tx, person_id: int, *, actor: Actor, now: datetime) -> None:
    _change(tx, person_id, "phone.unbound", actor, now, state="unbound", unbound_at=now)


def suspend_phone(
    tx: Tx, person_id: int, *, until: datetime | None = None, actor: Actor, now: datetime
) -> None:
    """Until a moment, or until `resume_phone`."""
    _change(tx, person_id, "phone.suspended", actor, now, state="suspended", suspended_until=until)


def resume_phone(tx: Tx, person_id: int, *, actor: Actor, now: datetime) -> None:
    _change(tx, person_id, "phone.resumed", actor, now, state="bound", suspended_until=None)


def _live(tx: Tx, person_id: int) -> Row[Any] | None:
    mine = select(phones.c.id).where(phones.c.person_id == person_id, phones.c.state != "unbound")
    return tx.execute(mine).first()


def _change(tx: Tx, person_id: int, verb: str, actor: Actor, now: datetime, **values: Any) -> None:
    who, phone = ledger.person(tx, person_id), _live(tx, person_id)
    if phone is None:
        raise NotFound("no_phone", f"{who.account} has no number.", account=who.account)
    tx.execute(update(phones).where(phones.c.id == phone.id).values(**values))
    until = values.get("suspended_until")
    ledger.note(
        tx,
        actor,
        verb,
        f"person:{who.account}",
        now,
        phone_id=phone.id,
        until=until.isoformat() if until else None,
    )
