"""F6–F9, F11: who may decide, and why he, in a small department."""

from __future__ import annotations

from typing import Any

import pytest

from approval_core.people import queries, service
from approval_core.people.queries import Case, Resolved
from tests.approval_core.people.conftest import DAY, NOW, Office


@pytest.fixture
def staffed(office: Office) -> Office:
    """Bureau B led from L; department D with head, two deputies and section S; 王芳 works in S."""
    office.unit("L", kind="leadership", parent="B")
    office.unit("S", parent="D")
    for account, unit, title, facts in (
        ("director", "L", "局长", {"is_head": True, "rank": "R1"}),
        ("leader", "L", "副局长", {"is_deputy": True, "rank": "R2", "sort": 1}),
        ("head", "D", "处长", {"is_head": True, "rank": "R3"}),
        ("deputy1", "D", "副处长", {"is_deputy": True, "rank": "R4", "sort": 1}),
        ("deputy2", "D", "副处长", {"is_deputy": True, "rank": "R4", "sort": 2}),
        ("chief", "S", "科长", {"is_head": True, "rank": "R5"}),
        ("wangfang", "S", "科员", {"rank": "R7"}),
    ):
        office.hire(account, rank=str(facts["rank"]), name=account.rstrip("12"))
        office.seat(account, office.post(f"{unit}-{account}", unit, name=title, **facts))
    office.do(service.put_in_charge, office.people["leader"], office.units["D"])
    office.do(service.put_in_charge, office.people["deputy2"], office.units["S"])
    return office


def asked(office: Office, *rules: dict[str, Any], who: str | None = "wangfang", **facts: Any) -> Resolved:
    now = facts.pop("now", NOW)
    case = Case(applicant_id=office.people[who] if who else None, **facts)
    found = office.ask(queries.resolve, rules, case=case, now=now)
    assert isinstance(found, Resolved)
    assert bool(found.people) == (found.reason is None) == (found.reason_en is None) == (found.code is None)
    return found


def names(office: Office, *rules: dict[str, Any], **facts: Any) -> list[str]:
    return [one.account for one in asked(office, *rules, **facts).people]


def why(office: Office, *rules: dict[str, Any], **facts: Any) -> tuple[str, str]:
    first = asked(office, *rules, **facts).people[0]
    return first.why["zh"], first.why["en"]


def up(office: Office, who: str, **facts: Any) -> str:
    person = office.people[who]
    found = office.ask(queries.one_up, person, case=Case(applicant_id=person, **facts), now=NOW)
    return str(found.people[0].account if found.people else found.code)


def vacate(office: Office, *accounts: str) -> None:
    for account in accounts:
        office.do(service.leave, office.people[account])


HEAD, CHIEF, DEPUTY = {"rule": "HEAD"}, {"rule": "SECTION_CHIEF"}, {"rule": "DEPUTY_IN_CHARGE"}
LEADER, DIRECTOR = {"rule": "LEADER_IN_CHARGE"}, {"rule": "DIRECTOR"}


def test_f08_each_rule_of_the_organisation_names_its_person_and_says_why(staffed: Office) -> None:
    assert why(staffed, CHIEF) == ("科室负责人：S科长", "section chief: head of S")
    assert why(staffed, HEAD) == ("单位负责人：D处长", "head of the unit: head of D")
    assert why(staffed, DEPUTY) == ("分管副职：分管S", "deputy in charge: in charge of S")
    assert why(staffed, LEADER) == ("分管局领导：分管D", "leader in charge: in charge of D")
    assert why(staffed, DIRECTOR) == ("局主要负责人：局长", "director: head of B")
    assert names(staffed, CHIEF, DEPUTY, HEAD, LEADER, DIRECTOR, HEAD) == [
        "chief",
        "deputy2",
        "head",
        "leader",
        "director",
    ]
    head = asked(staffed, HEAD | {"weight": 3}).people[0]
    assert (head.weight, head.capacity, head.unit_id) == (3, "head", staffed.units["D"])


