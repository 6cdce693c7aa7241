"""A number that has another owner now: what the former one was asked is none of the new one's business (S5)."""

from __future__ import annotations

import pytest

from approval_core.people.actor import SYSTEM
from approval_core.people.service import phones
from tests.sms_modem.office import Office


@pytest.fixture
def number(office: Office) -> str:
    """Asked while it was the first leader's; the second's now."""
    passed_on = office.leader("hy00001")
    office.leader("hy00002")
    office.ask("hy00001", title="张三的处分")
    first, second = (office.leaders[one][0].person_id for one in ("hy00001", "hy00002"))
    assert first is not None
    assert second is not None
    for person in (first, second):
        office.store.write(phones.unbind_phone, person, actor=SYSTEM, now=office.now)
    office.store.write(phones.bind_phone, second, number=passed_on, actor=SYSTEM, now=office.now)
    return passed_on


@pytest.mark.parametrize(
    ("typed", "outcome"),
    [
        ("待办", "LIST"),
        ("详{code}", "CHANGED"),
        ("Y", "NOTHING_OPEN"),
        ("Y{code}", "CHANGED"),
        ("好{code}", "CHANGED"),
    ],
)
def test_the_new_owner_of_a_number_sees_and_decides_nothing_of_the_old_one(
    office: Office, number: str, typed: str, outcome: str
) -> None:
    sms = office.reply(number, typed.format(code=office.code(number)))
    assert office.outcomes(sms) == [outcome]
    answer = office.answer_to(sms)
    assert answer is not None
    assert "处分" not in answer.text
    assert office.decisions(1) == []


def test_the_new_owner_is_asked_under_codes_that_were_not_the_old_one_s(office: Office, number: str) -> None:
    old = office.code(number)
    request = office.ask("hy00002", title="申请用车")
    assert office.code(number) != old
    assert office.outcomes(office.reply(number, f"Y{office.code(number)}")) == ["DECIDED"]
    assert [one.verdict for one in office.decisions(request)] == ["approve"]
