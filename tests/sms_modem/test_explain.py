"""`why` tells what became of an SMS, in words."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from approval_core.errors import NotFound
from sms_modem import reasons
from sms_modem.explain import as_text, why
from sms_modem.rules.outcomes import Outcome
from tests.sms_modem.office import Office


def test_why_names_the_reading_the_question_the_outcome_and_the_answer(office: Office) -> None:
    phone = office.leader("hy00001", "李局长")
    office.ask("hy00001", title="用车")
    code = office.code(phone)
    office.reply(phone, f"Y{code} 注意安全")
    office.deliver()
    told = office.store.read(why, phone)
    assert (told.person, told.verdict, told.codes, told.comment) == (
        "李局长 (hy00001)",
        "APPROVE",
        [code],
        "注意安全",
    )
    assert [live.code for live in told.live_then] == [code]
    (end,) = told.ends
    assert (end.outcome, end.title) == ("DECIDED", "用车")
    assert told.answer is not None
    assert told.answer.state == "sent"
    assert [also.by for also in told.also] == ["李局长"]
    text = as_text(told)
    assert "已按该回复办理" in text
    assert "the reply decided the item" in text
    assert json.loads(json.dumps(told.as_json()))["ends"][0]["outcome"] == "DECIDED"


def test_why_at_a_time_finds_the_sms_of_that_time(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    office.reply(phone, "收到")
    first = office.now
    office.later(minutes=10)
    office.reply(phone, "Y")
    assert office.store.read(why, phone, first + timedelta(minutes=1)).ends[0].outcome == "COURTESY"
    assert office.store.read(why, phone, first - timedelta(minutes=1)).ends[0].outcome == "COURTESY"
    assert office.store.read(why, phone).ends[0].outcome == "DECIDED"


def test_why_explains_silence_too(office: Office) -> None:
    office.reply("+8613700000000", "Y")
    told = office.store.read(why, "+8613700000000")
    assert told.answer is None
    assert "没有回复" in as_text(told)
    assert told.ends[0].because_chinese == "只接受已绑定号码"


def test_why_of_a_number_that_never_wrote_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound):
        office.store.read(why, "+8613700000001")


def test_every_outcome_has_words_in_both_languages() -> None:
    assert set(reasons.OUTCOMES) == {str(one) for one in Outcome}
