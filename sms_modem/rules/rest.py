"""G7, G14: what follows the head, with a code at its very end taken out."""

from __future__ import annotations

from dataclasses import dataclass

from sms_modem.rules.head import Head
from sms_modem.rules.tokens import code_at
from sms_modem.rules.words import LABELS, is_separator

_LONGEST_CODE = 6


@dataclass(frozen=True, slots=True)
class Rest:
    """The rest without tail code, trimmed, in normal form and in the original characters."""

    normal: str = ""
    original: str = ""
    tail_code: str | None = None


def take_rest(original: str, normal: str, head: Head) -> Rest:
    original, normal = original[head.rest_at :], normal[head.rest_at :]
    tail = None if head.codes else _tail(normal)
    code = None
    if tail is not None:
        start, end, code = tail
        original, normal = original[:start] + original[end:], normal[:start] + normal[end:]
    start, end = _trimmed(normal)
    return Rest(normal[start:end], original[start:end], code)


def _tail(rest: str) -> tuple[int, int, str] | None:
    """Where the code at the end of the rest stands, with label and 号, and the code."""
    end = _before_separators(rest, len(rest))
    after_code = end - 1 if rest.endswith("号", 0, end) else end
    start = after_code
    while start > 0 and "0" <= rest[start - 1] <= "9" and after_code - start <= _LONGEST_CODE:
        start -= 1
    code = code_at(rest, start)
    if code is None or start + len(code) != after_code:
        return None
    if start > 0 and rest[start - 1].isascii() and rest[start - 1].isalnum():
        return None
    label_at = _before_separators(rest, start)
    if rest.endswith(LABELS, 0, label_at):
        start = label_at - len(LABELS[0])
    return start, end, code


def _before_separators(text: str, end: int) -> int:
    while end > 0 and is_separator(text[end - 1]):
        end -= 1
    return end


def _trimmed(text: str) -> tuple[int, int]:
    """Separators off at both ends, except ? and %."""
    start, end = 0, len(text)
    while start < end and text[start] not in "?%" and is_separator(text[start]):
        start += 1
    while end > start and text[end - 1] not in "?%" and is_separator(text[end - 1]):
        end -= 1
    return start, end
