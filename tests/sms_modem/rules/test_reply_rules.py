"""Every rule of the grammar, with replies that fit it and replies that only look so."""

from __future__ import annotations

import pytest

from sms_modem.rules.reply import Verdict, parse_reply

A, R, C, U = Verdict.APPROVE, Verdict.REJECT, Verdict.CONFLICT, Verdict.UNKNOWN
ACK, EMPTY, AUTO, UNDO = Verdict.ACK, Verdict.EMPTY, Verdict.AUTO, Verdict.UNDO
LIST, HELP, STOP, START, DETAIL = Verdict.LIST, Verdict.HELP, Verdict.STOP, Verdict.START, Verdict.DETAIL

REGRESSIONS = [
    ("disallow", U), ("not approved", U), ("no, don't approve", U), ("No, don’t approve", U), ("不同意", R),
    ("去执行", U), ("可去执行", U), ("ok, looking", U), ("fine", U), ("approved", U), ("yes and no", U),
    ("没同意", U), ("未批准", U), ("不能同意", U), ("不会批准", U), ("我不同意", R), ("别批", U), ("不要同意", U),
    ("do not approve", U), ("nope", U), ("yep", U), ("yesterday", U), ("nobody", U), ("OKlahoma", U),
]  # fmt: skip

G1 = [
    ("Ｙ７３８２", A), ("ｎ", R), ("y", A), ("駁回", R), ("準予", A), ("批準", A), ("收到，謝謝", ACK), ("瞭解", ACK),
    ("У", U), ("Υ", U), ("ОК", U), ("yeſ", U), ("ŉ", U), ("ß", U), ("𝐘", U), ("①", U), ("编號7382同意", A),
    ("Ｎ，退回", R), ("決定", U), ("沒問題", ACK),
]  # fmt: skip

G2 = [
    ("Y\n> 不同意", A), (">同意", EMPTY), ("＞同意\nN", R), ("Y\n--\n不同意", A), ("--\nY", EMPTY), ("Y\n-\n不同意", C),
    ("Y\n——\n驳回", A), ("Y\n发自我的iPhone", A), ("OK 发自我的小米手机", A), ("收到\n来自我的华为", ACK),
    ("Y\nSent from my iPhone", A), ("发自我的iPhone", EMPTY), ("Y发自我的内心不同意", C), ("Y 来自我的 👎", C),
    ("【政务OA】王伟申请。同意回Y,不同意回N\nY", A), ("原文:不同意\nY", A), ("Y 原文:不同意", A),
    ("Y见原文:不同意", C), ("Y\n原短信:不同意", A), ("Y\n原始短信—不同意", A), ("Y\n原消息：不同意", A),
    ("Y\n----- Original Message -----\n不同意", A), ("Y\n-----Original Message-----\n不同意", A),
    ("Y\n原文不同意", C), ("👍\n【政务OA】x\nY", A), ("【政务OA】同意回Y", EMPTY), ("Y【政务OA】王伟申请,不同意回N", A),
    ("N\r\n> Y\r\n材料不全", R),
]  # fmt: skip

G3 = [
    ("", EMPTY), (" \n\t", EMPTY), ("。。。", EMPTY), ("\ud800", EMPTY), ("\u200b", EMPTY), ("👍", EMPTY),
    ("\ufeffY", A), ("👌Y", A), ("《同意》", A), ("Y\u0301", A), ("\u202eY", A), ("🇾", EMPTY), ("Y\ud83d", A),
]  # fmt: skip

