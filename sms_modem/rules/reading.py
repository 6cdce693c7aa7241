"""The reading of one reply, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    APPROVE = "APPROVE"
    REJECT = "REJECT"
    UNDO = "UNDO"
    DETAIL = "DETAIL"
    CONFLICT = "CONFLICT"
    ACK = "ACK"
    UNKNOWN = "UNKNOWN"
    EMPTY = "EMPTY"
    AUTO = "AUTO"
    LIST = "LIST"
    HELP = "HELP"
    STOP = "STOP"
    START = "START"


@dataclass(frozen=True, slots=True)
class Reply:
    """It knows no context: whether a code exists or fits is for `plan` to see.

    `codes` bind for APPROVE, REJECT, ACK, UNDO, LIST, DETAIL and for a bare code (UNKNOWN); `comment` for
    APPROVE and REJECT. `tail_code` is the code that was found at the end of the comment (R3); it is in `codes` too.
    `rule` names the rule that settled the verdict.
    """

    verdict: Verdict
    codes: tuple[str, ...] = ()
    comment: str = ""
    tail_code: str | None = None
    rule: str = ""
