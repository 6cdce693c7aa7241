"""B9: closed requests on a new version in thought, and who would have decided against who did."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from sqlalchemy import func, select

from approval_core.approvals import handing, replaying, service
from approval_core.approvals.models import Decision, Request, Step, Task
from approval_core.approvals.replaying import Differences, Example, replay
from approval_core.audit.models import entries
from approval_core.columns import table_of
from approval_core.errors import Invalid
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Store, Tx
from tests.approval_core.approvals.types import FORM, House, Plain, document, step

TABLES = (*(table_of(one) for one in (Request, Step, Task, Decision)), entries)


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao", "sun")


def decided(house: House, account: str, *deciders: str, **facts: Any) -> str:
    """A closed request; its number."""
    house.file(account, **facts)
    for one in deciders:
        view = house.say(one)
    assert view.state == "approved"
    return view.ref


def again(
    house: House, *route: Any, limit: int | None = None, since: Any = None, **settings: Any
) -> Differences:
    text = yaml.dump(document(*route, **settings), Dumper=Plain, allow_unicode=True)
    return house.store.read(replay, "LEAVE", text, since=since, limit=limit)


def shown(found: Differences) -> dict[tuple[str, str], int]:
    return {(one.step, kind): getattr(one, kind) for one, kind in replaying.differing(found)}


def rows(tx: Tx) -> list[int]:
    return [tx.execute(select(func.count()).select_from(one)).scalar_one() for one in TABLES]


def test_b9_the_same_version_again_differs_in_nothing(house: House, store: Store) -> None:
    long = {"when": "form.days > 3", "do": [step("zhao")]}
    route = [step("chief"), {"choice": "long", "branches": [long], "otherwise": []}]
    house.publish(*route)
    decided(house, "li", "chief")
    decided(house, "wang", "chief", "zhao", form={"days": 5})
    before = store.read(rows)
    found = again(house, *route)
    assert store.read(rows) == before
    assert (found.requests, found.same, shown(found)) == (2, 2, {})
    assert {name: one.same for name, one in found.steps.items()} == {"chief": 2, "zhao": 1}


def test_b9_others_new_steps_and_steps_that_are_gone_are_counted_with_examples(house: House) -> None:
    house.publish(step("a", "zhao"), step("b", "wang"))
    ref = decided(house, "li", "zhao", "wang")
    found = again(house, step("a", "sun"), step("c", "chief"))
    assert (found.requests, found.same) == (1, 0)
    assert shown(found) == {("a", "others"): 1, ("c", "new"): 1, ("b", "gone"): 1}
    assert found.steps["a"].examples["others"] == [Example(ref, ("zhao",), ("sun",))]
    assert found.steps["c"].examples["new"] == [Example(ref, (), ("chief",))]
    assert found.steps["b"].examples["gone"] == [Example(ref, ("wang",), ())]


def test_b9_a_branch_that_would_be_taken_otherwise_is_seen(house: House) -> None:
    house.publish(step("chief"))
    decided(house, "li", "chief", form={"days": 4})
    decided(house, "wang", "chief", form={"days": 2})
    longer = {"when": "form.days > 3", "do": [step("zhao")]}
    found = again(house, step("chief"), {"choice": "long", "branches": [longer], "otherwise": []})
    assert (found.requests, found.same, shown(found)) == (2, 1, {("zhao", "new"): 1})


def test_b9_a_step_that_would_find_nobody_is_a_stop(house: House) -> None:
    house.publish(step("chief"))
    decided(house, "li", "chief")
    found = again(house, step("chief", rules=[{"rule": "ROLE", "role": "nobody_has_it"}]))
    assert shown(found) == {("chief", "stops"): 1}


def test_b9_a_task_that_was_handed_on_counts_for_the_one_whom_the_rules_named(
    house: House, store: Store
) -> None:
    house.publish(step("zhao"))
    house.file("li")
    task = house.task("zhao")
    store.write(
        handing.transfer, task.task_id, house.number("wang"), actor=house.person("zhao"), task_revision=task.task_revision,
        reason="出差", now=house.now(),
    )  # fmt: skip
    house.say("wang")
    assert again(house, step("zhao")).same == 1


def test_b9_who_has_left_since_is_told_apart(house: House, store: Store) -> None:
    house.publish(step("head", rules=[{"rule": "GROUP", "accounts": ["zhao", "wang"]}]))
    decided(house, "li", "zhao")
    store.write(people.leave, house.number("zhao"), actor=SYSTEM, now=house.now())
    found = again(house, step("head", rules=[{"rule": "GROUP", "accounts": ["zhao", "wang"]}]))
    assert shown(found) == {("head", "left"): 1}


def test_b9_the_organisation_of_its_day_answers(house: House, store: Store) -> None:
    role = [{"rule": "ROLE", "role": "checker"}]
    grant = store.write(
        people.grant_role, house.number("wang"), role="checker", actor=SYSTEM, now=house.now()
    )
    house.publish(step("a", rules=role))
    decided(house, "li", "wang")
    store.write(people.revoke_role, grant, actor=SYSTEM, now=house.now())
    store.write(people.grant_role, house.number("zhao"), role="checker", actor=SYSTEM, now=house.now())
    decided(house, "li", "zhao")
    assert again(house, step("a", rules=role)).same == 2


def test_b9_a_rejected_request_misses_no_later_step(house: House) -> None:
    house.publish(step("zhao", on_reject="reject"), step("chief"))
    house.file("li")
    assert house.say("zhao", "reject", comment="不").state == "rejected"
    found = again(house, step("zhao", on_reject="reject"), step("chief"), step("wang"))
    assert (found.requests, found.same) == (1, 1)


def test_b9_open_and_withdrawn_requests_are_left_out_and_since_and_limit_bound_it(
    house: House, store: Store
) -> None:
    house.publish(step("chief"))
    decided(house, "li", "chief")
    moment = house.now()
    decided(house, "wang", "chief")
    house.file("zhao")
    house.file("sun")
    store.write(service.withdraw, house.request_id, actor=SYSTEM, reason="x", now=house.now())
    assert again(house, step("chief")).requests == 2
    assert again(house, step("chief"), limit=1).requests == 1
    assert again(house, step("chief"), since=moment).requests == 1


def test_b9_a_form_that_the_new_version_refuses_is_counted_with_its_fields(house: House) -> None:
    house.publish(step("chief"))
    decided(house, "li", "chief")
    fields = [
        *FORM["fields"],
        {"name": "why", "label": {"zh": "因", "en": "Why"}, "type": "string", "required": True},
    ]
    found = again(house, step("chief"), form={"fields": fields})
    assert (found.unfit, found.unfit_fields, found.same) == (1, {"why": 1}, 1)


def test_b9_a_text_of_another_type_is_refused(house: House) -> None:
    with pytest.raises(Invalid) as refused:
        again(house, step("chief"), type="TRAVEL")
    assert refused.value.code == "other_type"
