"""What phones are told besides answers: questions, their end, results; and to whom nothing is said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from approval_core.approvals import service as approvals
from approval_core.columns import table_of
from approval_core.notices.models import Notice
from approval_core.people.actor import Evidence
from approval_core.working_time import after_quiet_hours
from sms_modem.models import outbound_sms, prompts
from sms_modem.settings import SmsSettings
from tests.factories import CLIENT, insert_person
from tests.sms_modem.office import Office, write

notices = table_of(Notice)


def of_kind(office: Office, kind: str) -> Any:
    return office.one(select(notices).where(notices.c.kind == kind))


def test_a_question_handed_over_is_a_notice_handed_over(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    assert of_kind(office, "request").state == "handed_over"
    assert office.prompt(phone).sent_by == "sim-1"


def test_who_has_no_number_fails_with_the_reason(office: Office) -> None:
    office.leader("hy00001")
    office.store.write(insert_person, "hy00900")
    office.ask("hy00001", "hy00900")
    states = {row.state: row.reason for row in office.all(select(notices))}
    assert states == {"handed_over": "", "failed": "no_number"}


def test_the_others_are_told_once_who_decided(office: Office) -> None:
    office.leader("hy00001", "李局长")
    other = office.leader("hy00002")
    request = office.ask("hy00001", "hy00002")
    code = office.code(other)
    office.decide_elsewhere("hy00001", request)
    sent = office.deliver()
    assert [(row.recipient, row.template) for row in sent] == [(other, "T12")]
    assert "李局长" in sent[0].text
    assert code in sent[0].text
    assert office.prompt(other).closed_reason == "decided"
    assert office.deliver() == []


def test_who_was_never_asked_is_not_told_of_the_end(office: Office) -> None:
    office.leader("hy00001")
    office.leader("hy00002")
    request = office.submit("hy00001", "hy00002")
    office.decide_elsewhere("hy00001", request)
    assert office.deliver() == []
    assert office.all(select(prompts)) == []


def test_a_question_composed_and_not_yet_sent_is_taken_back(office: Office) -> None:
    office.leader("hy00001")
    request = office.submit("hy00001")
    office.react()
    write(office, approvals.withdraw, request, actor=CLIENT)
    assert office.deliver() == []
    assert office.one(select(outbound_sms)).state == "expired"


def test_changed_content_voids_the_code_and_asks_afresh(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    old = office.code(phone)
    content = approvals.Content("申请年休假5天", "5月6日起", {"days": 5})
    write(office, approvals.revise, request, content=content, actor=CLIENT)
    sent = office.deliver()
    assert sorted(row.template for row in sent) == ["T02", "T11"]
    (void,) = [row for row in sent if row.template == "T11"]
    assert f"编号{old}已变更内容" in void.text
    assert office.outcomes(office.reply(phone, f"Y{office.code(phone)}")) == ["DECIDED"]


def test_a_withdrawn_request_is_told_to_whoever_holds_its_question(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    write(office, approvals.withdraw, request, actor=CLIENT)
    (told,) = office.deliver()
    assert (told.recipient, told.template) == (phone, "T11")
    assert "由申请人撤回" in told.text
    assert office.prompt(phone).closed_reason == "withdrawn"


def test_an_expired_request_is_told_and_never_consented(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001", expires_at=office.now + timedelta(hours=1))
    office.later(hours=1, seconds=1)
    assert write(office, approvals.expire, request)
    (told,) = office.deliver()
    assert told.template == "T10"
    sms = office.reply(phone, f"Y{office.code(phone)}")
    assert office.outcomes(sms) == ["EXPIRED"]
    assert office.request(request).state == "expired"


def test_an_urgent_question_names_its_deadline(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001", urgency=2, due_at=office.now + timedelta(hours=3))
    (question,) = office.texts_to(phone)
    assert question.template == "T03"
    assert "特急" in question.text
    assert "13:00前回复" in question.text


def test_after_an_undo_the_others_are_asked_again_with_new_codes(office: Office) -> None:
    first, second = office.leader("hy00001"), office.leader("hy00002")
    request = office.ask("hy00001", "hy00002")
    old = office.code(second)
    office.reply(first, f"Y{office.code(first)}")
    office.deliver()
    office.reply(first, f"X{old_code(office, first)}")
    office.deliver()
    assert office.code(second) != old
    late = office.reply(second, f"Y{old}")
    assert office.outcomes(late) == ["CHANGED"]
    assert office.outcomes(office.reply(second, f"N{office.code(second)}")) == ["DECIDED"]
    assert [one.state for one in office.decisions(request)] == ["undone", "held"]


def old_code(office: Office, number: str) -> str:
    rows = office.all(select(prompts.c.code).where(prompts.c.phone == number).order_by(prompts.c.id))
    return str(rows[0].code)


def test_an_undo_on_the_pc_asks_the_phone_again_and_voids_the_old_code(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    old = office.code(phone)
    decision = office.decide_elsewhere("hy00001", request)
    office.react()
    actor = office.leaders["hy00001"][0]
    write(office, approvals.undo, decision, actor=actor, evidence=Evidence("web", 2, "web:2"))
    office.deliver()
    assert office.code(phone) != old
    assert office.outcomes(office.reply(phone, f"Y{old}")) == ["CHANGED"]


def test_the_same_question_is_never_asked_twice(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    office.reply(phone, f"Y{office.code(phone)}")
    office.deliver()
    office.reply(phone, f"X{office.code(phone)}")
    office.later(minutes=2)
    office.reply(phone, "TD")
    office.later(minutes=2)
    office.reply(phone, "KT")
    assert [row.template for row in office.deliver()] == ["T27", "T24", "T30"]
    live = office.all(select(prompts).where(prompts.c.phone == phone, prompts.c.state == "live"))
    assert len(live) == 1


def test_the_applicant_is_told_the_result_with_the_comment(office: Office) -> None:
    phone = office.leader("hy00001", "李局长")
    applicant = office.leader("hy00100", "王伟")
    request = office.ask("hy00001", applicant="hy00100")
    office.reply(phone, f"Y{office.code(phone)} 注意交接")
    office.deliver()
    office.later(minutes=3)
    (decision,) = office.decisions(request)
    write(office, approvals.settle, decision.id)
    (told,) = office.deliver()
    assert (told.recipient, told.template) == (applicant, "T08")
    assert "已同意(李局长" in told.text
    assert "意见:注意交接" in told.text


def test_receipts_leave_before_questions_and_questions_before_results(office: Office) -> None:
    phone = office.leader("hy00001")
    office.leader("hy00100", "王伟")
    request = office.ask("hy00001", applicant="hy00100", hold_seconds=0)
    office.submit("hy00001", title="用车")
    office.reply(phone, f"Y{office.code(phone)}")
    assert office.request(request).state == "approved"
    assert [row.category for row in office.deliver()] == ["receipt", "approval", "result"]


def test_a_question_and_a_result_do_not_wait_for_the_morning(office: Office) -> None:
    office.now = office.now.replace(hour=15)  # 23:00 in the office
    phone = office.leader("hy00001")
    office.leader("hy00100", "王伟")
    office.ask("hy00001", applicant="hy00100", hold_seconds=0)
    office.reply(phone, f"Y{office.code(phone)}")
    assert [row.category for row in office.deliver()] == ["receipt", "result"]


@pytest.mark.parametrize(("asked_hours_ago", "told"), [(1, "at once"), (3, "in the morning")])
def test_the_end_of_an_old_question_wakes_nobody(office: Office, asked_hours_ago: int, told: str) -> None:
    office.now = office.now.replace(hour=15)  # 23:00 in the office
    office.leader("hy00001")
    request = office.ask("hy00001")
    office.later(hours=asked_hours_ago)
    write(office, approvals.withdraw, request, actor=CLIENT)
    assert [row.template for row in office.deliver()] == (["T11"] if told == "at once" else [])
    office.later(hours=8)
    assert [row.template for row in office.deliver()] == ([] if told == "at once" else ["T11"])


def test_quiet_hours_end_at_seven_whatever_the_day() -> None:
    settings = SmsSettings()
    night = Office.now.replace(hour=16)
    assert after_quiet_hours(night, settings.quiet_from, settings.quiet_to) == night.replace(hour=23)
    assert after_quiet_hours(night, 0, 0) == night


def test_a_question_past_its_deadline_is_not_sent(office: Office) -> None:
    office.leader("hy00001")
    office.submit("hy00001", expires_at=office.now + timedelta(hours=1))
    office.react()
    office.later(hours=2)
    assert office.deliver() == []
    assert (of_kind(office, "request").state, of_kind(office, "request").reason) == (
        "failed",
        "past_deadline",
    )
