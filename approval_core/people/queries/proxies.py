"""Who may decide in whose name now: delegations followed from hand to hand, and who stands in without one (F35)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select

from approval_core.people.models import delegations, persons, secretaries
from approval_core.people.queries.cards import title_of
from approval_core.people.queries.chart import Chart, Nobody
from approval_core.people.queries.moments import NOW, holds
from approval_core.people.queries.standins import is_absent
from approval_core.people.rules.delegations import LONGEST_CHAIN, covers, within
from approval_core.people.rules.heads import Capacity, Seat, capacity
from approval_core.store import Tx

_giver, _taker = persons.alias("giver"), persons.alias("taker")
_given = (
    select(
        delegations.c.id,
        delegations.c.to_id,
        delegations.c.types,
        delegations.c.ceiling_fen,
        _taker.c.account,
        _taker.c.name,
    )
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
_secretaries = select(secretaries.c.person_id).where(
    secretaries.c.leader_id == bindparam("leader_id"), holds(secretaries)
)


@dataclass(frozen=True, slots=True)
class Proxy:
    """`delegation_id`: what the one asked gave away himself; `chain`: person ids, from him to the proxy."""

    person_id: int
    account: str
    name: str
    delegation_id: int
    chain: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Standin:
    """Somebody of the same unit who could decide for an absent person where a step allows it. No delegation stands
    behind him: the decision says so in these words."""

    person_id: int
    account: str
    name: str
    capacity: Capacity
    unit_id: int
    instead_of_id: int
    zh: str
    en: str


def has_delegated(tx: Tx, person_id: int, *, now: datetime) -> bool:
    """He has given something away at this moment, whatever it is: most have not, and need no further question."""
    return bool(tx.run(_given, giver_id=person_id, now=now).all())


def proxies_of(
    tx: Tx,
    person_id: int,
    *,
    type: str,  # noqa: A002  # the request's type, as everywhere
    amount: Decimal | None,
    now: datetime,
) -> list[Proxy]:
    """Who may decide this in his name now, the one to ask first.

    What was given to somebody who has given it on, goes on: at most three hands, each once, each tie for this type
    and amount. Whoever is away is passed over; whoever has given it on himself comes after those who have not; the
    secretary of the one asked never decides.
    """
    secretaries_now = {row.person_id for row in tx.run(_secretaries, leader_id=person_id, now=now)}
    seen = {person_id}
    ranked: list[tuple[bool, int, Proxy]] = []
    hands: list[tuple[tuple[int, ...], int | None, list[Any]]] = [
        ((person_id,), None, _ties(tx, person_id, type, amount, now))
    ]
    for depth in range(1, LONGEST_CHAIN + 1):
        further: list[tuple[tuple[int, ...], int | None, list[Any]]] = []
        for chain, first_id, ties in hands:
            for tie in ties:
                if tie.to_id in seen or tie.to_id in secretaries_now:
                    continue
                seen.add(tie.to_id)
                own = _ties(tx, tie.to_id, type, amount, now)
                begun = tie.id if first_id is None else first_id
                longer = (*chain, tie.to_id)
                further.append((longer, begun, own))
                if not is_absent(tx, tie.to_id, now=now):
                    proxy = Proxy(tie.to_id, tie.account, tie.name, begun, longer)
                    ranked.append((bool(own), depth, proxy))
        hands = further
    return [proxy for _, _, proxy in sorted(ranked, key=lambda one: one[:2])]


def _ties(tx: Tx, giver_id: int, kind: str, amount: Decimal | None, now: datetime) -> list[Any]:
    rows = tx.run(_given, giver_id=giver_id, now=now)
    return [row for row in rows if covers(row.types, kind) and within(row.ceiling_fen, amount)]


def proxy_for(
    tx: Tx,
    actor_person_id: int,
    person_id: int,
    *,
    type: str,  # noqa: A002  # as above
    amount: Decimal | None = None,
    now: datetime,
) -> Proxy | None:
    """By which chain the one may act for the other."""
    found = proxies_of(tx, person_id, type=type, amount=amount, now=now)
    return next((one for one in found if one.person_id == actor_person_id), None)


def may_act_for(
    tx: Tx,
    actor_person_id: int,
    person_id: int,
    *,
    type: str,  # noqa: A002  # as above
    amount: Decimal | None = None,
    now: datetime,
) -> bool:
    """True for exactly those whom `proxies_of` names."""
    return proxy_for(tx, actor_person_id, person_id, type=type, amount=amount, now=now) is not None


def standin_of(tx: Tx, person_id: int, *, now: datetime, unit_id: int | None = None) -> Standin | None:
    """For somebody who is away: the one acting, else a deputy, else the head of his unit who is here. None while he is
    here himself. `unit_id`: the unit he answers for, where he leads more than one."""
    if not is_absent(tx, person_id, now=now):
        return None
    chart = Chart(tx, now)
    if unit_id is None or all(row.person_id != person_id for row in chart.seats(unit_id)):
        unit_id = chart.place_of(person_id)
    if unit_id is None:
        return None
    try:
        unit = chart.path(unit_id)[0]
    except Nobody:
        return None
    for row, held in beside(chart, unit, person_id):
        if not is_absent(tx, row.person_id, now=now):
            title = title_of(row)
            return Standin(
                row.person_id,
                row.account,
                row.name,
                held,
                unit.id,
                person_id,
                f"{title}代行（本人不在岗且未委托）",
                f"stands in as {held} of {unit.short}: away, nothing delegated",
            )
    return None


def beside(chart: Chart, unit: Any, person_id: int) -> Iterator[tuple[Any, Capacity]]:
    """Those of a unit who could answer for one of its people: for a leader, the one acting, then deputies by order,
    then the head; for anybody else the head first."""
    held_by = [(row, capacity(_seat(row))) for row in chart.seats(unit.id)]
    leads = any(row.person_id == person_id for row, held in held_by if held is not None)
    steps = {"acting": 0, "deputy": 1, "head": 2} if leads else {"head": 0, "acting": 1, "deputy": 2}
    able = [(row, held) for row, held in held_by if held is not None and row.person_id != person_id]
    yield from sorted(able, key=lambda one: (steps[one[1]], one[0].post_sort, one[0].sort, one[0].person_id))


def _seat(row: Any) -> Seat:
    return Seat(row.person_id, row.kind, row.is_head, row.is_deputy, (row.post_sort, row.sort))
