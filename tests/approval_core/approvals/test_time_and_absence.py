"""F33–F35: a ladder begins with every task and ends with it; a timeout never approves; whoever may answer has it on his list."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from approval_core import outbox
from approval_core.approvals import deadlines, proxying
from approval_core.inbox import queries as inbox
from approval_core.notices import ladder
from approval_core.notices.alarms import alarms_of_request
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Store
from approval_core.timers import fire_one
from approval_core.working_time import add_working_hours
from tests.approval_core.approvals.types import House, step
from tests.factories import after

HANDLERS: Any = {"ladder": ladder.on_rung(deadlines.held_of), "standing": proxying.on_standing}
REACTIONS: Any = {"task.overdue_rung": {"deadline": deadlines.on_overdue_rung}}


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao", "qian")


def pass_time(store: Store, until: datetime) -> None:
    """Every timer and every event up to a moment."""
    moment = until
    while store.write(fire_one, HANDLERS, now=moment):
        pass
    while store.write(outbox.route, REACTIONS, now=moment):
        pass
    while store.write(outbox.deliver_one, REACTIONS, now=moment):
        pass


def wait(house: House, hours: int) -> None:
    """Working hours go by, one after the other, as they do."""
    for hour in range(1, hours + 1):
        pass_time(house.store, add_working_hours(house.now(), hour))


def lend(house: House, giver: str, taker: str, start: datetime, end: datetime) -> None:
    house.store.write(
        people.delegate, house.number(giver), house.number(taker), valid_from=start, valid_to=end, actor=SYSTEM,
        now=house.now(),
    )  # fmt: skip


def listed(house: House, account: str) -> int:
    return len(house.store.read(inbox.open_items, house.number(account)).items)


def kinds(house: House) -> list[str]:
    return [
        one.kind for one in house.store.read(alarms_of_request, house.request_id) if one.settled_at is None
    ]


def test_f33_a_task_that_lies_is_over_its_time_and_the_alarm_ends_with_the_decision(house: House) -> None:
    house.publish(step("wang"), escalate_after=16)
    house.file("li")
    wait(house, 17)
    assert "overdue_task" in kinds(house)
    house.say("wang")
    assert kinds(house) == []


def test_f34_the_time_over_it_goes_one_level_up(house: House) -> None:
    house.publish(step("wang", timeout="transfer_up"))
    house.file("li")
    wait(house, 20)
    assert house.asked() == {"chief"}
    assert house.view().decisions == ()
    assert house.say("chief").state == "approved"


@pytest.mark.parametrize(
    ("action", "state"), [("reject", "returned"), ("close", "expired"), ("remind", "pending")]
)
def test_f34_the_time_over_refuses_closes_or_reminds_and_approves_nothing(
    house: House, action: str, state: str
) -> None:
    house.publish(step("wang", timeout=action))
    house.file("li")
    wait(house, 20)
    view = house.view()
    assert (view.state, view.decisions) == (state, ())


def test_f34_a_task_decided_in_time_is_never_touched_by_its_ladder(house: House) -> None:
    house.publish(step("wang", timeout="reject"), step("zhao", timeout="remind"))
    house.file("li")
    house.say("wang")
    wait(house, 20)
    assert (house.view().state, house.asked()) == ("pending", {"zhao"})


def test_f35_a_proxy_has_the_task_on_his_list_and_decides_with_both_names_on_record(house: House) -> None:
    lend(house, "wang", "zhao", after(0), after(86_400))
    house.publish(step("wang"))
    house.file("li")
    assert (listed(house, "wang"), listed(house, "zhao")) == (1, 1)
    task = house.task("wang")
    view = house.decide_as("zhao", task)
    assert view.state == "approved"
    assert (view.decisions[0].by, view.decisions[0].on_behalf_of) == ("zhao", "wang")
    assert (listed(house, "wang"), listed(house, "zhao")) == (0, 0)
    assert len(house.store.read(inbox.done_items, house.number("zhao")).items) == 1


def test_f35_a_delegation_that_begins_and_ends_puts_open_tasks_on_the_list_and_off_again(
    house: House,
) -> None:
    house.publish(step("wang"))
    house.file("li")
    start, end = house.now() + timedelta(hours=1), house.now() + timedelta(hours=3)
    lend(house, "wang", "zhao", start, end)
    assert listed(house, "zhao") == 0
    pass_time(house.store, start)
    assert listed(house, "zhao") == 1
    pass_time(house.store, end)
    assert (listed(house, "zhao"), listed(house, "wang")) == (0, 1)


def test_f35_what_was_given_goes_on_when_the_proxy_is_away_himself(house: House) -> None:
    day = after(86_400)
    lend(house, "wang", "zhao", after(0), day)
    lend(house, "zhao", "qian", after(0), day)
    house.publish(step("wang"))
    house.file("li")
    gone = house.now() + timedelta(minutes=5)
    house.store.write(
        people.mark_absent, house.number("zhao"), kind="leave", valid_from=gone, valid_to=day, actor=SYSTEM,
        now=house.now(),
    )  # fmt: skip
    pass_time(house.store, gone)
    assert listed(house, "qian") == 1
    assert listed(house, "zhao") == 0


def test_f35_somebody_away_without_a_proxy_is_an_alarm_that_ends_when_one_is_named(house: House) -> None:
    house.store.write(
        people.mark_absent, house.number("wang"), kind="leave", valid_from=after(0), valid_to=after(900_000),
        actor=SYSTEM, now=after(0),
    )  # fmt: skip
    house.publish(step("wang"))
    house.file("li")
    assert kinds(house) == ["holder_absent"]
    start = house.now()
    lend(house, "wang", "zhao", start, after(900_000))
    pass_time(house.store, start + timedelta(minutes=1))
    assert kinds(house) == []
    assert listed(house, "zhao") == 1


def test_f35_a_proxy_who_was_taken_off_may_be_put_on_again(house: House) -> None:
    house.publish(step("wang"))
    house.file("li")
    for _ in range(2):
        start = house.now()
        end = start + timedelta(minutes=30)
        lend(house, "wang", "zhao", start, end)
        pass_time(house.store, start)
        assert listed(house, "zhao") == 1
        pass_time(house.store, end)
        assert listed(house, "zhao") == 0
        house.minutes += 40
