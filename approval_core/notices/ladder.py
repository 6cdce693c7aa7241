"""Climbs the ladder of each open task: one timer for the next rung, and what a rung does when its moment has come.

A rung reminds the holder, tells his secretary or deputy, or says that the time is over: the event `task.overdue_rung`
names the action, and whoever owns the route carries it out. A timer that finds its task decided, moved or opened
anew does nothing, so nobody has to take it back; `stop` does, and settles the alarm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, literal_column, update

from approval_core import audit, outbox
from approval_core.notices import service as notices
from approval_core.notices.alarms import raise_alarm, settle_alarm
from approval_core.notices.rules.ladder import MOST_RUNGS, Ladder, Rung, Turn, rungs, turn
from approval_core.notices.watchers import watchers_of
from approval_core.store import Tx
from approval_core.timers import TimerHandler, set_timer, timers
from approval_core.working_time import OFFICE, Calendar, after_quiet_hours

HANDLER = "ladder"
OVERDUE = "overdue_task"
VERY_URGENT = 2  # 特急
QUIET_HOURS = (22, 7)

_CANCEL = (
    update(timers)
    .where(
        timers.c.handler == bindparam("of_handler"),
        timers.c.ref.in_([bindparam(f"ref_{number}") for number in range(1, MOST_RUNGS + 1)]),
        timers.c.state == literal_column("'due'"),
    )
    .values(state="cancelled")
)


@dataclass(frozen=True, slots=True)
class Held:
    """An open task and who holds it, as far as its ladder goes."""

    request_id: int
    task_id: int
    task_revision: int
    person_id: int
    opened_at: datetime
    ladder: Ladder = field(default_factory=Ladder)
    urgency: int = 0
    path: str = "sms"

    @property
    def thing(self) -> str:
        return f"task:{self.task_id}"

    def ref(self, number: int) -> str:
        return f"{self.task_id}:{self.task_revision}:{number}"

    def waited_hours(self, now: datetime) -> int:
        """By the clock on the wall, as the person would count."""
        return max(1, int((now - self.opened_at).total_seconds() // 3600))


#: the task as it is now; None once it is no longer open
HeldOf = Callable[[Tx, int], Held | None]


def climb(tx: Tx, held: Held, *, calendar: Calendar = OFFICE) -> datetime | None:
    """A task has opened: the timer of its first rung. Returns its moment; None: it has no ladder."""
    first = next(iter(rungs(held.ladder, held.opened_at, calendar=calendar)), None)
    if first is None:
        return None
    set_timer(tx, HANDLER, held.ref(first.number), first.at)
    return first.at


def stop(tx: Tx, task_id: int, task_revision: int, *, now: datetime) -> None:
    """The task is no longer open: no rung of it any more, and its alarm is settled."""
    refs = {f"ref_{number}": f"{task_id}:{task_revision}:{number}" for number in range(1, MOST_RUNGS + 1)}
    tx.run(_CANCEL, of_handler=HANDLER, **refs)
    settle_alarm(tx, OVERDUE, f"task:{task_id}", now=now)


def on_rung(
    held_of: HeldOf, *, calendar: Calendar = OFFICE, quiet: tuple[int, int] = QUIET_HOURS
) -> TimerHandler:
    """For the wiring: the timer handler "ladder"."""

    def handler(tx: Tx, ref: str, now: datetime) -> None:
        task_id, task_revision, number = (int(part) for part in ref.split(":"))
        held = held_of(tx, task_id)
        if held is None or held.task_revision != task_revision:
            settle_alarm(tx, OVERDUE, f"task:{task_id}", now=now)
            return
        morning = after_quiet_hours(now, *quiet, calendar.zone)
        if morning > now and held.urgency < VERY_URGENT:
            set_timer(tx, HANDLER, ref, morning)
            return
        ladder = rungs(held.ladder, held.opened_at, calendar=calendar)
        _take(tx, held, turn(ladder, number, now, calendar=calendar), now)

    return handler


def _take(tx: Tx, held: Held, now_is: Turn, now: datetime) -> None:
    """Each kind of act once, however many rungs were missed."""
    due = now_is.now_due
    last = due[-1].number if due else 0
    timeout = next((rung for rung in due if rung.does == "escalate"), None)
    if any(rung.does == "tell" for rung in due):
        _tell(tx, held, last, now)
    if any(rung.reminds for rung in due) and (timeout is None or timeout.reminds):
        _remind(tx, held, last, now)
    if timeout is not None:
        _escalate(tx, held, timeout, now)
    if now_is.next_rung is not None and now_is.next_at is not None:
        set_timer(tx, HANDLER, held.ref(now_is.next_rung.number), now_is.next_at)


def _remind(tx: Tx, held: Held, number: int, now: datetime) -> None:
    _notice(tx, held, "remind", held.person_id, held.path, number, now)
    _record(tx, held, "reminded", {"rung": number}, now)


def _tell(tx: Tx, held: Held, number: int, now: datetime) -> None:
    watchers = watchers_of(tx, held.person_id, now=now)
    for person_id in watchers:
        _notice(tx, held, "tell_secretary", person_id, held.path, number, now)
    if watchers:
        _record(tx, held, "told", {"rung": number, "persons": watchers}, now)
    else:
        _raise(tx, held, now, nobody_to_tell=True)


def _notice(tx: Tx, held: Held, kind: str, person_id: int, path: str, number: int, now: datetime) -> None:
    notices.tell(
        tx,
        kind=kind,
        person_id=person_id,
        request_id=held.request_id,
        task_id=held.task_id,
        task_revision=held.task_revision,
        path=path,
        facts={"hours": held.waited_hours(now), "rung": number, "holder_id": held.person_id},
        now=now,
    )


def _escalate(tx: Tx, held: Held, rung: Rung, now: datetime) -> None:
    _raise(tx, held, now, action=rung.action)
    _record(tx, held, "overdue_rung", {"rung": rung.number, "action": rung.action}, now)
    outbox.emit(
        tx,
        "task.overdue_rung",
        key=f"request:{held.request_id}",
        payload={
            "request_id": held.request_id,
            "task_id": held.task_id,
            "task_revision": held.task_revision,
            "person_id": held.person_id,
            "action": rung.action,
            "rung": rung.number,
        },
        now=now,
    )


def _raise(tx: Tx, held: Held, now: datetime, **facts: Any) -> None:
    known = {"person_id": held.person_id, "hours": held.waited_hours(now), **facts}
    raise_alarm(tx, OVERDUE, held.thing, facts=known, request_id=held.request_id, now=now)


def _record(tx: Tx, held: Held, verb: str, data: dict[str, Any], now: datetime) -> None:
    audit.append(
        tx,
        chain=f"request:{held.request_id}",
        actor="system",
        verb=verb,
        thing=held.thing,
        data=data,
        now=now,
    )
