"""R3, R5, C12, S1: several codes, limits of answering, and guessing."""

from __future__ import annotations

from sqlalchemy import select

from sms_modem.models import prompts, standings
from sms_modem.rules import codes
from tests.sms_modem.office import Office


def wrong_codes(office: Office, number: str, count: int) -> list[str]:
    taken = {row.code for row in office.all(select(prompts.c.code).where(prompts.c.phone == number))}
    found: list[str] = []
    while len(found) < count:
        code = codes.draw(taken | set(found))
        assert code is not None
        found.append(code)
    return found


def test_several_codes_are_handled_each_alone_and_answered_once(office: Office) -> None:
    phone = office.leader("hy00001")
    requests = [office.ask("hy00001", title=title) for title in ("年休假", "用车", "答复")]
    given = [row.code for row in office.all(select(prompts.c.code).order_by(prompts.c.id))]
    office.decide_elsewhere("hy00001", requests[2], "reject")
    sms = office.reply(phone, f"Y {given[0]} {given[1]} {given[2]}")
    assert office.outcomes(sms) == ["DECIDED", "DECIDED", "ALREADY_OTHER"]
    answer = office.answer_to(sms)
    assert answer is not None
    assert answer.template == "T21"
    assert f"{given[0]}、{given[1]}已同意" in answer.text
    assert f"{given[2]}已办结" in answer.text
    assert len(answer.decision_ids) == 2


def test_two_clarifying_answers_an_hour_then_silence(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    templates = []
    for text in ("在吗", "什么事", "哪个", "谁的"):
        office.later(minutes=2)
        templates.append(office.template(office.reply(phone, text)))
    assert templates == ["T14", "T14", None, None]
    office.later(hours=1)
    assert office.template(office.reply(phone, "什么意思")) == "T14"
    assert office.outcomes(office.reply(phone, f"Y{office.code(phone)}")) == ["DECIDED"]
    assert len(office.decisions(request)) == 1


def test_ten_service_words_a_day(office: Office) -> None:
    phone = office.leader("hy00001")
    templates = []
    for _ in range(11):
        office.later(minutes=2)
        templates.append(office.template(office.reply(phone, "帮助")))
    assert templates == ["T22"] * 10 + [None]


def test_three_wrong_codes_void_the_short_codes_and_six_digits_go_out(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    old = office.code(phone)
    for code in wrong_codes(office, phone, 3):
        office.later(minutes=2)
        office.reply(phone, f"Y{code}")
    assert len(office.code(phone)) == 6
    office.deliver()
    late = office.reply(phone, f"Y{old}")
    assert office.outcomes(late) == ["CHANGED"]
    answer = office.answer_to(late)
    assert answer is not None
    assert "换发新编号" in answer.text
    assert office.decisions(request) == []
    assert office.outcomes(office.reply(phone, f"Y{office.code(phone)}")) == ["DECIDED"]


def test_three_more_switch_sms_off_for_an_hour(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    guesses = wrong_codes(office, phone, 6)
    for code in guesses[:5]:
        office.later(minutes=2)
        office.reply(phone, f"Y{code}")
    office.later(hours=1)  # the answers of the last hour are used up
    assert office.template(office.reply(phone, f"Y{guesses[5]}")) == "T18"
    office.deliver()
    sms = office.reply(phone, f"Y{office.code(phone)}")
    assert office.outcomes(sms) == ["LOCKED"]
    assert office.decisions(request) == []
    office.later(hours=1, seconds=1)
    assert office.outcomes(office.reply(phone, f"Y{office.code(phone)}")) == ["DECIDED"]


def test_a_bad_check_digit_is_a_typo_and_not_counted(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    right = office.code(phone)
    typo = right[:3] + next(digit for digit in "23456789" if digit != right[3])
    assert office.outcomes(office.reply(phone, f"Y{typo}")) == ["ASKED"]
    assert office.one(select(standings)).wrong_codes == []


def test_a_number_at_the_end_that_looks_like_a_code_acts_on_nothing(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    (other,) = wrong_codes(office, phone, 1)
    sms = office.reply(phone, f"同意请按文件办理{other}")
    assert office.outcomes(sms) == ["ASKED"]
    assert office.decisions(request) == []


def test_who_says_stop_is_not_asked_until_he_says_start(office: Office) -> None:
    phone = office.leader("hy00001")
    office.reply(phone, "TD")
    request = office.ask("hy00001")
    assert office.all(select(prompts)) == []
    office.later(minutes=2)
    office.reply(phone, "KT")
    office.deliver()
    assert office.outcomes(office.reply(phone, f"Y{office.code(phone)}")) == ["DECIDED"]
    assert len(office.decisions(request)) == 1


def test_a_suspended_number_is_nobody_s(office: Office) -> None:
    from approval_core.people import service as people

    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    actor = office.leaders["hy00001"][0]
    assert actor.person_id is not None
    office.store.write(
        people.suspend_phone,
        actor.person_id,
        until=office.now.replace(year=2027),
        actor=actor,
        now=office.now,
    )
    sms = office.reply(phone, "Y")
    assert office.outcomes(sms) == ["UNBOUND"]
    assert office.decisions(request) == []
