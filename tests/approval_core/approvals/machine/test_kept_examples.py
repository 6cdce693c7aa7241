"""Stories that once went wrong, told again one by one: each was found by the machine, or by reading what it had to judge."""

from __future__ import annotations

from typing import Any

import pytest

from approval_core import timers
from approval_core.approvals import adding, handing, proxying, service
from approval_core.errors import Conflict
from approval_core.notices.alarms import alarms_of_request
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Store
from tests.approval_core.approvals.machine.judging import judge
from tests.approval_core.approvals.machine.picture import Picture, take
from tests.approval_core.approvals.types import House, step
from tests.factories import BY_APP

ANYONE = {"from": "anyone"}
NOBODY = [{"rule": "ROLE", "role": "nobody_has_it"}]
HANDLERS = {"hold_end": service.on_hold_end, "standing": proxying.on_standing}


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao", "qian", "sun")


def judged(house: House) -> Picture:
    picture = house.store.read(take, house.request_id)
    judge(picture)
    return picture


def act(house: House, work: Any, account: str, *args: Any, **facts: Any) -> Any:
    task = house.task(account)
    return house.store.write(
        work, task.task_id, *args, actor=house.person(account), task_revision=task.task_revision, now=house.now(), **facts
    )  # fmt: skip


def add(house: House, account: str, other: str, placed: str) -> adding.Added:
    added: adding.Added = act(house, adding.add, account, [house.number(other)], placed=placed)
    return added


def ring(house: House, minutes: int = 30) -> None:
    """The holds end."""
    house.minutes += minutes
    while house.store.write(timers.fire_one, HANDLERS, now=house.now()):
        pass


def test_f03_the_next_of_a_sequence_is_asked_when_those_added_after_the_first_have_approved(
    house: House,
) -> None:
    house.publish(step("turn", "wang", "zhao", mode="sequence", add=ANYONE))
    house.file("li")
    add(house, "wang", "qian", "after")
    house.say("wang")
    assert house.asked() == {"qian"}
    house.say("qian")
    assert house.asked() == {"zhao"}
    judged(house)
    assert house.say("zhao").state == "approved"


def test_f21_the_next_of_a_sequence_is_asked_when_those_added_after_the_first_are_out(house: House) -> None:
    house.publish(step("turn", "wang", "zhao", mode="sequence", add=ANYONE))
    house.file("li")
    added = add(house, "wang", "qian", "after")
    house.say("wang")
    house.store.write(adding.remove, added.task_ids[0], actor=house.person("wang"), now=house.now())
    assert house.asked() == {"zhao"}
    judged(house)


def test_f01_whoever_waits_for_his_advisers_is_asked_no_more_once_a_colleague_has_decided(
    house: House,
) -> None:
    house.publish(step("either", "wang", "zhao", add=ANYONE), hold=3600)
    house.file("li")
    added = add(house, "wang", "qian", "before")
    decision = house.say("zhao").decisions[-1]
    house.store.write(adding.remove, added.task_ids[0], actor=house.person("wang"), now=house.now())
    assert house.asked() == set()
    judged(house)
    house.store.write(
        service.undo, decision.id, actor=house.person("zhao"), evidence=BY_APP, now=house.now()
    )  # fmt: skip
    assert house.asked() == {"wang", "zhao"}
    judged(house)


def test_f05_an_undo_leaves_the_pool_with_whoever_had_taken_it(house: House) -> None:
    house.publish(step("pool", "wang", "zhao", claim=True), hold=600)
    house.file("li")
    act(house, handing.claim, "wang")
    decision = house.say("wang").decisions[-1]
    house.store.write(
        service.undo, decision.id, actor=house.person("wang"), evidence=BY_APP, now=house.now()
    )  # fmt: skip
    assert house.asked() == {"wang"}
    judged(house)


def test_f15_a_step_that_was_sent_back_is_not_sent_back_again_by_taking_somebody_out(house: House) -> None:
    house.publish(step("zhao"), step("wang", add=ANYONE))
    house.file("li")
    house.say("zhao")
    added = add(house, "wang", "qian", "after")
    house.say("wang", "return", target="zhao")
    judged(house)
    with pytest.raises(Conflict):
        house.store.write(adding.remove, added.task_ids[0], actor=house.person("wang"), now=house.now())
    assert house.asked() == {"zhao"}
    judged(house)


def test_f38_a_detour_in_a_branch_is_no_finished_branch(house: House) -> None:
    ways = {"a": [step("wang"), step("zhao")], "b": [step("qian")], "c": [step("sun")]}
    house.publish({"parallel": "two", "join": 2, "branches": ways}, step("chief"))
    house.file("li")
    house.say("wang")
    house.say("zhao", "return", target="wang", resume="back")
    house.say("wang")
    house.say("qian")
    assert house.asked() == {"zhao", "sun"}
    judged(house)
    house.say("sun")
    assert house.asked() == {"chief"}
    judged(house)


def test_f09_a_blocked_step_s_alarm_ends_with_the_request(house: House, store: Store) -> None:
    house.publish(step("empty", rules=NOBODY), step("chief"))
    view = house.file("li")
    store.write(service.withdraw, view.id, actor=house.person("li"), reason="", now=house.now())
    assert store.read(alarms_of_request, view.id) == []
    judged(house)