G4 = [
    ("Auto-Reply: Y", AUTO), ("auto reply", AUTO), ("Automatic reply: out", AUTO), ("【自动回复】同意", AUTO),
    ("转发:同意", U), ("FWD: Y", U), ("fw: Y", U), ("待办", LIST), ("待办。", LIST), ("查询", LIST), ("list", LIST),
    ("cx7382", LIST), ("待办 7382", LIST), ("待办事项", U), ("待办 同意", U), ("LISTS", U), ("帮助", HELP), ("help!", HELP),
    ("帮助我", U), ("td", STOP), ("退订", STOP), ("stop", STOP), ("stop it", U), ("KT", START), ("恢复", START),
    ("start", START), ("恢复7382", U), ("详7382", DETAIL), ("詳7382", U), ("详 7382。", DETAIL), ("详", U), ("详情7382", U),
    ("X", UNDO), ("x7382", UNDO), ("X 7382", UNDO), ("撤回", UNDO), ("撤销，发错了", UNDO), ("取消", UNDO),
    ("我发错了", UNDO), ("，我 打错了", UNDO), ("按错了。应为N", UNDO), ("撤回吧", UNDO), ("撤回申请", U), ("X光机", U),
    ("XY", U), ("取消会议", U), ("发错", U), ("X，同意", UNDO), ("7382 X", U), ("X 2222 3333 4444 5555 6666 7777", U),
]  # fmt: skip

G5 = [
    ("好的同意", A), ("好，同意", A), ("好的，我同意", A), ("本人不同意", R), ("我批准", A), ("我Y", U), ("我可以", U),
    ("同意，谢谢", A), ("不好", U), ("不是", U), ("可不", U), ("可以不", U), ("行不行", U), ("可否", U), ("是否同意", U),
    ("是不是", U), ("好不好", U), ("好不同意", R), ("可我同意", U), ("可我不同意", U), ("同意吧", A), ("不同意了", R),
    ("Y是", A), ("Y不", C), ("不，同意", C), ("不 同意", C), ("不\u200b同意", C), ("OK不行", C), ("可7382同意", U),
    ("同意的，不同意", C), ("啊，同意", A), ("收到同意", A), ("收到，不批", R), ("已阅同意", A), ("好的收到同意", U),
    ("Yes", A), ("YY", U), ("Y_同意", A), ("同意OKAY", A), ("可以，同意", A), ("同意同意", A), ("批准了", A),
]  # fmt: skip

G7 = [
    ("编号7382同意", A), ("同意编号:7382", A), ("7382号同意", A), ("单号7382,不批", R), ("代码 7382 Y", A), ("7382Y", A),
    ("7382我同意", U), ("7382请同意", U), ("Y7382 7382", A), ("Y 2222 3333 4444 5555 6666", A),
    ("Y 2222 3333 4444 5555 6666 7777", U), ("Y73825946", U), ("Y7382吧", A), ("7382不同意", R), ("7382 5946", U),
    ("同意2222万", A), ("同意22222元整", A), ("Y2345%", A), ("编号不对", U), ("Y编号7301", U), ("Y7301号", U),
]  # fmt: skip

G8 = [
    ("Y1", U), ("Y12", U), ("Y 7382 7301", U), ("同意3", U), ("同意3的", U), ("同意3天", A), ("N 2人", R), ("同意14:30", A),
    ("同意 1.5天", A), ("Y 0.5天", A), ("同意1/2", A), ("同意50%", A), ("Y12同意", U), ("Y7301 N", U), ("Y7382.5", U),
    ("同意3号出发", A), ("不同意 12", U),
]  # fmt: skip

G9 = [
    ("1", A), ("0", R), ("1.", A), ("１", A), ("1，", A), ("1 同意", A), ("同意，1", A), ("Y 0", C), ("1/2", U), ("1人", U),
    ("(1)", U), ("1️⃣", U), ("1?", U), ("11", U), ("0\n1", C), ("1、同意2、驳回", U), ("1同意", U), ("2", U),
]  # fmt: skip

