"""What a person asks for by a type of the office: form, number, duplicates, and whom each step asks (F9–F14, F32)."""

from __future__ import annotations

import pytest

from approval_core.errors import Conflict, Forbidden, Invalid, NotFound
from approval_core.notices.alarms import alarms_of_request
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Store
from tests.approval_core.approvals.types import House, step

CHECKERS = [{"rule": "ROLE", "role": "checker"}]


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao")


def test_a_request_bears_the_office_s_number_a_title_of_its_fields_and_the_version_it_runs_on(
    house: House,
) -> None:
    house.publish(step("chief"))
    view = house.file("li", form={"days": 3})
    assert (view.title, view.summary, view.source) == ("请假3天", "天数:3", "pishi")
    assert view.ref == "LEAVE-20260506-0001"
    assert house.file("wang", form={"days": 2}).ref == "LEAVE-20260506-0002"


def test_f41_a_running_request_stays_on_its_version(house: House) -> None:
    house.publish(step("chief"), step("zhao"))
    house.file("li")
    house.publish(step("chief"))
    house.say("chief")
    assert house.asked() == {"zhao"}


def test_f38_the_first_true_branch_is_taken_and_otherwise_when_none_is(house: House) -> None:
    long = {"when": "form.days > 3", "do": [step("zhao")]}
    house.publish(step("chief"), {"choice": "long", "branches": [long], "otherwise": []})
    house.file("li", form={"days": 5})
    house.say("chief")
    assert house.asked() == {"zhao"}
    house.file("wang", form={"days": 1})
    assert house.say("chief").state == "approved"


def test_f38_every_true_branch_of_an_inclusive_block_runs(house: House) -> None:
    branches = [
        {"when": "form.days > 1", "do": [step("zhao")]},
        {"when": "form.days > 3", "do": [step("wang")]},
    ]
    house.publish({"inclusive": "who", "branches": branches, "otherwise": [step("chief")]})
    house.file("li", form={"days": 5})
    assert house.asked() == {"zhao", "wang"}
    house.file("li", form={"days": 1})
    assert house.asked() == {"chief"}


def test_f06_whoever_is_head_when_the_step_is_reached_is_asked_with_the_reason(house: House) -> None:
    house.publish(step("zhao"), step("head", rules=[{"rule": "HEAD"}]))
    house.file("li")
    house.say("zhao")
    task = house.task("chief")
    assert task.why is not None
    assert task.why["rule"] == "HEAD"
    assert "主任" in task.why["zh"]
    assert task.why["org_revision"] > 0


def test_f09_a_step_without_anybody_is_blocked_with_an_alarm_and_never_passed(
    house: House, store: Store
) -> None:
    house.publish(step("role", rules=[{"rule": "ROLE", "role": "nobody_has_it"}]), step("chief"))
    view = house.file("li")
    assert (view.state, house.standing()[0]) == ("pending", ("role", "blocked"))
    alarms = store.read(alarms_of_request, view.id)
    assert [one.kind for one in alarms] == ["step_blocked"]


def test_f09_a_named_fallback_is_asked_instead_and_skip_is_said_on_the_record(house: House) -> None:
    nobody = [{"rule": "ROLE", "role": "nobody_has_it"}]
    house.publish(
        step("a", rules=nobody, when_empty=[{"rule": "USER", "account": "zhao"}]),
        step("b", rules=nobody, when_empty="skip"),
        step("chief"),
    )
    house.file("li")
    assert house.asked() == {"zhao"}
    house.say("zhao")
    assert house.asked() == {"chief"}


def test_f10_who_approved_the_step_before_is_not_asked_again(house: House) -> None:
    house.publish(step("a", "zhao"), step("b", "zhao"), step("chief"))
    house.file("li")
    view = house.say("zhao")
    assert house.asked() == {"chief"}
    merged = view.decisions[-1]
    assert (merged.by, merged.channel, merged.verdict) == ("zhao", "system", "approve")
    assert merged.evidence == f"merged:decision:{view.decisions[0].id}"


def test_f10_adjacent_does_not_reach_over_a_step_and_none_asks_each_time(house: House) -> None:
    house.publish(step("a", "zhao"), step("chief"), step("b", "zhao"))
    house.file("li")
    house.say("zhao")
    house.say("chief")
    assert house.asked() == {"zhao"}
    house.publish(step("a", "zhao"), step("chief"), step("b", "zhao"), merge="route")
    house.file("li")
    house.say("zhao")
    assert house.say("chief").state == "approved"
    house.publish(step("a", "zhao"), step("b", "zhao"), merge="none")
    house.file("li")
    house.say("zhao")
    assert house.asked() == {"zhao"}


