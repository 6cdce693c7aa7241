"""Whom to propose as proxy for the time somebody is away: whom he named last, else who is beside or above him (F37)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from approval_core.errors import NotFound
from approval_core.people.models import absences, delegations, persons, secretaries
from approval_core.people.queries.cards import title_of
from approval_core.people.queries.chart import Chart, Nobody
from approval_core.people.queries.moments import holds
from approval_core.people.queries.proxies import beside
from approval_core.people.rules.delegations import Tie, closes_a_loop, yuan
from approval_core.store import Tx


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` (included) to `end` (excluded)."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """`because`: {"code": last | beside | above, "zh", "en"}; `types`, `ceiling` as he limited it last time."""

    giver_id: int
    taker_id: int
    account: str
    name: str
    types: tuple[str, ...]
    ceiling: Decimal | None
    period: Period
    because: dict[str, str]


def ties_in(tx: Tx, period: Period) -> list[Tie]:
    """Every delegation that holds at some moment of the period."""
    standing = tx.execute(
        select(delegations).where(
            delegations.c.revoked_at.is_(None),
            delegations.c.valid_from < period.end,
            delegations.c.valid_to > period.start,
        )
    )
    return [
        Tie(row.from_id, row.to_id, row.valid_from, row.valid_to, frozenset(row.types)) for row in standing
    ]


def proposal_for(tx: Tx, absence_id: int, *, now: datetime) -> Proposal | None:
    """For an absence that has been entered; None when there is nobody to propose."""
    found = tx.execute(select(absences).where(absences.c.id == absence_id)).first()
    if found is None:
        raise NotFound("no_absence", "There is no such absence.", absence_id=absence_id)
    return propose(tx, found.person_id, Period(found.valid_from, found.valid_to), now=now)


def propose(tx: Tx, person_id: int, period: Period, *, now: datetime) -> Proposal | None:
    """The first who is here all the time, is not his secretary and would not close a circle of delegations."""
    ties = ties_in(tx, period)
    barred = _away_in(tx, period) | _secretaries(tx, person_id, now) | {person_id}
    for one in (*_named_before(tx, person_id, period), *_around(tx, person_id, period, now)):
        if one.taker_id in barred:
            continue
        tie = Tie(person_id, one.taker_id, period.start, period.end, frozenset(one.types))
        if not closes_a_loop(tie, ties):
            return one
    return None


def _away_in(tx: Tx, period: Period) -> set[int]:
    away = select(absences.c.person_id).where(
        absences.c.valid_from < period.end,
        absences.c.valid_to > period.start,
        absences.c.valid_from < absences.c.valid_to,
    )
    return set(tx.execute(away).scalars())


def _secretaries(tx: Tx, person_id: int, now: datetime) -> set[int]:
    mine = select(secretaries.c.person_id).where(
        secretaries.c.leader_id == person_id, holds(secretaries, now)
    )
    return set(tx.execute(mine).scalars())


def _named_before(tx: Tx, person_id: int, period: Period) -> list[Proposal]:
    rows = tx.execute(
        select(delegations, persons.c.account, persons.c.name)
        .join(persons, persons.c.id == delegations.c.to_id)
        .where(delegations.c.from_id == person_id, persons.c.state == "active")
        .order_by(delegations.c.id.desc())
        .limit(20)
    )
    return [
        Proposal(
            person_id,
            row.to_id,
            row.account,
            row.name,
            tuple(row.types),
            None if row.ceiling_fen is None else yuan(row.ceiling_fen),
            period,
            {"code": "last", "zh": "上次委托的代办人", "en": "delegated to before"},
        )
        for row in rows
    ]


def _around(tx: Tx, person_id: int, period: Period, now: datetime) -> Iterator[Proposal]:
    """Those of his unit, then who leads the units above."""
    chart = Chart(tx, now)
    place = chart.place_of(person_id)
    if place is None:
        return
    try:
        path = chart.path(place)
    except Nobody:
        return
    for unit in path:
        for row, _ in beside(chart, unit, person_id):
            yield _proposal(person_id, row, period, "beside" if unit is path[0] else "above")


def _proposal(person_id: int, row: Any, period: Period, code: str) -> Proposal:
    words = {"beside": ("本单位", "of his unit"), "above": ("上级单位", "of a unit above")}
    zh, en = words[code]
    title = title_of(row)
    because = {"code": code, "zh": f"{zh}{title}", "en": f"{title}, {en}"}
    return Proposal(person_id, row.person_id, row.account, row.name, (), None, period, because)
