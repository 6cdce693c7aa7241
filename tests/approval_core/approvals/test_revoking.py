"""F23: the submitter takes his request back, before the end or after it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from approval_core import audit
from approval_core.approvals import queries, service
from approval_core.approvals.proof import record_problems
from approval_core.approvals.queries import RequestView
from approval_core.audit.models import Entry
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, Invalid
from approval_core.outbox import Event
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Store
from tests.approval_core.approvals.types import House, step
from tests.factories import BY_APP

events, entries = table_of(Event), table_of(Entry)


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao")


def withdraw(house: House, account: str, **facts: Any) -> RequestView:
    house.store.write(
        service.withdraw_by_person, house.request_id, actor=house.person(account), now=house.now(), **facts
    )
    return house.view()


def revoke(house: House, account: str = "li", reason: str = "行程取消", **facts: Any) -> RequestView:
    now = facts.pop("now", None) or house.now()
    made = house.store.write(
        service.revoke, house.request_id, actor=house.person(account), reason=reason, now=now
    )
    house.request_id = made.request_id
    return house.view()


def told(house: House, kind: str) -> list[dict[str, Any]]:
    """The payloads of the events of a kind."""
    found = house.store.read(
        lambda tx: tx.execute(
            select(events.c.payload).where(events.c.type == kind).order_by(events.c.id)
        ).all()
    )
    return [row.payload for row in found]


def approved(house: House, **settings: Any) -> RequestView:
    house.publish(step("wang"), step("chief"), **({"revoke": {"within_days": 3}} | settings))
    house.file("li", form={"days": 3})
    house.say("wang")
    return house.say("chief")


def test_f23_before_the_first_decision_the_applicant_withdraws(house: House) -> None:
    house.publish(step("wang"), step("chief"), withdraw="before_decision")
    house.file("li")
    with pytest.raises(Forbidden):
        withdraw(house, "wang")
    view = withdraw(house, "li", reason="不去了")
    assert (view.state, house.asked()) == ("withdrawn", set())
    with pytest.raises(Conflict) as again:
        withdraw(house, "li")
    assert (again.value.code, again.value.data["state"]) == ("closed", "withdrawn")


def test_f23_after_the_first_decision_only_where_the_type_allows_it(house: House) -> None:
    house.publish(step("wang"), step("chief"), withdraw="before_decision")
    house.file("li")
    house.say("wang")
    with pytest.raises(Conflict) as refused:
        withdraw(house, "li")
    assert (refused.value.code, refused.value.data["by"]) == ("decided", "wang")
    assert house.asked() == {"chief"}
    house.publish(step("wang"), step("chief"), withdraw="before_end")
    house.file("li")
    house.say("wang")
    assert withdraw(house, "li").state == "withdrawn"


def test_f23_a_decision_that_was_undone_does_not_bar_the_way(house: House) -> None:
    house.publish(step("wang"), step("chief"), withdraw="before_decision", hold=3600)
    house.file("li")
    house.say("wang")
    decision = house.view().decisions[0]
    house.store.write(service.undo, decision.id, actor=house.person("wang"), evidence=BY_APP, now=house.now())
    assert withdraw(house, "li").state == "withdrawn"


def test_f23_what_came_back_is_the_applicant_s_to_drop(house: House) -> None:
    house.publish(step("wang"), withdraw="before_decision")
    house.file("li")
    assert house.say("wang", "return").state == "returned"
    assert withdraw(house, "li").state == "withdrawn"


def test_f23_whoever_wrote_it_down_for_him_may_withdraw_it(house: House) -> None:
    house.publish(step("wang"))
    leader, secretary = house.number("chief"), house.number("zhao")
    house.store.write(people.name_secretary, leader, secretary, actor=SYSTEM, now=house.now())
    house.file("zhao", applicant_id=leader)
    assert withdraw(house, "zhao").state == "withdrawn"


def test_f23_a_revocation_is_a_request_of_its_own_by_the_same_way(house: House) -> None:
    original = approved(house)
    house.publish(step("zhao"))  # what is published later does not change the way back
    view = revoke(house)
    assert (view.title, view.type, view.revokes_id) == ("撤销:请假3天", "LEAVE", original.id)
    assert view.summary == "撤销原因:行程取消\n天数:3"
    assert view.ref != original.ref
    assert house.asked() == {"wang"}
    assert house.store.read(queries.by_id, original.id).revoked_by_id is None
    house.say("wang")
    assert house.say("chief").state == "approved"
    after = house.store.read(queries.by_id, original.id)
    assert (after.state, after.revoked_by_id) == ("approved", view.id)
    assert told(house, "approval.revoked") == [{"request_id": original.id, "revocation_id": view.id}]
    assert house.store.read(lambda tx: audit.verify(tx, facts=record_problems)).problems == []


def test_f23_the_end_of_a_revocation_is_not_taken_for_one_more_of_its_type(house: House) -> None:
    approved(house)
    view = revoke(house)
    house.say("wang")
    house.say("chief")
    own = [one for one in told(house, "approval.closed") if one["request_id"] == view.id]
    assert [one["revokes_id"] for one in own] == [view.revokes_id]


def test_f23_both_trails_tell_of_it(house: House) -> None:
    original = approved(house)
    view = revoke(house)
    house.say("wang")
    house.say("chief")
    verbs = {
        (row.chain, row.verb)
        for row in house.store.read(lambda tx: tx.execute(select(entries.c.chain, entries.c.verb)).all())
    }
    assert {(f"request:{original.id}", "revoked"), (f"request:{view.id}", "revokes")} <= verbs


def test_f23_a_revocation_that_is_refused_changes_nothing_and_may_be_asked_for_again(house: House) -> None:
    original = approved(house, on_reject="reject")
    revoke(house)
    assert house.say("wang", "reject").state == "rejected"
    assert house.store.read(queries.by_id, original.id).revoked_by_id is None
    house.request_id = original.id
    assert revoke(house).state == "pending"


def test_f23_one_revocation_at_a_time_and_none_of_what_is_revoked(house: House) -> None:
    original = approved(house)
    running = revoke(house)
    house.request_id = original.id
    with pytest.raises(Conflict) as refused:
        revoke(house)
    assert (refused.value.code, refused.value.data["id"]) == ("revocation_open", running.id)
    house.request_id = running.id
    house.say("wang")
    house.say("chief")
    with pytest.raises(Conflict) as circle:
        revoke(house)
    assert circle.value.code == "not_revocable"
    house.request_id = original.id
    with pytest.raises(Conflict) as again:
        revoke(house)
    assert again.value.code == "already_revoked"


def test_f23_only_in_time_by_the_applicant_with_a_reason_and_where_the_type_allows_it(house: House) -> None:
    view = approved(house)
    assert view.closed_at is not None
    with pytest.raises(Forbidden):
        revoke(house, "wang")
    with pytest.raises(Invalid):
        revoke(house, reason=" ")
    with pytest.raises(Conflict) as late:
        revoke(house, now=view.closed_at + timedelta(days=3, seconds=1))
    assert late.value.code == "too_late"
    assert revoke(house, now=view.closed_at + timedelta(days=3)).state == "pending"
    approved(house, revoke=None)
    with pytest.raises(Conflict) as never:
        revoke(house)
    assert never.value.code == "not_revocable"
    house.file("li", form={"days": 9})
    with pytest.raises(Conflict) as early:
        revoke(house)
    assert early.value.code == "not_approved"


def test_f23_after_the_revocation_the_same_may_be_asked_for_anew(house: House) -> None:
    approved(house, duplicates={"fields": ["days"], "within_days": 3})
    revoke(house)
    house.say("wang")
    house.say("chief")
    assert house.file("li", form={"days": 3}).state == "pending"
