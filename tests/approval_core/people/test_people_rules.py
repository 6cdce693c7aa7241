from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from approval_core.errors import Invalid
from approval_core.people.rules import fields
from approval_core.people.rules.delegations import Tie, closes_a_loop, covers
from approval_core.people.rules.heads import Seat, who_leads

START = datetime(2026, 5, 1, tzinfo=UTC)


def tie(giver: int, taker: int, first: int = 0, last: int = 10, *types: str) -> Tie:
    return Tie(giver, taker, START + timedelta(days=first), START + timedelta(days=last), frozenset(types))


@pytest.mark.parametrize(
    ("check", "text", "code"),
    [
        (fields.account, "HY00001", "bad_account"),
        (fields.account, "=cmd", "formula"),
        (fields.account, "", "empty"),
        (fields.emp_no, "-1", "formula"),
        (fields.emp_no, "1" * 33, "bad_emp_no"),
        (fields.person_name, "王\u202e伟", "control"),
        (fields.person_name, "王\x00伟", "control"),
        (fields.person_name, "\t王伟", "control"),
        (fields.person_name, "王伟\n", "control"),
        (fields.person_name, "@SUM(A1)", "formula"),
        (fields.person_name, "王伟<b>", "bad_name"),
        (fields.person_name, "·王", "bad_name"),
        (fields.person_name, "王" * 101, "too_long"),
        (fields.person_name, "王\ud800", "control"),
        (fields.rank, "R9", "bad_rank"),
        (fields.number, "13812345678", "bad_number"),
        (fields.number, "+0123456789", "bad_number"),
        (fields.number, "+86129000000٣", "bad_number"),
        (fields.number, "+8612900000001\n", "bad_number"),
        (fields.email, "nobody", "bad_email"),
        (fields.day, "2026-02-30", "bad_date"),
        (fields.day, "2月30日", "bad_date"),
        (fields.day, "2025年2月29日", "bad_date"),
        (fields.day, "2026-13-01", "bad_date"),
        (fields.flag, "maybe", "bad_flag"),
    ],
)
def test_a_field_that_cannot_be_right_is_refused_in_both_languages(
    check: Callable[[str], Any], text: str, code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        check(text)
    assert refusal.value.code == code
    assert (refusal.value.data["zh"], refusal.value.message) == fields.SAID[code]


@pytest.mark.parametrize("name", ["王伟", "欧阳娜娜", "阿依古丽·买买提", "王𠮷", "吴堃", "Mary-Ann O'Neil"])
def test_names_of_all_the_peoples_of_the_office_are_taken_as_they_are(name: str) -> None:
    assert fields.person_name(f" {name}\u3000") == name


@pytest.mark.parametrize("text", ["2024-02-29", "2024/2/29", "20240229", "2024年2月29日"])
def test_a_leap_day_is_a_day_in_every_writing(text: str) -> None:
    assert fields.day(text) == date(2024, 2, 29)


def test_the_head_goes_before_the_acting_one_and_he_before_the_deputies() -> None:
    head = Seat(1, "main", is_head=True)
    acting = Seat(2, "acting", is_head=True)
    second = Seat(3, "main", is_deputy=True, order=(2, 0))
    first = Seat(4, "main", is_deputy=True, order=(1, 0))
    staff, guest = Seat(5, "main"), Seat(6, "seconded", is_head=True)
    assert who_leads([staff, second, acting, head]) == (1, "head")
    assert who_leads([staff, second, acting]) == (2, "acting")
    assert who_leads([second, first, staff]) == (4, "deputy")
    assert who_leads([staff, guest]) is None


def test_what_is_given_away_may_not_come_back_through_any_number_of_hands() -> None:
    assert closes_a_loop(tie(2, 1), [tie(1, 2)])
    assert closes_a_loop(tie(3, 1), [tie(1, 2), tie(2, 3)])
    assert not closes_a_loop(tie(1, 3), [tie(1, 2), tie(2, 3)])


def test_a_circle_needs_one_moment_and_one_type_in_which_all_of_it_holds() -> None:
    assert not closes_a_loop(tie(2, 1, 10, 20), [tie(1, 2, 0, 10)])
    assert not closes_a_loop(tie(3, 1, 0, 30), [tie(1, 2, 0, 10), tie(2, 3, 10, 20)])
    assert not closes_a_loop(tie(2, 1, 0, 10, "LEAVE"), [tie(1, 2, 0, 10, "PURCHASE")])
    assert closes_a_loop(tie(2, 1, 0, 10, "LEAVE"), [tie(1, 2, 0, 10)])
    assert closes_a_loop(tie(3, 1, 0, 10, "LEAVE"), [tie(1, 2, 0, 10, "LEAVE", "OUT"), tie(2, 3)])


def test_a_standing_circle_of_others_does_not_hold_up_the_check() -> None:
    assert not closes_a_loop(tie(1, 2), [tie(2, 3), tie(3, 2)])


def test_no_types_named_means_all_of_them() -> None:
    assert covers([], "LEAVE")
    assert covers(["LEAVE"], "LEAVE")
    assert not covers(["OUT"], "LEAVE")
