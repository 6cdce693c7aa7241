"""What will stall, because whoever holds it will be away and nobody may answer for him (B10); what a leaver still holds.

Reads tasks and people together. `on_evening` looks every working evening at the working day that follows: an alarm for
each task that will stall, settled on the first evening on which it is no longer true.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, literal_column, or_, select

from approval_core.approvals.models import Request, Task
from approval_core.clock import OFFICE_ZONE
from approval_core.columns import table_of
from approval_core.notices.alarms import alarms, raise_alarm, settle_alarm
from approval_core.people import queries
from approval_core.people.models import (
    absences,
    assignments,
    charges,
    delegations,
    org_units,
    persons,
    posts,
    role_grants,
)
from approval_core.people.queries.cards import title_of
from approval_core.people.queries.moments import holds
from approval_core.people.queries.proposals import Period, Proposal, propose, ties_in
from approval_core.people.rules.delegations import covers, within
from approval_core.store import Tx
from approval_core.timers import set_timer, timers
from approval_core.working_time import is_working_day

tasks, requests = table_of(Task), table_of(Request)

#: An absence outside these hours of the office's clock stalls nothing.
OPENS, CLOSES = time(9), time(18)
#: When the next working day is looked at.
EVENING = time(17)

HANDLER, REF = "forecast", "office"
WILL_STALL = "will_stall"

_SET = select(timers.c.id).where(
    timers.c.handler == HANDLER, timers.c.ref == REF, timers.c.state == literal_column("'due'")
)
_FORETOLD = select(alarms.c.thing).where(alarms.c.kind == WILL_STALL, alarms.c.settled_at.is_(None))

REASONS: dict[str, tuple[str, str]] = {
    "left": ("承办人已离开", "the holder has left the office"),
    "no_proxy": ("承办人不在岗且未委托", "the holder is away and has delegated to nobody"),
    "not_covered": (
        "承办人不在岗，所作委托不含此类事项",
        "the holder is away; what he delegated leaves this out",
    ),
    "proxies_away": ("承办人不在岗，所委托的人也不在岗", "the holder is away and so are his proxies"),
    "part_of_the_day": ("委托只覆盖不在岗的部分时间", "the delegation covers only part of the time away"),
}


@dataclass(frozen=True, slots=True)
class Stall:
    """An open task nobody will answer that day. `away`: the absence, none for somebody who has left."""

    task_id: int
    request_id: int
    type: str
    title: str
    person_id: int
    account: str
    name: str
    away: Period | None
    absence_id: int | None
    code: str
    zh: str
    en: str
    proposal: Proposal | None = None


def forecast(tx: Tx, day: date, now: datetime) -> list[Stall]:
    """The open tasks that will wait on `day` for somebody who is not there, with the reason and whom to propose."""
    hours = Period(_office(day, OPENS), _office(day, CLOSES))
    stalls = [_stall(row, "left") for row in tx.execute(_held(persons.c.state != "active"))]
    away = and_(absences.c.valid_from < hours.end, absences.c.valid_to > hours.start)
    away = and_(away, absences.c.valid_from < absences.c.valid_to, persons.c.state == "active")
    asked: dict[tuple[int, str, Decimal | None], str | None] = {}
    proposed: dict[int, Proposal | None] = {}
    for row in tx.execute(_held(away, absent=True)).all():
        key = (row.absence_id, row.type, row.amount)
        if key not in asked:
            asked[key] = _why(tx, row, hours)
        code = asked[key]
        if code is None:
            continue
        if row.absence_id not in proposed:
            period = Period(row.valid_from, row.valid_to)
            proposed[row.absence_id] = propose(tx, row.person_id, period, now=now)
        stalls.append(_stall(row, code, proposed[row.absence_id]))
    return sorted(stalls, key=lambda one: (one.account, one.task_id))


def begin(tx: Tx, now: datetime) -> None:
    """The first evening, where none is set yet."""
    if tx.run(_SET).first() is None:
        set_timer(tx, HANDLER, REF, next_evening(now))


def on_evening(tx: Tx, ref: str, now: datetime) -> None:
    """The timer `forecast`: one alarm for each task that will stall, those that will no longer are settled, the next evening
    is set."""
    stalls = {f"task:{one.task_id}": one for one in forecast(tx, coming_day(now), now)}
    for row in tx.run(_FORETOLD).all():
        if row.thing not in stalls:
            settle_alarm(tx, WILL_STALL, row.thing, now=now)
    for thing, one in stalls.items():
        facts = {
            "day": coming_day(now).isoformat(),
            "person_id": one.person_id,
            "why": one.code,
            "absence_id": one.absence_id,
            "proposed": None if one.proposal is None else one.proposal.account,
        }
        raise_alarm(tx, WILL_STALL, thing, facts=facts, request_id=one.request_id, now=now)
    set_timer(tx, HANDLER, ref, next_evening(now))


def next_evening(now: datetime) -> datetime:
    """17:00 of the first working day whose evening has not come yet."""
    local = now.astimezone(OFFICE_ZONE)
    day = local.date() if local.time() < EVENING else local.date() + timedelta(days=1)
    return _office(_working(day), EVENING).astimezone(UTC)


def coming_day(now: datetime) -> date:
    """The working day that begins next: the one at hand for a look that comes too late, before the office opens."""
    local = now.astimezone(OFFICE_ZONE)
    return _working(local.date() if local.time() < OPENS else local.date() + timedelta(days=1))


def _working(day: date) -> date:
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def _office(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, OFFICE_ZONE)


def _held(which: ColumnElement[bool], *, absent: bool = False) -> Any:
    columns: list[ColumnElement[Any]] = [
        tasks.c.id,
        tasks.c.request_id,
        tasks.c.person_id,
        requests.c.type,
        requests.c.title,
        requests.c.amount,
        persons.c.account,
        persons.c.name,
    ]
    joined = tasks.join(requests, requests.c.id == tasks.c.request_id).join(
        persons, persons.c.id == tasks.c.person_id
    )
    if absent:
        joined = joined.join(absences, absences.c.person_id == tasks.c.person_id)
        columns += [absences.c.id.label("absence_id"), absences.c.valid_from, absences.c.valid_to]
    return select(*columns).select_from(joined).where(tasks.c.state == "open", which).order_by(tasks.c.id)


def _stall(row: Any, code: str, proposal: Proposal | None = None) -> Stall:
    left = code == "left"
    return Stall(
        row.id,
        row.request_id,
        row.type,
        row.title,
        row.person_id,
        row.account,
        row.name,
        None if left else Period(row.valid_from, row.valid_to),
        None if left else row.absence_id,
        code,
        *REASONS[code],
        proposal,
    )


def _why(tx: Tx, row: Any, hours: Period) -> str | None:
    """Why nobody will answer for him at some moment of the day; None when somebody will at every moment."""
    span = Period(max(row.valid_from, hours.start), min(row.valid_to, hours.end))
    answered = [
        bool(queries.proxies_of(tx, row.person_id, type=row.type, amount=row.amount, now=moment))
        for moment in _turns(tx, span)
    ]
    if all(answered):
        return None
    if any(answered):
        return "part_of_the_day"
    given = select(delegations.c.types, delegations.c.ceiling_fen).where(
        delegations.c.from_id == row.person_id,
        delegations.c.revoked_at.is_(None),
        delegations.c.valid_from < span.end,
        delegations.c.valid_to > span.start,
    )
    mine = tx.execute(given).all()
    if not mine:
        return "no_proxy"
    covered = [one for one in mine if covers(one.types, row.type)]
    return "proxies_away" if any(within(one.ceiling_fen, row.amount) for one in covered) else "not_covered"


def _turns(tx: Tx, span: Period) -> Iterator[datetime]:
    """The moments at which the answer may change: the beginning, and where a delegation or absence begins or ends."""
    moments = {span.start}
    for tie in ties_in(tx, span):
        moments |= {tie.start, tie.end}
    away = select(absences.c.valid_from, absences.c.valid_to).where(
        absences.c.valid_from < span.end, absences.c.valid_to > span.start
    )
    for row in tx.execute(away):
        moments |= {row.valid_from, row.valid_to}
    yield from sorted(moment for moment in moments if span.start <= moment < span.end)


@dataclass(frozen=True, slots=True)
class HeldTask:
    task_id: int
    request_id: int
    type: str
    title: str
    state: str


@dataclass(frozen=True, slots=True)
class Holdings:
    """All that would be left lying (F36). Before he goes: everything; after: the tasks, as his ties end at once."""

    account: str
    name: str
    tasks: list[HeldTask] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    in_charge_of: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    proxy_for: list[str] = field(default_factory=list)  #: accounts that delegated to him
    delegated_to: list[str] = field(default_factory=list)
    secretary_of: list[str] = field(default_factory=list)
    own_requests: list[int] = field(default_factory=list)  #: still open


def holdings(tx: Tx, person_id: int, *, now: datetime) -> Holdings:
    """What somebody who leaves still holds: open and coming tasks, posts, charges, roles, other people's trust."""
    card = queries.person_by_id(tx, person_id, now=now)
    held = tx.execute(
        select(tasks.c.id, tasks.c.request_id, requests.c.type, requests.c.title, tasks.c.state)
        .join(requests, requests.c.id == tasks.c.request_id)
        .where(tasks.c.person_id == person_id, tasks.c.state.in_(("open", "waiting")))
        .order_by(tasks.c.id)
    )
    own = select(requests.c.id).where(
        requests.c.applicant_id == person_id, requests.c.state.in_(("draft", "pending", "returned"))
    )
    return Holdings(
        card.account,
        card.name,
        [HeldTask(row.id, row.request_id, row.type, row.title, row.state) for row in held],
        _posts(tx, person_id, now),
        _in_charge_of(tx, person_id, now),
        _roles(tx, person_id, now),
        _accounts(tx, delegations.c.from_id, delegations.c.to_id == person_id, now),
        _accounts(tx, delegations.c.to_id, delegations.c.from_id == person_id, now),
        [one.account for one in queries.leaders_of(tx, person_id, now)],
        list(tx.execute(own.order_by(requests.c.id)).scalars()),
    )


