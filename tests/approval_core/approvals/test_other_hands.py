"""A task changes hands: handed over (F18), asked for an opinion (F19), added to (F20, F22), taken from (F21), a pool (F5)."""

from __future__ import annotations

from typing import Any

import pytest

from approval_core.approvals import adding, handing, queries
from approval_core.errors import Conflict, Forbidden, Invalid
from approval_core.inbox import queries as inbox
from approval_core.store import Store
from tests.approval_core.approvals.types import House, step

ANYONE = {"from": "anyone"}


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao", "qian")


def transfer(house: House, account: str, to: str, **facts: Any) -> int:
    task = house.task(account)
    return house.store.write(
        handing.transfer, task.task_id, house.number(to), actor=house.person(account),
        task_revision=task.task_revision, now=house.now(), **facts,
    )  # fmt: skip


def add(house: House, account: str, *others: str, **facts: Any) -> adding.Added:
    task = house.task(account)
    return house.store.write(
        adding.add, task.task_id, [house.number(one) for one in others], actor=house.person(account),
        task_revision=task.task_revision, now=house.now(), **facts,
    )  # fmt: skip


def remove(house: House, account: str, out: str) -> str:
    task = next(
        one for step in house.view().steps for one in step.approvers
        if one.account == out and one.state in ("open", "waiting")
    )  # fmt: skip
    return house.store.write(adding.remove, task.task_id, actor=house.person(account), now=house.now())


def test_f18_the_other_decides_and_the_first_is_out(house: House) -> None:
    house.publish(step("wang"))
    house.file("li")
    first = house.task("wang")
    transfer(house, "wang", "zhao", reason="分管")
    assert house.asked() == {"zhao"}
    assert house.store.read(inbox.open_items, house.number("wang")).items == []
    with pytest.raises(Conflict) as refused:
        house.store.write(
            handing.transfer, first.task_id, house.number("qian"), actor=house.person("wang"),
            task_revision=first.task_revision, now=house.now(),
        )  # fmt: skip
    assert refused.value.code == "moved"
    view = house.say("zhao")
    assert (view.state, view.decisions[0].by) == ("approved", "zhao")


def test_f18_only_somebody_who_may_be_asked_here_gets_it(house: House) -> None:
    house.publish(step("both", "wang", "zhao"), step("chief", transfer=False))
    house.file("li")
    for to, code in (("zhao", "already_asked"), ("li", "separated")):
        with pytest.raises((Conflict, Forbidden)) as refused:
            transfer(house, "wang", to)
        assert refused.value.code == code
    with pytest.raises(Invalid):
        house.store.write(
            handing.transfer, house.task("wang").task_id, 999_999, actor=house.person("wang"), task_revision=1,
            now=house.now(),
        )  # fmt: skip
    house.say("wang")
    with pytest.raises(Forbidden) as refused:
        transfer(house, "chief", "qian")
    assert refused.value.code == "no_transfer"


def test_f19_an_opinion_decides_nothing_and_the_asker_decides_afterwards(house: House) -> None:
    house.publish(step("wang"))
    house.file("li")
    add(house, "wang", "zhao", placed="asked")
    assert house.asked() == {"zhao"}
    view = house.say("zhao", "reject", comment="我看不妥")
    assert (view.state, house.asked()) == ("pending", {"wang"})
    assert house.say("wang").state == "approved"


def test_f20_people_added_before_are_asked_first_and_then_the_approver(house: House) -> None:
    house.publish(step("wang", add=ANYONE))
    house.file("li")
    add(house, "wang", "zhao", "qian", placed="before", method="sequence")
    assert house.asked() == {"zhao"}
    house.say("zhao")
    assert house.asked() == {"qian"}
    house.say("qian")
    assert house.asked() == {"wang"}
    assert house.say("wang").state == "approved"


def test_f20_an_approval_counts_when_those_added_after_it_have_approved(house: House) -> None:
    house.publish(step("wang", add=ANYONE), step("chief"))
    house.file("li")
    add(house, "wang", "zhao", "qian", placed="after", method="all")
    assert house.asked() == {"wang"}
    house.say("wang")
    assert house.asked() == {"zhao", "qian"}
    house.say("zhao")
    house.say("qian")
    assert house.asked() == {"chief"}


def test_f20_a_no_of_those_added_after_is_a_no_of_the_step(house: House) -> None:
    house.publish(step("wang", add=ANYONE, on_reject="reject"))
    house.file("li")
    add(house, "wang", "zhao", placed="after")
    house.say("wang")
    assert house.say("zhao", "reject").state == "rejected"


def test_f20_whoever_is_added_beside_joins_the_step(house: House) -> None:
    house.publish(step("sign", "wang", "zhao", mode="all", add=ANYONE))
    house.file("li")
    add(house, "wang", "qian", placed="beside")
    for account in ("wang", "zhao"):
        house.say(account)
    assert house.asked() == {"qian"}
    assert house.say("qian").state == "approved"


def test_f20_an_added_one_may_add_in_his_turn_and_everything_comes_back_in_order(house: House) -> None:
    house.publish(step("wang", add=ANYONE))
    house.file("li")
    add(house, "wang", "zhao", placed="before")
    add(house, "zhao", "qian", placed="before")
    for account in ("qian", "zhao", "wang"):
        assert house.asked() == {account}
        view = house.say(account)
    assert view.state == "approved"


