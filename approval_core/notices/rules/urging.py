"""How often an applicant may urge: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from approval_core.working_time import OFFICE, Calendar, add_working_hours, next_working_moment


@dataclass(frozen=True, slots=True)
class UrgeLimits:
    """Per request. Hours are working hours; a day is the office's."""

    first_after: int = 1
    apart: int = 4
    a_day: int = 3
    #: from this urge on by SMS, before that in the app
    sms_from: int = 2

    def path(self, number: int, *, sms: bool) -> str:
        """`sms`: the request may be told by SMS at all."""
        return "sms" if sms and number >= self.sms_from else "app"


def next_urge(
    opened_at: datetime, urged: Sequence[datetime], limits: UrgeLimits, *, calendar: Calendar = OFFICE
) -> datetime:
    """When a task opened then may be urged, after those urges of its request."""
    moment = add_working_hours(opened_at, limits.first_after, calendar=calendar)
    if urged:
        moment = max(moment, add_working_hours(max(urged), limits.apart, calendar=calendar))
    taken = [_day(one, calendar) for one in urged]
    while taken.count(_day(moment, calendar)) >= limits.a_day:
        tomorrow = _day(moment, calendar) + timedelta(days=1)
        moment = next_working_moment(datetime.combine(tomorrow, time(), calendar.zone), calendar=calendar)
    return moment


def _day(moment: datetime, calendar: Calendar) -> date:
    return moment.astimezone(calendar.zone).date()