def test_f08_a_vacant_head_is_answered_by_the_acting_one_a_deputy_then_the_unit_above(
    staffed: Office,
) -> None:
    vacate(staffed, "head")
    assert why(staffed, HEAD) == (
        "单位负责人：D副处长（D负责人空缺，副职按序）",
        "head of the unit: deputy of D, which has no head",
    )
    assert names(staffed, HEAD) == ["deputy1"]
    staffed.seat("deputy2", staffed.post("D-A", name="处长", is_head=True), kind="acting")
    assert why(staffed, HEAD) == ("单位负责人：D处长（主持工作）", "head of the unit: acting head of D")
    vacate(staffed, "deputy1", "deputy2")
    assert why(staffed, HEAD) == (
        "单位负责人：局长，因D无人负责",
        "head of the unit: head of B, as nobody leads D",
    )


def test_f09_nobody_at_all_is_said_with_the_reason_and_a_gap_beside_others_is_kept(staffed: Office) -> None:
    vacate(staffed, "chief", "head", "deputy1", "deputy2", "leader", "director")
    empty = asked(staffed, CHIEF, DIRECTOR)
    assert empty.code == "no_head"
    assert empty.reason == "科室负责人：S及其上级单位均无人负责；局主要负责人：B无局长、主持工作或副职"
    assert "nobody leads S or any unit above it" in str(empty.reason_en)
    partly = asked(staffed, HEAD, {"rule": "SELF"})
    assert [one.account for one in partly.people] == ["wangfang"]
    assert [(gap.rule, gap.code) for gap in partly.gaps] == [("HEAD", "no_head")]
    assert asked(staffed).code == "no_rule"
    assert asked(staffed, {"rule": "NOBODY"}).code == "bad_rule"


def test_f06_the_nth_manager_is_counted_from_where_the_applicant_stands(staffed: Office) -> None:
    def level(number: int, who: str) -> str:
        found = asked(staffed, {"rule": "MANAGER", "level": number}, who=who)
        return found.people[0].account if found.people else str(found.code)

    assert [level(number, "wangfang") for number in range(1, 6)] == [
        "chief",
        "head",
        "leader",
        "director",
        "no_level",
    ]
    assert [level(1, who) for who in ("chief", "deputy1", "head", "leader", "director")] == [
        "head",
        "head",
        "leader",
        "director",
        "outside",
    ]


def test_f06_the_answer_is_of_now_and_its_revision_grows_with_every_change(staffed: Office) -> None:
    before = staffed.ask(queries.org_revision)
    staffed.hire("newhead", rank="R3")
    assert staffed.ask(queries.org_revision) == before + 1
    vacate(staffed, "head")
    staffed.seat("newhead", staffed.post("D-N", name="处长", is_head=True))
    assert names(staffed, HEAD) == ["newhead"]
    assert staffed.ask(queries.org_revision) == before + 4


def test_f07_managers_are_asked_in_turn_up_to_a_rank_or_a_role(staffed: Office) -> None:
    def chain(until: str, who: str = "wangfang") -> list[str]:
        return names(staffed, {"rule": "CHAIN", "until": until}, who=who)

    assert chain("R3") == ["chief", "head"]
    assert chain("R4") == ["chief", "head"]
    assert chain("R1") == ["chief", "head", "leader", "director"]
    assert chain("R8") == ["chief"]
    assert chain("R3", "leader") == ["director"]
    assert asked(staffed, {"rule": "CHAIN", "until": "budget_owner"}).code == "no_role_holder"
    staffed.do(service.grant_role, staffed.people["leader"], role="budget_owner")
    assert chain("budget_owner") == ["chief", "head", "leader"]
    assert asked(staffed, {"rule": "CHAIN", "until": "R3"}, who="director").code == "outside"