G10 = [
    ("Y，不批了", C), ("同意，拒绝第三项", C), ("同意 暂缓", C), ("同意，再议", C), ("Y 别批", C), ("Y，发错了", C),
    ("Y，按错", C), ("Y 不通过", C), ("同意 do not", C), ("Y 方案N", C), ("Y 明天no", C), ("Y note", A), ("Y 买N95", C),
    ("❌Y", C), ("同意🙅\u200d♂️", C), ("Y✖️", C), ("N👍", C), ("不同意👌", C), ("驳回💯", C), ("N，批准", C),
    ("N 材料，通过了", C), ("N 材料可以", R), ("N，行", C), ("N 材料，行", R), ("N 材料，1", R), ("N，打错", C),
    ("驳回,材料批准后再报", R), ("同意,不行", C), ("Y👍", A), ("N👎", R), ("不批准，准予", C), ("Y 退回", C),
    ("Y\ud83d\udc4e", C), ("Y, don't approve", C), ("Y can’t", C), ("同意，别同意", C), ("Y dont", C), ("Y donut", A),
    ("同意，取消上次会议", A),
]  # fmt: skip

G11 = [
    ("Y?", U), ("Y7382？", U), ("同意？", U), ("同意？请尽快", U), ("不同意?", U), ("同意，请尽快？", A), ("Y请尽快？", U),
    ("同意他去吗", U), ("同意他去么，好", U), ("Y可以吗", U), ("Y7382可以吗", U), ("Y❓", U), ("同意没", U), ("同意否", C),
    ("同意与否", U), ("同意不", C), ("同意后再说", U), ("同意前往", U), ("批准之后", U), ("准予以后", U), ("同意才行", U),
    ("同意吗", U), ("批准么", U), ("同意的话", U), ("同意了吧", U), ("同意书", U), ("批准文件", U), ("批准书", U), ("批准件", U),
    ("不同意见", U), ("暂不同意见", U), ("不同意吗", U), ("不批准么", U), ("不同意的话", U), ("驳回了材料", U),
    ("同意方案", A), ("不同意方案", R), ("同意了7382", U), ("同意没问题", U), ("N请尽快?", U), ("?Y", A),
]  # fmt: skip

G12 = [
    ("OK,马上看", U), ("可以再商量", U), ("行政处办", U), ("准备好了", U), ("是的吧", U), ("不清楚", U), ("no way", U),
    ("可以，谢谢", A), ("不 好", R), ("可以50%", U), ("通过审核", U), ("准了7382", U), ("1，同意请尽快", U), ("不行，材料不全", U),
]  # fmt: skip

G13 = [
    ("收到", ACK), ("好的。", ACK), ("嗯嗯", ACK), ("知道了", ACK), ("已阅7382", ACK), ("7382 收到", ACK), ("辛苦了！", ACK),
    ("没意见", ACK), ("您好", ACK), ("哦", ACK), ("好吧", ACK), ("好的吗", U), ("知道了吗", U), ("收到请办", U), ("基本同意", U),
    ("再议", U), ("请李局阅示", U), ("已阅，转办公室", U), ("明天再说", U), ("吧", U), ("我", U), ("7382号", U), ("编号7382", U),
]  # fmt: skip

TABLES = {
    "regression": REGRESSIONS, "G1": G1, "G2": G2, "G3": G3, "G4": G4, "G5": G5, "G7": G7, "G8": G8, "G9": G9,
    "G10": G10, "G11": G11, "G12": G12, "G13": G13,
}  # fmt: skip
CASES = [
    pytest.param(text, verdict, id=f"{rule}-{text!r}")
    for rule, table in TABLES.items()
    for text, verdict in table
]


@pytest.mark.parametrize(("text", "verdict"), CASES)
def test_the_reply_reads_as_its_rule_says(text: str, verdict: Verdict) -> None:
    assert parse_reply(text).verdict is verdict


STRONG_YES = ["Y", "同意", "批准", "准予"]
WEAK_YES = ["YES", "OK", "OKAY", "1", "是", "可", "可以", "行", "准", "通过", "赞成", "照准"]
STRONG_NO = [
    "N",
    "不同意",
    "不批准",
    "不予批准",
    "不予同意",
    "暂不同意",
    "驳回",
    "退回",
    "拒绝",
    "否决",
    "不批",
    "不准",
]
WEAK_NO = ["NO", "0", "否", "不", "不行", "不可以", "不可", "不通过", "打回"]


