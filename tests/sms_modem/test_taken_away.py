"""A question on a phone goes away because somebody took his decision back or an administrator stepped in: said once, code void."""

from __future__ import annotations

from approval_core.approvals import service as approvals
from approval_core.people.actor import SYSTEM, Evidence
from tests.sms_modem.office import Office, write

BY_WEB = Evidence("web", 2, "web:2")


def test_f24_the_next_person_s_question_is_void_and_the_first_is_asked_anew(office: Office) -> None:
    first, second = office.leader("hy00001"), office.leader("hy00002")
    request = office.ask("hy00001", "hy00002", mode="sequence", hold_seconds=0)
    decision = office.decide_elsewhere("hy00001", request)
    office.deliver()
    void = office.code(second)
    actor = office.leaders["hy00001"][0]
    write(office, approvals.take_back, decision, actor=actor, evidence=BY_WEB)
    sent = {row.recipient: row for row in office.deliver()}
    assert (sent[second].template, sent[first].template[:2]) == ("T11", "T0")
    assert f"编号{void}已由上一环节收回" in sent[second].text
    assert office.outcomes(office.reply(second, f"Y{void}")) != ["DECIDED"]
    assert office.outcomes(office.reply(first, f"Y{office.code(first)}")) == ["DECIDED"]


def test_f25_whoever_is_asked_by_sms_hears_that_the_administrator_ended_it(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    code = office.code(phone)
    write(office, approvals.terminate, request, actor=SYSTEM, reason="重复提交")
    (told,) = office.deliver()
    assert (told.recipient, told.template) == (phone, "T11")
    assert f"编号{code}已由管理员终止" in told.text
    assert office.outcomes(office.reply(phone, f"Y{code}")) != ["DECIDED"]
    assert office.request(request).state == "cancelled"


def test_f25_a_reassigned_question_is_void_on_the_first_phone_and_asked_on_the_other(office: Office) -> None:
    first, second = office.leader("hy00001"), office.leader("hy00002")
    request = office.ask("hy00001")
    other = office.leaders["hy00002"][0].person_id
    write(office, approvals.reassign, office.task(request, "hy00001").id, other, actor=SYSTEM, reason="出差")
    sent = {row.recipient: row.template for row in office.deliver()}
    assert (sent[first], sent[second][:2]) == ("T11", "T0")
    assert office.outcomes(office.reply(second, f"Y{office.code(second)}")) == ["DECIDED"]
