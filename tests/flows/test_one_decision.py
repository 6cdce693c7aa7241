"""One open item: a Y decides it, and a second Y decides nothing."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlalchemy import select

from approval_core.clock import utc_now
from gateway.trail import proof
from sms_modem.models import outbound_sms
from sms_modem.rules.wording import office_time
from tests.flows.office import SIGN, Office, until


def test_a_leaders_y_decides_and_the_asking_system_is_told_once(office: Office) -> None:
    leader = office.leader("赵志强")
    ref = office.ask(leader, title="申请年休假3天(5月6日起)", hold=3)
    code = office.asked(leader, ref)
    assert leader.phone.texts() == [f"{SIGN}王伟申请年休假3天(5月6日起)。同意回Y,不同意回N,编号{code}"]
    assert re.fullmatch("[2-9]{4}", code)

    reply = office.reply(leader, "Y")
    held = office.show(ref)
    assert reply.ends == [("DECIDED", "C1(c)")]
    assert reply.answer == f"{SIGN}已记录:同意 申请年休假3天(5月6日起)({code})。有误请3秒内回X{code}"
    assert (held["state"], held["closed_at"]) == ("pending", None)
    assert held["held_until"] is not None
    assert held["decisions"][0]["state"] == "held"

    approved = office.becomes(ref, "approved")
    assert approved["held_until"] is None
    assert office.decisions(ref) == [("approve", leader.account, "sms", "", "effective")]
    until(lambda: office.called_back(ref), "the asking system is told")
    office.at_rest()
    ((message_id, said),) = office.called_back(ref)
    assert message_id.startswith("evt_")
    assert (said["type"], said["data"]["state"]) == ("approval.effective", "approved")
    assert said["data"]["decisions"][0]["by"] == leader.account
    assert len(leader.phone.texts()) == 2


def test_why_tells_the_story_of_a_y_and_the_proof_verifies(office: Office) -> None:
    leader = office.leader("钱学文")
    ref = office.ask(leader, hold=0)
    code = office.asked(leader, ref)
    office.reply(leader, "Y")
    office.becomes(ref, "approved")
    office.at_rest()
    told = office.why(leader)
    assert (told.text, told.verdict, told.state, told.copies) == ("Y", "APPROVE", "settled", 1)
    assert told.person == f"钱学文 ({leader.account})"
    assert told.modem == office.modem.port
    assert [(end.outcome, end.code) for end in told.ends] == [("DECIDED", code)]
    assert told.answer is not None
    assert told.answer.template == "T06"
    assert [(one.by, one.channel, one.state) for one in told.also] == [("钱学文", "sms", "effective")]
    report = office.store.read(proof, office.settings)
    assert report.ok, report.problems
    assert report.entries > 0


def test_a_second_y_a_minute_later_finds_nothing_open(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader)
    office.asked(leader, ref)
    office.reply(leader, "Y")
    again = office.reply(leader, "Y", smsc_time=utc_now() + timedelta(seconds=65))
    assert again.ends == [("NOTHING_OPEN", "R2")]
    assert again.answer == f"{SIGN}您目前没有可用短信审批的事项,本次回复未作处理"
    assert office.decisions(ref) == [("approve", leader.account, "sms", "", "held")]


def test_a_second_y_never_decides_the_item_that_came_after(office: Office) -> None:
    leader = office.leader()
    first = office.ask(leader, title="用车申请")
    office.asked(leader, first)
    office.reply(leader, "Y")
    second = office.ask(leader, title="采购申请")
    code = office.asked(leader, second)
    assert leader.phone.texts()[-1] == f"{SIGN}王伟采购申请。同意回Y{code},不同意回N{code}"
    again = office.reply(leader, "Y", smsc_time=utc_now() + timedelta(seconds=65))
    assert again.ends == [("ASKED", "C1(c)")]
    assert again.answer == f"{SIGN}您有1件待批:{code}采购申请。请回Y或N加编号,如Y{code}"
    assert office.decisions(second) == []
    assert office.reply(leader, f"Y{code}").ends == [("DECIDED", "C1(b)")]
    assert office.decisions(second) == [("approve", leader.account, "sms", "", "held")]


def test_two_open_and_a_bare_y_is_asked_which(office: Office) -> None:
    leader = office.leader()
    first, second = office.ask(leader, title="用车申请"), office.ask(leader, title="采购申请")
    one, two = office.asked(leader, first), office.asked(leader, second)
    assert f"{SIGN}王伟采购申请(共2件待批)。同意回Y{two},不同意回N{two}" in leader.phone.texts()
    reply = office.reply(leader, "Y")
    assert reply.ends == [("ASKED", "C1(c)")]
    assert reply.answer == f"{SIGN}您有2件待批:{one}用车申请,{two}采购申请。请回Y或N加编号,如Y{one}"
    assert office.decisions(first) == office.decisions(second) == []

    exact = office.reply(leader, f"Y{two}")
    assert exact.ends == [("DECIDED", "C1(b)")]
    assert exact.answer == f"{SIGN}已记录:同意 采购申请({two})。有误请10分钟内回X{two}"
    assert office.decisions(first) == []
    assert office.decisions(second) == [("approve", leader.account, "sms", "", "held")]


def test_a_bare_y_after_another_item_was_closed_beside_it_is_asked(office: Office) -> None:
    leader = office.leader()
    first, second = office.ask(leader, title="用车申请"), office.ask(leader, title="采购申请")
    code = office.asked(leader, first)
    office.asked(leader, second)
    office.decides_in_the_app(leader, second)
    reply = office.reply(leader, "Y")
    assert reply.ends == [("ASKED", "C1(c)")]
    assert reply.answer == f"{SIGN}您有1件待批:{code}用车申请。请回Y或N加编号,如Y{code}"
    assert office.decisions(first) == []


def test_an_answer_with_its_code_leaves_the_next_question_bare(office: Office) -> None:
    leader = office.leader()
    first = office.ask(leader, title="用车申请")
    office.reply(leader, f"Y{office.asked(leader, first)}")
    second = office.ask(leader, title="采购申请")
    code = office.asked(leader, second)
    assert leader.phone.texts()[-1] == f"{SIGN}王伟采购申请。同意回Y,不同意回N,编号{code}"
    assert office.reply(leader, "Y").ends == [("DECIDED", "C1(c)")]
    assert [len(office.decisions(ref)) for ref in (first, second)] == [1, 1]


def test_the_hold_counts_from_the_hand_over_of_the_receipt(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader, hold=600)
    office.asked(leader, ref)
    reply = office.reply(leader, "Y")
    receipt = select(outbound_sms.c.sent_at).where(outbound_sms.c.inbound_id == reply.sms_id)
    handed_over = until(lambda: office.rows(receipt)[0].sent_at, "the receipt is with the network")
    held_until = datetime.fromisoformat(office.show(ref)["held_until"])
    assert held_until == handed_over + timedelta(seconds=600)


def test_an_extra_urgent_request_says_by_when(office: Office) -> None:
    leader = office.leader()
    due = utc_now() + timedelta(hours=3)
    ref = office.ask(leader, title="抢险物资申请", urgency=2, due=due.isoformat())
    code = office.asked(leader, ref)
    by_when = office_time(due)
    assert leader.phone.texts() == [
        f"{SIGN}特急:王伟抢险物资申请,请{by_when}前回复。同意回Y,不同意回N,编号{code}"
    ]
    assert office.reply(leader, "Y").ends == [("DECIDED", "C1(c)")]
