"""A person as others see him: one card, looked up by id or account, one by one or many at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select

from approval_core.errors import NotFound
from approval_core.people.models import absences, assignments, delegations, org_units, persons, phones, posts
from approval_core.people.queries.moments import holds
from approval_core.store import Tx

CHUNK = 500  # values in one IN list


@dataclass(frozen=True, slots=True)
class PersonCard:
    """`phone`: the bound number in E.164 (None while suspended); `posts`, `units`: the main one first."""

    id: int
    account: str
    emp_no: str
    name: str
    rank: str
    state: str
    phone: str | None = None
    posts: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    unit_ids: list[int] = field(default_factory=list)


_live_phone = and_(phones.c.person_id == persons.c.id, phones.c.state != "unbound")
_card: Select[Any] = select(
    persons.c.id,
    persons.c.account,
    persons.c.emp_no,
    persons.c.name,
    persons.c.rank,
    persons.c.state,
    phones.c.number,
    phones.c.state.label("phone_state"),
    phones.c.suspended_until,
).select_from(persons.outerjoin(phones, _live_phone))

_seat: Select[Any] = (
    select(
        assignments.c.person_id,
        assignments.c.kind,
        posts.c.name.label("title"),
        posts.c.rank.label("post_rank"),
        org_units.c.id.label("unit_id"),
        org_units.c.code.label("unit_code"),
        org_units.c.name.label("unit"),
        org_units.c.short,
        org_units.c.kind.label("unit_kind"),
    )
    .select_from(
        assignments.join(posts, posts.c.id == assignments.c.post_id).join(
            org_units, org_units.c.id == posts.c.unit_id
        )
    )
    .order_by(assignments.c.person_id, assignments.c.kind != "main", assignments.c.sort, assignments.c.id)
)

_card_by_account = _card.where(persons.c.account == bindparam("account"))
_card_by_id = _card.where(persons.c.id == bindparam("person_id"))
_seats_now = _seat.where(assignments.c.person_id == bindparam("person_id"), holds(assignments))
_seats_open = _seat.where(assignments.c.person_id == bindparam("person_id"), assignments.c.valid_to.is_(None))


def number_that_counts(
    state: str | None, number: str | None, suspended_until: datetime | None, now: datetime | None
) -> str | None:
    """A suspension that is over needs no clerk: the number counts again by itself."""
    if state == "suspended" and now is not None and suspended_until is not None and suspended_until <= now:
        return number
    return number if state == "bound" else None


def title_of(seat: Any) -> str:
    return str(seat.title) if seat.unit_kind == "leadership" else f"{seat.short}{seat.title}"


def _as_card(row: Any, seats: Iterable[Any], now: datetime | None) -> PersonCard:
    held = list(seats)
    return PersonCard(
        id=row.id,
        account=row.account,
        emp_no=row.emp_no,
        name=row.name,
        rank=row.rank,
        state=row.state,
        phone=number_that_counts(row.phone_state, row.number, row.suspended_until, now),
        posts=[title_of(seat) for seat in held],
        units=[seat.unit for seat in held],
        unit_ids=[seat.unit_id for seat in held],
    )


def _seats(tx: Tx, person_id: int, now: datetime | None) -> Iterable[Any]:
    if now is None:
        return tx.run(_seats_open, person_id=person_id)
    return tx.run(_seats_now, person_id=person_id, now=now)


def person_by_account(tx: Tx, account: str, *, now: datetime | None = None) -> PersonCard | None:
    """Without `now`, only ties without an end are seen, and a suspended number stays suspended."""
    row = tx.run(_card_by_account, account=account).first()
    return None if row is None else _as_card(row, _seats(tx, row.id, now), now)


def person_by_id(tx: Tx, person_id: int, *, now: datetime | None = None) -> PersonCard:
    row = tx.run(_card_by_id, person_id=person_id).first()
    if row is None:
        raise NotFound("no_person", "There is no such person.", person_id=person_id)
    return _as_card(row, _seats(tx, row.id, now), now)


def persons_by_account(
    tx: Tx, accounts: Sequence[str], *, now: datetime | None = None
) -> dict[str, PersonCard]:
    """Those that exist, by account, in the order asked."""
    found = {card.account: card for card in _many(tx, persons.c.account, list(dict.fromkeys(accounts)), now)}
    return {account: found[account] for account in accounts if account in found}


def persons_by_id(tx: Tx, ids: Sequence[int], *, now: datetime | None = None) -> dict[int, PersonCard]:
    found = {card.id: card for card in _many(tx, persons.c.id, list(dict.fromkeys(ids)), now)}
    return {person_id: found[person_id] for person_id in ids if person_id in found}


def _many(
    tx: Tx, column: ColumnElement[Any], values: Sequence[Any], now: datetime | None
) -> list[PersonCard]:
    cards: list[PersonCard] = []
    for start in range(0, len(values), CHUNK):
        rows = tx.execute(_card.where(column.in_(values[start : start + CHUNK]))).all()
        live = assignments.c.valid_to.is_(None) if now is None else holds(assignments, now)
        seats: dict[int, list[Any]] = {}
        for seat in tx.execute(_seat.where(assignments.c.person_id.in_([row.id for row in rows]), live)):
            seats.setdefault(seat.person_id, []).append(seat)
        cards.extend(_as_card(row, seats.get(row.id, ()), now) for row in rows)
    return cards


def profile(tx: Tx, account: str, now: datetime) -> dict[str, Any]:
    """Everything a clerk may see of a person, ready for JSON. `phone` is E.164 or null."""
    card = person_by_account(tx, account, now=now)
    if card is None:
        raise NotFound("no_person", f"There is no account {account}.", account=account)
    away = tx.execute(
        select(absences.c.kind, absences.c.valid_from, absences.c.valid_to)
        .where(absences.c.person_id == card.id, absences.c.valid_to > now)
        .where(absences.c.valid_from < absences.c.valid_to)
        .order_by(absences.c.valid_from)
    )
    phone_state = tx.execute(
        select(phones.c.state).where(phones.c.person_id == card.id, phones.c.state != "unbound")
    ).scalar()
    return {
        "account": card.account,
        "emp_no": card.emp_no,
        "name": card.name,
        "rank": card.rank,
        "state": card.state,
        "posts": [
            {
                "unit": seat.unit,
                "unit_code": seat.unit_code,
                "title": seat.title,
                "kind": seat.kind,
                "rank": seat.post_rank,
            }
            for seat in _seats(tx, card.id, now)
        ],
        "phone": card.phone,
        "phone_state": phone_state,
        "absences": [
            {"kind": row.kind, "from": row.valid_from.isoformat(), "to": row.valid_to.isoformat()}
            for row in away
        ],
        "delegations": _delegations(tx, card.id, now),
    }


def _delegations(tx: Tx, person_id: int, now: datetime) -> list[dict[str, Any]]:
    giver, taker = persons.alias("giver"), persons.alias("taker")
    rows = tx.execute(
        select(
            giver.c.account.label("giver"),
            taker.c.account.label("taker"),
            delegations.c.types,
            delegations.c.valid_from,
            delegations.c.valid_to,
        )
        .select_from(delegations)
        .join(giver, giver.c.id == delegations.c.from_id)
        .join(taker, taker.c.id == delegations.c.to_id)
        .where(or_(delegations.c.from_id == person_id, delegations.c.to_id == person_id))
        .where(delegations.c.revoked_at.is_(None), delegations.c.valid_to > now)
        .order_by(delegations.c.valid_from, delegations.c.id)
    )
    return [
        {
            "giver": row.giver,
            "taker": row.taker,
            "types": row.types,
            "from": row.valid_from.isoformat(),
            "to": row.valid_to.isoformat(),
        }
        for row in rows
    ]