def test_f11_an_applicant_s_own_step_goes_one_level_up(house: House) -> None:
    house.publish(step("a", "li"))
    house.file("li")
    assert house.asked() == {"chief"}


def test_f11_an_applicant_is_never_asked_where_it_is_forbidden_and_carried_out_where_it_is_automatic(
    house: House,
) -> None:
    house.publish(step("a", "li", own="forbid"))
    house.file("li")
    assert house.standing() == [("a", "blocked")]
    house.publish(step("a", "li", own="auto"), step("chief"))
    view = house.file("li")
    assert house.asked() == {"chief"}
    assert view.decisions[0].evidence == "merged:applicant"


def test_f12_whoever_decided_one_step_is_not_asked_in_the_other(house: House) -> None:
    apart = [{"steps": ["a", "b"]}]
    house.publish(step("a", "zhao", "wang"), step("b", "zhao", "wang"), separate=apart, merge="none")
    house.file("li")
    house.say("zhao")
    assert house.asked() == {"wang"}


def test_f12_is_held_again_when_somebody_decides(house: House) -> None:
    house.store.write(people.grant_role, house.number("zhao"), role="checker", actor=SYSTEM, now=house.now())
    first, second = step("a", rules=CHECKERS), step("b", rules=CHECKERS)
    both = {"parallel": "both", "branches": {"x": [first], "y": [second]}}
    house.publish(both, separate=[{"steps": ["a", "b"]}], merge="none")
    house.file("li")
    house.say("zhao")
    with pytest.raises(Forbidden) as refused:
        house.say("zhao")
    assert refused.value.code == "separated"


def test_f12_two_steps_may_belong_to_different_units(house: House) -> None:
    apart = [{"steps": ["a", "b"], "by": "unit"}]
    house.publish(step("a", "zhao"), step("b", "wang"), separate=apart, merge="none")
    house.file("li")
    house.say("zhao")
    assert house.standing()[-1] == ("b", "blocked")


def test_f13_copies_go_out_at_their_place_once_and_block_nothing(house: House) -> None:
    told = [{"rule": "USER", "account": "wang"}]
    house.publish(step("chief"), {"copy": "tell", "to": told}, copies={"start": told, "end": told})
    house.file("li")
    assert house.say("chief").state == "approved"
    assert house.copies() == [("wang", "start")]


def test_f14_a_reason_is_due_where_the_step_says_so(house: House) -> None:
    house.publish(step("chief", comment_on=["reject"]))
    house.file("li")
    with pytest.raises(Invalid) as refused:
        house.say("chief", "reject", comment="  ")
    assert refused.value.code == "comment_required"
    assert house.say("chief", "reject", comment="材料不全").state == "returned"


def test_f32_a_secretary_files_for_her_leader_and_both_are_on_record(house: House) -> None:
    house.publish(step("wang"))
    leader, secretary = house.number("chief"), house.number("zhao")
    with pytest.raises(Forbidden) as refused:
        house.file("zhao", applicant_id=leader)
    assert refused.value.code == "not_for_him"
    house.store.write(people.name_secretary, leader, secretary, actor=SYSTEM, now=house.now())
    view = house.file("zhao", applicant_id=leader)
    assert (view.applicant, view.submitter) == ("chief", "zhao")


def test_the_same_again_within_its_days_is_refused_with_the_earlier_one(house: House) -> None:
    house.publish(step("chief"), duplicates={"fields": ["days"], "within_days": 3})
    first = house.file("li", form={"days": 2})
    with pytest.raises(Conflict) as refused:
        house.file("li", form={"days": 2})
    assert (refused.value.code, refused.value.data["ref"]) == ("duplicate", first.ref)
    assert house.file("li", form={"days": 4}).ref != first.ref


def test_only_those_the_type_is_for_may_file_it(house: House) -> None:
    house.publish(step("wang"), applicants={"ranks": ["R3"]})
    with pytest.raises(Forbidden):
        house.file("li")
    assert house.file("chief").state == "pending"


def test_a_bad_form_is_named_field_by_field_and_nothing_is_stored(house: House) -> None:
    house.publish(step("chief"))
    with pytest.raises(Invalid) as refused:
        house.file("li", form={"days": "three", "colour": "red"})
    assert set(refused.value.data["fields"]) == {"days", "colour"}
    with pytest.raises(NotFound):
        house.file("li", type="NOWHERE")
    assert house.file("li").ref.endswith("0001")


def test_an_amount_above_its_limit_and_a_type_of_the_hard_list_are_only_told_by_sms(house: House) -> None:
    limits = {"sms": 1000}
    house.publish(step("chief"), sms="approve", amount="cost", limits=limits)
    assert house.file("li", form={"cost": "1000.00"}).steps[0].sms == "approve"
    assert house.file("li", form={"cost": "1000.01"}).steps[0].sms == "notify"
