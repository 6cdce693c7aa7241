"""Replies that come when the matter has moved: expired, stale, withdrawn, changed, decided elsewhere."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from approval_core.clock import utc_now
from sms_modem.rules.wording import office_time
from tests.flows.office import SIGN, Office, until


def decided_when(office: Office, ref: str) -> str:
    return office_time(datetime.fromisoformat(office.show(ref)["decisions"][-1]["at"]))


def test_a_reply_after_the_request_has_expired(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader, expires=(utc_now() + timedelta(seconds=3)).isoformat())
    code = office.asked(leader, ref)
    office.becomes(ref, "expired")
    told = f"{SIGN}编号{code}短信审批已过期,本次回复未生效,请登录OA处理"
    office.arrives(leader, told)
    late = office.reply(leader, f"Y{code}")
    assert (late.ends, late.answer) == ([("EXPIRED", "R3")], told)
    assert office.reply(leader, "Y").ends == [("NOTHING_OPEN", "R2")]
    assert office.decisions(ref) == []
    until(lambda: office.called_back(ref), "the asking system is told")
    office.at_rest()
    ((_, said),) = office.called_back(ref)
    assert (said["type"], said["data"]["state"]) == ("approval.closed", "expired")


def test_a_reply_after_its_code_has_expired(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader)
    code = office.asked(leader, ref)
    office.ends_its_code(leader, ref)
    for words in (f"Y{code}", "Y"):
        late = office.reply(leader, words, smsc_time=utc_now() + timedelta(seconds=2))
        assert late.ends == [("EXPIRED", "C9")]
        assert late.answer == f"{SIGN}编号{code}短信审批已过期,本次回复未生效,请登录OA处理"
    assert (office.state(ref), office.decisions(ref)) == ("pending", [])


def test_a_reply_older_than_the_question_is_stale(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader)
    code = office.asked(leader, ref)
    stale = office.reply(leader, "Y", smsc_time=utc_now() - timedelta(minutes=5))
    assert stale.ends == [("STALE", "R6")]
    assert stale.answer == f"{SIGN}未能识别您的回复,未作处理。同意回Y{code},不同意回N{code}"
    assert office.reply(leader, f"Y{code}", smsc_time=utc_now() - timedelta(minutes=5)).outcome == "STALE"
    assert office.decisions(ref) == []
    assert office.reply(leader, "Y").ends == [("DECIDED", "C1(c)")]


def test_a_reply_after_the_request_was_withdrawn(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader)
    code = office.asked(leader, ref)
    assert office.withdraw(ref).status_code == 200
    told = f"{SIGN}编号{code}已由申请人撤回,本次回复未生效"
    office.arrives(leader, told)
    late = office.reply(leader, f"Y{code}")
    assert (late.outcome, late.answer) == ("CHANGED", told)
    assert (office.state(ref), office.decisions(ref)) == ("withdrawn", [])
    office.at_rest()
    assert office.called_back(ref) == []


def test_a_changed_request_is_asked_anew_and_its_old_code_is_void(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader)
    old = office.asked(leader, ref)
    assert (
        office.revise(ref, title="申请年休假5天", summary="5月6日起", form={"days": 5}).json()["revision"]
        == 2
    )
    told = f"{SIGN}编号{old}已变更内容,本次回复未生效"
    office.arrives(leader, told)
    new = office.asked(leader, ref, instead_of=old)
    assert f"{SIGN}王伟申请年休假5天。同意回Y{new},不同意回N{new}" in leader.phone.texts()
    late = office.reply(leader, f"Y{old}")
    assert (late.outcome, late.answer) == ("CHANGED", told)
    assert office.decisions(ref) == []
    assert office.reply(leader, f"Y{new}").ends == [("DECIDED", "C1(b)")]
    (decision,) = office.show(ref)["decisions"]
    assert (decision["verdict"], decision["revision"]) == ("approve", 2)


def test_who_comes_second_is_told_who_was_first_and_when(office: Office) -> None:
    slow, quick = office.leader("孙立人"), office.leader("周明华")
    ref = office.ask(slow, quick)
    code, other = office.asked(slow, ref), office.asked(quick, ref)
    assert office.reply(quick, f"Y{other}").outcome == "DECIDED"
    told = f"{SIGN}编号{code}已于{decided_when(office, ref)}由周明华同意,本次回复未改变结果"
    office.arrives(slow, told)
    no = office.reply(slow, f"N{code}")
    assert (no.ends, no.answer) == ([("ALREADY_OTHER", "C7")], told)
    yes = office.reply(slow, f"Y{code}")
    assert (yes.ends, yes.answer) == ([("ALREADY_SAME", "C7")], told)
    assert office.decisions(ref) == [("approve", quick.account, "sms", "", "held")]


def test_a_decision_in_the_app_is_first_as_well(office: Office) -> None:
    asked, colleague = office.leader("吴建军"), office.leader("郑小平")
    ref = office.ask(asked, colleague, hold=0)
    code = office.asked(asked, ref)
    office.asked(colleague, ref)
    office.decides_in_the_app(colleague, ref, "reject")
    told = f"{SIGN}编号{code}已于{decided_when(office, ref)}由郑小平不同意,本次回复未改变结果"
    office.arrives(asked, told)
    late = office.reply(asked, f"Y{code}")
    assert (late.outcome, late.answer) == ("ALREADY_OTHER", told)
    assert office.reply(asked, "Y").outcome == "NOTHING_OPEN"
    assert office.becomes(ref, "rejected")["decisions"][0]["channel"] == "app"


def test_ones_own_decision_in_the_app_is_called_ones_own(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader, hold=0)
    code = office.asked(leader, ref)
    office.decides_in_the_app(leader, ref)
    late = office.reply(leader, f"Y{code}")
    assert late.ends == [("ALREADY_SAME", "C7")]
    assert late.answer is not None
    assert re.fullmatch(
        f"{SIGN}编号{code}已于\\d+月\\d+日\\d\\d:\\d\\d由您同意,本次回复未改变结果", late.answer
    )
    assert len(office.decisions(ref)) == 1