def test_f08_roles_are_looked_for_in_the_office_the_unit_or_the_nearest_unit_above(staffed: Office) -> None:
    for account, unit in (("everywhere", None), ("ofbureau", "B"), ("ofsection", "S"), ("elsewhere", "E")):
        staffed.hire(account)
        if unit == "E":
            staffed.unit("E", kind="internal", parent="B")
        place = staffed.units[unit] if unit else None
        staffed.do(service.grant_role, staffed.people[account], role="clerk", unit_id=place)

    def holders(scope: str, who: str = "wangfang") -> list[str]:
        return names(staffed, {"rule": "ROLE", "role": "clerk", "scope": scope}, who=who)

    assert holders("office") == ["everywhere", "ofbureau", "ofsection", "elsewhere"]
    assert holders("unit") == ["ofsection"]
    assert holders("unit", "head") == []
    assert holders("tree") == ["ofsection"]
    assert holders("tree", "head") == ["ofbureau"]
    vacate(staffed, "ofsection", "ofbureau")
    assert holders("tree") == ["everywhere"]


def test_f08_people_posts_groups_and_the_form_name_those_who_are_here(staffed: Office) -> None:
    group = {"rule": "GROUP", "accounts": ["chief", "nobody", "head"]}
    assert names(staffed, {"rule": "USER", "account": "chief"}) == ["chief"]
    assert names(staffed, group) == ["chief", "head"]
    assert names(staffed, {"rule": "SELF"}) == ["wangfang"]
    assert names(staffed, {"rule": "POST", "code": "D-deputy1"}) == ["deputy1"]
    assert why(staffed, {"rule": "POST", "code": "D-deputy1"}) == ("职务：D副处长", "post: is D副处长")
    assert names(staffed, {"rule": "POST", "code": "D-head"}) == ["head"]
    form = {"agent": "chief", "readers": ["head", "gone"], "unit": "D", "empty": " ", "number": 3}
    assert names(staffed, {"rule": "FORM_USER", "field": "agent"}, form=form) == ["chief"]
    assert names(staffed, {"rule": "FORM_USER", "field": "readers"}, form=form) == ["head"]
    assert names(staffed, {"rule": "FORM_UNIT_HEAD", "field": "unit"}, form=form) == ["head"]
    for name in ("empty", "number", "absent"):
        assert asked(staffed, {"rule": "FORM_USER", "field": name}, form=form).code == "not_filled"
    vacate(staffed, "deputy1", "chief")
    assert asked(staffed, {"rule": "USER", "account": "chief"}).code == "left"
    assert asked(staffed, {"rule": "POST", "code": "D-deputy1"}).code == "vacant"
    assert asked(staffed, {"rule": "POST", "code": "X"}).code == "no_post"
    assert asked(staffed, {"rule": "HEAD", "unit": "X"}).code == "no_unit"


def test_f08_a_choice_counts_only_within_its_set(staffed: Office) -> None:
    rule = {"rule": "SELECT_BY_APPLICANT", "from": [HEAD, DEPUTY], "many": False}

    def chosen(*accounts: str, **facts: Any) -> Resolved:
        return asked(
            staffed, rule | facts, chosen={"first": list(accounts), "other": ["chief"]}, block="first"
        )

    assert [one.account for one in chosen("head").people] == ["head"]
    assert chosen().code == "not_chosen"
    assert chosen("chief").code == "out_of_range"
    assert chosen("head", "deputy2").code == "too_many"
    assert chosen("head", "chief", many=True).code == "out_of_range"
    both = chosen("deputy2", "head", many=True)
    assert [one.account for one in both.people] == ["deputy2", "head"]
    assert [one.account for one in chosen("chief", **{"from": "anyone"}).people] == ["chief"]
    assert chosen("nobody", **{"from": "anyone"}).code == "left"
    by_approver = {"rule": "SELECT_BY_APPROVER", "from": "anyone", "step": "before"}
    assert names(staffed, by_approver, chosen={"second": ["chief"]}, block="second") == ["chief"]
    case = Case(applicant_id=staffed.people["wangfang"])
    offered = staffed.ask(queries.choices, rule, case=case, now=NOW)
    assert [one.account for one in offered.people] == ["head", "deputy2"]
    assert staffed.ask(queries.choices, by_approver, case=case, now=NOW) is None


