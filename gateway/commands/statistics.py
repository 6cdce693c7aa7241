"""`pishi statistics`: how long decisions take, where they wait, what comes back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from approval_core.errors import Invalid
from gateway.commands.options import AsJson, Database, now, opened, say

if TYPE_CHECKING:
    from approval_core.statistics.queries import GroupFigure, Statistics


def statistics(
    since: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DATE", help="First day, 2026-05-01. [30 days ago]", show_default=False
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--to", metavar="DATE", help="Last day, included. [today]", show_default=False),
    ] = None,
    type_name: Annotated[
        str | None, typer.Option("--type", help="Only this type.", show_default=False)
    ] = None,
    tests: Annotated[
        list[str] | None,
        typer.Option("--test-source", help="A system whose requests are tests.", show_default=False),
    ] = None,
    database: Database = None,
    json: AsJson = False,
) -> None:
    """Requests submitted in a period: times in working hours, timeouts, returns; by type, unit, month, step and person."""
    from approval_core.clock import OFFICE_ZONE
    from approval_core.statistics.queries import Question
    from approval_core.statistics.queries import statistics as figures
    from approval_core.statistics.rules import day_begins

    moment = now()
    last = _day(until, moment.astimezone(OFFICE_ZONE).date())
    first = _day(since, last - timedelta(days=29))
    if last < first:
        raise Invalid("bad_time", f"the period ends on {last}, before it begins on {first}")
    question = Question(
        day_begins(first), day_begins(last + timedelta(days=1)), type_name, tests=tuple(tests or ())
    )
    with opened(database) as store:
        found = store.read(figures, question, now=moment)
    say(found, list(_lines(found, first, last)), json_wanted=json)


def _day(text: str | None, otherwise: date) -> date:
    if text is None:
        return otherwise
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # a day has no zone
    except ValueError:
        raise Invalid("bad_time", f"{text!r} is no day; write 2026-05-01") from None


def _lines(found: Statistics, first: date, last: date) -> list[str]:
    lines = [f"{first} to {last}, working hours; {found.excluded} tests left out", f"all  {_of(found.whole)}"]
    for title, groups in (("type", found.by_type), ("unit", found.by_unit), ("month", found.by_month)):
        lines += [f"by {title}:"] + [f"  {one.key or '—'} {one.name}  {_of(one)}" for one in groups]
    lines += ["by step:"] + [
        f"  {one.type} {one.step}  n {one.hours.count}  median {_h(one.hours.median)}  p90 {_h(one.hours.p90)}  returned {one.returned}"
        for one in found.by_step
    ]
    lines += ["by person:"] + [
        f"  {one.account} {one.name}  decided {one.decided}  open {one.open}  median {_h(one.hours.median)}  p90 {_h(one.hours.p90)}"
        f"  timeouts {one.timed_out}  returned {one.returned}"
        for one in found.by_person
    ]
    return lines


def _of(one: GroupFigure) -> str:
    return (
        f"submitted {one.submitted}  open {one.open}  approved {one.approved}  rejected {one.rejected}  expired {one.expired}"
        f"  returned {one.returned} ({_p(one.return_rate)})  timeouts {one.timed_out} ({_p(one.timeout_rate)})"
        f"  median {_h(one.hours.median)}  p90 {_h(one.hours.p90)}"
    )


def _h(hours: float | None) -> str:
    return "—" if hours is None else f"{hours} h"


def _p(percent: float | None) -> str:
    return "—" if percent is None else f"{percent} %"
