"""The traps that other products fell into, one by one: each is a sentence here, and none may come true."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import product
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from approval_core import outbox, timers
from approval_core.approvals import deadlines, proxying, queries, service
from approval_core.errors import Conflict
from approval_core.inbox import queries as inbox
from approval_core.notices import ladder
from approval_core.notices.alarms import alarms_of_request
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Store, Tx
from sms_modem.rules.reply import Verdict, parse_reply
from sms_modem.rules.wording import office_time
from tests.approval_core.approvals.routes import Bureau, parallel, step_block, sub
from tests.approval_core.approvals.types import House, step
from tests.factories import BY_APP, NOW, after

HANDLERS: Any = {
    "hold_end": service.on_hold_end,
    "expiry": service.on_expiry,
    "deadline": service.on_deadline,
    "ladder": ladder.on_rung(deadlines.held_of),
    "standing": proxying.on_standing,
}
REACTIONS: Any = {"task.overdue_rung": {"deadline": deadlines.on_overdue_rung}}
RACES = {"small": 12, "full": 400}


@pytest.fixture
def bureau(store: Store) -> Bureau:
    return Bureau(store)


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao", "qian")


def up_to(store: Store, moment: datetime) -> None:
    """Every timer and every event until then."""
    while store.write(timers.fire_one, HANDLERS, now=moment):
        while store.write(outbox.route, REACTIONS, now=moment) or store.write(
            outbox.deliver_one, REACTIONS, now=moment
        ):
            pass


# -- a return into, out of or within a branch loses tasks

#: each step is asked of the person of its name; in every block two things lie beside each other
MAZE = (
    step_block("first"),
    parallel(
        "outer",
        a=[step_block("a1"), parallel("inner", x=[step_block("x1"), step_block("x2")], y=[step_block("y1")]), step_block("a2")],
        b=[sub("apart", step_block("b1"), step_block("b2"))],
    ),
    step_block("last"),
)  # fmt: skip
STEPS = ("first", "a1", "x1", "x2", "y1", "a2", "b1", "b2", "last")


def asked_in_turn(bureau: Bureau) -> Iterator[str]:
    """Whoever is asked, until nobody is; they say yes one after the other, the last of the alphabet first."""
    while found := sorted(bureau.asked(), reverse=True):
        yield found[0]


@pytest.mark.parametrize("resume", ["replay", "back"])
def test_no_return_into_or_out_of_a_branch_loses_a_task(bureau: Bureau, resume: str) -> None:
    sent_back = 0
    for number, (whence, whither) in enumerate(product(STEPS, STEPS)):
        bureau.start(*MAZE, ref=f"A-{number}")
        returned = False
        for account in asked_in_turn(bureau):
            if account == whence and not returned:
                try:
                    bureau.say(account, "return", target=whither, resume=resume)
                except Conflict as refused:
                    if refused.code != "not_before_you":
                        raise
                    break
                returned, sent_back = True, sent_back + 1
                assert whither in bureau.asked()
            else:
                bureau.say(account)
        if returned:
            view = bureau.view()
            assert view.state == "approved", f"{whence} to {whither}: {bureau.standing()}"
            assert {one.by for one in view.decisions if one.state == "effective"} >= set(STEPS)
    assert sent_back == 24  # every step with every step before it that is done by then


# -- a counter-sign that never ends, because each of the last two did not see the other


def test_two_who_sign_last_at_the_same_moment_see_each_other(
    bureau: Bureau, database_url: str, scale: str
) -> None:
    beside = Store(database_url)  # another process has its own store on the database
    try:
        with ThreadPoolExecutor(2) as both:
            for number in range(RACES[scale]):
                mode = {"mode": "all"} if number % 2 else {"mode": "vote", "threshold": 100}
                bureau.start(step_block("sign", "li", "wang", **mode), ref=f"R-{number}")
                at_once = Barrier(2)
                asked = [
                    (place, bureau.task(account), bureau.person(account))
                    for place, account in ((bureau.store, "li"), (beside, "wang"))
                ]
                done = [
                    both.submit(_sign, place, task, actor, at_once, bureau.now())
                    for place, task, actor in asked
                ]
                assert {one.result(60).effect for one in done} == {"approved"}
                assert bureau.view().state == "approved"
    finally:
        beside.close()


def _sign(place: Store, task: Any, actor: Any, at_once: Barrier, now: datetime) -> Any:
    at_once.wait(60)
    return place.write(
        service.decide, task.task_id, actor=actor, evidence=BY_APP, verdict="approve",
        task_revision=task.task_revision, now=now,
    )  # fmt: skip


# -- an approval that freezes while the approver is on leave


def test_nothing_freezes_while_an_approver_is_on_leave(house: House, store: Store) -> None:
    house.publish(step("wang"), step("chief"))
    until = NOW + timedelta(days=20)
    store.write(
        people.mark_absent, house.number("wang"), kind="leave", valid_from=NOW, valid_to=until, actor=SYSTEM, now=NOW
    )  # fmt: skip
    house.file("li")
    assert [one.kind for one in store.read(alarms_of_request, house.request_id)] == ["holder_absent"]
    store.write(
        people.delegate, house.number("wang"), house.number("zhao"), valid_from=house.now(), valid_to=until,
        actor=SYSTEM, now=house.now(),
    )  # fmt: skip
    up_to(store, house.now())
    assert store.read(alarms_of_request, house.request_id) == []
    assert len(store.read(inbox.open_items, house.number("zhao")).items) == 1
    task = house.task("wang")
    store.write(
        service.decide, task.task_id, actor=house.person("zhao"), evidence=BY_APP, verdict="approve",
        task_revision=task.task_revision, now=house.now(),
    )  # fmt: skip
    [decision] = house.view().decisions
    assert (decision.by, decision.on_behalf_of, house.asked()) == ("zhao", "wang", {"chief"})


# -- a decision that only a support ticket can take back


def test_a_decision_is_taken_back_by_who_took_it_and_nothing_had_left_the_house(
    house: House, store: Store
) -> None:
    house.publish(step("wang"), step("chief"), hold=600)
    house.file("li")
    held = house.say("wang").decisions[0].id
    assert told(store, "approval.effective") == 0
    facts: dict[str, Any] = {"actor": house.person("wang"), "evidence": BY_APP}
    store.write(service.undo, held, now=house.now(), **facts)
    effective = house.say("wang").decisions[-1].id
    up_to(store, after(3 * 3600))
    assert (told(store, "approval.effective"), house.asked()) == (1, {"chief"})
    house.minutes += 200
    store.write(service.take_back, effective, now=house.now(), **facts)
    assert house.asked() == {"wang"}


def told(store: Store, event: str) -> int:
    def read(tx: Tx) -> int:
        return int(tx.execute(text("select count(*) from event where type = :t"), {"t": event}).scalar_one())

    return store.read(read)


# -- silent expiry, and to-dos that vanish


def test_what_nobody_touches_for_two_years_still_waits_and_is_still_on_the_list(
    house: House, store: Store
) -> None:
    house.publish(step("wang"))
    house.file("li")
    for month in range(1, 25):
        moment = NOW + timedelta(days=30 * month)
        up_to(store, moment)
        for forgets in (outbox.prune, timers.prune):
            while store.write(forgets, moment):
                pass
    assert (house.view().state, house.asked()) == ("pending", {"wang"})
    [item] = store.read(inbox.open_items, house.number("wang")).items
    assert item.request_id == house.request_id
    assert [one.kind for one in store.read(alarms_of_request, house.request_id)] == ["overdue_task"]


def test_what_expires_says_so_to_everybody_and_is_no_consent(house: House, store: Store) -> None:
    house.publish(step("wang"), expires=3)
    house.file("li")
    up_to(store, NOW + timedelta(days=1))
    assert house.view().state == "pending"
    up_to(store, NOW + timedelta(days=30))
    assert (house.view().state, house.view().decisions) == ("expired", ())
    assert told(store, "approval.expired") == told(store, "approval.closed") == 1
    trail = "select count(*) from audit_entry where chain = :c and verb = 'expired'"
    chain = {"c": f"request:{house.request_id}"}
    assert store.read(lambda tx: tx.execute(text(trail), chain).scalar_one()) == 1
    assert store.read(inbox.open_items, house.number("wang")).items == []


# -- replies that know only one case, times that know only one zone


@pytest.mark.parametrize("word", ["y", "Y", "ｙ", "Ｙ", "yes", "Yes", "YES", "ok", "OK", "Ok", "oK"])
def test_a_yes_is_a_yes_in_any_case(word: str) -> None:
    assert parse_reply(word).verdict is Verdict.APPROVE


@pytest.mark.parametrize("word", ["n", "N", "ｎ", "Ｎ", "no", "No", "NO", "nO"])
def test_a_no_is_a_no_in_any_case(word: str) -> None:
    assert parse_reply(word).verdict is Verdict.REJECT


def test_a_moment_is_told_as_the_office_s_clock_shows_it() -> None:
    assert NOW.hour == 9
    assert "17:00" in office_time(NOW)


# -- a refusal that looks like a success


def test_a_refused_decision_is_never_an_answer_but_an_error_with_the_state(house: House) -> None:
    house.publish(step("either", "wang", "zhao"))
    house.file("li")
    late = house.task("zhao")
    house.say("wang", "reject")
    with pytest.raises(Conflict) as refused:
        house.store.write(
            service.decide, late.task_id, actor=house.person("zhao"), evidence=BY_APP, verdict="approve",
            task_revision=late.task_revision, now=house.now(),
        )  # fmt: skip
    winner = refused.value.data
    assert (refused.value.code, winner["by"], winner["verdict"]) == ("already_decided", "wang", "reject")
    assert house.store.read(queries.by_id, house.request_id).state == "returned"
