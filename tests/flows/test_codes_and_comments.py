"""Answers with a code, with words behind them, in long SMS, twice, and in the ways leaders really type."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from approval_core.clock import utc_now
from sms_modem.models import inbound_sms
from tests.flows.office import SIGN, Office, until


@pytest.mark.parametrize("words", ["Y{code}请尽快", "同意，请尽快 {code}", "ｙ {code}，请尽快。"])
def test_a_code_and_a_comment(office: Office, words: str) -> None:
    leader = office.leader()
    ref = office.ask(leader)
    code = office.asked(leader, ref)
    reply = office.reply(leader, words.format(code=code))
    assert reply.ends == [("DECIDED", "C1(b)")]
    assert reply.answer == f"{SIGN}已记录:同意 申请年休假3天({code})。有误请10分钟内回X{code}"
    assert office.decisions(ref) == [("approve", leader.account, "sms", "请尽快", "held")]


@pytest.mark.parametrize(
    ("on_reject", "state", "effect"), [("reject", "rejected", "未通过"), ("return", "returned", "已退回王伟")]
)
def test_a_no_with_its_reason(office: Office, on_reject: str, state: str, effect: str) -> None:
    leader = office.leader()
    ref = office.ask(leader, hold=0, on_reject=on_reject)
    code = office.asked(leader, ref)
    reply = office.reply(leader, "N 材料不全")
    assert reply.ends == [("DECIDED", "C1(c)")]
    assert reply.answer == f"{SIGN}已记录:不同意 申请年休假3天({code}),{effect}"
    office.becomes(ref, state)
    assert office.decisions(ref) == [("reject", leader.account, "sms", "材料不全", "effective")]
    until(lambda: office.called_back(ref), "the asking system is told")
    office.at_rest()
    ((_, said),) = office.called_back(ref)
    assert (said["type"], said["data"]["state"]) == ("approval.effective", state)


def test_one_reply_to_two_codes(office: Office) -> None:
    leader = office.leader()
    refs = [office.ask(leader, title=title) for title in ("用车申请", "采购申请")]
    one, two = (office.asked(leader, ref) for ref in refs)
    reply = office.reply(leader, f"同意 {one} {two}")
    assert reply.ends == [("DECIDED", "C1(b)"), ("DECIDED", "C1(b)")]
    assert reply.answer == f"{SIGN}{one}、{two}已同意"
    assert [office.decisions(ref)[0][0] for ref in refs] == ["approve", "approve"]


def test_a_long_reply_whose_parts_come_out_of_order(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader)
    code = office.asked(leader, ref)
    comment = "请办公室会同财务处按规定程序办理并于月底前报告结果" * 6
    reply = office.reply(leader, f"Y{code} {comment}", order=(3, 1, 2), reference=0x1234, bits=16)
    assert reply.ends == [("DECIDED", "C1(b)")]
    assert office.decisions(ref) == [("approve", leader.account, "sms", comment, "held")]


def test_the_same_sms_delivered_twice_is_one_decision_and_one_receipt(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader)
    code = office.asked(leader, ref)
    (pdu,) = leader.phone.send("Y")
    sms = until(lambda: office.settled(leader.phone, 0), "an outcome")
    office.radio.send_raw(pdu)
    mine = select(inbound_sms.c.id, inbound_sms.c.copies).where(inbound_sms.c.sender == leader.phone.number)
    until(lambda: [tuple(row) for row in office.rows(mine)] == [(sms.id, 2)], "the copy is counted")
    office.at_rest()
    assert office.outcome_of(sms.id, leader.phone).ends == [("DECIDED", "C1(c)")]
    receipt = f"{SIGN}已记录:同意 申请年休假3天({code})。有误请10分钟内回X{code}"
    assert leader.phone.texts()[1:] == [receipt]
    assert len(office.decisions(ref)) == 1


def test_the_same_text_again_within_a_minute_is_a_duplicate(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader)
    office.asked(leader, ref)
    office.reply(leader, "Y")
    again = office.reply(leader, "Y", smsc_time=utc_now() + timedelta(seconds=20))
    assert (again.ends, again.answer) == ([("DUPLICATE", "R6")], None)
    office.at_rest()
    assert len(leader.phone.texts()) == 2
    assert len(office.decisions(ref)) == 1


@pytest.mark.parametrize(
    ("words", "comment"), [("ｙ", ""), ("同意，请尽快", "请尽快"), ("好的,同意!", ""), ("１", "")]
)
def test_a_yes_as_leaders_type_it(office: Office, words: str, comment: str) -> None:
    leader = office.leader()
    ref = office.ask(leader, hold=0)
    office.asked(leader, ref)
    assert office.reply(leader, words).outcome == "DECIDED"
    office.becomes(ref, "approved")
    assert office.decisions(ref) == [("approve", leader.account, "sms", comment, "effective")]


def test_words_that_decide_nothing_leave_the_item_open_for_the_y(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader, title="用车申请")
    code = office.asked(leader, ref)
    told = {
        "Y不同意": ("CONTRADICTORY", f"回复前后矛盾,未作处理。同意只回Y{code},不同意只回N{code}"),
        "收到": ("COURTESY", f"已收到回复,但不作为审批意见。同意回Y{code},不同意回N{code}"),
        "待办": ("LIST", f"待批1件:{code}用车申请。回Y或N加编号"),
        "帮助": ("HELP", '同意回Y,不同意回N,多件时Y后加编号,意见写在后面。回"待办"查看'),
        f"详{code}": ("DETAIL", "事项:用车申请。申请人:王伟。摘要:5月6日起。全文见OA"),
    }
    for words, (outcome, text) in told.items():
        reply = office.reply(leader, words)
        assert (reply.outcome, reply.answer) == (outcome, SIGN + text)
    for words, outcome in {"自动回复:开会中": "AUTO", "再议": "UNCLEAR"}.items():
        reply = office.reply(leader, words)
        assert (reply.outcome, reply.answer) == (
            outcome,
            None,
        )  # two clarifying answers an hour, then silence
    assert office.decisions(ref) == []
    assert office.reply(leader, "ｙ").outcome == "DECIDED"
    assert len(office.decisions(ref)) == 1


def test_whoever_says_td_is_left_alone_until_he_says_kt(office: Office) -> None:
    leader = office.leader()
    assert office.reply(leader, "TD").answer == f"{SIGN}已停止向本号发送审批短信,待办仍在OA。恢复请回KT"
    ref = office.ask(leader, title="用车申请")
    office.at_rest()
    assert len(leader.phone.texts()) == 1
    resumed = office.reply(leader, "KT")
    assert (resumed.outcome, resumed.answer) == ("RESUMED", f"{SIGN}已恢复接收审批短信")
    code = office.asked(leader, ref)
    assert leader.phone.texts()[-1] == f"{SIGN}王伟用车申请。同意回Y,不同意回N,编号{code}"
    assert office.reply(leader, "Y").outcome == "DECIDED"
