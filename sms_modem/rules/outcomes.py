"""C6: every inbound SMS ends in exactly one of these, one for each code it names; and how often we answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

#: R5: clarifying answers to one person in one hour.
CLARIFYING_AN_HOUR = 2
#: C12: answers to service words (待办, 详, HELP, TD, KT) to one person in one day.
SERVICE_A_DAY = 10
#: S1: wrong codes in 24 h until four-digit codes are void; each further three switch SMS off.
WRONG_CODES = 3
SWITCHED_OFF = timedelta(hours=1)
#: C9: how far before our sending a service centre may stamp a reply to it, and how far ahead of our clock.
STALE_BEFORE_SENDING = timedelta(minutes=2)
AHEAD_BELIEVED = timedelta(minutes=5)
#: Ends the reason of what was not answered any more.
LIMIT_REACHED = "limit reached"
#: C1, C2: how long a code stays reserved after its prompt is closed.
RESERVED = timedelta(hours=72)


class Outcome(StrEnum):
    DECIDED = "DECIDED"
    PROVISIONAL = "PROVISIONAL"
    UNDONE = "UNDONE"
    READ = "READ"
    ALREADY_SAME = "ALREADY_SAME"
    ALREADY_OTHER = "ALREADY_OTHER"
    CLOSED = "CLOSED"
    EXPIRED = "EXPIRED"
    CHANGED = "CHANGED"
    UNKNOWN_CODE = "UNKNOWN_CODE"
    LOCKED = "LOCKED"
    ASKED = "ASKED"
    CONTRADICTORY = "CONTRADICTORY"
    UNCLEAR = "UNCLEAR"
    COURTESY = "COURTESY"
    NOTHING_OPEN = "NOTHING_OPEN"
    NOT_BY_SMS = "NOT_BY_SMS"
    STALE = "STALE"
    LIST = "LIST"
    DETAIL = "DETAIL"
    HELP = "HELP"
    STOPPED = "STOPPED"
    RESUMED = "RESUMED"
    AUTO = "AUTO"
    UNBOUND = "UNBOUND"
    DUPLICATE = "DUPLICATE"
    PART_LOST = "PART_LOST"
    UNDECODABLE = "UNDECODABLE"


#: The template that answers each outcome when nothing in the situation changes it; None is silence.
#: DECIDED is T06 for yes and T07 for no. DETAIL is no template but the text of the item.
USUAL_ANSWER: dict[Outcome, str | None] = {
    Outcome.DECIDED: "T06",
    Outcome.PROVISIONAL: "T19",
    Outcome.UNDONE: "T27",
    Outcome.READ: None,
    Outcome.ALREADY_SAME: "T12",
    Outcome.ALREADY_OTHER: "T12",
    Outcome.CLOSED: "T12",
    Outcome.EXPIRED: "T10",
    Outcome.CHANGED: "T11",
    Outcome.UNKNOWN_CODE: "T16",
    Outcome.LOCKED: "T18",
    Outcome.ASKED: "T09",
    Outcome.CONTRADICTORY: "T13",
    Outcome.UNCLEAR: "T14",
    Outcome.COURTESY: "T15",
    Outcome.NOTHING_OPEN: "T17",
    Outcome.NOT_BY_SMS: "T19",
    Outcome.STALE: "T14",
    Outcome.LIST: "T23",
    Outcome.DETAIL: "DETAIL",
    Outcome.HELP: "T22",
    Outcome.STOPPED: "T24",
    Outcome.RESUMED: "T30",
    Outcome.AUTO: None,
    Outcome.UNBOUND: None,
    Outcome.DUPLICATE: None,
    Outcome.PART_LOST: None,
    Outcome.UNDECODABLE: None,
}

#: Outcomes whose answer only asks or explains; R5 limits them to two an hour.
CLARIFYING = frozenset(
    {
        Outcome.UNKNOWN_CODE,
        Outcome.LOCKED,
        Outcome.ASKED,
        Outcome.CONTRADICTORY,
        Outcome.UNCLEAR,
        Outcome.COURTESY,
        Outcome.NOTHING_OPEN,
        Outcome.NOT_BY_SMS,
        Outcome.STALE,
    }
)

#: Outcomes of service words; C12 limits their answers to ten a day.
SERVICE = frozenset(
    {Outcome.LIST, Outcome.DETAIL, Outcome.HELP, Outcome.STOPPED, Outcome.RESUMED},
)


def answer_allowed(recent_clarifying: int) -> bool:
    """R5: may one more clarifying answer go to this person, after so many in the last hour?"""
    return recent_clarifying < CLARIFYING_AN_HOUR


def service_answer_allowed(recent_service: int) -> bool:
    """C12: may one more service word be answered, after so many in the last 24 hours?"""
    return recent_service < SERVICE_A_DAY


def believed_time(smsc_time: datetime | None, received_at: datetime, offset: timedelta) -> datetime:
    """C9: when the reply was given. `offset` = the path's service centre clock minus ours."""
    if smsc_time is None:
        return received_at
    corrected = smsc_time - offset
    return received_at if corrected > received_at + AHEAD_BELIEVED else corrected


def which_time(
    smsc_time: datetime | None,
    received_at: datetime,
    sent_at: datetime | None,
    offset: timedelta = timedelta(),
) -> tuple[datetime, bool]:
    """C9: the time that counts, and whether the reply is STALE (over two minutes before the prompt was sent)."""
    effective = believed_time(smsc_time, received_at, offset)
    return effective, sent_at is not None and effective < sent_at - STALE_BEFORE_SENDING
