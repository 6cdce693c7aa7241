"""G4: texts that are a service word as a whole, and texts that begin as an automatic answer or as taking back."""

from __future__ import annotations

from sms_modem.rules.head import Head
from sms_modem.rules.reading import Reply, Verdict
from sms_modem.rules.rest import take_rest
from sms_modem.rules.tokens import code_at, is_complete, label_end, particle_ends_at
from sms_modem.rules.words import (
    AUTO_STARTS,
    DETAIL_WORD,
    FORWARD_STARTS,
    HELP_WORDS,
    LIST_WORDS,
    MOST_CODES,
    START_WORDS,
    STOP_WORDS,
    UNDO_WORDS,
    is_separator,
)

_SINGLE: dict[str, Verdict] = {
    **dict.fromkeys(HELP_WORDS, Verdict.HELP),
    **dict.fromkeys(STOP_WORDS, Verdict.STOP),
    **dict.fromkeys(START_WORDS, Verdict.START),
}


def whole_text(normal: str) -> Reply | None:
    """The reading by G4, or None where the head must be scanned."""
    start = _skip(normal, 0)
    if normal.startswith(AUTO_STARTS, start):
        return Reply(Verdict.AUTO, rule="G4")
    if normal.startswith(FORWARD_STARTS, start):
        return Reply(Verdict.UNKNOWN, rule="G4")
    for word, verdict in _SINGLE.items():
        if normal.startswith(word, start) and _skip(normal, start + len(word)) == len(normal):
            return Reply(verdict, rule="G4")
    return _with_code(normal, start) or _undo(normal, start)


def _with_code(normal: str, start: int) -> Reply | None:
    """待办 with or without a code, 详 with one, and nothing else."""
    for word in (*LIST_WORDS, DETAIL_WORD):
        if not normal.startswith(word, start):
            continue
        verdict = Verdict.DETAIL if word == DETAIL_WORD else Verdict.LIST
        at = _skip(normal, start + len(word))
        if at == len(normal):
            return Reply(verdict, rule="G4") if verdict is Verdict.LIST else None
        code, end = _one_code(normal, at)
        if code is not None and _skip(normal, end) == len(normal):
            return Reply(verdict, (code,), rule="G4")
    return None


def _one_code(normal: str, at: int) -> tuple[str | None, int]:
    at = label_end(normal, at)
    code = code_at(normal, at)
    if code is None:
        return None, at
    end = at + len(code)
    return code, end + 1 if normal.startswith("号", end) else end


def _undo(normal: str, start: int) -> Reply | None:
    """X and its like, complete; codes and text may follow. 我 and separators may stand before."""
    while normal.startswith("我", start):
        start = _skip(normal, start + 1)
    for word in UNDO_WORDS:
        end = start + len(word)
        if normal.startswith(word, start) and is_complete(normal, end):
            return _undone_codes(normal, end)
    return None


def _undone_codes(normal: str, at: int) -> Reply:
    codes: tuple[str, ...] = ()
    while at < len(normal):
        if is_separator(normal[at]) or particle_ends_at(normal, at):
            at += 1
            continue
        code, end = _one_code(normal, at)
        if code is None:
            break
        codes = codes if code in codes or len(codes) > MOST_CODES else (*codes, code)
        at = end
    head = Head(len(normal), codes=codes, rest_at=at)
    rest = take_rest(normal, normal, head)
    if len(codes) > MOST_CODES:
        return Reply(Verdict.UNKNOWN, rule="G7")
    return Reply(
        Verdict.UNDO, (rest.tail_code,) if rest.tail_code else codes, tail_code=rest.tail_code, rule="G4"
    )


def _skip(normal: str, at: int) -> int:
    while at < len(normal) and is_separator(normal[at]):
        at += 1
    return at
