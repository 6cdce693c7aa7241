"""Looking at one place of a normalised text: words, codes, numbers. Every look is bounded or moves forward."""

from __future__ import annotations

from sms_modem.rules.words import (
    BESIDE_LONE_DIGIT,
    CODE,
    COURTESY_WORDS,
    DIGITS,
    LABELS,
    NOUGHT,
    ONE,
    PARTICLES,
    UNITS,
    VERDICT_WORDS,
    Word,
    is_separator,
)


def ends_at(text: str, at: int) -> bool:
    """End of the text or a separator."""
    return at >= len(text) or is_separator(text[at])


def is_digit(text: str, at: int) -> bool:
    return at < len(text) and "0" <= text[at] <= "9"


def _is_letter(text: str, at: int) -> bool:
    return 0 <= at < len(text) and "A" <= text[at] <= "Z"


def particle_ends_at(text: str, at: int) -> bool:
    """One particle, and then the end or a separator."""
    return text[at : at + 1] in PARTICLES and at < len(text) and ends_at(text, at + 1)


def is_complete(text: str, at: int) -> bool:
    """G5: a word that ends at `at` is followed by end, separator, digit, or one particle and then end or separator."""
    return ends_at(text, at) or is_digit(text, at) or particle_ends_at(text, at)


def verdict_word(text: str, at: int) -> Word | None:
    """The longest verdict word that begins here; a Latin one needs no ASCII letter on either side."""
    if at >= len(text):
        return None
    for word in VERDICT_WORDS.get(text[at], ()):
        if not text.startswith(word.text, at):
            continue
        if word.latin and (_is_letter(text, at - 1) or _is_letter(text, at + len(word.text))):
            continue
        return word
    return None


def strong_word(text: str, at: int) -> bool:
    word = verdict_word(text, at)
    return word is not None and word.kind.strong


def lone_digit(text: str, at: int) -> Word | None:
    """G9: a 1 or 0 with nothing but an edge, white space or a plain stop on both sides."""
    word = {"1": ONE, "0": NOUGHT}.get(text[at])
    if word is None or not _beside(text, at - 1) or not _beside(text, at + 1):
        return None
    return word


def _beside(text: str, at: int) -> bool:
    return not 0 <= at < len(text) or text[at].isspace() or text[at] in BESIDE_LONE_DIGIT


def courtesy_end(text: str, at: int, *, before_verdict: bool) -> int | None:
    """Where the courtesy word that begins here ends: it is complete, or a strong word follows the first time."""
    for word in COURTESY_WORDS.get(text[at], ()):
        end = at + len(word)
        if text.startswith(word, at) and (
            is_complete(text, end) or (before_verdict and strong_word(text, end))
        ):
            return end
    return None


def label_end(text: str, at: int) -> int:
    """Where the number begins that a label announces; `at` itself if there is no label here."""
    if not text.startswith(LABELS, at):
        return at
    at += len(LABELS[0])
    while at < len(text) and is_separator(text[at]):
        at += 1
    return at


def code_at(text: str, at: int) -> str | None:
    """G7: four to six digits 2–9, no digit and no unit directly after."""
    match = CODE.match(text, at)
    if match is None or (match.end() < len(text) and text[match.end()] in UNITS):
        return None
    return match[0]


def digits_end(text: str, at: int) -> int:
    match = DIGITS.match(text, at)
    return match.end() if match is not None else at
