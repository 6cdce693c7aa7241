"""What `plan` must know about one phone at the moment a reply is looked at. The service fills it from the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Form(StrEnum):
    """C1(c): how the prompt was printed; it alone decides whether a bare Y may act."""

    BARE = "T01"  # "answer Y"
    CODED = "T02"  # "answer Y7382"
    NOTIFY = "T19"  # "not by SMS"


class Purpose(StrEnum):
    APPROVE = "approve"
    READ = "read"  # 传阅


class ClosedAs(StrEnum):
    """Why a prompt is no longer live."""

    DECIDED = "decided"  # by this person or another, any channel; `verdict` and who are known to the service
    CHANGED = "changed"  # a new revision went out
    WITHDRAWN = "withdrawn"
    REASSIGNED = "reassigned"
    EXPIRED = "expired"
    UNDONE = "undone"  # the decision was taken back; a fresh code went out
    REPLACED = "replaced"  # S1: code void, six digits went out
    READ = "read"


class ClosedBy(StrEnum):
    """How the closing touches the bare rest of C1(c): everything but a reply with its code does."""

    UNANSWERED = "unanswered"  # closed without an SMS reply: app, PC, withdrawn, changed, expired, …
    BARE = "bare"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPrompt:
    """A prompt whose task is pending at the prompt's own revision.

    Pass it also when `expires_at` is past: a reply the network held up is judged by the time it was given (C9),
    one given too late gets T10. Prompts not yet handed to a network are passed with `handed_over=False`.
    """

    prompt_id: int
    task_id: int
    code: str
    sent_at: datetime
    expires_at: datetime
    form: Form = Form.CODED
    purpose: Purpose = Purpose.APPROVE
    floor: int = 1
    #: False for a type that may only be announced by SMS (AL3, AL4): Y is answered with T19.
    decidable: bool = True
    handed_over: bool = True
    #: The path (SIM, box, provider number) it went out by: a bare reply acts only on the same one (S4).
    path: str = ""
    #: B7: never decided together with others (its amount is above the limit for that).
    alone: bool = False
    #: G14: this request type refuses conditions, so an approval with a comment is asked again.
    no_conditions: bool = False

    @property
    def printed_code(self) -> str | None:
        """T19 prints no code: whoever names it has guessed."""
        return None if self.form is Form.NOTIFY else self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedPrompt:
    """A prompt closed within the last 72 hours, its code still reserved. A decision still in hold is in `Held` too."""

    prompt_id: int
    task_id: int
    code: str
    closed_at: datetime
    closed_as: ClosedAs
    closed_by: ClosedBy = ClosedBy.UNANSWERED
    #: With DECIDED: the recorded verdict, approve | reject | return.
    verdict: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """This person's own decision that is still in its hold (by state, not by the clock)."""

    decision_id: int
    task_id: int
    code: str
    verdict: str  # approve | reject | return
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    received_at: datetime
    smsc_time: datetime | None = None
    #: The path's service centre clock minus ours, learnt from status reports.
    smsc_offset: timedelta = field(default_factory=timedelta)
    #: False: the sender is no bound phone of an active person (R1).
    bound: bool = True
    #: True: same sender and text within 60 s, or same provider id (R6).
    repeat: bool = False
    open: tuple[OpenPrompt, ...] = ()
    closed: tuple[ClosedPrompt, ...] = ()
    held: tuple[Held, ...] = ()
    #: 2 h; zero in the demo.
    bare_rest: timedelta = timedelta(hours=2)
    #: Came in over a SIM of our own; an internet provider never carries a bare verdict (S2).
    own_sim: bool = True
    path: str = ""
    #: Well-formed unknown codes from this phone in the last 24 h, without this message (S1).
    wrong_codes: int = 0
    off_until: datetime | None = None
    #: Clarifying answers in the last hour, service answers in the last 24 h, to this person.
    clarifying: int = 0
    service_answers: int = 0

    def knows(self, code: str) -> bool:
        """R3: the code is live, or reserved for 72 hours after its prompt closed."""
        return (
            any(prompt.printed_code == code for prompt in self.open)
            or any(prompt.code == code for prompt in self.closed)
            or any(held.code == code for held in self.held)
        )
