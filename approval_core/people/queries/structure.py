"""Who leads what: heads, leaders in charge, secretaries, roles, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select

from approval_core.errors import NotFound
from approval_core.people.models import (
    assignments,
    charges,
    org_units,
    persons,
    phones,
    posts,
    role_grants,
    secretaries,
)
from approval_core.people.queries.cards import PersonCard, person_by_id, persons_by_id
from approval_core.people.queries.moments import holds
from approval_core.people.queries.phones import SMS_RANKS
from approval_core.people.rules.heads import Capacity, Seat, who_leads
from approval_core.store import Tx

_unit = select(org_units.c.id, org_units.c.parent_id).where(org_units.c.id == bindparam("unit_id"))
#: A bureau is led from its leadership unit (局领导).
_leadership = select(org_units.c.id).where(
    org_units.c.parent_id == bindparam("unit_id"), org_units.c.kind == "leadership"
)
_seats = (
    select(
        assignments.c.id,
        assignments.c.person_id,
        assignments.c.kind,
        assignments.c.sort,
        posts.c.is_head,
        posts.c.is_deputy,
        posts.c.sort.label("post_sort"),
    )
    .select_from(
        assignments.join(posts, posts.c.id == assignments.c.post_id).join(
            persons, persons.c.id == assignments.c.person_id
        )
    )
    .where(or_(posts.c.unit_id == bindparam("unit_id"), posts.c.unit_id.in_(_leadership)))
    .where(persons.c.state == "active", holds(assignments))
)
_in_charge = (
    select(charges.c.leader_id)
    .join(persons, persons.c.id == charges.c.leader_id)
    .where(charges.c.unit_id == bindparam("unit_id"), persons.c.state == "active", holds(charges))
    .order_by(charges.c.id.desc())
)


@dataclass(frozen=True, slots=True)
class Head:
    """Who answers for a unit; `unit_id` is where he was found, the unit itself or one above it."""

    person: PersonCard
    capacity: Capacity
    unit_id: int


@dataclass(frozen=True, slots=True)
class OrgCounts:
    persons: int
    established: int
    with_phone: int
    approvers: int  #: rank R1–R5 with a number
    by_rank: dict[str, int]
    units: dict[str, int]  #: by kind


def unit_by_code(tx: Tx, code: str) -> int | None:
    found = tx.execute(select(org_units.c.id).where(org_units.c.code == code)).scalar()
    return None if found is None else int(found)


def unit_head(tx: Tx, unit_id: int, now: datetime) -> Head | None:
    """The head; else the one acting (主持工作); else the first deputy; else the same of the unit above; else None."""
    for step in _upwards(tx, unit_id):
        seats = [
            Seat(row.person_id, row.kind, row.is_head, row.is_deputy, (row.post_sort, row.sort))
            for row in tx.run(_seats, unit_id=step, now=now)
        ]
        found = who_leads(seats)
        if found is not None:
            return Head(person_by_id(tx, found[0], now=now), found[1], step)
    return None


def _upwards(tx: Tx, unit_id: int) -> list[int]:
    """The unit and those above it. A circle, which the service refuses, would still end."""
    path: list[int] = []
    step: int | None = unit_id
    while step is not None and step not in path:
        row = tx.run(_unit, unit_id=step).first()
        if row is None:
            raise NotFound("no_unit", "There is no such unit.", unit_id=step)
        path.append(step)
        step = row.parent_id
    return path


def leader_in_charge(tx: Tx, unit_id: int, now: datetime) -> PersonCard | None:
    """The leader in charge (分管) of the unit, or of the nearest unit above it that has one."""
    for step in _upwards(tx, unit_id):
        leader_id = tx.run(_in_charge, unit_id=step, now=now).scalar()
        if leader_id is not None:
            return person_by_id(tx, leader_id, now=now)
    return None


def units_in_charge(tx: Tx, leader_id: int, now: datetime) -> list[int]:
    mine = select(charges.c.unit_id).where(charges.c.leader_id == leader_id, holds(charges, now))
    return list(tx.execute(mine.order_by(charges.c.unit_id)).scalars())


def _cards(tx: Tx, ids: Select[Any], now: datetime) -> list[PersonCard]:
    cards = persons_by_id(tx, list(tx.execute(ids).scalars()), now=now).values()
    return [card for card in cards if card.state == "active"]


def secretaries_of(tx: Tx, leader_id: int, now: datetime) -> list[PersonCard]:
    mine = select(secretaries.c.person_id).where(
        secretaries.c.leader_id == leader_id, holds(secretaries, now)
    )
    return _cards(tx, mine.order_by(secretaries.c.id), now)


def leaders_of(tx: Tx, secretary_id: int, now: datetime) -> list[PersonCard]:
    """Those for whom this person is the secretary."""
    theirs = select(secretaries.c.leader_id).where(
        secretaries.c.person_id == secretary_id, holds(secretaries, now)
    )
    return _cards(tx, theirs.order_by(secretaries.c.id), now)


def holders_of_role(tx: Tx, role: str, now: datetime, *, unit_id: int | None = None) -> list[PersonCard]:
    """All holders; with a unit, those whose grant is for it, for a unit above it, or for the whole office."""
    held = select(role_grants.c.person_id).where(role_grants.c.role == role, holds(role_grants, now))
    if unit_id is not None:
        held = held.where(
            or_(role_grants.c.unit_id.is_(None), role_grants.c.unit_id.in_(_upwards(tx, unit_id)))
        )
    return _cards(tx, held.order_by(role_grants.c.id), now)


def org_counts(tx: Tx, now: datetime) -> OrgCounts:
    """Active persons and standing units."""
    active = persons.c.state == "active"
    ranks = tx.execute(
        select(persons.c.rank, func.count().label("amount"))
        .where(active)
        .group_by(persons.c.rank)
        .order_by(persons.c.rank)
    )
    by_rank = {row.rank: row.amount for row in ranks}
    kinds = tx.execute(
        select(org_units.c.kind, func.count().label("amount"))
        .where(holds(org_units, now))
        .group_by(org_units.c.kind)
    )
    reachable = (
        select(func.count())
        .select_from(persons.join(phones, phones.c.person_id == persons.c.id))
        .where(active, phones.c.state != "unbound")
    )
    return OrgCounts(
        persons=sum(by_rank.values()),
        established=tx.execute(select(func.count()).where(active, persons.c.established)).scalar_one(),
        with_phone=tx.execute(reachable).scalar_one(),
        approvers=tx.execute(reachable.where(persons.c.rank.in_(SMS_RANKS))).scalar_one(),
        by_rank=by_rank,
        units={row.kind: row.amount for row in kinds},
    )
