"""B4 in the core: below the floor a decision is provisional, reserves nothing, and counts when it is confirmed."""

from __future__ import annotations

from typing import Any

import pytest

from approval_core.approvals import assurance, overriding, service
from approval_core.approvals.deciding import Decided
from approval_core.approvals.proof import record_problems
from approval_core.errors import Forbidden, Invalid
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM, Evidence
from approval_core.store import Store
from tests.approval_core.approvals.types import House, step

SESSION = Evidence("web", 2, "session:1")
SIGNED = Evidence("app", 3, "jws:1")
PLAIN_SMS = Evidence("sms", 2, "sms_inbound:1")


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao")


def decide(house: House, account: str, shown: Evidence, verdict: str = "approve", **facts: Any) -> Decided:
    task = house.task(account)
    return house.store.write(
        service.decide, task.task_id, actor=house.person(account), evidence=shown, verdict=verdict,
        task_revision=task.task_revision, now=house.now(), **facts,
    )  # fmt: skip


def waiting(house: House) -> list[tuple[str, str]]:
    return [(row.verdict, row.state) for row in house.store.read(assurance.open_of, house.request_id)]


def test_below_the_floor_it_is_provisional_and_counts_when_the_same_person_confirms_it(house: House) -> None:
    house.publish(step("wang", floor=3))
    house.file("li")
    first = decide(house, "wang", SESSION)
    assert first.state == "provisional"
    assert first.step_up
    assert (house.view().state, house.view().decisions, house.asked()) == ("pending", (), {"wang"})
    assert waiting(house) == [("approve", "open")]
    assert decide(house, "wang", SIGNED).state == "effective"
    assert house.view().state == "approved"
    assert waiting(house) == []


def test_a_provisional_decision_stops_no_colleague(house: House) -> None:
    house.publish(step("either", "wang", "zhao", floor=3))
    house.file("li")
    decide(house, "wang", SESSION)
    view_before = house.asked()
    assert view_before == {"wang", "zhao"}
    decide(house, "zhao", SIGNED, "reject")
    assert house.view().state == "returned"
    assert waiting(house) == []


def test_what_was_said_last_replaces_what_was_said_before(house: House) -> None:
    house.publish(step("wang", floor=4))
    house.file("li")
    decide(house, "wang", SESSION)
    decide(house, "wang", SIGNED, "reject")
    assert waiting(house) == [("reject", "open")]


def test_a_step_that_no_sms_may_decide_refuses_it_and_names_other_ways(house: House) -> None:
    house.publish(step("wang", sms="notify"), sms="notify")
    house.file("li")
    with pytest.raises(Forbidden) as refused:
        decide(house, "wang", PLAIN_SMS)
    assert refused.value.code == "not_by_sms"
    assert refused.value.data["step_up"]
    assert house.asked() == {"wang"}


def test_signs_of_risk_raise_the_floor(house: House) -> None:
    house.publish(step("wang", floor=2))
    house.file("li")
    risky = Evidence("web", 2, "session:1", ("new_device",))
    assert decide(house, "wang", risky).state == "provisional"
    assert decide(house, "wang", SESSION).state == "effective"


def test_above_the_batch_limit_it_is_decided_alone(house: House) -> None:
    house.publish(step("wang"), amount="cost", limits={"batch": 100})
    house.file("li", form={"cost": "100.01"})
    with pytest.raises(Forbidden) as refused:
        decide(house, "wang", SESSION, batch=True)
    assert refused.value.code == "alone"
    assert decide(house, "wang", SESSION).state == "effective"


def test_the_end_of_the_request_ends_what_was_provisional_and_the_record_agrees(
    house: House, store: Store
) -> None:
    house.publish(step("wang", floor=3))
    house.file("li")
    decide(house, "wang", SESSION)
    store.write(service.withdraw, house.request_id, actor=house.person("li"), now=house.now())
    assert waiting(house) == []
    assert list(store.read(lambda tx: list(record_problems(tx)))) == []


def test_the_administrator_decides_nothing_below_the_floor_either(house: House) -> None:
    house.publish(step("wang", floor=3))
    house.file("li")
    task = house.task("wang")
    house.store.write(people.grant_role, house.number("zhao"), role="operator", actor=SYSTEM, now=house.now())
    facts: dict[str, Any] = {"verdict": "approve", "task_revision": task.task_revision, "reason": "出差"}
    with pytest.raises(Forbidden) as refused:
        house.store.write(
            overriding.override,
            task.task_id,
            actor=house.person("zhao"),
            evidence=SESSION,
            now=house.now(),
            **facts,
        )
    assert refused.value.code == "below_floor"
    assert (house.view().decisions, house.asked()) == ((), {"wang"})
    house.store.write(
        overriding.override,
        task.task_id,
        actor=house.person("zhao"),
        evidence=SIGNED,
        now=house.now(),
        **facts,
    )
    assert house.view().state == "approved"


def test_a_provisional_decision_owes_its_reason_like_any_other(house: House) -> None:
    house.publish(step("wang", floor=3, comment_on=["reject"]))
    house.file("li")
    with pytest.raises(Invalid) as refused:
        decide(house, "wang", SESSION, "reject")
    assert refused.value.code == "comment_required"
    assert waiting(house) == []
