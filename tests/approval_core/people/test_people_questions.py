from __future__ import annotations

import json
from typing import Any

import pytest

from approval_core.errors import NotFound
from approval_core.people import queries, service
from approval_core.people.queries import Handset
from tests.approval_core.people.conftest import DAY, NOW, Office


def who_leads(office: Office, unit: str, now: Any = NOW) -> tuple[str, str] | None:
    head = office.ask(queries.unit_head, office.units[unit], now)
    return None if head is None else (head.person.account, head.capacity)


def test_a_unit_without_head_is_led_by_the_acting_one_then_a_deputy_then_the_unit_above(
    office: Office,
) -> None:
    for account in ("chief", "acting", "deputy"):
        office.hire(account)
    office.unit("S", parent="D")
    head_post = office.post("S-H", "S", is_head=True)
    deputy_post = office.post("S-D", "S", is_deputy=True)
    office.seat("chief", office.post("D-H", "D", is_head=True))
    assert who_leads(office, "S") == ("chief", "head")
    assert office.ask(queries.unit_head, office.units["S"], NOW).unit_id == office.units["D"]
    office.seat("deputy", deputy_post)
    assert who_leads(office, "S") == ("deputy", "deputy")
    office.seat("acting", head_post, kind="acting")
    assert who_leads(office, "S") == ("acting", "acting")
    office.hire("head")
    office.seat("head", head_post)
    assert who_leads(office, "S") == ("head", "head")


def test_nobody_anywhere_is_said_as_none(office: Office) -> None:
    assert who_leads(office, "D") is None
    with pytest.raises(NotFound):
        office.ask(queries.unit_head, 999_999, NOW)


def test_a_bureau_is_led_from_its_leadership_unit(office: Office) -> None:
    office.unit("L", kind="leadership", parent="B")
    office.hire("director", rank="R1")
    office.seat("director", office.post("L-H", "L", name="局长", is_head=True))
    assert who_leads(office, "D") == ("director", "head")
    assert office.ask(queries.person_by_account, "director", now=NOW).posts == ["局长"]


def test_who_led_then_is_not_who_leads_now(office: Office) -> None:
    office.hire("old")
    office.hire("new")
    post = office.post("D-H", is_head=True)
    office.seat("old", post)
    office.do(service.leave, office.people["old"], now=NOW + DAY)
    office.seat("new", post, now=NOW + DAY)
    assert who_leads(office, "D", NOW + DAY) == ("new", "head")
    assert who_leads(office, "D", NOW - DAY) is None


def test_the_leader_in_charge_is_the_latest_one_and_covers_what_hangs_below(office: Office) -> None:
    first, second = office.hire("first", rank="R2"), office.hire("second", rank="R2")
    office.unit("S", parent="D")
    office.do(service.put_in_charge, first, office.units["D"])
    office.do(service.put_in_charge, second, office.units["D"], now=NOW + DAY)
    assert office.ask(queries.leader_in_charge, office.units["S"], NOW).account == "first"
    assert office.ask(queries.leader_in_charge, office.units["S"], NOW + DAY).account == "second"
    assert office.ask(queries.units_in_charge, second, NOW + DAY) == [office.units["D"]]
    assert office.ask(queries.leader_in_charge, office.units["B"], NOW) is None


def test_secretaries_are_known_from_both_sides(office: Office) -> None:
    leader, one = office.hire("leader"), office.hire("one")
    office.do(service.name_secretary, leader, one)
    assert [card.account for card in office.ask(queries.secretaries_of, leader, NOW)] == ["one"]
    assert [card.account for card in office.ask(queries.leaders_of, one, NOW)] == ["leader"]


def test_a_role_of_a_unit_holds_below_it_and_a_role_of_the_office_everywhere(office: Office) -> None:
    here, everywhere, elsewhere = (office.hire(account) for account in ("here", "everywhere", "elsewhere"))
    office.unit("S", parent="D")
    office.unit("E", parent="B")
    grant = office.do(service.grant_role, here, role="clerk", unit_id=office.units["D"])
    office.do(service.grant_role, everywhere, role="clerk")
    office.do(service.grant_role, elsewhere, role="clerk", unit_id=office.units["E"])

    def holders(**where: Any) -> list[str]:
        return [card.account for card in office.ask(queries.holders_of_role, "clerk", NOW, **where)]

    assert holders(unit_id=office.units["S"]) == ["here", "everywhere"]
    assert holders() == ["here", "everywhere", "elsewhere"]
    office.do(service.revoke_role, grant)
    assert holders(unit_id=office.units["S"]) == ["everywhere"]


def test_many_are_looked_up_at_once_and_the_unknown_are_left_out(office: Office) -> None:
    one, two = office.hire("one"), office.hire("two")
    asked = ["two", "nobody", "one", "two"]
    assert list(office.ask(queries.persons_by_account, asked)) == ["two", "one"]
    assert list(office.ask(queries.persons_by_id, [two, 999_999, one])) == [two, one]
    assert office.ask(queries.person_by_account, "nobody") is None
    assert office.ask(queries.persons_by_account, []) == {}


def test_the_handset_list_has_the_highest_rank_first_and_only_numbers_that_count(office: Office) -> None:
    ranks = {"chief": "R5", "director": "R1", "staff": "R7", "resting": "R4", "bare": "R3"}
    for place, (account, rank) in enumerate(ranks.items()):
        person = office.hire(account, rank=rank)
        if account != "bare":
            office.do(service.bind_phone, person, number=f"+861290000000{place}")
    office.seat("chief", office.post("D-H", name="处长", is_head=True))
    office.do(service.suspend_phone, office.people["resting"])
    assert office.ask(queries.leaders_with_phones, now=NOW) == [
        Handset("director", "王伟", "", "+8612900000001", "R1"),
        Handset("chief", "王伟", "D处长", "+8612900000000", "R5"),
    ]


def test_a_profile_says_all_of_a_person_in_plain_json(office: Office) -> None:
    one, two = office.hire("one"), office.hire("two")
    office.seat("one", office.post("D-H", name="处长", rank="R3", is_head=True))
    office.do(service.bind_phone, one, number="+8612900000001")
    office.do(service.mark_absent, one, kind="travel", valid_from=NOW, valid_to=NOW + DAY)
    office.do(service.delegate, one, two, types=["LEAVE"], valid_from=NOW, valid_to=NOW + DAY)
    told = office.ask(queries.profile, "one", NOW)
    times = {"from": "2026-05-06T01:00:00+00:00", "to": "2026-05-07T01:00:00+00:00"}
    assert json.loads(json.dumps(told)) == {
        "account": "one",
        "emp_no": "ONE",
        "name": "王伟",
        "rank": "R5",
        "state": "active",
        "posts": [{"unit": "D", "unit_code": "D", "title": "处长", "kind": "main", "rank": "R3"}],
        "phone": "+8612900000001",
        "phone_state": "bound",
        "absences": [{"kind": "travel", **times}],
        "delegations": [{"giver": "one", "taker": "two", "types": ["LEAVE"], **times}],
    }
    assert office.ask(queries.profile, "two", NOW)["phone"] is None
    with pytest.raises(NotFound):
        office.ask(queries.profile, "nobody", NOW)
