"""What one reply says, by itself: `parse_reply(text)`. Rules G1–G14, explained in docs/protocol/reply-grammar.md.

Linear in the length of the text, total over every string, and never in doubt in favour of a yes.
"""

from __future__ import annotations

from itertools import islice, takewhile

from sms_modem.rules.head import Head, scan_head
from sms_modem.rules.quotes import cut_quotes
from sms_modem.rules.reading import Reply, Verdict
from sms_modem.rules.rest import Rest, take_rest
from sms_modem.rules.whole import whole_text
from sms_modem.rules.words import (
    AFTER_NO,
    AFTER_YES,
    AGAINST_YES,
    LONGEST_COMMENT,
    MISTAKES,
    MOST_CODES,
    PAPERS,
    PARTICLES,
    QUESTION_ENDS,
    QUESTION_MARKS,
    SIGNS_OF_NO,
    SIGNS_OF_YES,
    STANDALONE_NO,
    YES_CLAUSES,
    YES_STARTS,
    is_separator,
    normalise,
)

__all__ = ["SIGNATURE", "Reply", "Verdict", "parse_reply", "reply_as_json"]

SIGNATURE = "【政务OA】"

_CODES_BIND = frozenset(
    {
        Verdict.APPROVE,
        Verdict.REJECT,
        Verdict.ACK,
        Verdict.UNDO,
        Verdict.LIST,
        Verdict.DETAIL,
        Verdict.UNKNOWN,
    }
)


def parse_reply(text: str, *, signature: str = SIGNATURE) -> Reply:
    """The reading of `text`; `signature` is what our own messages begin with."""
    text = _join_surrogates(text)
    original, normal = cut_quotes(text, normalise(text), signature)
    if all(is_separator(char) for char in normal):
        return Reply(Verdict.EMPTY, rule="G3")
    return whole_text(normal) or _by_head(original, normal)


def reply_as_json(reply: Reply) -> dict[str, object]:
    """The three keys that `pishi sms parse` prints."""
    binds = reply.verdict in (Verdict.APPROVE, Verdict.REJECT)
    codes = list(reply.codes) if reply.verdict in _CODES_BIND else []
    return {"verdict": str(reply.verdict), "codes": codes, "comment": reply.comment if binds else ""}


def _join_surrogates(text: str) -> str:
    """A pair of surrogates is one character; a lone one stays."""
    if not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _by_head(original: str, normal: str) -> Reply:
    head = scan_head(normal)
    if head.unknown is not None:
        return Reply(Verdict.UNKNOWN, rule=head.unknown)
    rest = take_rest(original, normal, head)
    if not head.words:
        return _no_verdict(head, rest)
    yes = any(found.word.kind.yes for found in head.words)
    no = any(not found.word.kind.yes for found in head.words)
    if yes and no:
        return Reply(Verdict.CONFLICT, rule="G10(a)")
    if rest.normal and not any(found.word.kind.strong for found in head.words):
        return Reply(Verdict.UNKNOWN, rule="G12")
    against = _against_yes(normal, rest) if yes else _against_no(normal, rest)
    if against:
        return Reply(Verdict.CONFLICT, rule=against)
    if _hedged(normal, head, rest):
        return Reply(Verdict.UNKNOWN, rule="G11")
    codes = (*head.codes, rest.tail_code) if rest.tail_code else head.codes
    if len(codes) > MOST_CODES:
        return Reply(Verdict.UNKNOWN, rule="G7")
    verdict = Verdict.APPROVE if yes else Verdict.REJECT
    return Reply(
        verdict, codes, rest.original[:LONGEST_COMMENT], rest.tail_code, "G14" if rest.original else "G6"
    )


def _no_verdict(head: Head, rest: Rest) -> Reply:
    """G13: courtesy words and codes alone, or a code alone; all else says nothing we may act on."""
    if head.rest_at < head.length or rest.normal or len(head.codes) > MOST_CODES:
        return Reply(Verdict.UNKNOWN, rule="G13")
    return Reply(Verdict.ACK if head.courtesy else Verdict.UNKNOWN, head.codes, rule="G13")


def _against_yes(normal: str, rest: Rest) -> str | None:
    """G10(b), (c): an approval whose rest or signs refuse."""
    if any(word in rest.normal for word in AGAINST_YES) or STANDALONE_NO.search(rest.normal):
        return "G10(b)"
    return "G10(c)" if any(char in SIGNS_OF_NO for char in normal) else None


def _against_no(normal: str, rest: Rest) -> str | None:
    """G10(d), (e): a refusal whose rest or signs approve."""
    if rest.normal.startswith(YES_STARTS) or any(word in rest.normal for word in MISTAKES):
        return "G10(d)"
    if any(clause in YES_CLAUSES for clause in _clauses(rest.normal)):
        return "G10(d)"
    return "G10(e)" if any(char in SIGNS_OF_YES for char in normal) else None


def _clauses(text: str) -> list[str]:
    """What stands between separators, without the particles at its end."""
    spaced = "".join(" " if is_separator(char) else char for char in text)
    return [clause.rstrip("".join(PARTICLES)) or clause for clause in spaced.split(" ") if clause]


def _hedged(normal: str, head: Head, rest: Rest) -> bool:
    """G11 but for the ? in the head: a question, a condition or a longer word instead of a verdict."""
    if head.glued and rest.normal and _clause_asks(rest.normal):
        return True
    for found in head.words:
        word = found.word
        if not word.kind.strong or word.latin:
            continue
        after = found.end
        if normal.startswith(AFTER_YES if word.kind.yes else AFTER_NO, after) or _particle_and_text(
            normal, after
        ):
            return True
        following = normal[after : after + 1]
        if following and following in PAPERS.get(word.text, ""):
            return True
        if word.text.endswith("不同意") and following == "见":
            return True
    return False


def _particle_and_text(normal: str, at: int) -> bool:
    return normal[at : at + 1] in PARTICLES and at + 1 < len(normal) and not is_separator(normal[at + 1])


def _clause_asks(text: str) -> bool:
    """The first clause of the rest ends in 吗, 么 or a question mark."""
    end = next((at for at, char in enumerate(text) if is_separator(char)), len(text))
    if end > 0 and text[end - 1] in QUESTION_ENDS:
        return True
    stops = takewhile(is_separator, islice(text, end, None))
    return any(char in QUESTION_MARKS for char in stops)
