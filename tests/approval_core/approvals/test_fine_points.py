"""Fine points of deciding and of the way: each was found unproven when a fault planted there went unnoticed."""

from __future__ import annotations

import pytest

from approval_core import timers
from approval_core.approvals import service
from approval_core.inbox import queries as inbox
from approval_core.store import Store
from tests.approval_core.approvals.machine.judging import judge
from tests.approval_core.approvals.machine.picture import take
from tests.approval_core.approvals.types import House, step


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao", "qian")


def ring(house: House) -> None:
    while house.store.write(timers.fire_one, {"hold_end": service.on_hold_end}, now=house.now()):
        pass


def test_f01_while_the_first_decision_is_in_hold_the_others_are_off_their_lists(house: House) -> None:
    house.publish(step("either", "wang", "zhao"), hold=3600)
    house.file("li")
    house.say("wang")
    assert house.asked() == set()
    assert house.store.read(inbox.open_items, house.number("zhao")).items == []


def test_f02_a_yes_in_hold_is_not_counted_yet(house: House) -> None:
    house.publish(step("sign", "wang", "zhao", mode="all"), step("chief"), hold=3600)
    house.file("li")
    house.say("wang")
    house.minutes += 30
    house.say("zhao")
    house.minutes += 35
    ring(house)
    assert [one.state for one in house.view().decisions] == ["effective", "held"]
    assert house.asked() == set()
    house.minutes += 60
    ring(house)
    assert house.asked() == {"chief"}


def test_f15_a_return_out_of_branches_leaves_one_thread(house: House) -> None:
    beside = {"parallel": "both", "branches": {"a": [step("wang")], "b": [step("zhao"), step("qian")]}}
    house.publish(step("chief"), beside)
    house.file("li")
    house.say("chief")
    house.say("zhao")
    house.say("wang", "return", target="chief")
    picture = house.store.read(take, house.request_id)
    judge(picture)
    assert [one.state for one in picture.tokens if one.state != "cancelled"] == ["live"]


def test_f38_of_two_true_branches_of_a_choice_the_first_is_taken(house: House) -> None:
    branches = [
        {"when": "form.days > 5", "do": [step("wang")]},
        {"when": "form.days > 2", "do": [step("zhao")]},
    ]
    house.publish({"choice": "who", "branches": branches, "otherwise": [step("qian")]})
    house.file("li", form={"days": 7})
    assert house.asked() == {"wang"}
    house.file("li", form={"days": 3})
    assert house.asked() == {"zhao"}
