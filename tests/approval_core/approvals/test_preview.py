"""F42: the whole way with people and reasons before submission, and the rest of it while a request runs."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from approval_core.approvals import preview as previews
from approval_core.approvals.filing import Filing
from approval_core.approvals.foreseen import BranchAhead, Preview
from approval_core.approvals.models import Decision, Request, Step, Task, Token
from approval_core.audit.models import entries
from approval_core.columns import table_of
from approval_core.errors import Forbidden, Invalid
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Store, Tx
from tests.approval_core.approvals.types import House, step

NOBODY_HAS_IT = [{"rule": "ROLE", "role": "nobody_has_it"}]
ANYONE = [{"rule": "SELECT_BY_APPLICANT", "from": "anyone"}]
OF_TWO = [{"rule": "GROUP", "accounts": ["wang", "zhao"]}]
TABLES = (*(table_of(one) for one in (Request, Step, Task, Token, Decision)), entries)


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao", "sun")


def ahead(house: House, account: str = "li", **facts: Any) -> Preview:
    form = {"days": 1, "cost": "0.00"} | facts.pop("form", {})
    what = Filing(type="LEAVE", form=form, **facts)
    return house.store.read(previews.preview, what, actor=house.person(account), now=house.now())


def rest(house: House) -> Preview:
    return house.store.read(previews.rest_of, house.request_id, now=house.now())


def shown(preview: Preview) -> list[tuple[str, str, list[str]]]:
    return [(one.block, one.outcome, [who.person.account for who in one.people]) for one in preview.steps]


def states(preview: Preview) -> dict[str, dict[str, str]]:
    return {one.block: {who.person.account: who.state for who in one.people} for one in preview.steps}


def rows(tx: Tx) -> list[int]:
    return [tx.execute(select(func.count()).select_from(one)).scalar_one() for one in TABLES]


def test_f42_every_step_is_shown_with_its_people_and_the_reason_and_nothing_is_written(
    house: House, store: Store
) -> None:
    house.publish(step("a", "zhao", "wang", mode="all"), step("head", rules=[{"rule": "HEAD"}]))
    before = store.read(rows)
    found = ahead(house, form={"days": 3})
    assert store.read(rows) == before
    assert (found.type, found.version, found.title) == ("LEAVE", 1, "请假3天")
    assert shown(found) == [("a", "asks", ["zhao", "wang"]), ("head", "asks", ["chief"])]
    why = found.steps[1].people[0].person.why
    assert why["rule"] == "HEAD"
    assert "主任" in why["zh"]
    assert "head" in why["en"]
    assert found.org_revision > 0


def test_f42_the_branch_taken_is_shown_with_its_condition_and_what_is_not_taken_is_not(house: House) -> None:
    house.publish(
        {
            "choice": "long",
            "branches": [
                {"when": "form.days > 9", "do": [step("sun")]},
                {"when": "form.days > 3", "do": [step("zhao")]},
            ],
            "otherwise": [step("chief")],
        }
    )
    found = ahead(house, form={"days": 5})
    branch = found.entries[0]
    assert isinstance(branch, BranchAhead)
    assert branch.taken == ("1",)
    assert [(one.when, one.holds) for one in branch.conditions] == [
        ("form.days > 9", False),
        ("form.days > 3", True),
    ]
    assert shown(found) == [("zhao", "asks", ["zhao"])]
    assert found.steps[0].within == ("long:1",)
    assert shown(ahead(house)) == [("chief", "asks", ["chief"])]


def test_f42_the_way_shown_is_the_way_gone(house: House) -> None:
    both = {"parallel": "both", "branches": {"x": [step("wang"), step("sun")], "y": [step("zhao")]}}
    house.publish(step("head", rules=[{"rule": "HEAD"}]), both, step("last", "chief"), merge="route")
    found = ahead(house)
    assert [one.within for one in found.steps] == [(), ("both:x",), ("both:x",), ("both:y",), ()]
    assert found.steps[-1].outcome == "passes"
    house.file("li")
    for account in ("chief", "wang", "sun", "zhao"):
        assert house.asked() <= {"chief", "wang", "sun", "zhao"}
        view = house.say(account)
    assert view.state == "approved"
    assert {one.block for one in found.steps} == {one.block for one in view.steps}


def test_f42_who_need_not_be_asked_again_is_said_and_perhaps_where_it_depends(house: House) -> None:
    house.publish(step("a", "zhao"), step("b", "zhao"), step("c", rules=OF_TWO), step("d", "wang"))
    assert states(ahead(house)) == {
        "a": {"zhao": "asked"},
        "b": {"zhao": "merged"},
        "c": {"wang": "asked", "zhao": "merged"},
        "d": {"wang": "asked"},
    }
    house.publish(step("a", rules=OF_TWO), step("b", "zhao"), step("c", "zhao"))
    found = ahead(house)
    assert states(found)["b"] == {"zhao": "perhaps_merged"}
    assert states(found)["c"] == {"zhao": "merged"}
    assert found.steps[2].people[0].note == {
        "zh": "已在 b 审批，不再重复",
        "en": "approved at b already, not asked again",
    }


def test_f42_adjacent_does_not_reach_over_a_step_that_one_of_several_decides(house: House) -> None:
    house.publish(step("a", "sun"), step("b", rules=OF_TWO), step("c", "sun"))
    assert states(ahead(house))["c"] == {"sun": "asked"}


def test_f42_a_surer_step_asks_again(house: House) -> None:
    house.publish(step("a", "zhao"), step("b", "zhao", floor=3))
    assert states(ahead(house))["b"] == {"zhao": "perhaps_merged"}


def test_f42_the_applicant_s_own_step_is_shown_as_it_will_be_moved(house: House) -> None:
    house.publish(
        step("up", "li"),
        step("auto", "li", own="auto"),
        step("forbid", "li", "wang", own="forbid"),
        merge="none",
    )
    found = ahead(house)
    assert shown(found) == [
        ("up", "asks", ["chief"]),
        ("auto", "passes", ["li"]),
        ("forbid", "asks", ["wang"]),
    ]
    assert [[note.code for note in one.notes] for one in found.steps] == [
        ["own_up"],
        ["own_auto"],
        ["own_forbid"],
    ]


def test_f42_separated_steps_leave_people_out_and_say_so(house: House) -> None:
    apart = [{"steps": ["a", "b"]}]
    house.publish(step("a", "zhao"), step("b", rules=OF_TWO), separate=apart, merge="none")
    found = ahead(house).steps[1]
    assert [one.person.account for one in found.people] == ["wang"]
    assert ([one.account for one in found.apart], [one.code for one in found.notes]) == (["zhao"], ["apart"])
    house.publish(step("a", rules=OF_TWO), step("b", rules=OF_TWO), separate=apart, merge="none")
    assert states(ahead(house))["b"] == {"wang": "perhaps_apart", "zhao": "perhaps_apart"}
    alone = step("b", rules=[{"rule": "GROUP", "accounts": ["zhao"]}])
    house.publish(step("a", "zhao"), alone, separate=apart, merge="none")
    assert ahead(house).stops == ("b",)


def test_f42_a_gap_is_shown_with_its_reason_and_what_happens_then(house: House) -> None:
    house.publish(
        step("a", rules=NOBODY_HAS_IT),
        step("b", rules=NOBODY_HAS_IT, when_empty="skip"),
        step("c", rules=NOBODY_HAS_IT, when_empty=[{"rule": "HEAD"}]),
    )
    found = ahead(house)
    assert shown(found) == [("a", "stops", []), ("b", "skipped", []), ("c", "asks", ["chief"])]
    assert found.steps[0].why is not None
    assert "nobody_has_it" in found.steps[0].why["zh"]
    assert [one.code for one in found.steps[0].gaps] == ["no_role_holder"]
    assert [one.code for one in found.steps[2].notes] == ["instead"]
    assert found.stops == ("a",)


def test_f42_the_choices_the_applicant_must_make_are_shown_with_their_range(house: House) -> None:
    house.publish(step("a", rules=[{"rule": "SELECT_BY_APPLICANT", "from": OF_TWO}]), step("b", rules=ANYONE))
    found = ahead(house)
    assert [(one.block, one.problem) for one in found.choices] == [("a", "not_chosen"), ("b", "not_chosen")]
    first, second = found.choices
    assert first.range is not None
    assert [one.account for one in first.range] == ["wang", "zhao"]
    assert second.range is None
    assert shown(found) == [("a", "choose", []), ("b", "choose", [])]
    chosen = ahead(house, chosen={"a": ["zhao"], "b": ["sun"]})
    assert chosen.open_choices == ()
    assert shown(chosen) == [("a", "asks", ["zhao"]), ("b", "asks", ["sun"])]


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        ([], "not_chosen"),
        (["sun"], "out_of_range"),
        (["wang", "zhao"], "too_many"),
        (["ghost"], "unknown"),
    ],
)
def test_f42_a_request_without_a_due_choice_is_not_taken(
    house: House, chosen: list[str], problem: str
) -> None:
    house.publish(step("chief"), step("a", rules=[{"rule": "SELECT_BY_APPLICANT", "from": OF_TWO}]))
    with pytest.raises(Invalid) as refused:
        house.file("li", chosen={"a": chosen})
    assert refused.value.code == "not_chosen"
    assert {block: one["problem"] for block, one in refused.value.data["blocks"].items()} == {"a": problem}
    house.file("li", chosen={"a": ["zhao"]})
    house.say("chief")
    assert house.asked() == {"zhao"}


def test_f42_a_choice_off_the_way_is_not_asked_for(house: House) -> None:
    branch = {"when": "form.days > 3", "do": [step("a", rules=ANYONE)]}
    house.publish(step("chief"), {"choice": "long", "branches": [branch], "otherwise": []})
    assert house.file("li").state == "pending"
    with pytest.raises(Invalid):
        house.file("li", form={"days": 4})


def test_f42_whom_an_approver_will_choose_is_said_to_come_later(house: House) -> None:
    chooses = [{"rule": "SELECT_BY_APPROVER", "from": "anyone", "step": "head"}]
    house.publish(step("head", rules=[{"rule": "HEAD"}]), step("b", rules=chooses))
    found = ahead(house).steps[1]
    assert (found.outcome, [one.code for one in found.notes]) == ("later", ["later"])


def test_f42_a_preview_is_refused_as_the_request_would_be(house: House) -> None:
    house.publish(step("chief"), applicants={"ranks": ["R3"]})
    with pytest.raises(Forbidden):
        ahead(house)
    with pytest.raises(Invalid) as refused:
        ahead(house, "chief", form={"days": "many"})
    assert refused.value.code == "bad_form"


def test_f42_an_unanswerable_condition_is_a_stop_with_its_reason(house: House) -> None:
    odd = {"when": "100 / form.days > 10", "do": [step("zhao")]}
    house.publish(step("chief"), {"choice": "odd", "branches": [odd], "otherwise": []})
    found = ahead(house, form={"days": 0})
    assert found.stops == ("odd",)
    branch = found.entries[1]
    assert isinstance(branch, BranchAhead)
    assert branch.why is not None
    assert "division by zero" in branch.why["en"]


def test_f42_copies_are_shown_at_their_place(house: House) -> None:
    house.publish(step("chief"), {"copy": "tell", "to": [{"rule": "USER", "account": "wang"}]})
    copy = ahead(house).entries[-1]
    assert (copy.kind, [one.account for one in getattr(copy, "people")]) == ("copy", ["wang"])  # noqa: B009


def test_f42_the_rest_of_a_running_request_begins_where_it_stands(house: House) -> None:
    both = {"parallel": "both", "branches": {"x": [step("wang"), step("sun")], "y": [step("zhao")]}}
    house.publish(step("chief"), both, step("last", "chief"), merge="none")
    house.file("li")
    assert [(one.block, one.running) for one in rest(house).steps] == [
        ("chief", True), ("wang", False), ("sun", False), ("zhao", False), ("last", False),
    ]  # fmt: skip
    house.say("chief")
    house.say("wang")
    found = rest(house)
    assert [(one.block, one.running, one.within) for one in found.steps] == [
        ("sun", True, ("both:x",)),
        ("zhao", True, ("both:y",)),
        ("last", False, ()),
    ]
    house.say("zhao")
    house.say("sun")
    assert [one.block for one in rest(house).steps] == ["last"]
    house.say("chief")
    assert rest(house).entries == ()


def test_f42_the_rest_knows_who_has_approved_already(house: House) -> None:
    house.publish(step("a", "zhao"), step("chief"), step("b", "zhao"), merge="route")
    house.file("li")
    house.say("zhao")
    found = rest(house)
    assert states(found) == {"chief": {"chief": "asked"}, "b": {"zhao": "merged"}}
    assert found.steps[1].outcome == "passes"


def test_f42_the_rest_follows_the_organisation_of_today(house: House, store: Store) -> None:
    house.publish(step("zhao"), step("check", rules=[{"rule": "ROLE", "role": "checker"}]))
    house.file("li")
    assert rest(house).stops == ("check",)
    store.write(people.grant_role, house.number("wang"), role="checker", actor=SYSTEM, now=house.now())
    assert shown(rest(house)) == [("zhao", "asks", ["zhao"]), ("check", "asks", ["wang"])]


def test_f42_after_a_return_the_target_is_asked_and_those_who_sent_it_back_follow(house: House) -> None:
    house.publish(step("wang"), step("chief"), step("zhao"), merge="none")
    house.file("li")
    house.say("wang")
    house.say("chief")
    house.say("zhao", "return", target="wang", resume="back", comment="补")
    assert [(one.block, one.running) for one in rest(house).steps] == [("wang", True), ("zhao", False)]


def test_f42_a_filing_for_another_is_shown_with_his_way(house: House, store: Store) -> None:
    store.write(
        people.name_secretary, house.number("chief"), house.number("zhao"), actor=SYSTEM, now=house.now()
    )
    house.publish(step("head", rules=[{"rule": "HEAD"}]))
    found = ahead(house, "zhao", applicant_id=house.number("chief"))
    assert (found.stops, [one.code for one in found.steps[0].notes]) == (("head",), ["own_up"])
