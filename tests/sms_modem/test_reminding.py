"""A question that waits: the holder is reminded under its code, those beside him hear of it, nobody too often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from approval_core.columns import table_of
from approval_core.notices import service
from approval_core.notices.models import Notice
from approval_core.store import Row
from sms_modem.models import prompts
from sms_modem.settings import SmsSettings
from tests.sms_modem.office import Office, write

notices = table_of(Notice)


def tell(office: Office, kind: str, account: str, request: int, *, holder: str = "", **facts: Any) -> int:
    """A notice of the core about this request's task."""
    task = office.task(request, holder or account)
    known = {"holder_id": task.person_id, **facts}
    number: int = write(
        office, service.tell, kind=kind, person_id=office.leaders[account][0].person_id, request_id=request,
        task_id=task.id, task_revision=task.revision, facts=known,
    )  # fmt: skip
    return number


def notice(office: Office, number: int) -> Row:
    return office.one(select(notices).where(notices.c.id == number))


@pytest.mark.parametrize("kind", ["remind", "urged"])
def test_a_reminder_carries_the_code_of_the_question_and_asks_nothing_new(office: Office, kind: str) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001", title="申请年休假3天")
    code = office.code(phone)
    office.later(hours=4)
    number = tell(office, kind, "hy00001", request)
    [said] = office.deliver()
    assert said.text == f"【政务OA】催办:王伟申请年休假3天已等4小时。同意回Y{code},不同意回N{code}"
    assert (said.template, said.category, notice(office, number).state) == ("T04", "reminder", "handed_over")
    assert len(office.all(select(prompts))) == 1
    assert office.outcomes(office.reply(phone, f"Y{code}")) == ["DECIDED"]


def test_a_bare_answer_to_a_reminder_of_the_only_question_counts(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    office.later(hours=4)
    tell(office, "remind", "hy00001", request)
    office.deliver()
    assert office.outcomes(office.reply(phone, "Y")) == ["DECIDED"]


def test_who_has_answered_is_not_reminded(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    office.reply(phone, "Y")
    office.deliver()
    number = tell(office, "remind", "hy00001", request)
    assert office.deliver() == []
    assert (notice(office, number).state, notice(office, number).reason) == ("dropped", "closed")


def test_a_reminder_in_the_queue_is_taken_back_by_the_answer(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    tell(office, "remind", "hy00001", request)
    office.react()
    office.reply(phone, "Y")
    assert [row.template for row in office.deliver()] == ["T06"]


def test_a_decision_on_the_pc_takes_the_reminder_back_too(office: Office) -> None:
    office.leader("hy00001")
    request = office.ask("hy00001")
    tell(office, "remind", "hy00001", request)
    office.react()
    office.decide_elsewhere("hy00001", request)
    assert office.deliver() == []


def test_nobody_is_reminded_of_what_was_never_asked_or_has_not_left(office: Office) -> None:
    office.leader("hy00001")
    request = office.submit("hy00001")
    early = tell(office, "remind", "hy00001", request)
    office.react()
    assert notice(office, early).reason == "question_waits"
    silent = office.submit("hy00001", sms=False)
    never = tell(office, "remind", "hy00001", silent)
    office.react()
    assert notice(office, never).reason == "never_asked"


def test_a_question_whose_window_is_over_is_not_repeated(office: Office) -> None:
    office.leader("hy00001")
    request = office.ask("hy00001")
    office.later(hours=73)
    number = tell(office, "remind", "hy00001", request)
    assert office.deliver() == []
    assert notice(office, number).reason == "expired"


def test_reminders_wait_for_the_morning_unless_very_urgent(office: Office) -> None:
    office.now = office.now.replace(hour=15)  # 23:00 in the office
    office.leader("hy00001")
    plain = office.ask("hy00001")
    urgent = office.ask("hy00001", urgency=2, due_at=office.now + timedelta(hours=30))
    tell(office, "remind", "hy00001", plain)
    tell(office, "remind", "hy00001", urgent)
    assert [row.prompt_id for row in office.deliver()] == [urgent]
    office.later(hours=8)
    assert [row.prompt_id for row in office.deliver()] == [plain]


def test_the_secretary_hears_who_waits_for_what_and_gets_no_code(office: Office) -> None:
    leader, secretary = office.leader("hy00001", "李局长"), office.leader("hy00009")
    request = office.ask("hy00001", title="申请年休假3天")
    office.later(hours=8)
    tell(office, "tell_secretary", "hy00009", request, holder="hy00001")
    [said] = office.deliver()
    assert (said.recipient, said.template) == (secretary, "T31")
    assert "李局长的待办已等8小时:申请年休假3天" in said.text
    assert office.code(leader) not in said.text
    assert office.outcomes(office.reply(secretary, "Y")) != ["DECIDED"]


def test_the_secretary_is_not_told_of_what_is_decided(office: Office) -> None:
    office.leader("hy00001")
    office.leader("hy00009")
    request = office.ask("hy00001")
    number = tell(office, "tell_secretary", "hy00009", request, holder="hy00001")
    office.decide_elsewhere("hy00001", request)
    assert office.deliver() == []
    assert notice(office, number).state == "dropped"


def test_an_alarm_says_what_happened_to_whom(office: Office) -> None:
    office.leader("hy00001", "李局长")
    office.leader("hy00009")
    request = office.ask("hy00001", title="申请年休假3天")
    tell(office, "alarm", "hy00009", request, holder="hy00001", alarm="prompt_not_delivered")
    [said] = office.deliver()
    assert said.text == "【政务OA】告警:发给李局长的审批短信未送达(申请年休假3天)。请登录OA查看"


def test_one_phone_hears_no_more_than_the_days_ceiling(office: Office) -> None:
    office.settings = SmsSettings(daily_ceiling=3)
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    numbers = []
    for _ in range(5):
        office.later(minutes=20)
        numbers.append(tell(office, "remind", "hy00001", request))
        office.deliver()
    assert [notice(office, one).reason for one in numbers] == ["", "", "", "daily_ceiling", "daily_ceiling"]
    assert [row.template for row in office.texts_to(phone)] == ["T01", "T04", "T04", "T04"]
    office.ask("hy00001", title="用车")
    assert office.texts_to(phone)[-1].template == "T02"  # a question passes
    office.later(hours=24)
    tomorrow = tell(office, "remind", "hy00001", request)
    office.deliver()
    assert notice(office, tomorrow).state == "handed_over"


def test_who_wants_to_be_left_alone_is(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    office.reply(phone, "TD")
    number = tell(office, "remind", "hy00001", request)
    assert [row.template for row in office.deliver()] == ["T24"]
    assert notice(office, number).reason == "stopped"
