"""Each outcome of C6, through the store: what was recorded, what was decided, what was answered."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from approval_core.approvals import service as approvals
from sms_modem import recording
from sms_modem.models import inbound_sms, quarantine
from sms_modem.rules import codes
from sms_modem.transports.base import Concat
from tests.factories import CLIENT
from tests.sms_modem.office import Office, write


def unknown_code(office: Office, number: str) -> str:
    """Well formed and never given to this phone."""
    taken = {office.code(number)}
    code = codes.draw(taken)
    assert code is not None
    return code


def test_a_bare_yes_to_the_only_question_decides_it(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    assert office.prompt(phone).form == "T01"
    sms = office.reply(phone, "Y")
    (decision,) = office.decisions(request)
    assert (decision.verdict, decision.channel, decision.level) == ("approve", "sms", 1)
    assert decision.evidence == f"sms_inbound:{sms}"
    assert office.outcomes(sms) == ["DECIDED"]
    receipt = office.answer_to(sms)
    assert receipt is not None
    assert receipt.template == "T06"
    assert receipt.decision_ids == [decision.id]
    assert "2分钟内回X" in receipt.text
    assert office.code(phone) in receipt.text


def test_a_no_with_its_comment_is_recorded_as_it_was_typed(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    sms = office.reply(phone, f"N{office.code(phone)} 材料不全")
    (decision,) = office.decisions(request)
    assert (decision.verdict, decision.comment, decision.level) == ("reject", "材料不全", 2)
    assert office.template(sms) == "T07"


def test_x_within_the_hold_takes_the_decision_back_and_gives_a_new_code(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    old = office.code(phone)
    office.reply(phone, f"Y{old}")
    office.deliver()
    sms = office.reply(phone, f"X{old}")
    assert office.outcomes(sms) == ["UNDONE"]
    assert office.template(sms) == "T27"
    assert [one.state for one in office.decisions(request)] == ["undone"]
    answer = office.answer_to(sms)
    assert answer is not None
    assert office.code(phone) in answer.text
    assert office.code(phone) != old
    office.deliver()
    office.later(minutes=2)
    again = office.reply(phone, f"Y{old}")
    assert office.outcomes(again) == ["CHANGED"]
    assert office.template(again) == "T11"
    assert len(office.decisions(request)) == 1
    assert office.outcomes(office.reply(phone, f"Y{office.code(phone)}")) == ["DECIDED"]


def test_a_second_no_is_told_that_it_stands_already(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    code = office.code(phone)
    office.reply(phone, f"N{code}")
    office.later(minutes=2)
    sms = office.reply(phone, f"N{code}")
    assert office.outcomes(sms) == ["ALREADY_SAME"]
    assert office.template(sms) == "T12"
    assert len(office.decisions(request)) == 1


def test_a_late_reply_is_told_who_decided(office: Office) -> None:
    phone = office.leader("hy00001", "李局长")
    office.leader("hy00002", "张处长")
    request = office.ask("hy00001", "hy00002")
    code = office.code(phone)
    office.decide_elsewhere("hy00002", request)
    sms = office.reply(phone, f"N{code}")
    assert office.outcomes(sms) == ["ALREADY_OTHER"]
    answer = office.answer_to(sms)
    assert answer is not None
    assert answer.template == "T12"
    assert "张处长" in answer.text


def test_x_after_the_hold_is_told_that_it_is_closed(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    code = office.code(phone)
    office.reply(phone, f"Y{code}")
    office.deliver()
    (decision,) = office.decisions(request)
    office.later(minutes=3)
    assert write(office, approvals.settle, decision.id)
    sms = office.reply(phone, f"X{code}")
    assert office.outcomes(sms) == ["CLOSED"]
    answer = office.answer_to(sms)
    assert answer is not None
    assert answer.template == "T12"
    assert "由您同意" in answer.text


def test_a_reply_after_its_window_decides_nothing(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    office.later(hours=73)
    sms = office.reply(phone, f"Y{office.code(phone)}")
    assert office.outcomes(sms) == ["EXPIRED"]
    assert office.template(sms) == "T10"
    assert office.decisions(request) == []


def test_a_reply_given_in_time_counts_even_if_the_network_held_it_up(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    given = office.now
    office.later(hours=73)
    sms = office.reply(phone, f"Y{office.code(phone)}", at=given)
    assert office.outcomes(sms) == ["DECIDED"]
    assert len(office.decisions(request)) == 1


def test_the_old_code_of_changed_content_is_void_before_any_reaction_ran(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    old = office.code(phone)
    content = approvals.Content("申请年休假30天", "5月6日起", {"days": 30})
    write(office, approvals.revise, request, content=content, actor=CLIENT)
    sms = office.reply(phone, f"Y{old}")
    assert office.outcomes(sms) == ["CHANGED"]
    assert office.template(sms) == "T11"
    assert office.decisions(request) == []


def test_an_unknown_code_is_asked_about(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    sms = office.reply(phone, f"Y{unknown_code(office, phone)}")
    assert office.outcomes(sms) == ["UNKNOWN_CODE"]
    assert office.template(sms) == "T16"
    assert office.decisions(request) == []


def test_two_open_and_a_bare_yes_is_asked_which(office: Office) -> None:
    phone = office.leader("hy00001")
    first, second = office.ask("hy00001", title="年休假"), office.ask("hy00001", title="用车")
    assert office.prompt(phone).form == "T02"
    sms = office.reply(phone, "Y")
    assert office.outcomes(sms) == ["ASKED"]
    answer = office.answer_to(sms)
    assert answer is not None
    assert answer.template == "T09"
    assert "年休假" in answer.text
    assert "用车" in answer.text
    assert office.decisions(first) == []
    assert office.decisions(second) == []


def test_yes_and_no_in_one_reply_do_nothing(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    sms = office.reply(phone, "Y不同意")
    assert office.outcomes(sms) == ["CONTRADICTORY"]
    assert office.template(sms) == "T13"
    assert office.decisions(request) == []


def test_a_question_back_is_not_understood(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    sms = office.reply(phone, "批准吗？")
    assert office.outcomes(sms) == ["UNCLEAR"]
    assert office.template(sms) == "T14"


def test_courtesy_is_no_decision(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    sms = office.reply(phone, "收到")
    assert office.outcomes(sms) == ["COURTESY"]
    assert office.template(sms) == "T15"
    assert office.decisions(request) == []


def test_a_yes_with_nothing_open_is_told_so(office: Office) -> None:
    phone = office.leader("hy00001")
    sms = office.reply(phone, "Y")
    assert office.outcomes(sms) == ["NOTHING_OPEN"]
    assert office.template(sms) == "T17"


def test_a_reply_stamped_before_the_question_is_stale(office: Office) -> None:
    phone = office.leader("hy00001")
    before = office.now
    office.later(minutes=10)
    request = office.ask("hy00001")
    sms = office.reply(phone, "Y", at=before)
    assert office.outcomes(sms) == ["STALE"]
    assert office.template(sms) == "T14"
    assert office.decisions(request) == []


def test_service_words_are_answered(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    code = office.code(phone)
    expected: list[tuple[str, str, str]] = [
        ("待办", "LIST", "T23"),
        (f"详{code}", "DETAIL", "DETAIL"),
        ("帮助", "HELP", "T22"),
        ("TD", "STOPPED", "T24"),
        ("KT", "RESUMED", "T30"),
    ]
    for text, outcome, template in expected:
        sms = office.reply(phone, text)
        assert (office.outcomes(sms), office.template(sms)) == ([outcome], template)


def test_help_never_shows_a_code_that_counts(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    answer = office.answer_to(office.reply(phone, "帮助"))
    assert answer is not None
    assert office.code(phone) not in answer.text


def test_details_end_with_the_office_while_the_form_stays_inside(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    answer = office.answer_to(office.reply(phone, f"详{office.code(phone)}"))
    assert answer is not None
    assert "5月6日起" in answer.text
    assert answer.text.endswith("全文见OA")


def test_silence_is_kept_where_nobody_should_be_told(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    auto = office.reply(phone, "自动回复:开会中")
    foreign = office.reply("+8613700000000", "Y")
    named = office.reply("10086", "Y")
    assert [office.outcomes(one) for one in (auto, foreign, named)] == [["AUTO"], ["UNBOUND"], ["UNBOUND"]]
    assert [office.answer_to(one) for one in (auto, foreign, named)] == [None, None, None]
    assert office.decisions(request) == []


def test_a_sender_by_name_never_approves_even_if_the_name_is_a_number(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    sms = office.reply(phone, "Y", alphanumeric=True)
    assert office.outcomes(sms) == ["UNBOUND"]
    assert office.decisions(request) == []


def test_the_same_text_within_a_minute_has_one_effect_and_one_receipt(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    first = office.reply(phone, "Y")
    office.later(seconds=30)
    second = office.reply(phone, "Y")
    assert (office.outcomes(first), office.outcomes(second)) == (["DECIDED"], ["DUPLICATE"])
    assert office.answer_to(second) is None
    assert len(office.decisions(request)) == 1


def test_a_part_that_never_comes_ends_the_message(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    assert office.receive(phone, "Y", concat=Concat(7, 2, 1, 8), pdu="part 1 of 2") is None
    office.later(seconds=121)
    assert office.store.write(recording.give_up_parts, timeout=120, now=office.now) == 1
    row: Any = office.one(select(inbound_sms))
    assert (office.outcomes(row.id), row.state) == (["PART_LOST"], "settled")
    assert office.receive(phone, "请尽快", concat=Concat(7, 2, 2, 8), pdu="part 2 of 2") is None
    assert office.decisions(request) == []


def test_what_cannot_be_decoded_is_kept_and_the_others_go_on(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    assert office.receive(phone, None, pdu="0791FFFF", undecodable="bad length") is None
    office.reply(phone, "Y")
    row: Any = office.one(select(quarantine))
    assert (row.pdu, row.reason, office.outcomes(row.inbound_id)) == (
        "0791FFFF",
        "bad length",
        ["UNDECODABLE"],
    )
    assert len(office.decisions(request)) == 1
