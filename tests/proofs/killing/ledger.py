"""What the world outside knows: what was asked and answered, what phones sent and show, what was called back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

SOURCE = "ctais"


@dataclass(slots=True)
class Asked:
    """One approval as the asking system sent it. `answer` is the 201 it got, if it ever got one."""

    ref: str
    account: str
    phone: str
    hold: int
    body: dict[str, Any]
    answer: dict[str, Any] | None = None
    read: bool = False  #: the leader has typed his answer
    done: bool = False  #: it was called back and taken


@dataclass(frozen=True, slots=True)
class Typed:
    """One SMS that a leader sent."""

    ref: str
    phone: str
    text: str
    verdict: str  #: approve | reject
    comment: str
    again: bool = False  #: he pressed it once more


@dataclass(frozen=True, slots=True)
class CalledBack:
    message_id: str
    ref: str
    type: str
    body: str
    at: datetime
    taken: bool  #: answered 204 in time


@dataclass(frozen=True, slots=True)
class Shown:
    """One SMS on a handset, with the moment it came."""

    text: str
    at: datetime


@dataclass(slots=True)
class Ledger:
    asked: dict[str, Asked] = field(default_factory=dict)
    typed: list[Typed] = field(default_factory=list)
    called_back: list[CalledBack] = field(default_factory=list)
    phones: dict[str, list[Shown]] = field(default_factory=dict)
    #: of each start: the SMS the gateway said were in flight when it was killed
    in_flight: list[list[int]] = field(default_factory=list)
    kills: int = 0

    def unread(self) -> list[str]:
        return [ref for ref, one in list(self.asked.items()) if not one.read]
