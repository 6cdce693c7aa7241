"""The steps of a plan. The service executes them in order, in one transaction, and stores outcome and reason of each.

Every step but `Harden` and `SwitchOff` carries one outcome of C6. `answer` is the template to say (None = silence);
with several codes the service says one text for all (T21, `wording.receipt_for_several`). When the core refuses a
`Decide` or `Undo` because somebody was faster, the core's error gives the outcome (ALREADY_*, CLOSED, CHANGED).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sms_modem.rules.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """Hand the verdict to the core; the core compares `level` (1 bare, 2 with code) with the floor."""

    prompt_id: int
    task_id: int
    code: str
    verdict: str  # approve | reject
    level: int
    comment: str = ""
    batch: bool = False  #: the reply names several codes
    #: DECIDED, or PROVISIONAL when the level is below the floor.
    outcome: Outcome = Outcome.DECIDED
    answer: str | None = "T06"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """C10: take this held decision back; T27 carries the new code."""

    decision_id: int
    task_id: int
    code: str
    outcome: Outcome = Outcome.UNDONE
    answer: str | None = "T27"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRead:
    """R4: a 传阅 item is read."""

    prompt_id: int
    task_id: int
    code: str
    outcome: Outcome = Outcome.READ
    answer: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Nothing changes; say `answer`.

    `code` is the code the reply named, or, where the text shows how to answer (T13, T14, T15), the one open code.
    Besides T09–T24 and T30 the answer may be "T05" (how to confirm a read item), "DETAIL" (the item's text),
    "T09X" (several decisions in hold: which one?) and "T12X" (own no in hold: T12 naming X).
    """

    outcome: Outcome
    answer: str | None
    code: str | None = None
    prompt_id: int | None = None
    reason: str = ""
    #: S1: count this code as wrong.
    wrong_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """C12: stop bulk at once, approvals after a notice on another path."""

    outcome: Outcome = Outcome.STOPPED
    answer: str | None = "T24"
    reason: str = "C12"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    outcome: Outcome = Outcome.RESUMED
    answer: str | None = "T30"
    reason: str = "C12"


@dataclass(frozen=True, slots=True, kw_only=True)
class Harden:
    """S1: void every live four-digit code of this phone, prompt afresh with six digits, tell the other paths."""

    reason: str = "S1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchOff:
    """S1: no SMS decisions for this phone until then; raise an alarm."""

    until: datetime
    reason: str = "S1"


Step = Decide | Undo | MarkRead | Answer | Pause | Resume | Harden | SwitchOff
