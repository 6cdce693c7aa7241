from __future__ import annotations

from typing import Any

import pytest

from approval_core.people.rules.approver_rules import flaw_of

GOOD: list[dict[str, Any]] = [
    {"rule": "USER", "account": "hy00001"},
    {"rule": "ROLE", "role": "hr_clerk"},
    {"rule": "ROLE", "role": "hr_clerk", "scope": "tree", "weight": 3},
    {"rule": "POST", "code": "990001-D1"},
    {"rule": "HEAD"},
    {"rule": "HEAD", "unit": None},
    {"rule": "HEAD", "unit": "990012"},
    {"rule": "DEPUTY_IN_CHARGE"},
    {"rule": "SECTION_CHIEF"},
    {"rule": "MANAGER", "level": 9},
    {"rule": "CHAIN", "until": "R3"},
    {"rule": "CHAIN", "until": "hr_clerk"},
    {"rule": "LEADER_IN_CHARGE"},
    {"rule": "LEADER_IN_CHARGE", "unit": "990012"},
    {"rule": "DIRECTOR"},
    {"rule": "FORM_USER", "field": "agent"},
    {"rule": "FORM_UNIT_HEAD", "field": "unit"},
    {"rule": "SELECT_BY_APPLICANT", "from": "anyone"},
    {"rule": "SELECT_BY_APPLICANT", "from": [{"rule": "HEAD"}], "many": True},
    {"rule": "SELECT_BY_APPROVER", "from": [{"rule": "GROUP", "accounts": ["aa", "bb"]}], "step": "first"},
    {"rule": "SELF"},
    {"rule": "GROUP", "accounts": ["aa", "bb"]},
]


@pytest.mark.parametrize("rule", GOOD, ids=str)
def test_a_rule_of_the_table_may_stand_in_a_step(rule: dict[str, Any]) -> None:
    assert flaw_of(rule) is None


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ({"rule": "NOBODY"}, "NOBODY"),
        ({}, "None"),
        ({"rule": ["HEAD"]}, "HEAD"),
        ({"rule": "USER"}, "account"),
        ({"rule": "USER", "account": 17}, "USER.account"),
        ({"rule": "USER", "account": "a b"}, "USER.account"),
        ({"rule": "USER", "account": "aa", "acount": "bb"}, "acount"),
        ({"rule": "ROLE", "role": "x", "scope": "world"}, "ROLE.scope"),
        ({"rule": "HEAD", "unit": ""}, "HEAD.unit"),
        ({"rule": "MANAGER"}, "level"),
        ({"rule": "MANAGER", "level": 0}, "MANAGER.level"),
        ({"rule": "MANAGER", "level": 10}, "MANAGER.level"),
        ({"rule": "MANAGER", "level": True}, "MANAGER.level"),
        ({"rule": "MANAGER", "level": "1"}, "MANAGER.level"),
        ({"rule": "CHAIN"}, "until"),
        ({"rule": "FORM_USER", "field": "a-b"}, "FORM_USER.field"),
        ({"rule": "SELECT_BY_APPLICANT"}, "from"),
        ({"rule": "SELECT_BY_APPLICANT", "from": []}, "from"),
        ({"rule": "SELECT_BY_APPLICANT", "from": "all"}, "from"),
        ({"rule": "SELECT_BY_APPLICANT", "from": "anyone", "many": 1}, "many"),
        ({"rule": "SELECT_BY_APPLICANT", "from": [{"rule": "HEAD"}, {"rule": "USER"}]}, "[1]"),
        ({"rule": "SELECT_BY_APPLICANT", "from": [{"rule": "SELECT_BY_APPLICANT", "from": "anyone"}]}, "[0]"),
        ({"rule": "SELECT_BY_APPROVER", "from": "anyone"}, "step"),
        ({"rule": "SELECT_BY_APPROVER", "from": "anyone", "step": "1 b"}, "step"),
        ({"rule": "GROUP", "accounts": []}, "GROUP.accounts"),
        ({"rule": "GROUP", "accounts": "aa"}, "GROUP.accounts"),
        ({"rule": "GROUP", "accounts": ["aa", "aa"]}, "GROUP.accounts"),
        ({"rule": "GROUP", "accounts": ["aa", 3]}, "GROUP.accounts"),
        ({"rule": "SELF", "weight": 0}, "weight"),
        ({"rule": "SELF", "weight": 1.5}, "weight"),
        ({"rule": "SELF", "weight": True}, "weight"),
    ],
    ids=str,
)
def test_a_rule_that_cannot_be_followed_is_refused_and_the_place_is_named(
    rule: dict[str, Any], named: str
) -> None:
    flaw = flaw_of(rule)
    assert flaw is not None
    assert all(named in words for words in flaw)


def test_what_is_no_mapping_is_no_rule() -> None:
    assert flaw_of("HEAD") is not None
    assert flaw_of(None) is not None
