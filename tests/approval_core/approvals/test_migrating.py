"""F41: running requests on another version: planned, done, put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from approval_core import audit
from approval_core.approvals import carrying_over, migrating, service
from approval_core.approvals.migration import Done, Item, Plan
from approval_core.approvals.models import Decision, Request, Step, Task, Token
from approval_core.approvals.proof import record_problems
from approval_core.audit.models import entries
from approval_core.audit.reading import find_entries
from approval_core.columns import table_of
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.notices.alarms import alarms_of_request
from approval_core.people.actor import SYSTEM
from approval_core.store import Store, Tx
from tests.approval_core.approvals.types import House, step

TABLES = (*(table_of(one) for one in (Request, Step, Task, Token, Decision)), entries)
tokens, steps, requests = table_of(Token), table_of(Step), table_of(Request)


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao", "sun", "qian")


def parallel(**branches: list[dict[str, Any]]) -> dict[str, Any]:
    return {"parallel": "both", "branches": branches}


def planned(
    house: House, to: int, *, mapping: Mapping[str, str] | None = None, ids: Sequence[int] | None = None
) -> Plan:
    ids = [house.request_id] if ids is None else ids
    return house.store.read(
        migrating.plan, "LEAVE", to, request_ids=ids, mapping=mapping or {}, now=house.now()
    )


def only(plan: Plan) -> Item:
    (item,) = plan.items
    return item


def done(house: House, plan: Plan, reason: str = "新流程") -> list[Done]:
    return house.store.write(carrying_over.apply, plan, actor=SYSTEM, reason=reason, now=house.now())


def moved(house: House, to: int, **facts: Any) -> Item:
    plan = planned(house, to, **facts)
    assert [one.state for one in done(house, plan)] == ["migrated"]
    return only(plan)


def put_back(house: House) -> None:
    house.store.write(carrying_over.revert, house.request_id, actor=SYSTEM, reason="有误", now=house.now())


def state_of(tx: Tx, request_id: int) -> list[Any]:
    """Everything of a request that a migration may change."""
    rows: list[Any] = []
    for table, names in ((tokens, ("id", "parent_id", "sequence", "at", "state")),
                         (steps, ("id", "block", "state", "mode", "sms", "floor"))):  # fmt: skip
        found = tx.execute(select(table).where(table.c.request_id == request_id).order_by(table.c.id))
        rows += [
            tuple(getattr(row, name) for name in names)
            for row in found
            if row.state not in ("cancelled", "void")
        ]
    request = tx.execute(select(requests).where(requests.c.id == request_id)).one()
    return [*rows, request.type_version_id, request.route, request.on_reject, request.hold_seconds]


def rows(tx: Tx) -> list[int]:
    return [tx.execute(select(func.count()).select_from(one)).scalar_one() for one in TABLES]


def test_f41_a_dry_run_says_where_a_request_will_stand_and_writes_nothing(house: House, store: Store) -> None:
    house.publish(step("chief"), step("zhao"))
    house.file("li")
    house.say("chief")
    house.publish(step("chief"), step("sun"), step("check", "zhao"), step("last", "wang"))
    before = store.read(rows)
    item = only(planned(house, 2, mapping={"zhao": "check"}))
    assert store.read(rows) == before
    assert [(one.block, one.to) for one in item.stands] == [("zhao", "check")]
    assert (item.kept, item.anew, item.faults) == (("check",), (), ())
    assert item.passed_over == ("sun",)
    assert item.ref == house.view().ref


def test_f41_a_request_goes_on_in_the_new_version_with_those_who_are_asked(house: House) -> None:
    house.publish(step("chief"), step("zhao"))
    house.file("li")
    house.say("chief")
    task = house.task("zhao")
    house.publish(step("chief"), step("check", "zhao", floor=1), step("last", "wang"))
    moved(house, 2, mapping={"zhao": "check"})
    assert house.task("zhao").task_id == task.task_id
    assert house.standing() == [("chief", "approved"), ("check", "active"), ("last", "waiting")]
    house.say("zhao")
    assert house.asked() == {"wang"}
    assert house.say("wang").state == "approved"


def test_f41_a_step_without_a_counterpart_is_named_and_nothing_is_done(house: House, store: Store) -> None:
    house.publish(step("chief"), step("zhao"))
    house.file("li")
    house.say("chief")
    house.publish(step("chief"), step("wang"))
    plan = planned(house, 2)
    assert [(one.code, one.block) for one in only(plan).faults] == [("lost", "zhao")]
    before = store.read(state_of, house.request_id)
    assert [(one.state, one.code) for one in done(house, plan)] == [("refused", "cannot_migrate")]
    assert store.read(state_of, house.request_id) == before


def test_f41_an_untouched_step_with_other_people_is_asked_anew(house: House) -> None:
    house.publish(step("a", "zhao"), step("chief"))
    house.file("li")
    house.publish(step("a", "wang", "sun"), step("chief"))
    item = moved(house, 2)
    (anew,) = item.anew
    assert (anew.block, anew.asked, anew.instead_of) == ("a", ("wang", "sun"), ("zhao",))
    assert house.asked() == {"wang", "sun"}
    house.say("wang")
    assert house.say("chief").state == "approved"


def test_f41_a_step_that_somebody_has_begun_is_finished_by_those_who_are_asked(house: House) -> None:
    house.publish(step("a", "zhao", "wang", mode="all"), step("chief"))
    house.file("li")
    house.say("zhao")
    house.publish(step("a", "sun"), step("chief"))
    item = moved(house, 2)
    assert (item.kept, item.anew) == (("a",), ())
    assert house.asked() == {"wang"}
    house.say("wang")
    assert house.asked() == {"chief"}


def test_f41_a_step_of_the_new_version_without_anybody_is_foreseen_and_stops(
    house: House, store: Store
) -> None:
    house.publish(step("a", "zhao"))
    house.file("li")
    house.publish(step("a", rules=[{"rule": "ROLE", "role": "nobody_has_it"}]))
    item = moved(house, 2)
    assert item.anew[0].asked == ()
    assert item.anew[0].why is not None
    assert [one.kind for one in store.read(alarms_of_request, house.request_id)] == ["step_blocked"]
    put_back(house)
    assert house.asked() == {"zhao"}
    assert store.read(alarms_of_request, house.request_id) == []


def test_f41_a_new_branch_beside_it_begins_and_the_join_waits_for_both(house: House) -> None:
    house.publish(step("a", "zhao"), step("chief"))
    house.file("li")
    house.publish(parallel(x=[step("a", "zhao")], y=[step("b", "wang")]), step("chief"))
    item = moved(house, 2)
    assert (item.kept, item.begun) == (("a",), ("0.branches.y",))
    assert house.asked() == {"zhao", "wang"}
    house.say("zhao")
    assert house.asked() == {"wang"}
    house.say("wang")
    assert house.say("chief").state == "approved"


def test_f41_what_was_approved_counts_as_a_branch_that_is_done(house: House) -> None:
    house.publish(step("a", "zhao"), step("b", "wang"), step("chief"))
    house.file("li")
    house.say("zhao")
    house.publish(parallel(x=[step("a", "zhao")], y=[step("b", "wang")]), step("chief"))
    assert moved(house, 2).begun == ()
    house.say("wang")
    assert house.asked() == {"chief"}


def test_f41_threads_beside_each_other_keep_their_branches_and_what_is_done(house: House) -> None:
    house.publish(parallel(x=[step("a", "zhao")], y=[step("b", "wang")], z=[step("c", "sun")]), step("chief"))
    house.file("li")
    house.say("sun")
    more = parallel(x=[step("a", "zhao"), step("a2", "qian")], y=[step("b", "wang")], z=[step("c", "sun")])
    house.publish(step("first", "qian"), more, step("chief"))
    item = moved(house, 2)
    assert (item.begun, item.passed_over) == ((), ("first",))
    house.say("wang")
    house.say("zhao")
    assert house.asked() == {"qian"}
    house.say("qian")
    assert house.say("chief").state == "approved"


def test_f41_two_threads_cannot_stand_in_one_row(house: House) -> None:
    house.publish(parallel(x=[step("a", "zhao")], y=[step("b", "wang")]), step("chief"))
    house.file("li")
    house.publish(step("a", "zhao"), step("b", "wang"), step("chief"))
    assert [one.code for one in only(planned(house, 2)).faults] == ["clash"]


def test_f41_a_mapping_that_names_nothing_is_refused(house: House, store: Store) -> None:
    house.publish(step("chief"), parallel(x=[step("a", "zhao")], y=[step("b", "wang")]))
    house.file("li")
    house.publish(step("chief"), step("wang"))
    for mapping in ({"ghost": "chief"}, {"chief": "ghost"}, {"both": "chief"}, {"a": "wang", "b": "wang"}):
        with pytest.raises(Invalid) as refused:
            store.read(migrating.plan, "LEAVE", 2, from_version=1, mapping=mapping, now=house.now())
        assert refused.value.code == "bad_mapping"
    with pytest.raises(NotFound):
        store.read(migrating.plan, "LEAVE", 9, from_version=1, now=house.now())


def test_f41_all_of_a_version_at_once_and_each_for_itself(house: House, store: Store) -> None:
    house.publish(step("a", "zhao"), step("chief"))
    first, second, third = (house.file(who).id for who in ("li", "wang", "sun"))
    house.request_id = second
    house.say("zhao")
    house.publish(step("a", "zhao"), step("b", "qian"))
    plan = store.read(migrating.plan, "LEAVE", 2, from_version=1, now=house.now())
    assert [(one.request_id, [fault.code for fault in one.faults]) for one in plan.items] == [
        (first, []),
        (second, ["lost"]),
        (third, []),
    ]
    assert [one.request_id for one in plan.possible] == [first, third]
    assert [(one.request_id, one.state) for one in done(house, plan)] == [
        (first, "migrated"),
        (second, "refused"),
        (third, "migrated"),
    ]
    assert (
        store.read(migrating.plan, "LEAVE", 2, from_version=1, now=house.now()).items[0].request_id == second
    )


def test_f41_a_request_that_moved_since_the_dry_run_is_refused(house: House) -> None:
    house.publish(step("a", "zhao"), step("chief"))
    house.file("li")
    house.publish(step("a", "zhao"), step("chief"), step("wang"))
    plan = planned(house, 2)
    house.say("zhao")
    assert [(one.state, one.code) for one in done(house, plan)] == [("refused", "moved")]
    house.say("chief")
    assert house.view().state == "approved"


def test_f41_what_is_closed_held_elsewhere_or_there_already_is_said(house: House) -> None:
    house.publish(step("a", "zhao"), step("chief"), hold=60)
    house.file("li")
    house.say("zhao")
    house.publish(step("a", "zhao"), step("chief"))
    assert [one.code for one in only(planned(house, 2)).faults] == ["held"]
    assert [one.code for one in only(planned(house, 1)).faults] == ["there_already", "held"]
    house.file("wang")
    house.say("zhao")
    house.say("chief")
    assert [one.code for one in only(planned(house, 1)).faults] == ["closed"]


def test_f41_a_migration_needs_a_reason(house: House) -> None:
    house.publish(step("a", "zhao"))
    house.file("li")
    house.publish(step("a", "zhao"), step("chief"))
    assert [one.code for one in done(house, planned(house, 2), reason=" ")] == ["no_reason"]


@pytest.mark.parametrize(
    "new",
    [
        [step("a", "wang"), step("chief")],
        [parallel(x=[step("a", "zhao")], y=[step("b", "wang")]), step("chief")],
        [step("a", "zhao", mode="all", floor=2), step("chief"), step("sun")],
    ],
)
def test_f41_a_migration_is_put_back_as_it_was(house: House, store: Store, new: list[dict[str, Any]]) -> None:
    house.publish(step("a", "zhao"), step("chief"))
    house.file("li")
    before = store.read(state_of, house.request_id)
    house.publish(*new, on_reject="reject")
    moved(house, 2)
    assert store.read(state_of, house.request_id) != before
    put_back(house)
    assert store.read(state_of, house.request_id) == before
    assert house.asked() == {"zhao"}
    house.say("zhao")
    assert house.say("chief").state == "approved"


def test_f41_branches_are_put_back_as_they_were(house: House, store: Store) -> None:
    house.publish(parallel(x=[step("a", "zhao")], y=[step("b", "wang")], z=[step("c", "sun")]), step("chief"))
    house.file("li")
    house.say("sun")
    before = store.read(state_of, house.request_id)
    house.publish(
        step("first", "qian"), parallel(x=[step("a", "zhao")], y=[step("b", "qian")], z=[step("c", "sun")])
    )
    assert [one.block for one in moved(house, 2).anew] == ["b"]
    put_back(house)
    assert store.read(state_of, house.request_id) == before
    assert house.asked() == {"zhao", "wang"}
    house.say("wang")
    house.say("zhao")
    assert house.say("chief").state == "approved"


def test_f41_what_was_decided_on_stays(house: House) -> None:
    house.publish(step("a", "zhao"), step("chief"))
    house.file("li")
    house.publish(step("a", "zhao"), step("chief"), step("wang"))
    moved(house, 2)
    house.say("zhao")
    with pytest.raises(Conflict) as refused:
        put_back(house)
    assert refused.value.code == "decided_since"


def test_f41_only_the_last_migration_is_put_back_and_only_once(house: House) -> None:
    house.publish(step("a", "zhao"))
    house.file("li")
    with pytest.raises(NotFound):
        put_back(house)
    house.publish(step("a", "zhao"), step("chief"))
    moved(house, 2)
    put_back(house)
    with pytest.raises(NotFound):
        put_back(house)
    moved(house, 2)
    house.store.write(service.withdraw, house.request_id, actor=SYSTEM, reason="x", now=house.now())
    with pytest.raises(Conflict) as refused:
        put_back(house)
    assert refused.value.code == "closed"


def test_f41_the_record_holds_the_whole_plan_and_verifies(house: House, store: Store) -> None:
    house.publish(step("a", "zhao"))
    house.file("li")
    house.publish(step("a", "zhao"), step("chief"))
    moved(house, 2)

    def entry(tx: Tx) -> Any:
        return find_entries(tx, chain=f"request:{house.request_id}", verb="migrated").items[0]

    data = store.read(entry)["data"]
    assert (data["reason"], data["to"], data["before"]["version"]) == ("新流程", 2, 1)
    assert [one["step"] for one in data["before"]["route"]] == ["a"]
    assert [one["at"] for one in data["before"]["tokens"]] == [0]
    house.say("zhao")
    house.say("chief")
    assert store.read(lambda tx: audit.verify(tx, facts=record_problems)).problems == []


def test_f41_a_step_sent_back_later_finds_its_renamed_steps(house: House) -> None:
    house.publish(step("a", "zhao"), step("b", "chief"))
    house.file("li")
    house.say("zhao")
    house.publish(step("first", "zhao"), step("second", "chief"))
    moved(house, 2, mapping={"a": "first", "b": "second"})
    house.say("chief", "return", target="first", comment="补")
    assert house.asked() == {"zhao"}
    house.say("zhao")
    assert house.asked() == {"chief"}


def test_f41_a_plan_that_was_changed_by_hand_is_seen(house: House) -> None:
    house.publish(step("a", "zhao"))
    house.file("li")
    house.publish(step("a", "zhao"), step("chief"))
    plan = planned(house, 2)
    forged = replace(plan, items=(replace(plan.items[0], mark="0" * 64),))
    assert [one.code for one in done(house, forged)] == ["moved"]
