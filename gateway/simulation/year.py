"""The working days of an office, one after the other, hour by hour."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from approval_core import audit
from approval_core.approvals.proof import record_problems
from approval_core.clock import OFFICE_ZONE
from approval_core.columns import table_of
from approval_core.definitions import service as definitions
from approval_core.outbox import Delivery
from approval_core.people.actor import SYSTEM
from approval_core.people.demo import seed
from approval_core.people.demo.bureau import SMALLEST
from approval_core.people.models import persons
from approval_core.store import Store, Tx
from approval_core.timers import timers
from approval_core.working_time import is_working_day
from gateway import wiring
from gateway.settings import Settings
from gateway.shipped import publish_shipped_types
from gateway.simulation.changes import Changes
from gateway.simulation.clockwork import Clockwork
from gateway.simulation.desks import Desks
from gateway.simulation.forms import OWN_TYPE
from gateway.simulation.judging import Figures, Watch, count

deliveries = table_of(Delivery)

HOURS = (9, 10, 11, 12, 14, 15, 16, 17, 18)
MONDAY = 0

#: (days done, days in all, figures so far)
Progress = Callable[[int, int, Figures], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """`days` of the calendar from `start`; `people` take part in a bureau of at least 2200; each files `filings` a day."""

    days: int = 30
    people: int = 3000
    seed: int = 1
    filings: float = 0.1
    start: date = date(2026, 3, 2)

    def working_days(self) -> Iterator[date]:
        for number in range(self.days):
            day = self.start + timedelta(days=number)
            if is_working_day(day):
                yield day


def simulate(
    store: Store,
    plan: Plan,
    settings: Settings,
    *,
    progress: Progress | None = None,
) -> Figures:
    """Plays it all on an empty store and judges. `Conflict("not_empty")` where there are people already."""
    random = Random(plan.seed)  # noqa: S311  # the same office for the same seed is the point
    opened = _at(plan.start, 8)
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"simulated {plan.seed}".encode()).digest())
    staff = _open_office(store, plan, opened)
    clock = Clockwork(store, wiring.TIMERS, wiring.reactions(_without_modem(settings)), key, opened)
    desks = Desks(random, staff if plan.people >= len(staff) else random.sample(staff, plan.people))
    changes, watch, figures = Changes(random, desks), Watch(), Figures()
    days = list(plan.working_days())
    for number, day in enumerate(days, 1):
        for hour in HOURS:
            now = _at(day, hour)
            clock.until(now)
            store.write(_hour, desks, changes, watch, plan, now=now, week=day.weekday() == MONDAY)
        clock.sequence()
        figures.days, figures.acts, figures.refused = number, dict(desks.acts), dict(desks.refused)
        if progress is not None:
            progress(number, len(days), figures)
    clock.until(clock.now + timedelta(minutes=30))
    clock.sequence()
    store.write(watch.look, clock.now)
    return _judge(store, watch, figures, key)


def _without_modem(settings: Settings) -> Settings:
    """SMS are written and stay in their queue: nobody waits for a report of theirs."""
    return settings.model_copy(update={"sms": settings.sms.model_copy(update={"undelivered_after": 0})})


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), OFFICE_ZONE).astimezone(UTC)


def _open_office(store: Store, plan: Plan, now: datetime) -> list[tuple[int, str]]:
    store.write(seed, n=max(SMALLEST, plan.people), now=now)
    publish_shipped_types(store, now=now)
    store.write(definitions.publish, OWN_TYPE, actor=SYSTEM, now=now)
    for beginning in wiring.BEGINNINGS:
        store.write(beginning, now)
    all_of_them = select(persons.c.id, persons.c.account).where(persons.c.rank < "R8").order_by(persons.c.id)
    return store.read(lambda tx: [(row.id, row.account) for row in tx.execute(all_of_them)])


def _hour(
    tx: Tx, desks: Desks, changes: Changes, watch: Watch, plan: Plan, *, now: datetime, week: bool
) -> None:
    hour = now.astimezone(OFFICE_ZONE).hour
    watch.look(tx, now)
    if hour == HOURS[0]:
        changes.morning(tx, now)
    if hour == HOURS[2] and week:
        changes.week(tx, now)
    desks.file(tx, plan.filings / len(HOURS), now)
    desks.decide(tx, now)
    desks.send_again(tx, now)


def _judge(store: Store, watch: Watch, figures: Figures, key: Ed25519PrivateKey) -> Figures:
    store.read(count, figures)
    figures.waited_on_absent = len(watch.waited)
    figures.unseen = list(watch.unseen.values())
    figures.stuck = list(watch.stuck.values())
    figures.dead = store.read(_dead)
    report: Any = store.read(lambda tx: audit.verify(tx, public_key=key.public_key(), facts=record_problems))
    figures.audit_entries, figures.audit_problems = report.entries, [str(one) for one in report.problems]
    return figures


def _dead(tx: Tx) -> list[str]:
    fired = select(timers.c.handler, timers.c.ref, timers.c.error).where(timers.c.error.is_not(None))
    reacted = select(deliveries.c.reaction, deliveries.c.key, deliveries.c.error).where(
        deliveries.c.error.is_not(None), deliveries.c.state != "done"
    )
    found = [f"timer {row.handler} {row.ref}: {row.error}" for row in tx.execute(fired)]
    return found + [f"reaction {row.reaction} {row.key}: {row.error}" for row in tx.execute(reacted)]