def _posts(tx: Tx, person_id: int, now: datetime) -> list[str]:
    held = tx.execute(
        select(posts.c.name.label("title"), org_units.c.short, org_units.c.kind.label("unit_kind"))
        .select_from(
            assignments.join(posts, posts.c.id == assignments.c.post_id).join(
                org_units, org_units.c.id == posts.c.unit_id
            )
        )
        .where(assignments.c.person_id == person_id, holds(assignments, now))
        .order_by(assignments.c.id)
    )
    return [title_of(row) for row in held]


def _in_charge_of(tx: Tx, person_id: int, now: datetime) -> list[str]:
    mine = (
        select(org_units.c.short)
        .join(charges, charges.c.unit_id == org_units.c.id)
        .where(charges.c.leader_id == person_id, holds(charges, now))
    )
    return list(tx.execute(mine.order_by(charges.c.id)).scalars())


def _roles(tx: Tx, person_id: int, now: datetime) -> list[str]:
    mine = select(role_grants.c.role).where(role_grants.c.person_id == person_id, holds(role_grants, now))
    return list(tx.execute(mine.order_by(role_grants.c.id)).scalars())


def _accounts(tx: Tx, side: Any, whose: ColumnElement[bool], now: datetime) -> list[str]:
    live = or_(delegations.c.revoked_at.is_(None), delegations.c.revoked_at > now)
    tied = select(persons.c.account).join(delegations, side == persons.c.id)
    tied = tied.where(whose, live, delegations.c.valid_to > now)
    return list(tx.execute(tied.order_by(delegations.c.id)).scalars())
