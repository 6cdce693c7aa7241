"""G5: the head of a reply, scanned from the left until nothing matches any more; there the rest begins."""

from __future__ import annotations

from dataclasses import dataclass, field

from sms_modem.rules.tokens import (
    code_at,
    courtesy_end,
    digits_end,
    ends_at,
    is_complete,
    is_digit,
    label_end,
    lone_digit,
    particle_ends_at,
    strong_word,
    verdict_word,
)
from sms_modem.rules.words import FRACTION, MOST_CODES, QUESTION_MARKS, SELF, Word, is_separator


@dataclass(frozen=True, slots=True)
class Found:
    word: Word
    end: int


@dataclass(slots=True)
class Head:
    length: int
    words: list[Found] = field(default_factory=list)
    codes: tuple[str, ...] = ()
    courtesy: bool = False
    rest_at: int = 0
    #: No separator between the last verdict word and here.
    glued: bool = False
    #: The rule that makes the whole reply UNKNOWN while it is scanned (G8, the ? of G11).
    unknown: str | None = None


def scan_head(text: str) -> Head:
    head = Head(len(text))
    at = 0
    while at < len(text) and head.unknown is None:
        reached = (
            _separator(text, at, head)
            or _number(text, at, head)
            or _word(text, at, head)
            or _particle(text, at)
        )
        if reached is None or head.unknown is not None:
            break
        at = reached
    head.rest_at = at
    return head


def _separator(text: str, at: int, head: Head) -> int | None:
    if not is_separator(text[at]):
        return None
    if head.words and text[at] in QUESTION_MARKS:
        head.unknown = "G11"
    head.glued = False
    return at + 1


def _particle(text: str, at: int) -> int | None:
    """Swallowed before end or separator; looked for last, since 哦 is a courtesy word where it stands alone."""
    return at + 1 if particle_ends_at(text, at) else None


def _number(text: str, at: int, head: Head) -> int | None:
    """G7, G8, G9: a code with its label, a lone 1 or 0, or a number that is neither."""
    start = label_end(text, at)
    if not is_digit(text, start):
        return None
    if head.words and any(char in QUESTION_MARKS for char in text[at:start]):
        head.unknown = "G11"
        return None
    code = code_at(text, start)
    if code is not None:
        return _code(text, start, code, head)
    after = digits_end(text, start)
    if head.words and FRACTION.match(text, after):
        return None
    lone = lone_digit(text, start) if start == at else None
    if lone is not None:
        head.words.append(Found(lone, after))
        head.glued = True
        return after
    if head.words and _bad_number(text, start, after):
        head.unknown = "G8"
    return None


def _code(text: str, start: int, code: str, head: Head) -> int | None:
    after = start + len(code)
    if text.startswith("号", after):
        after += 1
    elif not head.words and not ends_at(text, after) and verdict_word(text, after) is None:
        return None
    if len(head.codes) <= MOST_CODES and code not in head.codes:
        head.codes = (*head.codes, code)
    return after


def _bad_number(text: str, start: int, after: int) -> bool:
    """G8, after the verdict word. A number of a code's length with 号 after it is meant as one, too."""
    if after - start >= 4 and text.startswith("号", after):
        after += 1
    return ends_at(text, after) or particle_ends_at(text, after) or verdict_word(text, after) is not None


def _word(text: str, at: int, head: Head) -> int | None:
    """我 before a strong word, a courtesy word or a verdict word."""
    start = at
    for self in SELF:
        if text.startswith(self, at) and _strong_han(text, at + len(self)):
            start = at + len(self)
    word = verdict_word(text, start)
    if word is not None and (not head.words or _counts_later(text, start + len(word.text), head)):
        head.words.append(Found(word, start + len(word.text)))
        head.glued = True
        return start + len(word.text)
    after_separator = at == 0 or is_separator(text[at - 1])
    if head.words and not after_separator:
        return None
    end = courtesy_end(text, at, before_verdict=not head.words)
    head.courtesy = head.courtesy or end is not None
    return end


def _strong_han(text: str, at: int) -> bool:
    word = verdict_word(text, at)
    return strong_word(text, at) and word is not None and not word.latin


def _counts_later(text: str, end: int, head: Head) -> bool:
    """A later verdict word must be complete and not glued to a weak Han word (不是, 可不)."""
    last = head.words[-1].word
    glued_to_weak = head.glued and not last.kind.strong and not last.latin
    return not glued_to_weak and is_complete(text, end)
