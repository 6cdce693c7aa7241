"""What must hold at every hour, read from the tables alone, and the figures at the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any

from sqlalchemy import and_, exists, func, or_, select

from approval_core.approvals import deadlines
from approval_core.approvals.models import Decision, Request, Task
from approval_core.audit.models import entries
from approval_core.columns import table_of
from approval_core.inbox.models import ToDo
from approval_core.notices.alarms import alarms
from approval_core.notices.models import Notice
from approval_core.people.models import absences, persons
from approval_core.store import Tx
from approval_core.working_time import add_working_hours, working_hours_between

tasks, requests, decisions = table_of(Task), table_of(Request), table_of(Decision)
todos, notices = table_of(ToDo), table_of(Notice)

#: A rung acts on its moment; what the office is asked comes up to an hour later.
GRACE = timedelta(hours=1)
ENDED = ("approved", "rejected", "withdrawn", "cancelled", "expired")


@dataclass
class Figures:
    """`unseen`: waited on somebody absent past the limit, and nobody was told, it did not move up, and there is no alarm.
    `stuck`: open without anybody who holds it, without a decision in hold and without an alarm."""

    days: int = 0
    filed: int = 0
    states: dict[str, int] = field(default_factory=dict)
    open: int = 0
    with_alarm: int = 0
    alarms: dict[str, int] = field(default_factory=dict)
    median_hours: float = 0.0
    p90_hours: float = 0.0
    decisions: int = 0
    by_proxy: int = 0
    acts: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    waited_on_absent: int = 0
    unseen: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)  #: timers and reactions that failed for good
    audit_entries: int = 0
    audit_problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not (self.unseen or self.stuck or self.dead or self.audit_problems)

    def lines(self) -> list[str]:
        found = [
            f"{self.filed:,} filed on {self.days} working days, {self.decisions:,} decisions, {self.by_proxy:,} by proxy",
            f"ended: {_counted({name: self.states.get(name, 0) for name in ENDED})}",
            f"open: {self.open:,}, {self.with_alarm:,} with an alarm; alarms raised: {_counted(self.alarms)}",
            f"working hours to the end: median {self.median_hours:.1f}, nine in ten within {self.p90_hours:.1f}",
            f"acts: {_counted(self.acts)}",
            f"refused: {_counted(self.refused)}",
            f"waited on somebody absent past the limit: {self.waited_on_absent:,}, of which nobody knew: {len(self.unseen)}",
            f"stuck: {len(self.stuck)}; timers and reactions dead: {len(self.dead)}",
            f"audit: {self.audit_entries:,} entries, {len(self.audit_problems)} problems",
        ]
        for name in ("unseen", "stuck", "dead", "audit_problems"):
            found += [f"  {name}: {one}" for one in getattr(self, name)[:5]]
        return found


def _counted(counts: dict[str, int]) -> str:
    shown = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{name} {count:,}" for name, count in shown) or "none"


class Watch:
    """Looks at the office every hour and keeps what it saw."""

    def __init__(self) -> None:
        self.waited: set[int] = set()
        self.unseen: dict[int, str] = {}
        self.stuck: dict[int, str] = {}

    def look(self, tx: Tx, now: datetime) -> None:
        for row in tx.execute(_waiting_on_absent(now)).all():
            if row.id in self.waited:
                continue
            held = deadlines.held_of(tx, row.id)
            if held is None:
                continue
            hours = [one for one in (held.ladder.tell_after, held.ladder.escalate_after) if one is not None]
            since = max(row.opened_at, row.away_from or row.opened_at)
            if not hours or now < add_working_hours(since, min(hours)) + GRACE:
                continue
            self.waited.add(row.id)
            if not _somebody_knows(tx, row):
                self.unseen[row.id] = (
                    f"{row.source_ref}, task {row.id} of {row.account}, open since {row.opened_at}"
                )
        for row in tx.execute(_STUCK):
            self.stuck[row.id] = f"{row.source_ref} ({row.state}) at {now}"


def _waiting_on_absent(now: datetime) -> Any:
    """Open tasks whose holder is away or gone."""
    away = and_(
        absences.c.person_id == tasks.c.person_id, absences.c.valid_from <= now, absences.c.valid_to > now
    )
    joined = (
        tasks.join(requests, requests.c.id == tasks.c.request_id)
        .join(persons, persons.c.id == tasks.c.person_id)
        .outerjoin(absences, away)
    )
    return (
        select(
            tasks.c.id,
            tasks.c.request_id,
            tasks.c.person_id,
            tasks.c.opened_at,
            requests.c.source_ref,
            persons.c.account,
            func.coalesce(absences.c.valid_from, persons.c.left_at).label("away_from"),
        )
        .select_from(joined)
        .where(tasks.c.state == "open", requests.c.state == "pending")
        .where(or_(absences.c.id.is_not(None), persons.c.state != "active"))
    )


def _somebody_knows(tx: Tx, row: Any) -> bool:
    """A proxy has it on his list, it was told, or an alarm was raised about it."""
    thing = f"task:{row.id}"
    looks = (
        select(alarms.c.id).where(alarms.c.thing == thing),
        select(todos.c.id).where(
            todos.c.task_id == row.id, todos.c.state == "open", todos.c.person_id != row.person_id
        ),
        select(notices.c.id).where(notices.c.task_id == row.id, notices.c.kind == "tell_secretary"),
        select(entries.c.id).where(
            entries.c.chain == f"request:{row.request_id}",
            entries.c.thing == thing,
            entries.c.verb.in_(("told", "escalated")),
        ),
    )
    return any(tx.execute(look.limit(1)).first() is not None for look in looks)


_HELD_BY_SOMEBODY = exists(
    select(tasks.c.id)
    .join(persons, persons.c.id == tasks.c.person_id)
    .where(tasks.c.request_id == requests.c.id, tasks.c.state == "open", persons.c.state == "active")
)
_WATCHED = exists(
    select(alarms.c.id).where(alarms.c.request_id == requests.c.id, alarms.c.settled_at.is_(None))
)
_IN_HOLD = exists(
    select(decisions.c.id).where(decisions.c.request_id == requests.c.id, decisions.c.state == "held")
)
_APPLICANT = exists(
    select(persons.c.id).where(persons.c.id == requests.c.applicant_id, persons.c.state == "active")
)
_STUCK = select(requests.c.id, requests.c.source_ref, requests.c.state).where(
    or_(
        and_(requests.c.state == "pending", ~_HELD_BY_SOMEBODY, ~_IN_HOLD, ~_WATCHED),
        and_(requests.c.state == "returned", ~_APPLICANT, ~_WATCHED, requests.c.expires_at.is_(None)),
    )
)


def count(tx: Tx, figures: Figures) -> None:
    """Everything that is read from the tables at the end."""
    for row in tx.execute(select(requests.c.state, func.count().label("number")).group_by(requests.c.state)):
        figures.states[row.state] = row.number
    figures.filed = sum(figures.states.values())
    figures.open = sum(number for name, number in figures.states.items() if name not in ENDED)
    watched = select(func.count()).select_from(requests).where(requests.c.state.not_in(ENDED), _WATCHED)
    figures.with_alarm = int(tx.execute(watched).scalar_one())
    kinds = Counter(tx.execute(select(alarms.c.kind)).scalars())
    figures.alarms = dict(kinds)
    figures.decisions = int(tx.execute(select(func.count()).select_from(decisions)).scalar_one())
    proxied = select(func.count()).select_from(decisions).where(decisions.c.on_behalf_of_id.is_not(None))
    figures.by_proxy = int(tx.execute(proxied).scalar_one())
    ended = select(requests.c.submitted_at, requests.c.closed_at).where(
        requests.c.state.in_(("approved", "rejected")), requests.c.closed_at.is_not(None)
    )
    hours = [float(working_hours_between(row.submitted_at, row.closed_at)) for row in tx.execute(ended)]
    if len(hours) > 1:
        figures.median_hours, figures.p90_hours = median(hours), quantiles(hours, n=10)[-1]
