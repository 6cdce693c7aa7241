"""What came back is submitted again: the same request, another revision of its form (F17)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from approval_core.approvals import changes, service
from approval_core.approvals.service import Content
from approval_core.errors import Conflict
from approval_core.store import Store
from tests.approval_core.approvals.motion import problems, refusal, resubmit
from tests.approval_core.approvals.routes import step_block
from tests.approval_core.approvals.types import FORM, House, step
from tests.factories import CLIENT, after


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao", "qian")


def test_f17_what_came_back_is_submitted_again_as_the_same_request_and_asks_its_route_anew(
    house: House,
) -> None:
    house.publish(step("wang"), step("chief"), amount="cost")
    first = house.file("li", form={"days": 3, "cost": "10.00"})
    house.say("wang")
    assert house.say("chief", "return").state == "returned"
    done = resubmit(house, form={"days": 2, "cost": "20.00"})
    view = house.view()
    assert (done.request_id, done.created, view.ref) == (first.id, True, first.ref)
    assert (view.state, view.revision, view.title, view.summary) == ("pending", 2, "请假2天", "天数:2")
    assert view.amount == Decimal("20.00")
    assert view.form == {"days": 2, "cost": "20.00", "note": None}
    assert house.asked() == {"wang"}
    assert problems(house) == []


def test_f17_approvers_are_shown_what_changed_field_by_field_with_the_labels(house: House) -> None:
    house.publish(step("chief"))
    house.file("li", form={"days": 3, "note": "回家"})
    house.say("chief", "return")
    resubmit(house, form={"days": 2, "note": None})
    found = house.store.read(changes.difference, house.request_id)
    said = {one.name: (one.label["zh"], one.old, one.new) for one in found.changes}
    assert said["days"] == ("天数", 3, 2)
    assert said["note"] == ("说明", "回家", None)
    assert said["title"] == ("标题", "请假3天", "请假2天")
    assert "cost" not in said
    assert (found.revision, found.new_hash) == (2, house.view().content_hash)
    assert refusal(house.store.read, changes.difference, house.request_id, revision=1).code == "no_revision"


def test_f17_a_difference_between_earlier_revisions_stays_what_it_was(house: House) -> None:
    house.publish(step("chief"))
    house.file("li", form={"days": 3})
    for days in (2, 1):
        house.say("chief", "return")
        resubmit(house, form={"days": days})
    earlier = house.store.read(changes.difference, house.request_id, revision=2)
    assert [(one.old, one.new) for one in earlier.changes if one.name == "days"] == [(3, 2)]
    assert problems(house) == []


def test_f17_a_hidden_field_shows_its_digests_and_no_value_in_a_difference(house: House) -> None:
    house.publish(step("chief"))
    house.file("li", form={"cost": "10.00"})
    before = house.view().content_hash
    house.say("chief", "return")
    resubmit(house, form={"cost": "99.00"})
    found = house.store.read(changes.difference, house.request_id, hidden=["cost"])
    (cost,) = found.changes
    assert (cost.hidden, cost.old, cost.new, dict(cost.new_words)) == (True, None, None, {})
    assert cost.old_digest is not None
    assert cost.new_digest not in (None, cost.old_digest)
    assert found.old_hash == before


def test_f17_only_whoever_asked_for_it_submits_it_again_and_only_while_it_may_change(house: House) -> None:
    house.publish(step("chief"), hold=60)
    house.file("li")
    assert refusal(resubmit, house, "wang", form={"days": 2}).code == "not_yours"
    house.say("chief")
    assert refusal(resubmit, house, form={"days": 2}).code == "held"
    house.publish(step("chief"))
    house.file("li")
    house.say("chief")
    assert refusal(resubmit, house, form={"days": 2}).code == "closed"


def test_f17_a_pending_request_is_revised_too_and_the_same_again_changes_nothing(house: House) -> None:
    house.publish(step("chief"))
    house.file("li", form={"days": 3})
    task = house.task("chief")
    assert resubmit(house).created is False
    assert resubmit(house, form={"days": 2}).created is True
    with pytest.raises(Conflict):
        house.decide_as("chief", task)
    assert house.say("chief").state == "approved"


def test_f17_the_form_is_held_against_the_version_the_request_runs_on(house: House) -> None:
    house.publish(step("chief"))
    house.file("li")
    house.say("chief", "return")
    house.publish(step("wang"), form={"fields": [FORM["fields"][0]]})
    wrong = refusal(resubmit, house, form={"days": "three", "colour": "red"})
    assert set(wrong.data["fields"]) == {"days", "colour"}
    assert house.view().state == "returned"
    resubmit(house, form={"note": "同意改期"})
    assert house.asked() == {"chief"}


def test_f17_a_request_whose_time_is_over_is_submitted_anew_instead(house: House) -> None:
    house.publish(step("chief"), expires=1)
    house.file("li")
    house.say("chief", "return")
    house.minutes += 60 * 24 * 5
    assert refusal(resubmit, house, form={"days": 2}).code == "expired"


def test_f17_another_system_revises_nothing_whose_time_is_over(house: House) -> None:
    house.start(step_block("wang"), people="wang", expires_at=after(600))
    said: Any = {"content": Content("新", "新"), "actor": CLIENT}
    assert house.store.write(service.revise, house.request_id, now=house.now(), **said).created
    house.minutes += 60
    assert (
        refusal(house.store.write, service.revise, house.request_id, now=house.now(), **said).code
        == "expired"
    )
