"""The words of the reply grammar and how one character is normalised (G1, G3, G4, G6, G7, G9, G10, G11, G13)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from unicodedata import category

_TRADITIONAL = (
    "準准 駁驳 絕绝 決决 過过 閱阅 編编 號号 單单 碼码 嗎吗 麼么 後后 書书 見见 無无 沒没 與与 發发 來来 轉转 動动 "
    "復复 覆复 辦办 贊赞 謝谢 瞭了 訂订 詢询 幫帮 異异 問问 題题 話话"
)

#: G1, one character to one character. Only a–z go to upper case: no other letter may become an ASCII one.
_NORMAL: dict[int, int] = {
    **{ord(pair[0]): ord(pair[1]) for pair in _TRADITIONAL.split()},
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    0x3000: 0x20,
    **{ord(letter): ord(letter.upper()) for letter in "abcdefghijklmnopqrstuvwxyz"},
    **{code: code - 0xFEE0 - 0x20 for code in range(0xFF41, 0xFF5B)},
}


def normalise(text: str) -> str:
    """G1. The result has the length of `text`, so that positions stay."""
    return text.translate(_NORMAL)


def is_separator(char: str) -> bool:
    """G3: categories P, S, Z, C, Mn, Me. Lone surrogates (Cs) and unassigned characters (Cn) are among them."""
    kind = category(char)
    return kind[0] in "PSZC" or kind in ("Mn", "Me")


class Kind(Enum):
    """What a word says and how firmly; the second value is True for strong words."""

    STRONG_YES = (True, True)
    WEAK_YES = (True, False)
    STRONG_NO = (False, True)
    WEAK_NO = (False, False)

    @property
    def yes(self) -> bool:
        return self.value[0]

    @property
    def strong(self) -> bool:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    kind: Kind

    @property
    def latin(self) -> bool:
        return self.text.isascii()


_VERDICTS = {
    Kind.STRONG_YES: "Y 同意 批准 准予",
    Kind.WEAK_YES: "YES OK OKAY 是 可 可以 行 准 通过 赞成 照准",
    Kind.STRONG_NO: "N 不同意 不批准 不予批准 不予同意 暂不同意 驳回 退回 拒绝 否决 不批 不准",
    Kind.WEAK_NO: "NO 否 不 不行 不可以 不可 不通过 打回",
}
ONE = Word("1", Kind.WEAK_YES)
NOUGHT = Word("0", Kind.WEAK_NO)


def _by_first(words: list[Word]) -> dict[str, tuple[Word, ...]]:
    """Longest first under their first character, so that a scan needs one look-up."""
    table: dict[str, tuple[Word, ...]] = {}
    for word in sorted(words, key=lambda word: -len(word.text)):
        table[word.text[0]] = (*table.get(word.text[0], ()), word)
    return table


VERDICT_WORDS = _by_first([Word(text, kind) for kind, texts in _VERDICTS.items() for text in texts.split()])

_COURTESY = (
    "收到 好的 好 好吧 阅 已阅 圈阅 阅知 已阅知 知道了 知道 知悉 已知悉 已悉 了解 明白 嗯 嗯嗯 哦 谢谢 辛苦了 辛苦 "
    "没问题 没意见 无意见 无异议 你好 您好"
)
COURTESY_WORDS: dict[str, tuple[str, ...]] = {}
for _word in sorted(_COURTESY.split(), key=len, reverse=True):
    COURTESY_WORDS[_word[0]] = (*COURTESY_WORDS.get(_word[0], ()), _word)

PARTICLES = frozenset("的了吧啊呀哈哦")
SELF = ("本人", "我")
LABELS = ("编号", "单号", "代码")
UNITS = frozenset("元万千百亿块角分人名位天日月年周点时小个件份台辆间本套次条页%度公米")
CODE = re.compile(r"[2-9]{4,6}(?![0-9])")
DIGITS = re.compile(r"[0-9]+")
FRACTION = re.compile(r"[.:/][0-9]|%")
MOST_CODES = 5
LONGEST_COMMENT = 300
#: G11: anything people write as a question mark; ? itself is what the rule names.
QUESTION_MARKS = frozenset("?﹖︖⁇⁈⁉‽؟❓❔")

# G4: first words and whole texts
AUTO_STARTS = ("自动回复", "AUTO-REPLY", "AUTO REPLY", "AUTOMATIC REPLY")
FORWARD_STARTS = ("转发", "FWD", "FW")
LIST_WORDS = ("待办", "查询", "LIST", "CX")
HELP_WORDS = ("帮助", "HELP")
STOP_WORDS = ("TD", "退订", "STOP")
START_WORDS = ("KT", "恢复", "START")
DETAIL_WORD = "详"
UNDO_WORDS = ("发错了", "打错了", "按错了", "撤回", "撤销", "取消", "X")

# G9: what may stand beside a lone 1 or 0, besides white space and the edges
BESIDE_LONE_DIGIT = frozenset(",.;:!、。")

# G10
MISTAKES = ("发错", "打错", "按错")
AGAINST_YES = (
    *(word for word in _VERDICTS[Kind.STRONG_NO].split() if len(word) > 1),
    *("不行", "不可以", "不通过", "打回", "暂缓", "再议", "别批", "别同意"),
    *MISTAKES,
)
STANDALONE_NO = re.compile(r"(?<![A-Z])(?:NOT|NO|N|(?:DO|CA)N['’]?T)(?![A-Z])")
SIGNS_OF_NO = frozenset("👎❌✖🚫⛔🙅")
SIGNS_OF_YES = frozenset("👍👌✅✔🆗💯")
YES_STARTS = ("同意", "批准", "准予")
YES_CLAUSES = frozenset(["Y", "同意", "批准", "准予", "YES", "OK", "OKAY", "可以", "通过", "赞成", "照准"])

# G11
AFTER_YES = (
    "不",
    "没",
    "未",
    "否",
    "无",
    "与否",
    "后",
    "前",
    "之后",
    "之前",
    "以后",
    "以前",
    "才",
    "吗",
    "么",
)
AFTER_NO = ("吗", "么")
QUESTION_ENDS = frozenset("吗么")
PAPERS = {"同意": "书", "批准": "书文件"}