def test_f20_when_a_colleague_settles_the_step_those_added_are_asked_no_longer(house: House) -> None:
    house.publish(step("either", "wang", "zhao", add=ANYONE))
    house.file("li")
    add(house, "wang", "qian", placed="before")
    assert house.asked() == {"zhao", "qian"}
    assert house.say("zhao").state == "approved"
    assert house.asked() == set()


def test_f20_a_return_by_an_added_one_is_a_return_of_the_step(house: House) -> None:
    house.publish(step("chief"), step("wang", add=ANYONE))
    house.file("li")
    house.say("chief")
    add(house, "wang", "zhao", placed="before")
    house.say("zhao", "return")
    assert house.view().state == "returned"


def test_f21_the_last_one_awaited_is_taken_out_and_the_step_is_counted_at_once(house: House) -> None:
    house.publish(step("sign", "wang", "zhao", mode="all", add=ANYONE), step("chief"))
    house.file("li")
    add(house, "wang", "qian", placed="beside")
    house.say("wang")
    house.say("zhao")
    with pytest.raises(Forbidden) as refused:
        remove(house, "zhao", "qian")
    assert refused.value.code == "not_added_by_you"
    remove(house, "wang", "qian")
    assert house.asked() == {"chief"}


def test_f21_when_all_who_were_added_are_out_the_approver_goes_on_alone(house: House) -> None:
    house.publish(step("wang", add=ANYONE))
    house.file("li")
    add(house, "wang", "zhao", placed="before")
    remove(house, "wang", "zhao")
    assert house.asked() == {"wang"}
    add(house, "wang", "qian", placed="after")
    house.say("wang")
    assert remove(house, "wang", "qian") == "approved"
    assert house.store.read(queries.by_id, house.request_id).state == "approved"


def test_f21_who_has_acted_stays(house: House) -> None:
    house.publish(step("sign", "wang", mode="all", add=ANYONE))
    house.file("li")
    added = add(house, "wang", "zhao", placed="beside")
    house.say("zhao")
    with pytest.raises(Conflict) as refused:
        house.store.write(adding.remove, added.task_ids[0], actor=house.person("wang"), now=house.now())
    assert refused.value.code == "acted"


def test_f22_people_are_added_only_from_the_range_that_the_step_names(house: House) -> None:
    house.publish(step("wang", add={"from": [{"rule": "USER", "account": "zhao"}]}), step("chief"))
    house.file("li")
    with pytest.raises(Forbidden) as refused:
        add(house, "wang", "qian", placed="before")
    assert refused.value.code == "out_of_range"
    add(house, "wang", "zhao", placed="before")
    house.say("zhao")
    house.say("wang")
    with pytest.raises(Forbidden) as refused:
        add(house, "chief", "zhao", placed="before")
    assert refused.value.code == "no_add"


def test_f05_one_takes_it_from_the_pool_and_gives_it_back(house: House) -> None:
    house.publish(step("pool", "wang", "zhao", claim=True))
    house.file("li")
    task = house.task("zhao")
    facts: dict[str, Any] = {"actor": house.person("zhao"), "task_revision": task.task_revision}
    house.store.write(handing.claim, task.task_id, now=house.now(), **facts)
    assert house.asked() == {"zhao"}
    late = house.task("wang", state="over")
    with pytest.raises(Conflict) as refused:
        house.store.write(
            handing.claim,
            late.task_id,
            actor=house.person("wang"),
            task_revision=late.task_revision,
            now=house.now(),
        )
    assert refused.value.code == "moved"
    house.store.write(handing.release, task.task_id, now=house.now(), **facts)
    assert house.asked() == {"zhao", "wang"}
    assert len(house.store.read(inbox.open_items, house.number("wang")).items) == 1
    assert house.say("wang").state == "approved"


def test_f05_what_is_no_pool_is_not_taken_and_what_nobody_took_is_not_given_back(house: House) -> None:
    house.publish(step("wang"))
    house.file("li")
    task = house.task("wang")
    facts: dict[str, Any] = {"actor": house.person("wang"), "task_revision": task.task_revision}
    with pytest.raises(Conflict, match="pool"):
        house.store.write(handing.claim, task.task_id, now=house.now(), **facts)
    with pytest.raises(Conflict) as refused:
        house.store.write(handing.release, task.task_id, now=house.now(), **facts)
    assert refused.value.code == "not_claimed"


def test_f05_what_was_taken_from_a_pool_and_handed_over_is_still_taken(house: House) -> None:
    house.publish(step("pool", "wang", "zhao", claim=True))
    house.file("li")
    task = house.task("wang")
    facts: dict[str, Any] = {"actor": house.person("wang"), "task_revision": task.task_revision}
    house.store.write(handing.claim, task.task_id, now=house.now(), **facts)
    transfer(house, "wang", "zhao")
    assert house.asked() == {"zhao"}
    mine = house.task("zhao")
    house.store.write(
        handing.release,
        mine.task_id,
        actor=house.person("zhao"),
        task_revision=mine.task_revision,
        now=house.now(),
    )
    assert house.asked() == {"zhao"}
    assert len(house.store.read(inbox.open_items, house.number("zhao")).items) == 1