@pytest.mark.parametrize("word", STRONG_YES + WEAK_YES)
def test_every_yes_word_alone_approves(word: str) -> None:
    for text in (word, f" {word.lower()}。", f"，{word}\n", f"{word}, 7382"):
        assert parse_reply(text).verdict is A


@pytest.mark.parametrize("word", STRONG_NO + WEAK_NO)
def test_every_no_word_alone_rejects_and_never_beside_a_yes(word: str) -> None:
    assert parse_reply(f"{word}。").verdict is R
    for yes in STRONG_YES + WEAK_YES:
        assert parse_reply(f"{yes} {word}").verdict is C
        assert parse_reply(f"{word},{yes}").verdict is C


@pytest.mark.parametrize("word", [*STRONG_YES, *STRONG_NO])
def test_strong_words_run_into_a_comment_and_weak_ones_do_not(word: str) -> None:
    reply = parse_reply(f"{word}请尽快办理")
    assert (reply.verdict, reply.comment) == (A if word in STRONG_YES else R, "请尽快办理")
    for weak in set(WEAK_YES + WEAK_NO) - {"1", "0"}:
        assert parse_reply(f"{weak}，请尽快办理").verdict is U


@pytest.mark.parametrize("unit", "元万千百亿块角分人名位天日月年周点时小个件份台辆间本套次条页%度公米")
def test_a_number_with_a_unit_is_a_comment(unit: str) -> None:
    reply = parse_reply(f"同意2345{unit}")
    assert (reply.verdict, reply.codes, reply.comment) == (A, (), f"2345{unit}")


@pytest.mark.parametrize(
    ("text", "codes", "tail", "comment"),
    [
        ("同意尽快办理7382", ("7382",), "7382", "尽快办理"),
        ("同意尽快办理,编号:7382号。", ("7382",), "7382", "尽快办理"),
        ("N材料不全 7382", ("7382",), "7382", "材料不全"),
        ("Y7382请看5946", ("7382",), None, "请看5946"),
        ("Y请看AB7382", (), None, "请看AB7382"),
        ("Y请看12345678", (), None, "请看12345678"),
        ("同意增长,约2345%", (), None, "增长,约2345%"),
        ("同意,请看文件2013", (), None, "请看文件2013"),
        ("Y 7382 7382 5946", ("7382", "5946"), None, ""),
        ("Y738259", ("738259",), None, ""),
        ("Ｙ７３８２，请ＱＱ联系！", ("7382",), None, "请ＱＱ联系"),
        ("同意，50%", (), None, "50%"),
        ("同意，“材料”后补？", (), None, "材料”后补？"),
        ("N 𠮷林👨\u200d👩\u200d👧出差", (), None, "𠮷林👨\u200d👩\u200d👧出差"),
        ("同意,一\r\n二", (), None, "一\r\n二"),
    ],
)
def test_codes_and_comment_are_cut_from_the_original(
    text: str, codes: tuple[str, ...], tail: str | None, comment: str
) -> None:
    reply = parse_reply(text)
    assert (reply.codes, reply.tail_code, reply.comment) == (codes, tail, comment)


def test_a_comment_keeps_three_hundred_characters() -> None:
    assert parse_reply("同意，" + "办" * 400).comment == "办" * 300
    assert parse_reply("同意，" + "办" * 400 + "不同意").verdict is C


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("X7382", ("7382",)),
        ("x 7382 5946 错了", ("7382", "5946")),
        ("撤回 点错了7382", ("7382",)),
        ("X", ()),
        ("X7301", ()),
    ],
)
def test_taking_back_names_its_codes(text: str, codes: tuple[str, ...]) -> None:
    reply = parse_reply(text)
    assert (reply.verdict, reply.codes, reply.comment) == (UNDO, codes, "")


def test_another_signature_cuts_its_own_text() -> None:
    quoted = "Y\n【海屿税务】王伟申请,不同意回N"
    assert parse_reply(quoted).verdict is C
    assert parse_reply(quoted, signature="【海屿税务】").verdict is A
    assert parse_reply("Y 【政务OA】不同意", signature="").verdict is C
