"""Alarms and figures as they are shown, and questions as they come in."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from approval_core.clock import OFFICE_ZONE
from approval_core.errors import Invalid
from approval_core.forecast import Stall, forecast
from approval_core.notices import alarms
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.statistics.queries import Question
from approval_core.statistics.rules import day_begins
from approval_core.store import Tx
from mobile_api.schemas.watching import AlarmOut, ForecastOut, StallOut

#: no year before this house, and none that a calendar cannot count on from
EARLIEST, LATEST = date(2000, 1, 1), date(2200, 1, 1)
LONGEST_DAYS = 1100


def acknowledge(tx: Tx, alarm_id: int, *, actor: Actor, note: str, now: datetime) -> AlarmOut:
    alarms.acknowledge(tx, alarm_id, actor=actor, note=note, now=now)
    return AlarmOut.model_validate(alarms.alarm(tx, alarm_id))


def question(
    tx: Tx,
    *,
    first: date | None,
    last: date | None,
    type_name: str | None,
    unit: str | None,
    tests: Collection[str],
    now: datetime,
) -> Question:
    """Both days included. Invalid("bad_day" | "bad_period" | "no_unit")."""
    until = _day(last or now.astimezone(OFFICE_ZONE).date())
    since = _day(first) if first is not None else until - timedelta(days=29)
    if not timedelta() <= until - since <= timedelta(days=LONGEST_DAYS):
        raise Invalid("bad_period", f"from {since} to {until} is no period of at most {LONGEST_DAYS} days")
    unit_id = None if unit is None else people.unit_by_code(tx, unit)
    if unit is not None and unit_id is None:
        raise Invalid("no_unit", f"there is no unit {unit}", field="unit", zh=f"没有单位{unit}")
    end = day_begins(until + timedelta(days=1))
    return Question(day_begins(since), end, type_name, unit_id, tuple(tests))


def stalls(tx: Tx, day: date, *, now: datetime) -> ForecastOut:
    return ForecastOut(day=_day(day), items=[_shown(one) for one in forecast(tx, day, now)])


def _shown(one: Stall) -> StallOut:
    names = StallOut.model_fields.keys() - {"proposed"}
    proposed = None if one.proposal is None else one.proposal.account
    return StallOut.model_validate({name: getattr(one, name) for name in names} | {"proposed": proposed})


def _day(day: date) -> date:
    if not EARLIEST <= day < LATEST:
        raise Invalid("bad_day", f"{day} is no day of this office")
    return day
