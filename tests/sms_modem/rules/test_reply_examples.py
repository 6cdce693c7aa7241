"""The forty examples of the reply grammar, as operators read them in docs/protocol/reply-grammar.md."""

from __future__ import annotations

import pytest

from sms_modem.rules.reply import parse_reply, reply_as_json

EXAMPLES = [
    ("同意，同意", "APPROVE", "", ""),
    ("ｏｋ，批准", "APPROVE", "", ""),
    ("okay", "APPROVE", "", ""),
    ("可", "APPROVE", "", ""),
    ("是的", "APPROVE", "", ""),
    ("1，同意", "APPROVE", "", ""),
    ("不准", "REJECT", "", ""),
    ("no，不行", "REJECT", "", ""),
    ("打回", "REJECT", "", ""),
    ("不通過", "REJECT", "", ""),
    ("【不可以】", "REJECT", "", ""),
    ("\t准了\r\n", "APPROVE", "", ""),
    ("Y7382", "APPROVE", "7382", ""),
    ("7382:不同意", "REJECT", "7382", ""),
    ("Y【7382】", "APPROVE", "7382", ""),
    ("Y 7382 5946 8264", "APPROVE", "7382,5946,8264", ""),
    ("Y7382请尽快", "APPROVE", "7382", "请尽快"),
    ("同意尽快办理7382", "APPROVE", "7382", "尽快办理"),
    ("Y7301", "UNKNOWN", "", ""),
    ("同意 2013", "UNKNOWN", "", ""),
    ("7382", "UNKNOWN", "7382", ""),
    ("同意，请尽快办理。", "APPROVE", "", "请尽快办理"),
    ("N 材料不全", "REJECT", "", "材料不全"),
    ("退回修改，同意后再报", "REJECT", "", "修改，同意后再报"),
    ("同意5000元", "APPROVE", "", "5000元"),
    ("Y不同意", "CONFLICT", "", ""),
    ("批准/驳回", "CONFLICT", "", ""),
    ("同意,驳回第三项", "CONFLICT", "", ""),
    ("N 同意他明天去", "CONFLICT", "", ""),
    ("Y👎", "CONFLICT", "", ""),
    ("批准吗？", "UNKNOWN", "", ""),
    ("不同意见已报", "UNKNOWN", "", ""),
    ("原则同意", "UNKNOWN", "", ""),
    ("不了解", "UNKNOWN", "", ""),
    ("0.5天", "UNKNOWN", "", ""),
    ("好！", "ACK", "", ""),
    ("已阅，谢谢", "ACK", "", ""),
    (
        "Y\n原文:【政务OA】王伟申请年休假3天(5月6日起)。同意回Y,不同意回N,编号7382",
        "APPROVE",
        "",
        "",
    ),
    ("自动回复:开会中", "AUTO", "", ""),
    ("👌", "EMPTY", "", ""),
]

ACCEPTANCE = [
    ("ｙ", "APPROVE", "", ""),
    ("同意，请尽快", "APPROVE", "", "请尽快"),
    ("Y不同意", "CONFLICT", "", ""),
    ("收到", "ACK", "", ""),
]


@pytest.mark.parametrize(("text", "verdict", "codes", "comment"), EXAMPLES + ACCEPTANCE)
def test_each_example_reads_as_the_grammar_says(text: str, verdict: str, codes: str, comment: str) -> None:
    assert reply_as_json(parse_reply(text)) == {
        "verdict": verdict,
        "codes": codes.split(",") if codes else [],
        "comment": comment,
    }


def test_there_are_forty_examples() -> None:
    assert len(EXAMPLES) == 40
