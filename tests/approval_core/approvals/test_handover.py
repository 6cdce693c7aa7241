"""F36: a leaver's desk goes to somebody else in one go."""

from __future__ import annotations

from typing import Any

import pytest

from approval_core import audit
from approval_core.approvals import service
from approval_core.approvals.handover import HandedOver
from approval_core.approvals.proof import record_problems
from approval_core.errors import Forbidden, Invalid
from approval_core.inbox.queries import open_items
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Store
from tests.approval_core.approvals.types import House, step


@pytest.fixture
def house(store: Store) -> House:
    found = House(store).open("li", "wang", "zhao", "boss", "clerk")
    for account, role in (("boss", "operator"), ("clerk", "hr")):
        store.write(people.grant_role, found.number(account), role=role, actor=SYSTEM, now=found.now())
    return found


def hand_over(house: House, leaver: str, taker: str, *, by: str = "boss", **facts: Any) -> HandedOver:
    reason = facts.pop("reason", "调离")
    return house.store.write(
        service.hand_over, house.number(leaver), house.number(taker), reason=reason, actor=house.person(by), now=house.now(), **facts
    )  # fmt: skip


def on_list(house: House, account: str) -> list[str]:
    return [one.kind for one in house.store.read(open_items, house.number(account)).items]


def filed(house: House, *steps: Any, by: str = "li", **settings: Any) -> int:
    house.publish(*steps, merge="none", **settings)
    return house.file(by).id


def test_f36_open_tasks_and_those_that_wait_for_their_turn_go_with_one_reason(house: House) -> None:
    first = filed(house, step("wang"))
    second = filed(house, step("both", "chief", "wang", mode="sequence"))
    done = hand_over(house, "wang", "zhao")
    assert [(one.request_id, one.was, one.code) for one in done.items] == [
        (first, "open", "moved"), (second, "waiting", "moved"),
    ]  # fmt: skip
    assert hand_over(house, "wang", "zhao").items == (), "nothing is left on his desk"
    assert (on_list(house, "wang"), on_list(house, "zhao")) == (["told"], ["task"])
    house.say("chief")
    assert house.asked() == {"zhao"}
    assert house.say("zhao").state == "approved"
    house.request_id = first
    assert house.say("zhao").state == "approved"
    assert house.store.read(lambda tx: audit.verify(tx, facts=record_problems)).problems == []


def test_f36_what_may_not_go_to_him_stays_with_the_reason_and_the_rest_goes(house: House) -> None:
    own = filed(house, step("wang"), by="zhao")
    apart = filed(house, step("a", "zhao"), step("b", "wang"), separate=[{"steps": ["a", "b"]}])
    house.say("zhao")
    beside = filed(house, step("both", "zhao", "wang", mode="all"))
    plain = filed(house, step("wang"))
    done = hand_over(house, "wang", "zhao")
    assert {one.request_id: one.code for one in done.items} == {
        own: "separated", apart: "separated", beside: "already_asked", plain: "moved",
    }  # fmt: skip
    house.request_id = own
    assert house.asked() == {"wang"}, "what stayed is as it was"
    assert len(hand_over(house, "wang", "chief").items) == 3
    assert house.asked() == {"chief"}


def test_f36_what_is_decided_or_over_is_not_on_the_desk(house: House) -> None:
    filed(house, step("wang"))
    house.say("wang")
    filed(house, step("any", "wang", "chief"))
    house.say("chief")
    assert hand_over(house, "wang", "zhao").items == ()


def test_f36_by_the_flow_administrator_or_personnel_with_a_reason_to_somebody_who_is_here(
    house: House,
) -> None:
    filed(house, step("wang"))
    with pytest.raises(Forbidden):
        hand_over(house, "wang", "zhao", by="chief")
    for taker, reason in (("zhao", " "), ("wang", "调离")):
        with pytest.raises(Invalid):
            hand_over(house, "wang", taker, reason=reason)
    house.store.write(people.leave, house.number("zhao"), actor=SYSTEM, now=house.now())
    with pytest.raises(Invalid) as gone:
        hand_over(house, "wang", "zhao")
    assert gone.value.code == "bad_person"
    assert [one.code for one in hand_over(house, "wang", "chief", by="clerk").items] == ["moved"]


def test_f36_a_desk_with_more_than_one_go_takes_says_so(house: House) -> None:
    for _ in range(3):
        filed(house, step("wang"))
    first = hand_over(house, "wang", "zhao", most=2)
    assert (len(first.items), first.more) == (2, True)
    second = hand_over(house, "wang", "zhao")
    assert (len(second.items), second.more) == (1, False)
