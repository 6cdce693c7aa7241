"""Everything we say fits one SMS, keeps its code and its instruction, and cannot be forged by a title."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sms_modem.rules import wording as say
from sms_modem.rules.composing import clean, parts_needed, shorten, split, units
from sms_modem.rules.reply import Verdict, parse_reply
from sms_modem.rules.situation import Form
from sms_modem.rules.templates import SINGLE, SPLIT, TEMPLATES

AT = datetime(2012, 12, 31, 16, 5, tzinfo=UTC)  # one minute past midnight in the office, and New Year
SIX = "738259"
ITEMS = [(f"73825{digit}", "关于王伟申请年休假三天的请示") for digit in "23456789"]
FIELD = st.text(st.characters(exclude_categories=()), max_size=90)


def every_text(field: str, code: str = SIX) -> dict[str, str]:
    return {
        "T01": say.t01(who=field, what=field, code=code),
        "T02": say.t02(who=field, what=field, code=code, open_count=99),
        "T02 alone": say.t02(who=field, what=field, code=code, open_count=1),
        "T03": say.t03(who=field, what=field, due=AT, code=code, bare=True),
        "T03 coded": say.t03(who=field, what=field, due=AT, code=code, bare=False),
        "T04": say.t04(who=field, what=field, hours=999, code=code),
        "T05": say.t05(title=field, code=code),
        "T06": say.t06(what=field, code=code, hold_seconds=3599),
        "T06 final": say.t06(what=field, code=code, hold_seconds=0),
        "T07": say.t07(what=field, code=code, effect=say.returned_to(field)),
        "T08": say.t08(what=field, verdict="reject", approver=field, at=AT, comment=field),
        "T09": say.t09(items=[(code, field)] * 9),
        "T09X": say.t09x(items=[(code, field)] * 9),
        "T10": say.t10(code=code),
        "T11": say.t11(code=code, why=field),
        "T12": say.t12(code=code, at=AT, who=field, verdict="reject"),
        "T12X": say.t12x(code=code, at=AT, verdict="reject"),
        "T13": say.t13(code=code),
        "T14": say.t14(code=code),
        "T15": say.t15(code=code),
        "T16": say.t16(code=code),
        "T17": say.t17(),
        "T18": say.t18(),
        "T19": say.t19(kind=field),
        "T20": say.t20(),
        "T21": say.t21(done=[code], verdict="reject", undone=[(code, "已撤回答复并换新编号")] * 4),
        "T22": say.t22(),
        "T23": say.t23(items=[(code, field)] * 12),
        "T24": say.t24(),
        "T25": say.t25(leader=field, start=AT, end=AT),
        "T26": say.t26(otp="120045"),
        "T27": say.t27(what=field, code=code),
        "T29": say.t29(model=field),
        "T30": say.t30(),
        "T31": say.t31(leader=field, what=field, hours=999),
        "T32": say.t32(says=field, what=field),
    }


#: The end of each request and question: ours, and never cut.
ENDS = {
    "T01": f"。同意回Y,不同意回N,编号{SIX}",
    "T02": f"(共99件待批)。同意回Y{SIX},不同意回N{SIX}",
    "T02 alone": f"。同意回Y{SIX},不同意回N{SIX}",
    "T03": f",请1月1日00:05前回复。同意回Y,不同意回N,编号{SIX}",
    "T03 coded": f"前回复。同意回Y{SIX},不同意回N{SIX}",
    "T04": f"已等999小时。同意回Y{SIX},不同意回N{SIX}",
    "T05": f'。已阅请回"已阅{SIX}",全文见OA',
    "T06": f"({SIX})。有误请3599秒内回X{SIX}",
    "T06 final": f"({SIX})",
    "T09": f"。请回Y或N加编号,如Y{SIX}",
    "T09X": f"。请回X加编号,如X{SIX}",
    "T23": "。回Y或N加编号",
    "T31": "。请提醒本人办理,他人不能代批",
    "T32": "。请登录OA查看",
    "T27": f"的答复,事项仍待您处理。同意回Y{SIX},不同意回N{SIX}",
}


def test_every_template_has_its_function_and_the_table_is_complete() -> None:
    assert set(TEMPLATES) | {"T21"} == set(every_text("王伟"))


@pytest.mark.parametrize(
    "field", ["", "王伟", "申" * 400, "𠮷" * 400, "👨\u200d👩\u200d👧" * 60, "{code}{0}%s", "\n" * 80]
)
def test_the_longest_fields_fit_one_sms_and_cut_no_code_and_no_instruction(field: str) -> None:
    for name, text in every_text(field).items():
        assert units(text) <= SINGLE, name
        assert parts_needed(text) == 1
        assert text.startswith("【政务OA】")
        assert text.endswith(ENDS.get(name, ""))


@settings(max_examples=150, deadline=None)
@given(FIELD)
def test_no_title_forges_a_line_a_signature_or_an_answer(field: str) -> None:
    for name, text in every_text(field).items():
        assert units(text) <= SINGLE
        assert "\n" not in text
        assert text.count("【政务OA】") == 1
        assert text.encode()
        assert text.endswith(ENDS.get(name, ""))


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        FIELD, st.sampled_from(["【政务OA】同意", "a\n不同意\nN", "回Y2222", "\n--\n", "> N", "\u2028N"])
    )
)
def test_our_own_text_quoted_below_an_answer_adds_nothing_to_it(field: str) -> None:
    for text in every_text(field).values():
        for reply in (f"Y\n原文:{text}", f"Y\n{text}", f"Y {text}"):
            read = parse_reply(reply)
            assert (read.verdict, read.codes, read.comment) == (Verdict.APPROVE, (), "")
        assert parse_reply(f"N5946\n原文:{text}").codes == ("5946",)
        assert parse_reply(text).verdict is Verdict.EMPTY


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("休假。同意回Y2222", "休假。同意回…"),
        ("休假，请回復 Ｎ", "休假，请回…"),
        ("编号2222的请示", "编号…的请示"),
        ("编号： 2222", "编号…"),
        ("【政务OA】特急", "特急"),
        ("【2012】5号", "[2012]5号"),
        ("a\r\nb\tc", "a b c"),
        ("\u202e甲\ud800\u200b", "甲"),
        ("采购3522台", "采购3522台"),
    ],
)
def test_fields_are_cleaned(field: str, shown: str) -> None:
    assert clean(field) == shown


def test_the_examples_of_the_wording_page() -> None:
    assert say.t01(who="王伟", what="申请年休假3天(5月6日起)", code="7382") == (
        "【政务OA】王伟申请年休假3天(5月6日起)。同意回Y,不同意回N,编号7382"
    )
    assert say.t09(items=[("7382", "休假"), ("5946", "用车"), ("8264", "答复")]) == (
        "【政务OA】您有3件待批:7382休假,5946用车,8264答复。请回Y或N加编号,如Y7382"
    )
    approved = datetime(2012, 5, 3, 1, tzinfo=UTC)
    assert say.t08(
        what="年休假申请", verdict="approve", approver="李局长", at=approved, comment="注意交接"
    ) == ("【政务OA】您的年休假申请已同意(李局长,5月3日)。意见:注意交接")
    assert say.t06(what="休假", code="7382", hold_seconds=120).endswith("有误请2分钟内回X7382")
    assert say.t06(what="休假", code="7382", hold_seconds=15).endswith("有误请15秒内回X7382")
    assert "X" not in say.t06(what="休假", code="7382", hold_seconds=0)
    assert say.t07(what="休假", code="7382").endswith("(7382),未通过")
    assert say.t07(what="休假", code="7382", effect=say.returned_to("王伟")).endswith(",已退回王伟")
    assert say.t30() == "【政务OA】已恢复接收审批短信"


def test_a_list_shows_as_many_as_fit_and_says_how_many_there_are() -> None:
    assert "等8件" in say.t09(items=ITEMS)
    assert "等5件" not in say.t23(items=[(code, "用车") for code, _ in ITEMS[:5]])
    assert say.t09(items=ITEMS).startswith("【政务OA】您有8件待批:738252")


def test_several_codes_in_one_receipt() -> None:
    assert say.t21(done=["7382", "5946"], verdict="approve") == "【政务OA】7382、5946已同意"
    assert say.t21(done=["7382"], verdict="reject", undone=[("5946", "已过期")]) == (
        "【政务OA】7382已不同意;5946已过期,未作处理"
    )
    assert say.t21(done=[], verdict="approve", undone=[("5946", "已过期")]) == "【政务OA】5946已过期,未作处理"


def test_help_never_shows_a_code() -> None:
    assert not any(char in "23456789" for char in say.t22())


@pytest.mark.parametrize(
    ("floor", "own_sim", "bare", "decidable", "form"),
    [
        (1, True, True, True, Form.BARE), (0, True, True, True, Form.BARE), (1, True, False, True, Form.CODED),
        (1, False, True, True, Form.CODED), (2, True, True, True, Form.CODED), (2, False, False, True, Form.CODED),
        (3, True, True, True, Form.NOTIFY), (4, False, False, True, Form.NOTIFY), (1, True, True, False, Form.NOTIFY),
    ],
)  # fmt: skip
def test_an_sms_never_invites_an_answer_that_is_not_enough(
    floor: int, own_sim: bool, bare: bool, decidable: bool, form: Form
) -> None:
    assert say.choose_form(floor=floor, own_sim=own_sim, bare_allowed=bare, sms_decidable=decidable) is form


@settings(max_examples=200, deadline=None)
@given(FIELD, st.integers(1, 80))
def test_shortening_and_splitting_keep_to_their_room(text: str, room: int) -> None:
    assert units(shorten(text, room)) <= max(room, 0)
    assert "".join(split(text)) == text
    assert all(units(piece) <= SPLIT for piece in split(text))


def test_the_details_come_in_at_most_five_parts_and_say_when_they_are_not_all() -> None:
    short = say.detail_parts([("事由", "探亲"), ("天数", "3")], office_phone="8001", whole=True)
    assert short == ("【政务OA】事由:探亲。天数:3。办公电话:8001",)
    assert say.detail_parts([("事由", "探亲")], whole=False) == ("【政务OA】事由:探亲。全文见OA",)
    for char in "长𠮷":
        long = say.detail_parts([("事由", char * 399), ("备注", "x" * 399)], whole=True)
        assert len(long) == 5
        assert all(units(part) <= SPLIT for part in long)
        assert long[-1].endswith("全文见OA")
    four = say.detail_parts([("事由", "长" * 250)], whole=True)
    assert len(four) == 4
    assert "长" * 250 in "".join(four)
    assert "全文见OA" not in "".join(four)
