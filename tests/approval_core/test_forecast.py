"""B10: what will stall tomorrow, why, and whom to name; F36: what a leaver still holds."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from approval_core.approvals.models import Request
from approval_core.clock import OFFICE_ZONE
from approval_core.columns import table_of
from approval_core.forecast import Holdings, Stall, forecast, holdings
from approval_core.people import service
from approval_core.people.actor import SYSTEM, Actor
from approval_core.store import Store
from tests import factories
from tests.factories import NOW, hire, step

TOMORROW = date(2026, 5, 7)
DAY = timedelta(days=1)


def at(hour: int, day: date = TOMORROW) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=OFFICE_ZONE)


def do(store: Store, work: Any, *args: Any, **facts: Any) -> Any:
    return store.write(work, *args, **{"actor": SYSTEM, "now": NOW} | facts)


def away(store: Store, who: Actor, start: datetime | None = None, end: datetime | None = None) -> int:
    """The whole day unless said otherwise."""
    period = {"valid_from": start or at(0), "valid_to": end or at(0) + DAY}
    return int(do(store, service.mark_absent, who.person_id, kind="travel", **period))


def give(store: Store, giver: Actor, taker: Actor, **facts: Any) -> None:
    period = {"valid_from": at(0), "valid_to": at(0) + DAY}
    do(store, service.delegate, giver.person_id, taker.person_id, **period | facts)


def foretold(store: Store, day: date = TOMORROW) -> list[tuple[str, str]]:
    return [(one.account, one.code) for one in store.read(forecast, day, NOW)]


@pytest.fixture
def asked(store: Store) -> Actor:
    """李 holds one open item."""
    leader = hire(store, "li")
    factories.ask(store, step("li"))
    return leader


def test_b10_an_item_of_somebody_away_without_a_proxy_will_stall_and_says_so(
    store: Store, asked: Actor
) -> None:
    hire(store, "zhao")
    factories.ask(store, step("zhao"), ref="A-2")
    assert foretold(store) == []
    absence = away(store, asked)
    [stall] = store.read(forecast, TOMORROW, NOW)
    assert isinstance(stall, Stall)
    assert (stall.account, stall.code, stall.absence_id, stall.type) == ("li", "no_proxy", absence, "GENERIC")
    assert (stall.zh, stall.en) == ("承办人不在岗且未委托", "the holder is away and has delegated to nobody")
    assert stall.proposal is None
    assert foretold(store, TOMORROW + DAY) == []


def test_b10_a_proxy_who_is_there_all_day_closes_the_gap(store: Store, asked: Actor) -> None:
    proxy, second = hire(store, "proxy"), hire(store, "second")
    away(store, asked)
    give(store, asked, proxy)
    assert foretold(store) == []
    away(store, proxy, at(14), at(16))
    assert foretold(store) == [("li", "part_of_the_day")]
    give(store, proxy, second)
    assert foretold(store) == []
    away(store, second)
    assert foretold(store) == [("li", "part_of_the_day")]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"types": ["LEAVE"]}, "not_covered"),
        ({"valid_to": at(12)}, "part_of_the_day"),
        ({"valid_from": at(17)}, "part_of_the_day"),
        ({"valid_from": at(0) + DAY, "valid_to": at(0) + 2 * DAY}, "no_proxy"),
        ({"types": ["GENERIC"]}, None),
        ({"valid_from": at(9), "valid_to": at(18)}, None),
    ],
)
def test_b10_a_delegation_must_cover_the_type_and_the_whole_working_day(
    store: Store, asked: Actor, facts: dict[str, Any], code: str | None
) -> None:
    away(store, asked)
    give(store, asked, hire(store, "proxy"), **facts)
    assert foretold(store) == ([] if code is None else [("li", code)])


def test_b10_proxies_away_all_day_are_said_to_be(store: Store, asked: Actor) -> None:
    proxy = hire(store, "proxy")
    away(store, asked)
    away(store, proxy)
    give(store, asked, proxy)
    assert foretold(store) == [("li", "proxies_away")]


@pytest.mark.parametrize(("amount", "found"), [("500.00", []), ("500.01", [("li", "not_covered")])])
def test_b10_a_sum_above_the_proxys_ceiling_will_stall(
    store: Store, asked: Actor, amount: str, found: list[tuple[str, str]]
) -> None:
    store.write(lambda tx: tx.execute(update(table_of(Request)).values(amount=Decimal(amount))) and None)
    away(store, asked)
    give(store, asked, hire(store, "proxy"), ceiling=Decimal(500))
    assert foretold(store) == found


def test_b10_an_evening_away_stalls_nothing_and_a_decided_item_neither(store: Store, asked: Actor) -> None:
    away(store, asked, at(18), at(23))
    assert foretold(store) == []
    away(store, asked, at(10), at(11))
    assert foretold(store) == [("li", "no_proxy")]


def test_b10_whom_he_named_last_is_proposed_and_one_call_closes_the_gap(store: Store, asked: Actor) -> None:
    friend = hire(store, "friend")
    give(store, asked, friend, valid_from=NOW, valid_to=NOW + timedelta(hours=1))
    absence = away(store, asked)
    [stall] = store.read(forecast, TOMORROW, NOW)
    assert stall.proposal is not None
    assert (stall.proposal.account, stall.proposal.because["code"]) == ("friend", "last")
    do(store, service.activate_proxy, absence)
    assert foretold(store) == []


def test_f36_what_a_leaver_holds_is_listed_before_and_his_items_after_he_goes(
    store: Store, asked: Actor
) -> None:
    proxy, other = hire(store, "proxy"), hire(store, "other")
    factories.ask(store, step("other", "li", mode="sequence"), ref="A-2")
    give(store, asked, proxy)
    give(store, other, asked)
    do(store, service.grant_role, asked.person_id, role="hr_clerk")
    do(store, service.name_secretary, other.person_id, asked.person_id)
    unit = do(store, service.open_unit, code="D", name="征管处", kind="internal")
    post = do(store, service.open_post, code="D-H", unit_id=unit, name="处长", rank="R3", is_head=True)
    do(store, service.assign, asked.person_id, post)
    do(store, service.put_in_charge, asked.person_id, unit)
    assert asked.person_id is not None
    held = store.read(holdings, asked.person_id, now=NOW)
    assert isinstance(held, Holdings)
    assert [(one.title, one.state) for one in held.tasks] == [
        ("申请年休假3天", "open"),
        ("申请年休假3天", "waiting"),
    ]
    assert (held.posts, held.in_charge_of, held.roles) == (["征管处处长"], ["征管处"], ["hr_clerk"])
    assert (held.proxy_for, held.delegated_to, held.secretary_of) == (["other"], ["proxy"], ["other"])
    do(store, service.leave, asked.person_id)
    after = store.read(holdings, asked.person_id, now=NOW)
    assert after.tasks == held.tasks
    assert after.posts + after.roles + after.proxy_for + after.delegated_to == []
    assert foretold(store) == [("li", "left")]
