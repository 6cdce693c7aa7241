"""F46: time per step and per person, timeouts, return rate; by type, by unit, by month.

All of it is about the requests submitted in a period; time is working time. Decisions that a machine took and
decisions that were taken back count for nobody. One pass over each table, whatever the number of requests.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from approval_core.approvals.models import Decision, Request, Step, Task
from approval_core.audit.canonical import moment
from approval_core.audit.models import entries
from approval_core.columns import table_of
from approval_core.people.models import assignments, org_units, persons, posts
from approval_core.statistics.rules import Spread, WorkingClock, month_of, rate, spread
from approval_core.store import Tx

requests, steps, tasks, decisions = table_of(Request), table_of(Step), table_of(Task), table_of(Decision)

PORTION = 5000  # rows in memory at a time
ENDED = ("approved", "rejected", "withdrawn", "cancelled", "expired", "revoked")
_TAKEN = ("held", "effective", "provisional", "superseded")
_TIMEOUTS = ("overdue", "overdue_rung")


@dataclass(frozen=True, slots=True)
class Question:
    """`tests`: asking systems whose matters are tests; their requests are left out, as is every type in `not_types`."""

    since: datetime
    until: datetime
    type: str | None = None
    unit_id: int | None = None
    tests: Collection[str] = ()
    not_types: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class GroupFigure:
    key: str
    name: str
    submitted: int
    ended: int
    approved: int
    rejected: int
    expired: int
    open: int
    #: requests that came back at least once
    returned: int
    return_rate: float | None  #: percent of the submitted
    #: requests that had a timeout: over their own time, or a task that waited too long
    timed_out: int
    timeout_rate: float | None
    hours: Spread  #: from the submission to the end


@dataclass(frozen=True, slots=True)
class StepFigure:
    type: str
    step: str  #: the block's name in the definition; of a route that was brought along, its position
    hours: Spread  #: from its opening to its settlement
    returned: int


@dataclass(frozen=True, slots=True)
class PersonFigure:
    account: str
    name: str
    decided: int
    for_others: int  #: in another person's name
    returned: int
    open: int
    timed_out: int
    hours: Spread  #: from the moment he was asked to his decision


@dataclass(frozen=True, slots=True)
class Statistics:
    since: datetime
    until: datetime
    whole: GroupFigure
    excluded: int  #: tests, left out everywhere
    by_type: tuple[GroupFigure, ...]
    by_unit: tuple[GroupFigure, ...]
    by_month: tuple[GroupFigure, ...]
    by_step: tuple[StepFigure, ...]
    by_person: tuple[PersonFigure, ...]


@dataclass
class _Tally:
    counts: Counter[str] = field(default_factory=Counter)
    hours: list[float] = field(default_factory=list)


def statistics(tx: Tx, question: Question, *, now: datetime) -> Statistics:
    clock = WorkingClock()
    told = _timeouts(tx, question)
    late = {number for number, _ in told}
    returned = _returned(tx, question)
    groups: dict[str, dict[Any, _Tally]] = {
        name: defaultdict(_Tally) for name in ("whole", "type", "unit", "month")
    }
    units = _main_units(tx, now)
    for row in _portions(tx, _requests(question)):
        unit_id = row.unit_id or units.get(row.applicant_id)
        keys = {"whole": "", "type": row.type, "unit": unit_id, "month": month_of(row.submitted_at)}
        over = row.due_at is not None and (row.closed_at or now) > row.due_at
        facts = _facts_of(row, returned, over or row.id in late)
        hours = (
            clock.hours_between(row.submitted_at, row.closed_at)
            if row.state in ENDED and row.closed_at
            else None
        )
        for kind, key in keys.items():
            tally = groups[kind][key]
            tally.counts.update(facts)
            if hours is not None:
                tally.hours.append(hours)
    names = _unit_names(tx)
    return Statistics(
        since=question.since,
        until=question.until,
        whole=_group("", "", groups["whole"][""]),
        excluded=_excluded(tx, question),
        by_type=_figures(groups["type"], {}),
        by_unit=_figures(groups["unit"], names),
        by_month=_figures(groups["month"], {}),
        by_step=_by_step(tx, question, clock),
        by_person=_by_person(tx, question, clock, [task for _, task in told if task is not None]),
    )


def _facts_of(row: Any, returned: Collection[int], late: bool) -> list[str]:
    facts = ["submitted"]
    facts += ["ended"] if row.state in ENDED else ["open"]
    facts += [row.state] if row.state in {"approved", "rejected", "expired"} else []
    facts += ["returned"] if row.id in returned else []
    facts += ["timed_out"] if late else []
    return facts


def _asked(question: Question) -> ColumnElement[bool]:
    """Which requests the question is about."""
    wanted = [
        requests.c.submitted_at >= question.since,
        requests.c.submitted_at < question.until,
        requests.c.state != "draft",
        ~_is_test(question),
    ]
    if question.type is not None:
        wanted.append(requests.c.type == question.type)
    if question.unit_id is not None:
        wanted.append(requests.c.unit_id == question.unit_id)
    return and_(*wanted)


def _is_test(question: Question) -> ColumnElement[bool]:
    return or_(
        false(),
        requests.c.source.in_(list(question.tests)),
        requests.c.type.in_(list(question.not_types)),
    )


def _requests(question: Question) -> Select[Any]:
    return select(
        requests.c.id, requests.c.type, requests.c.unit_id, requests.c.applicant_id, requests.c.state,
        requests.c.submitted_at, requests.c.closed_at, requests.c.due_at,
    ).where(_asked(question))  # fmt: skip


def _excluded(tx: Tx, question: Question) -> int:
    found = tx.execute(
        select(func.count())
        .select_from(requests)
        .where(
            requests.c.submitted_at >= question.since,
            requests.c.submitted_at < question.until,
            _is_test(question),
        )
    )
    return int(found.scalar_one())


def _portions(tx: Tx, statement: Select[Any]) -> Iterator[Any]:
    """Row by row without having all of them in memory."""
    result = tx.execute(statement.execution_options(yield_per=PORTION))
    for portion in result.partitions():
        yield from portion


def _returned(tx: Tx, question: Question) -> set[int]:
    by_verdict = (
        select(decisions.c.request_id)
        .join(requests, requests.c.id == decisions.c.request_id)
        .where(_asked(question), decisions.c.verdict == "return", decisions.c.state.in_(_TAKEN))
    )
    by_step = (
        select(steps.c.request_id)
        .join(requests, requests.c.id == steps.c.request_id)
        .where(_asked(question), steps.c.state == "returned")
    )
    return {row.request_id for row in _portions(tx, by_verdict.union(by_step))}  # type: ignore[arg-type]  # a union takes the same options


def _timeouts(tx: Tx, question: Question) -> list[tuple[int, int | None]]:
    """(request, task or None) of every timeout on the trail since the period began, whosever request it is."""
    found = tx.execute(
        select(entries.c.chain, entries.c.thing)
        .where(
            entries.c.at >= moment(question.since),
            entries.c.verb.in_(_TIMEOUTS),
            entries.c.chain.like("request:%"),
        )
        .distinct()
    )
    return [
        (
            int(row.chain.removeprefix("request:")),
            int(row.thing[5:]) if row.thing.startswith("task:") else None,
        )
        for row in found
    ]


def _main_units(tx: Tx, now: datetime) -> dict[int | None, int]:
    """Where each applicant works now: for requests that name no unit."""
    rows = tx.execute(
        select(assignments.c.person_id, posts.c.unit_id)
        .join(posts, posts.c.id == assignments.c.post_id)
        .where(
            assignments.c.kind == "main",
            assignments.c.valid_from <= now,
            or_(assignments.c.valid_to.is_(None), assignments.c.valid_to > now),
        )
    )
    return {row.person_id: row.unit_id for row in rows}


def _unit_names(tx: Tx) -> dict[Any, tuple[str, str]]:
    rows = tx.execute(select(org_units.c.id, org_units.c.code, org_units.c.name))
    return {row.id: (row.code, row.name) for row in rows}


def _figures(tallies: Mapping[Any, _Tally], names: Mapping[Any, tuple[str, str]]) -> tuple[GroupFigure, ...]:
    """The largest first, equal ones by key."""
    found = []
    for key, tally in tallies.items():
        code, name = names.get(key, (str(key) if key is not None else "", ""))
        found.append(_group(code, name, tally))
    return tuple(sorted(found, key=lambda one: (-one.submitted, one.key)))


def _group(key: str, name: str, tally: _Tally) -> GroupFigure:
    counts = tally.counts
    return GroupFigure(
        key, name, counts["submitted"], counts["ended"], counts["approved"], counts["rejected"], counts["expired"],
        counts["open"], counts["returned"], rate(counts["returned"], counts["submitted"]), counts["timed_out"],
        rate(counts["timed_out"], counts["submitted"]), spread(tally.hours),
    )  # fmt: skip


def _by_step(tx: Tx, question: Question, clock: WorkingClock) -> tuple[StepFigure, ...]:
    """Steps that were settled by decisions; one that was left, skipped or voided measures nothing."""
    rows = _portions(
        tx,
        select(
            requests.c.type,
            steps.c.block,
            steps.c.position,
            steps.c.state,
            steps.c.opened_at,
            steps.c.settled_at,
        )
        .join(requests, requests.c.id == steps.c.request_id)
        .where(
            _asked(question),
            steps.c.state.in_(("approved", "rejected", "returned")),
            steps.c.opened_at.is_not(None),
            steps.c.settled_at.is_not(None),
        ),
    )
    tallies: dict[tuple[str, str], _Tally] = defaultdict(_Tally)
    for row in rows:
        tally = tallies[row.type, row.block or str(row.position)]
        tally.counts[row.state] += 1
        tally.hours.append(clock.hours_between(row.opened_at, row.settled_at))
    return tuple(
        StepFigure(type_name, step, spread(tally.hours), tally.counts["returned"])
        for (type_name, step), tally in sorted(tallies.items())
    )


def _by_person(
    tx: Tx, question: Question, clock: WorkingClock, late_tasks: Iterable[int]
) -> tuple[PersonFigure, ...]:
    tallies: dict[int, _Tally] = defaultdict(_Tally)
    for row in _portions(tx, _decided(question)):
        tally = tallies[row.person_id]
        tally.counts["decided"] += 1
        tally.counts["for_others"] += row.on_behalf_of_id is not None
        tally.counts["returned"] += row.verdict == "return"
        if row.opened_at is not None:
            tally.hours.append(clock.hours_between(row.opened_at, row.decided_at))
    waiting = tx.execute(
        select(tasks.c.person_id, func.count().label("open"))
        .join(requests, requests.c.id == tasks.c.request_id)
        .where(_asked(question), tasks.c.state == "open")
        .group_by(tasks.c.person_id)
    )
    for row in waiting:
        tallies[row.person_id].counts["open"] = row.open
    for person_id in _late_people(tx, question, sorted(set(late_tasks))):
        tallies[person_id].counts["timed_out"] += 1
    people = tx.execute(select(persons.c.id, persons.c.account, persons.c.name))
    found = [_person(row.account, row.name, tallies[row.id]) for row in people if row.id in tallies]
    return tuple(sorted(found, key=lambda one: (-one.decided, one.account)))


def _decided(question: Question) -> Select[Any]:
    return (
        select(
            decisions.c.person_id, decisions.c.on_behalf_of_id, decisions.c.verdict, decisions.c.decided_at,
            tasks.c.opened_at,
        )
        .join(tasks, tasks.c.id == decisions.c.task_id)
        .join(requests, requests.c.id == decisions.c.request_id)
        .where(_asked(question), decisions.c.state.in_(_TAKEN), decisions.c.channel != "system")
    )  # fmt: skip


def _late_people(tx: Tx, question: Question, late: list[int]) -> Iterator[int]:
    """Whom each overdue task had been put to."""
    for start in range(0, len(late), 500):
        yield from tx.execute(
            select(tasks.c.person_id)
            .join(requests, requests.c.id == tasks.c.request_id)
            .where(_asked(question), tasks.c.id.in_(late[start : start + 500]))
        ).scalars()


def _person(account: str, name: str, tally: _Tally) -> PersonFigure:
    counts = tally.counts
    return PersonFigure(
        account, name, counts["decided"], counts["for_others"], counts["returned"], counts["open"],
        counts["timed_out"], spread(tally.hours),
    )  # fmt: skip
