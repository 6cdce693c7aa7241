"""To whom somebody has delegated, and who is away."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select

from approval_core.clock import OFFICE_ZONE
from approval_core.people.models import absences, delegations, persons
from approval_core.people.queries.cards import PersonCard, persons_by_id
from approval_core.people.queries.moments import NOW, holds
from approval_core.people.rules.delegations import covers
from approval_core.store import Tx

_giver, _taker = persons.alias("giver"), persons.alias("taker")
_live = (
    select(delegations.c.to_id, delegations.c.types)
    .select_from(
        delegations.join(_giver, _giver.c.id == delegations.c.from_id).join(
            _taker, _taker.c.id == delegations.c.to_id
        )
    )
    .where(delegations.c.from_id == bindparam("giver_id"), delegations.c.revoked_at.is_(None))
    .where(delegations.c.valid_from <= NOW, delegations.c.valid_to > NOW)
    .where(_giver.c.state == "active", _taker.c.state == "active")
    .order_by(delegations.c.id)
)
_away = select(absences.c.id).where(absences.c.person_id == bindparam("person_id"), holds(absences))
_away_or_gone = select(persons.c.id).where(
    persons.c.id == bindparam("person_id"), or_(persons.c.state == "left", _away.exists())
)


def delegates_of(tx: Tx, person_id: int, *, type: str, now: datetime) -> list[PersonCard]:  # noqa: A002  # the request's type, as everywhere
    """Those he named himself, whatever the amount; `proxies_of` says who may act."""
    rows = tx.run(_live, giver_id=person_id, now=now)
    takers = [row.to_id for row in rows if covers(row.types, type)]
    return list(persons_by_id(tx, takers, now=now).values())


def is_absent(tx: Tx, person_id: int, *, now: datetime) -> bool:
    return tx.run(_away, person_id=person_id, now=now).first() is not None


def is_away(tx: Tx, person_id: int, *, now: datetime) -> bool:
    """Absent at this moment, or gone for good: nobody who can be waited for."""
    return tx.run(_away_or_gone, person_id=person_id, now=now).first() is not None


def absences_of(tx: Tx, person_id: int, *, now: datetime) -> list[dict[str, Any]]:
    """Running and coming absences, the next first."""
    rows = tx.execute(
        select(absences.c.id, absences.c.kind, absences.c.valid_from, absences.c.valid_to)
        .where(absences.c.person_id == person_id, absences.c.valid_to > now)
        .where(absences.c.valid_from < absences.c.valid_to)
        .order_by(absences.c.valid_from)
    )
    return [dict(row._mapping) for row in rows]


def office_day(day: date) -> tuple[datetime, datetime]:
    """The day by the office's clock, from its first moment to the first of the next."""
    start = datetime.combine(day, time(), OFFICE_ZONE)
    return start, datetime.combine(day + timedelta(days=1), time(), OFFICE_ZONE)


def absences_in(tx: Tx, start: datetime, end: datetime | None = None) -> list[dict[str, Any]]:
    """Every absence that is not over at `start` and has begun before `end`, with the accounts delegated to in it."""
    query = (
        select(absences, persons.c.account, persons.c.name)
        .join(persons, persons.c.id == absences.c.person_id)
        .where(absences.c.valid_to > start, absences.c.valid_from < absences.c.valid_to)
        .order_by(absences.c.valid_from, persons.c.account)
    )
    rows = tx.execute(query if end is None else query.where(absences.c.valid_from < end)).all()
    given = tx.execute(
        select(delegations.c.from_id, delegations.c.valid_from, delegations.c.valid_to, _taker.c.account)
        .join(_taker, _taker.c.id == delegations.c.to_id)
        .where(delegations.c.revoked_at.is_(None), delegations.c.valid_to > start)
        .order_by(delegations.c.id)
    ).all()
    return [
        {
            "id": row.id,
            "account": row.account,
            "name": row.name,
            "kind": row.kind,
            "from": row.valid_from,
            "to": row.valid_to,
            "proxies": [
                one.account
                for one in given
                if one.from_id == row.person_id
                and one.valid_from < row.valid_to
                and one.valid_to > row.valid_from
            ],
        }
        for row in rows
    ]
