"""Whose number is this, and which number has he. The hot path of every reply."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from approval_core.people.models import persons, phones
from approval_core.people.queries.cards import number_that_counts, persons_by_id
from approval_core.store import Tx

SMS_RANKS = ("R1", "R2", "R3", "R4", "R5")

_by_person = select(phones.c.number, phones.c.state, phones.c.suspended_until).where(
    phones.c.person_id == bindparam("person_id"), phones.c.state != "unbound"
)
_by_number = select(phones.c.person_id, phones.c.number, phones.c.state, phones.c.suspended_until).where(
    phones.c.number == bindparam("number"), phones.c.state != "unbound"
)


@dataclass(frozen=True, slots=True)
class Handset:
    account: str
    name: str
    title: str
    number: str
    rank: str


def bound_phone(tx: Tx, person_id: int, *, now: datetime) -> str | None:
    row = tx.run(_by_person, person_id=person_id).first()
    return None if row is None else number_that_counts(row.state, row.number, row.suspended_until, now)


def person_by_phone(tx: Tx, number: str, *, now: datetime) -> tuple[int, str] | None:
    """(person id, "bound" | "suspended" | "pending"); None for a number nobody has."""
    row = tx.run(_by_number, number=number).first()
    if row is None:
        return None
    counts = number_that_counts(row.state, row.number, row.suspended_until, now) is not None
    return row.person_id, "bound" if counts else row.state


def leaders_with_phones(tx: Tx, *, now: datetime) -> list[Handset]:
    """Everybody of rank R1–R5 whose number counts now, the highest first."""
    ids = tx.execute(
        select(persons.c.id)
        .join(phones, phones.c.person_id == persons.c.id)
        .where(persons.c.state == "active", persons.c.rank.in_(SMS_RANKS), phones.c.state != "unbound")
        .order_by(persons.c.rank, persons.c.account)
    ).scalars()
    cards = persons_by_id(tx, list(ids), now=now).values()
    return [
        Handset(card.account, card.name, card.posts[0] if card.posts else "", card.phone, card.rank)
        for card in cards
        if card.phone is not None
    ]
