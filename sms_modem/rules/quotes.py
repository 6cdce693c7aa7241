"""G2: cut away what the person did not write: quoted lines, footers of phones, the text of our own prompt."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import category

from sms_modem.rules.words import AGAINST_YES, SIGNS_OF_NO, STANDALONE_NO, is_separator, normalise

_FOOTERS = ("发自我的", "来自我的", "发送自我的", "SENT FROM MY")
_QUOTED = ("原始短信", "原短信", "原消息", "原文", "ORIGINAL MESSAGE")
_DASHES = "\\-\u058a\u05be\u1400\u1806\u2010-\u2015\u2e3a\u2e3b\u301c\u3030\ufe58\ufe63"
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")


@lru_cache(maxsize=8)
def _marks(signature: str) -> re.Pattern[str]:
    """The earliest mark in a line: group 1 a footer, group 2 the start of a quote."""
    footers = "|".join(_FOOTERS)
    quoted = rf"(?<!\w)(?:{'|'.join(_QUOTED)})[ \t]*[:{_DASHES}]"
    own = normalise(signature)
    starts = f"{re.escape(own)}|{quoted}" if own else quoted
    return re.compile(f"({footers})|({starts})")


def cut_quotes(text: str, normal: str, signature: str) -> tuple[str, str]:
    """What is left of `text` and of its normal form, still of one length and with its line ends."""
    kept: list[tuple[int, int]] = []
    readable = False
    for line in _LINE.finditer(normal):
        start, end = line.span(1)
        if normal.startswith(">", start):
            continue
        if _is_rule(line[1]):
            break
        mark = _first_mark(normal, start, end, signature)
        upto = mark.start() if mark is not None else end
        readable = readable or not all(is_separator(char) for char in normal[start:upto])
        if mark is None:
            kept.append(line.span())
        elif mark[1] or readable:
            kept.append((start, upto))
            break
    return "".join(text[a:b] for a, b in kept), "".join(normal[a:b] for a, b in kept)


def _is_rule(line: str) -> bool:
    """A line of two or more dashes or underscores only."""
    bare = line.strip()
    return len(bare) >= 2 and all(char == "_" or category(char) == "Pd" for char in bare)


def _first_mark(normal: str, start: int, end: int, signature: str) -> re.Match[str] | None:
    """The earliest mark of the line.

    A footer word amid a sentence that goes on to refuse (Y发自我的内心不同意) is no footer: a cut may not hide a no.
    """
    last_refusal: int | None = None
    begins = next((at for at in range(start, end) if not normal[at].isspace()), end)
    for mark in _marks(signature).finditer(normal, start, end):
        if not mark[1] or mark.start() <= begins:
            return mark
        if last_refusal is None:
            last_refusal = _last_refusal(normal, start, end)
        if mark.end() > last_refusal:
            return mark
    return None


def _last_refusal(normal: str, start: int, end: int) -> int:
    words = max(normal.rfind(word, start, end) for word in (*AGAINST_YES, *SIGNS_OF_NO))
    alone = max((found.start() for found in STANDALONE_NO.finditer(normal, start, end)), default=-1)
    return max(words, alone)
