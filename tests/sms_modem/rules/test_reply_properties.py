"""What holds for every text there is."""

from __future__ import annotations

import json
import re
import sys
from types import FrameType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sms_modem.rules.lines import parse_lines, unescape
from sms_modem.rules.quotes import cut_quotes
from sms_modem.rules.reply import Verdict, parse_reply, reply_as_json
from sms_modem.rules.words import AGAINST_YES, SIGNS_OF_NO, is_separator, normalise

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
PIECES = [
    "Y",
    "N",
    "y",
    "n",
    "同意",
    "不同意",
    "批准",
    "准予",
    "驳回",
    "退回",
    "拒绝",
    "否决",
    "不批",
    "可以",
    "可",
    "行",
    "不",
    "不行",
    "否",
    "是",
    "OK",
    "yes",
    "no",
    "1",
    "0",
    "7382",
    "5946",
    "738259",
    "7301",
    "2013",
    "编号",
    "号",
    "单号",
    "元",
    "天",
    "%",
    "?",
    "？",
    "，",
    "。",
    ",",
    ".",
    ":",
    "/",
    ">",
    "--",
    "我",
    "本人",
    "好的",
    "收到",
    "已阅",
    "谢谢",
    "的",
    "了",
    "吧",
    "吗",
    "么",
    "见",
    "书",
    "后",
    "没",
    "X",
    "撤回",
    "发错了",
    "待办",
    "详",
    "TD",
    "KT",
    "自动回复",
    "转发",
    "发自我的",
    "原文:",
    "【政务OA】",
    "👎",
    "👍",
    "❌",
    "👌",
    "𠮷",
    "ＹＮ",
    "ｙ",
    "７３８２",
    "請",
    "審",
    "暂缓",
    "再议",
    "别批",
    "发错",
    "not",
    "请尽快",
    "材料不全",
    "原则",
]  # eighty pieces are read more easily so
GRAMMAR_MIX = st.lists(
    st.one_of(st.sampled_from(PIECES), st.sampled_from([" ", "\n", "\r\n", "\u3000", "\u200d", "\ud83d"])),
    max_size=9,
).map("".join)
BINDING = (Verdict.APPROVE, Verdict.REJECT)


@settings(max_examples=1500, deadline=None)
@given(st.one_of(ANY_TEXT, GRAMMAR_MIX))
def test_every_text_has_exactly_one_sound_reading(text: str) -> None:
    reply = parse_reply(text)
    assert reply == parse_reply(text)
    assert len(reply.comment) <= 300
    assert len(reply.codes) <= 5
    assert len(set(reply.codes)) == len(reply.codes)
    assert all(re.fullmatch("[2-9]{4,6}", code) for code in reply.codes)
    assert reply.tail_code is None or reply.tail_code in reply.codes
    if reply.verdict not in BINDING:
        assert reply.comment == ""
    if reply.verdict in (
        Verdict.CONFLICT,
        Verdict.EMPTY,
        Verdict.AUTO,
        Verdict.HELP,
        Verdict.STOP,
        Verdict.START,
    ):
        assert reply.codes == ()
    assert list(reply_as_json(reply)) == ["verdict", "codes", "comment"]


@settings(max_examples=1500, deadline=None)
@given(
    before=GRAMMAR_MIX,
    word=st.sampled_from([*AGAINST_YES, " N ", " NO ", " not ", *SIGNS_OF_NO]),
    after=GRAMMAR_MIX,
)
def test_never_a_yes_with_a_no_outside_a_quote(before: str, word: str, after: str) -> None:
    text = before + word + after
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    _, left = cut_quotes(joined, normalise(joined), "【政务OA】")
    seen = left if word in SIGNS_OF_NO else _outside_latin(left)
    if normalise(word).strip() in seen:
        assert parse_reply(text).verdict is not Verdict.APPROVE


def _outside_latin(text: str) -> str | list[str]:
    """For the Latin words: the runs of ASCII letters; for the others the text itself works as well."""
    return _Runs(text)


class _Runs(str):
    def __contains__(self, word: object) -> bool:
        assert isinstance(word, str)
        return word in re.findall("[A-Z]+", str(self)) if word.isascii() else str.__contains__(self, word)