def test_f38_a_decision_in_hold_in_a_branch_beside_ends_with_the_request(house: House) -> None:
    ways = {"a": [step("wang", on_reject="reject")], "b": [step("zhao")]}
    house.publish({"parallel": "both", "branches": ways}, step("chief"), hold=60)
    house.file("li")
    house.say("wang", "reject")
    house.say("zhao")
    ring(house)
    view = house.view()
    assert (view.state, [one.state for one in view.decisions]) == ("rejected", ["effective", "superseded"])
    judged(house)


def test_f10_two_who_approved_before_are_one_decision_of_an_or_sign(house: House) -> None:
    house.publish(step("both", "wang", "zhao", mode="all"), step("either", "wang", "zhao"), step("chief"))
    house.file("li")
    house.say("wang")
    house.say("zhao")
    assert house.asked() == {"chief"}
    judged(house)


def test_f36_what_lies_with_somebody_who_left_is_an_alarm(house: House, store: Store) -> None:
    house.publish(step("wang"), step("chief"))
    house.file("li")
    store.write(people.leave, house.number("wang"), actor=SYSTEM, now=house.now())
    ring(house, 0)
    assert [one.kind for one in store.read(alarms_of_request, house.request_id)] == ["holder_absent"]
    judged(house)


def test_f36_a_task_that_comes_to_somebody_who_left_is_an_alarm(house: House, store: Store) -> None:
    house.publish(step("turn", "zhao", "wang", mode="sequence"), step("chief"))
    house.file("li")
    store.write(people.leave, house.number("wang"), actor=SYSTEM, now=house.now())
    ring(house, 0)
    house.say("zhao")
    assert [one.kind for one in store.read(alarms_of_request, house.request_id)] == ["holder_absent"]
    judged(house)


def test_f24_when_an_approval_carried_over_is_taken_back_everybody_of_the_step_is_asked(house: House) -> None:
    house.publish(step("wang"), step("either", "wang", "zhao"), step("chief"))
    house.file("li")
    carried_over = house.say("wang").decisions[-1]
    house.store.write(
        service.take_back, carried_over.id, actor=house.person("wang"), evidence=BY_APP, now=house.now()
    )  # fmt: skip
    assert house.asked() == {"wang", "zhao"}
    judged(house)


def test_f03_nobody_s_turn_comes_while_the_one_before_is_in_hold(house: House) -> None:
    house.publish(step("turn", "wang", "zhao", mode="sequence", add=ANYONE), hold=3600)
    house.file("li")
    beside = add(house, "wang", "qian", "beside")
    after = add(house, "wang", "sun", "after")
    house.say("wang")
    for out in (beside, after):
        house.store.write(adding.remove, out.task_ids[0], actor=house.person("wang"), now=house.now())
        assert house.asked() == set()
        judged(house)


def test_f20_nobody_s_turn_comes_while_his_advisers_have_the_word(house: House) -> None:
    house.publish(step("turn", "wang", "zhao", mode="sequence", add=ANYONE))
    house.file("li")
    beside = add(house, "wang", "qian", "beside")
    add(house, "wang", "sun", "before")
    house.store.write(adding.remove, beside.task_ids[0], actor=house.person("wang"), now=house.now())
    assert house.asked() == {"sun"}
    judged(house)


def test_f05_nobody_stands_beside_whoever_took_it_from_the_pool(house: House) -> None:
    house.publish(step("pool", "wang", "zhao", claim=True, add=ANYONE))
    house.file("li")
    act(house, handing.claim, "wang")
    with pytest.raises(Conflict) as refused:
        add(house, "wang", "qian", "beside")
    assert (refused.value.code, house.asked()) == ("claimed", {"wang"})
    add(house, "wang", "qian", "before")
    assert house.asked() == {"qian"}
    judged(house)


def test_f24_an_approval_carried_over_before_its_turn_waits_for_it_when_it_is_taken_back(
    house: House,
) -> None:
    house.publish(step("zhao"), step("turn", "wang", "zhao", mode="sequence"))
    house.file("li")
    carried_over = house.say("zhao").decisions[-1]
    assert (carried_over.channel, house.asked()) == ("system", {"wang"})
    house.store.write(
        service.take_back, carried_over.id, actor=house.person("zhao"), evidence=BY_APP, now=house.now()
    )  # fmt: skip
    assert house.asked() == {"wang"}
    judged(house)
    house.say("wang")
    assert house.asked() == {"zhao"}
    assert house.say("zhao").state == "approved"


def test_f21_with_somebody_who_is_taken_out_go_those_whom_he_had_brought_in(house: House) -> None:
    house.publish(step("wang", add=ANYONE), step("chief"))
    house.file("li")
    added = add(house, "wang", "zhao", "before")
    add(house, "zhao", "qian", "asked")
    assert house.asked() == {"qian"}
    house.store.write(adding.remove, added.task_ids[0], actor=house.person("wang"), now=house.now())
    assert house.asked() == {"wang"}
    judged(house)
