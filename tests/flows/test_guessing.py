"""Wrong codes, typos, strangers: what is not known decides nothing, and guessing ends."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from approval_core.clock import utc_now
from sms_modem.models import inbound_sms, prompts, standings
from sms_modem.rules import codes
from tests.flows.office import SIGN, Leader, Office

SUSPENDED = f"{SIGN}编号多次有误,短信审批暂停1小时,请登录OA或手机端处理"


def wrong_codes(office: Office, leader: Leader, many: int) -> list[str]:
    used = {
        row.code for row in office.rows(select(prompts.c.code).where(prompts.c.phone == leader.phone.number))
    }
    found: list[str] = []
    while len(found) < many:
        code = codes.draw(used | set(found))
        assert code is not None
        found.append(code)
    return found


def an_hour_later(office: Office, leader: Leader) -> None:
    """The suspension is over."""
    over = update(standings).where(standings.c.phone == leader.phone.number).values(off_until=utc_now())
    office.store.write(lambda tx: tx.execute(over).rowcount)


def test_three_wrong_codes_bring_six_digits_and_three_more_an_hour_of_silence(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader, title="用车申请")
    short = office.asked(leader, ref)
    guesses = wrong_codes(office, leader, 6)
    for guess in guesses[:2]:
        reply = office.reply(leader, f"Y{guess}")
        assert reply.ends == [("UNKNOWN_CODE", "R3")]
        assert reply.answer == f'{SIGN}编号{guess}不在您的待批事项中,未作处理。回"待办"可查看'
    third = office.reply(leader, f"Y{guesses[2]}")
    assert (third.outcome, third.answer) == ("UNKNOWN_CODE", None)  # two clarifying answers an hour
    long = office.asked(leader, ref, instead_of=short)
    assert len(long) == 6
    assert leader.phone.texts()[-1] == f"{SIGN}王伟用车申请。同意回Y{long},不同意回N{long}"
    void = office.reply(leader, f"Y{short}")
    assert (void.outcome, void.answer) == ("CHANGED", f"{SIGN}编号{short}已换发新编号,本次回复未生效")

    for guess in guesses[3:5]:
        assert office.reply(leader, f"N{guess}").outcome == "UNKNOWN_CODE"
    sixth = office.reply(leader, f"N{guesses[5]}")
    assert (sixth.ends, sixth.answer) == ([("LOCKED", "S1")], SUSPENDED)
    assert office.reply(leader, f"Y{long}").outcome == "LOCKED"
    off = office.rows(select(standings.c.off_until).where(standings.c.phone == leader.phone.number))[0][0]
    assert timedelta(minutes=55) < off - utc_now() <= timedelta(hours=1)
    assert office.decisions(ref) == []

    an_hour_later(office, leader)
    assert office.reply(leader, f"Y {long}").ends == [("DECIDED", "C1(b)")]


def test_a_typo_is_asked_again_and_never_counted(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader, title="用车申请")
    code = office.asked(leader, ref)
    slips = [code[:3] + digit for digit in codes.ALPHABET if digit != code[3]][:4]
    answers = [office.reply(leader, f"Y{slip}") for slip in slips]
    assert [one.outcome for one in answers] == ["ASKED"] * 4
    asked = f"{SIGN}您有1件待批:{code}用车申请。请回Y或N加编号,如Y{code}"
    assert [one.answer for one in answers] == [asked, asked, None, None]
    counted = office.rows(select(standings.c.wrong_codes).where(standings.c.phone == leader.phone.number))
    assert counted[0][0] == []
    assert office.decisions(ref) == []
    assert office.reply(leader, f"Y{code}").outcome == "DECIDED"


def test_an_unknown_sender_is_kept_and_hears_nothing(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader)
    code = office.asked(leader, ref)
    stranger = office.radio.handset("+8613800001234")
    for words in ("Y", f"Y{code}"):
        reply = office.reply(stranger, words)
        assert (reply.ends, reply.answer) == ([("UNBOUND", "R1: nobody's number")], None)
    office.at_rest()
    assert stranger.texts() == []
    assert office.decisions(ref) == []
    assert office.why(stranger).text == f"Y{code}"


def test_an_alphanumeric_sender_never_approves(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader)
    code = office.asked(leader, ref)
    reply = office.reply(office.radio.handset("ZHAOZQ"), f"Y{code}")
    assert (reply.outcome, reply.answer) == ("UNBOUND", None)
    kept = office.rows(select(inbound_sms).where(inbound_sms.c.id == reply.sms_id))[0]
    assert (kept.alphanumeric, kept.sender, kept.text) == (True, "ZHAOZQ", f"Y{code}")
    office.at_rest()
    assert office.decisions(ref) == []


def test_a_code_is_good_for_its_own_phone_only(office: Office) -> None:
    asked, other = office.leader(), office.leader()
    ref = office.ask(asked)
    code = office.asked(asked, ref)
    assert office.reply(other, f"Y{code}").ends == [("UNKNOWN_CODE", "R3")]
    assert office.decisions(ref) == []
