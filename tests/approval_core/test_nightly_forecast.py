"""B10, nightly: the evening before, an alarm for what will stall; gone when it is no longer true; and the next evening set."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from approval_core.clock import OFFICE_ZONE
from approval_core.forecast import WILL_STALL, begin, coming_day, next_evening
from approval_core.notices.alarms import AlarmCard, open_alarms
from approval_core.people import service
from approval_core.people.actor import SYSTEM, Actor
from approval_core.store import Store
from approval_core.timers import fire_one, timers
from gateway.wiring import BEGINNINGS, TIMERS
from gateway.worker import Worker
from tests import factories
from tests.factories import NOW, hire, step


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, minute, tzinfo=OFFICE_ZONE)


def pass_evenings(store: Store, until: datetime) -> int:
    fired = 0
    while store.write(fire_one, TIMERS, now=until):
        fired += 1
    return fired


def foretold(store: Store) -> list[AlarmCard]:
    return store.read(open_alarms, kind=WILL_STALL).items


def away(store: Store, who: Actor, start: datetime, end: datetime) -> int:
    assert who.person_id is not None
    done: int = store.write(
        service.mark_absent,
        who.person_id,
        kind="travel",
        valid_from=start,
        valid_to=end,
        actor=SYSTEM,
        now=NOW,
    )
    return done


def due(store: Store) -> list[datetime]:
    asked = select(timers.c.due_at).where(timers.c.handler == "forecast", timers.c.state == "due")
    return store.read(lambda tx: [row.due_at for row in tx.execute(asked)])


@pytest.fixture
def asked(store: Store) -> Actor:
    """李 holds one open item and is away on Thursday and Friday; the first evening is set."""
    leader = hire(store, "li")
    factories.ask(store, step("li"))
    away(store, leader, at(7, 0), at(9, 0))
    store.write(begin, at(6, 9))
    return leader


def test_b10_the_evening_before_raises_one_alarm_for_each_task_that_will_stall(
    store: Store, asked: Actor
) -> None:
    pass_evenings(store, at(6, 16, 59))
    assert foretold(store) == []
    pass_evenings(store, at(6, 17))
    [alarm] = foretold(store)
    assert (alarm.facts["day"], alarm.facts["why"], alarm.facts["person_id"]) == (
        "2026-05-07",
        "no_proxy",
        asked.person_id,
    )
    assert alarm.request_id is not None
    pass_evenings(store, at(7, 17))
    [again] = foretold(store)
    assert (again.id, again.times, again.facts["day"]) == (alarm.id, 2, "2026-05-08")


def test_b10_a_proxy_named_or_a_return_settles_it_on_the_next_evening(store: Store, asked: Actor) -> None:
    pass_evenings(store, at(6, 17))
    proxy = hire(store, "proxy")
    assert asked.person_id is not None
    assert proxy.person_id is not None
    store.write(
        service.delegate, asked.person_id, proxy.person_id, valid_from=at(7, 9), valid_to=at(9, 0), actor=SYSTEM,
        now=at(6, 18),
    )  # fmt: skip
    pass_evenings(store, at(7, 17))
    assert foretold(store) == []
    pass_evenings(store, at(8, 17))  # for Monday: he is back
    assert foretold(store) == []


def test_b10_each_evening_sets_the_next_working_one_and_a_start_sets_no_second(
    store: Store, asked: Actor
) -> None:
    assert due(store) == [at(6, 17)]
    store.write(begin, at(6, 18))
    assert due(store) == [at(6, 17)]
    pass_evenings(store, at(8, 20))  # Friday, after a time without a worker
    assert due(store) == [at(9, 17)]  # a Saturday that is worked for the holiday in May
    pass_evenings(store, at(9, 17))
    assert due(store) == [at(11, 17)]


@pytest.mark.parametrize(
    ("moment", "day", "evening"),
    [
        (at(6, 17), date(2026, 5, 7), at(7, 17)),
        (at(7, 3), date(2026, 5, 7), at(7, 17)),
        (at(7, 11), date(2026, 5, 8), at(7, 17)),
        (at(9, 17), date(2026, 5, 11), at(11, 17)),
        (at(10, 12), date(2026, 5, 11), at(11, 17)),
    ],
)
def test_b10_a_look_is_for_the_working_day_that_begins_next(
    moment: datetime, day: date, evening: datetime
) -> None:
    assert (coming_day(moment), next_evening(moment)) == (day, evening)


def test_b10_a_worker_that_starts_sets_the_first_evening(store: Store) -> None:
    worker = Worker(store, {}, TIMERS, beginnings=BEGINNINGS)
    worker.round(at(6, 9))
    assert due(store) == [at(6, 17)]
    worker.round(at(6, 9) + timedelta(seconds=5))
    assert due(store) == [at(6, 17)]
    worker.stop()