@settings(max_examples=600, deadline=None)
@given(GRAMMAR_MIX, st.sampled_from(["\u200b", " ", "\u3000", "。", "~", "\ufe0f"]))
def test_separators_at_the_end_change_no_verdict_but_for_the_trim(text: str, end: str) -> None:
    if "\n" in text or "-" in text or ">" in text:
        return
    before, after = parse_reply(text), parse_reply(text + end)
    if before.verdict is Verdict.APPROVE:
        assert after.verdict in (Verdict.APPROVE, Verdict.UNKNOWN)
    if before.verdict is Verdict.REJECT:
        assert after.verdict is not Verdict.APPROVE


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(["Y", "同意", "批准"]),
    st.text(st.sampled_from("请尽快办理ＡＢ𠮷é，、👨\u200d "), max_size=30),
)
def test_the_comment_is_a_piece_of_the_text_itself(word: str, comment: str) -> None:
    text = f"{word}，{comment}"
    reply = parse_reply(text)
    assert reply.verdict is Verdict.APPROVE
    assert reply.comment in text
    assert all(char in reply.comment or is_separator(char) for char in comment)


@settings(max_examples=400, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_normalising_keeps_every_place_and_is_done_after_once(text: str) -> None:
    assert len(normalise(text)) == len(text)
    assert normalise(normalise(text)) == normalise(text)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=(), exclude_characters="\r\n"), max_size=30), max_size=5
    )
)
def test_each_line_gives_one_json_object_that_utf8_can_carry(lines: list[str]) -> None:
    printed = list(parse_lines(lines))
    assert len(printed) == len(lines)
    for line in printed:
        assert "\n" not in line
        assert set(json.loads(line.encode().decode())) == {"verdict", "codes", "comment"}


def test_escapes_are_read_as_an_operator_types_them() -> None:
    assert unescape(r"Y\n\tN\\n\q\u12") == "Y\n\tN\\n\\q\\u12"
    assert unescape(r"\uD83D\uDC4D") == "👍"
    assert unescape(r"\uD83D!") == "\ud83d!"
    assert list(parse_lines([r"Y\uD83D\uDC4E" + "\n", r"同意，\uD800甲", ""])) == [
        '{"verdict": "CONFLICT", "codes": [], "comment": ""}',
        '{"verdict": "APPROVE", "codes": [], "comment": "甲"}',
        '{"verdict": "EMPTY", "codes": [], "comment": ""}',
    ]
    assert list(parse_lines([r"同意，甲\uD800乙"])) == [
        '{"verdict": "APPROVE", "codes": [], "comment": "甲\\ud800乙"}'
    ]


def _lines_run(text: str) -> int:
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        parse_reply(text)
    finally:
        sys.settrace(before)
    return count


def test_twice_the_text_is_at_most_twice_the_work() -> None:
    shapes = [
        "同意，办", "Y ", "Y 7382 ", "编号 ", "7382", "发自我的", "原文 ", "\n", ">a\n", "我", "好的", "的", "1 ", "N,Y,",
        "Y 2345", "【政务OA】", "--", "?", "可以", "不", "👎", "X 7382 ", "详", "，", "\ud83d",
    ]  # fmt: skip
    for shape in shapes:
        for text in (shape, "同意，" + shape, "Y发自我的" + shape + "不同意"):
            small, large = _lines_run(text * 300), _lines_run(text * 600)
            assert large <= 2.1 * small + 60, text
            small, large = _lines_run("Y 甲" + shape * 300), _lines_run("Y 甲" + shape * 600)
            assert large <= 2.1 * small + 60, shape


def test_distinct_codes_by_the_thousand_are_read_in_linear_time() -> None:
    def codes(count: int) -> str:
        return (
            "Y "
            + " ".join(
                f"{a}{b}{c}{d}" for a in "23456789" for b in "2345" for c in "23456789" for d in "2345"
            )[: count * 5]
        )

    assert parse_reply(codes(800)).verdict is Verdict.UNKNOWN
    assert _lines_run(codes(800)) <= 2.1 * _lines_run(codes(400))
