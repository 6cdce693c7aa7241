"""C1(c): when Y alone is enough, and when it is asked about instead."""

from __future__ import annotations

from sms_modem import daemon
from sms_modem.settings import SmsSettings
from tests.sms_modem.office import OTHER_SIM, PROVIDER, Office


def test_a_second_bare_yes_a_minute_later_never_decides_the_next_item(office: Office) -> None:
    phone = office.leader("hy00001")
    first = office.ask("hy00001", title="年休假")
    office.reply(phone, "Y")
    office.deliver()
    second = office.ask("hy00001", title="用车")
    assert office.prompt(phone).form == "T02"
    office.later(seconds=70)
    sms = office.reply(phone, "Y")
    assert office.outcomes(sms) == ["ASKED"]
    assert len(office.decisions(first)) == 1
    assert office.decisions(second) == []


def test_after_the_rest_a_bare_yes_is_invited_again(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    office.reply(phone, "Y")
    office.later(hours=2, seconds=1)
    office.ask("hy00001", title="用车")
    assert office.prompt(phone).form == "T01"


def test_a_question_answered_with_its_code_needs_no_rest(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    office.reply(phone, f"Y{office.code(phone)}")
    office.ask("hy00001", title="用车")
    assert office.prompt(phone).form == "T01"


def test_a_question_closed_on_the_pc_makes_the_next_one_carry_its_code(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    office.decide_elsewhere("hy00001", request)
    office.react()
    office.ask("hy00001", title="用车")
    assert office.prompt(phone).form == "T02"


def test_in_the_demo_there_is_no_rest(office: Office) -> None:
    office.settings = SmsSettings(bare_rest=0)
    phone = office.leader("hy00001")
    office.ask("hy00001")
    office.reply(phone, "Y")
    office.later(seconds=70)
    office.ask("hy00001", title="用车")
    assert office.prompt(phone).form == "T01"


def test_without_a_rest_the_same_word_answers_a_question_asked_in_between(office: Office) -> None:
    office.settings = SmsSettings(bare_rest=0)
    phone = office.leader("hy00001")
    first = office.ask("hy00001")
    office.reply(phone, "Y")
    office.later(seconds=5)
    assert office.outcomes(office.reply(phone, "Y")) == ["DUPLICATE"]
    office.later(seconds=5)
    second = office.ask("hy00001", title="用车")
    office.later(seconds=5)
    assert office.outcomes(office.reply(phone, "Y")) == ["DECIDED"]
    assert [len(office.decisions(one)) for one in (first, second)] == [1, 1]


def test_the_condition_is_checked_again_when_the_reply_arrives(office: Office) -> None:
    phone = office.leader("hy00001")
    first = office.ask("hy00001", title="年休假")
    assert office.prompt(phone).form == "T01"
    office.ask("hy00001", title="用车")
    sms = office.reply(phone, "Y")
    assert office.outcomes(sms) == ["ASKED"]
    assert office.decisions(first) == []


def test_a_second_question_on_its_way_is_enough_to_ask(office: Office) -> None:
    phone = office.leader("hy00001")
    first = office.ask("hy00001", title="年休假")
    office.submit("hy00001", title="用车")
    office.react()  # composed and queued, not yet handed over
    sms = office.reply(phone, "Y")
    assert office.outcomes(sms) == ["ASKED"]
    assert office.decisions(first) == []


def test_a_bare_reply_through_another_box_is_asked_and_a_code_is_good_on_any(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    assert office.outcomes(office.reply(phone, "Y", through=OTHER_SIM)) == ["ASKED"]
    assert office.decisions(request) == []
    assert office.outcomes(office.reply(phone, f"Y{office.code(phone)}", through=OTHER_SIM)) == ["DECIDED"]


def test_over_a_provider_codes_have_six_digits_and_a_bare_yes_never_acts(office: Office) -> None:
    office.settings = SmsSettings(transport_kind="provider")
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    assert (office.prompt(phone).form, len(office.code(phone))) == ("T02", 6)
    assert office.outcomes(office.reply(phone, "Y", through=PROVIDER)) == ["ASKED"]
    assert office.outcomes(office.reply(phone, f"Y{office.code(phone)}", through=PROVIDER)) == ["DECIDED"]
    assert len(office.decisions(request)) == 1


def test_a_bare_no_takes_back_the_only_yes_in_hold_and_asks_when_something_is_live(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    office.reply(phone, "Y")
    assert office.outcomes(office.reply(phone, "N")) == ["UNDONE"]
    assert [one.state for one in office.decisions(request)] == ["undone"]


def test_a_bare_no_beside_a_live_question_takes_nothing_back(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    office.reply(phone, f"Y{office.code(phone)}")
    office.ask("hy00001", title="用车")
    assert office.outcomes(office.reply(phone, "N")) == ["ASKED"]
    assert [one.state for one in office.decisions(request)] == ["held"]


def test_codes_are_not_used_again_for_three_days(office: Office) -> None:
    phone = office.leader("hy00001")
    seen = []
    for number in range(30):
        office.ask("hy00001", title=f"事项{number}")
        seen.append(office.code(phone))
    assert len(set(seen)) == 30


def test_a_question_whose_window_is_over_never_stands_in_the_way_for_ever(office: Office) -> None:
    phone = office.leader("hy00001")
    old = office.ask("hy00001", title="年休假")
    office.later(hours=73)
    office.ask("hy00001", title="用车")
    assert office.prompt(phone).form == "T02"
    office.reply(phone, f"Y{office.code(phone)}")
    office.later(hours=6)
    office.store.write(daemon.tidy, settings=office.settings, age=0, now=office.now)
    new = office.ask("hy00001", title="答复")
    assert office.prompt(phone).form == "T01"
    assert office.outcomes(office.reply(phone, "Y")) == ["DECIDED"]
    assert office.decisions(old) == []
    assert len(office.decisions(new)) == 1