def test_f11_ones_own_matter_goes_one_level_up_and_the_directors_outside(staffed: Office) -> None:
    ups = {who: up(staffed, who) for who in ("wangfang", "chief", "deputy1", "head", "leader", "director")}
    assert ups == {
        "wangfang": "chief",
        "chief": "head",
        "deputy1": "head",
        "head": "leader",
        "leader": "director",
        "director": "outside",
    }
    vacate(staffed, "leader")
    assert up(staffed, "head") == "director"
    assert names(staffed, LEADER) == ["director"]
    staffed.hire("loose")
    assert up(staffed, "loose") == "no_unit"


def test_whoever_is_in_no_unit_is_told_so_and_the_director_is_still_found(staffed: Office) -> None:
    staffed.hire("loose")
    for rule in (HEAD, CHIEF, DEPUTY, LEADER, {"rule": "MANAGER", "level": 1}):
        assert asked(staffed, rule, who="loose").code == "no_unit"
        assert asked(staffed, rule, who=None).code == "no_applicant"
    assert names(staffed, DIRECTOR, who="loose") == ["director"]
    assert names(staffed, DIRECTOR, who=None) == ["director"]
    assert names(staffed, HEAD, who=None, unit_id=staffed.units["S"]) == ["head"]


def test_seconded_people_ask_their_host_and_a_second_post_counts_where_it_is_named(staffed: Office) -> None:
    staffed.unit("E", kind="internal", parent="B")
    staffed.unit("T", parent="E")
    staffed.hire("host")
    staffed.seat("host", staffed.post("T-H", "T", name="科长", is_head=True))
    person = staffed.people["wangfang"]
    guest = staffed.seat("wangfang", staffed.post("T-1", "T"), kind="seconded")
    assert names(staffed, CHIEF) == ["host"]
    assert staffed.ask(queries.unit_of, person, now=NOW) == staffed.units["T"]
    assert names(staffed, CHIEF, unit_id=staffed.units["S"]) == ["chief"]
    staffed.do(service.end_assignment, guest)
    staffed.seat("wangfang", staffed.post("T-2", "T"), kind="concurrent")
    assert names(staffed, CHIEF) == ["chief"]
    assert names(staffed, CHIEF, unit_id=staffed.units["T"]) == ["host"]


def test_a_head_retired_today_is_not_asked_and_yesterday_he_was(staffed: Office) -> None:
    staffed.do(service.leave, staffed.people["head"], now=NOW + DAY)
    assert names(staffed, HEAD, now=NOW + DAY) == ["deputy1"]


def test_a_closed_unit_is_its_successor(staffed: Office) -> None:
    staffed.unit("N", kind="internal", parent="B")
    staffed.hire("next")
    staffed.seat("next", staffed.post("N-H", "N", name="处长", is_head=True))
    staffed.unit("O", kind="internal", parent="B")
    staffed.do(service.close_unit, staffed.units["O"], successor_id=staffed.units["N"])
    assert names(staffed, HEAD, unit_id=staffed.units["O"]) == ["next"]
    assert names(staffed, {"rule": "HEAD", "unit": "O"}) == ["next"]


def test_a_deputys_own_matter_is_the_heads_and_a_gap_in_charge_the_first_deputys(staffed: Office) -> None:
    assert names(staffed, DEPUTY, who="deputy2") == ["head"]
    vacate(staffed, "deputy2")
    assert why(staffed, DEPUTY) == ("分管副职：D副处长（按序）", "deputy in charge: first deputy of D")
    vacate(staffed, "deputy1")
    assert names(staffed, DEPUTY) == ["head"]
