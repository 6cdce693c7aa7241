"""The ladder of a step: what happens to a task that nobody decides, and when. No rung approves anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from approval_core.working_time import OFFICE, Calendar, add_working_hours

Does = Literal["remind", "tell", "escalate"]

#: What a timeout may do. Approving is not among them.
TIMEOUTS = frozenset({"remind", "transfer_up", "reject", "close"})
#: A timeout that only reminds goes on reminding once in a working day, so often; an alarm stands meanwhile.
REPEAT_HOURS, REPEATS = 7, 5
MOST_RUNGS = 3 + REPEATS
#: Who was not reminded in time, because we were down, has so long before the timeout acts.
GRACE_HOURS = 1

_ORDER: tuple[Does, ...] = ("remind", "tell", "escalate")


@dataclass(frozen=True, slots=True)
class Ladder:
    """Working hours since the task opened; None: that rung is not there."""

    remind_after: int | None = None
    tell_after: int | None = None
    escalate_after: int | None = None
    timeout: str = "remind"

    def __post_init__(self) -> None:
        if self.timeout not in TIMEOUTS:
            raise ValueError(f"a timeout may be one of {', '.join(sorted(TIMEOUTS))}, not {self.timeout!r}")
        for hours in (self.remind_after, self.tell_after, self.escalate_after):
            if hours is not None and hours <= 0:
                raise ValueError("a rung comes after the opening")

    @classmethod
    def of(cls, step: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> Ladder:
        """As a step of a route says it; what it leaves out, or leaves None, is taken from the document."""
        said = {**(defaults or {}), **{name: value for name, value in step.items() if value is not None}}
        return cls(
            remind_after=said.get("remind_after"),
            tell_after=said.get("tell_after"),
            escalate_after=said.get("escalate_after"),
            timeout=said.get("timeout") or "remind",
        )


@dataclass(frozen=True, slots=True)
class Rung:
    """`number` counts from 1 and stays the same for the task's life; `action` is what an escalation does."""

    number: int
    does: Does
    at: datetime
    action: str = ""

    @property
    def reminds(self) -> bool:
        """The holder himself hears of it: the first time, again, and the last times."""
        return self.does != "escalate" or self.action == "remind"


def rungs(ladder: Ladder, opened_at: datetime, *, calendar: Calendar = OFFICE) -> tuple[Rung, ...]:
    """All of them, in their order."""
    after: list[tuple[int, Does]] = [
        (hours, does)
        for hours, does in zip(
            (ladder.remind_after, ladder.tell_after, ladder.escalate_after), _ORDER, strict=True
        )
        if hours is not None
    ]
    after.sort(key=lambda one: (one[0], _ORDER.index(one[1])))
    if ladder.escalate_after is not None:
        # nothing follows the timeout but, where it only reminds, more reminders
        after = after[: after.index((ladder.escalate_after, "escalate")) + 1]
        if ladder.timeout == "remind":
            last = ladder.escalate_after
            after += [(last + REPEAT_HOURS * count, "remind") for count in range(1, REPEATS + 1)]
    return tuple(
        Rung(
            number,
            does,
            add_working_hours(opened_at, hours, calendar=calendar),
            ladder.timeout if does == "escalate" else "",
        )
        for number, (hours, does) in enumerate(after, start=1)
    )


@dataclass(frozen=True, slots=True)
class Turn:
    """What one firing does: `now_due` at once, then `next_rung` at `next_at`."""

    now_due: tuple[Rung, ...]
    next_rung: Rung | None
    next_at: datetime | None


def turn(ladder: Sequence[Rung], number: int, now: datetime, *, calendar: Calendar = OFFICE) -> Turn:
    """The timer of rung `number` fires, perhaps late: what is due from it on, and what comes after."""
    left = [rung for rung in ladder if rung.number >= number]
    due = [rung for rung in left if rung.at <= now]
    missed = [rung for rung in due if rung.does == "escalate" and rung.number != number]
    if missed:  # nobody is passed over without having been reminded
        due = [rung for rung in due if rung.number < missed[0].number]
        return Turn(tuple(due), missed[0], add_working_hours(now, GRACE_HOURS, calendar=calendar))
    after = next((rung for rung in left if rung.at > now), None)
    return Turn(tuple(due), after, after.at if after else None)
