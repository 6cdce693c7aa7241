"""Working time: how long something waits by the office's own clock. Pure; days are the office's, results are UTC.

China's public holidays and the weekends worked for them come from the `holidays` package. They are published late in the
year before: from `known_until()` on, a year falls back to Monday to Friday without the days off that the law itself names.

A moment is inside working time from the opening to the end of a span, both included, so that four hours from 14:00 end
at 18:00 and not the next morning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from holidays.countries.china import China

from approval_core.clock import OFFICE_ZONE

Hours = int | float | Decimal
Span = tuple[datetime, datetime]

#: Weekends are worked in exchange since about then.
FIRST_KNOWN_YEAR = 2010
LAST_YEAR = 2099
LONGEST_CLOSURE_DAYS = 400

_DAY = timedelta(days=1)
_MICROSECONDS = 3_600_000_000  # of an hour


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the office is open. `days_off` and `days_on` are its own and go before the country's."""

    spans: tuple[tuple[time, time], ...] = ((time(9), time(12)), (time(14), time(18)))
    days_off: frozenset[date] = frozenset()
    days_on: frozenset[date] = frozenset()
    zone: ZoneInfo = OFFICE_ZONE

    def __post_init__(self) -> None:
        edges = [edge for span in self.spans for edge in span]
        if not edges or edges != sorted(set(edges)):
            raise ValueError("the spans of a working day follow each other and do not touch")


OFFICE = Calendar()


def is_working_day(day: date, *, calendar: Calendar = OFFICE) -> bool:
    if day in calendar.days_on:
        return True
    if day in calendar.days_off:
        return False
    off, on = _year(day.year)
    return day in on or (day.weekday() < 5 and day not in off)


@lru_cache(maxsize=1)
def known_until() -> date:
    """The last day of the last year whose exchanged weekends have been published."""
    year = FIRST_KNOWN_YEAR
    while year < LAST_YEAR and _year(year + 1)[1]:
        year += 1
    return date(year, 12, 31)


def next_working_moment(moment: datetime, *, calendar: Calendar = OFFICE) -> datetime:
    """The moment itself where it lies in working time, else the next opening."""
    for begin, end in _spans_from(moment, calendar):
        if moment <= end:
            return max(moment, begin).astimezone(UTC)
    raise AssertionError("an office opens again")  # pragma: no cover - `_spans_from` gives up itself


def add_working_hours(start: datetime, hours: Hours, *, calendar: Calendar = OFFICE) -> datetime:
    """So many hours of working time later."""
    if not hours >= 0:
        raise ValueError("working hours are counted forward")
    left = timedelta(microseconds=round(hours * _MICROSECONDS))
    for begin, end in _spans_from(start, calendar):
        moment = max(start, begin)
        if moment > end:
            continue
        if left <= end - moment:
            return (moment + left).astimezone(UTC)
        left -= end - moment
    raise AssertionError("an office opens again")  # pragma: no cover - as above


def add_working_days(start: datetime, days: int, *, calendar: Calendar = OFFICE) -> datetime:
    """The same time of day so many working days later, counted from the first working moment."""
    if days < 0:
        raise ValueError("working days are counted forward")
    local = next_working_moment(start, calendar=calendar).astimezone(calendar.zone)
    day = local.date()
    for _ in range(days):
        day = _working_day_after(day, calendar)
    return datetime.combine(day, local.timetz()).astimezone(UTC)


def working_time_between(begin: datetime, end: datetime, *, calendar: Calendar = OFFICE) -> timedelta:
    """How much working time lies between; negative when `end` comes first."""
    if end < begin:
        return -working_time_between(end, begin, calendar=calendar)
    total, day = timedelta(), begin.astimezone(calendar.zone).date()
    last = end.astimezone(calendar.zone).date()
    while day <= last:
        for opens, closes in _spans_of(day, calendar):
            total += max(timedelta(), min(end, closes) - max(begin, opens))
        day += _DAY
    return total


def working_hours_between(begin: datetime, end: datetime, *, calendar: Calendar = OFFICE) -> Decimal:
    """The same in hours."""
    span = working_time_between(begin, end, calendar=calendar)
    return Decimal(span // timedelta(microseconds=1)) / _MICROSECONDS


def after_quiet_hours(now: datetime, start: int, end: int, zone: ZoneInfo = OFFICE_ZONE) -> datetime:
    """`now`, or the end of the quiet hours it falls into. `start` = `end`: there are none."""
    local = now.astimezone(zone)
    quiet = start <= local.hour < end if start <= end else local.hour >= start or local.hour < end
    if not quiet:
        return now
    morning = local.replace(hour=end, minute=0, second=0, microsecond=0)
    return (morning if local.hour < end else morning + _DAY).astimezone(now.tzinfo)


@lru_cache(maxsize=128)
def _year(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """The days off of a year, and its weekend days that are worked."""
    country = China(years=year, expand=False)  # type: ignore[no-untyped-call]  # the package types no constructor
    off = frozenset(day for day in country if day.year == year)
    return off, frozenset(day for day in country.weekend_workdays if day.year == year)


def _spans_from(moment: datetime, calendar: Calendar) -> Iterator[Span]:
    """Every span of working time from the moment's day on."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    day = moment.astimezone(calendar.zone).date()
    if not is_working_day(day, calendar=calendar):
        day = _working_day_after(day, calendar)
    while True:
        yield from _spans_of(day, calendar)
        day = _working_day_after(day, calendar)


def _working_day_after(day: date, calendar: Calendar) -> date:
    for _ in range(LONGEST_CLOSURE_DAYS):
        day += _DAY
        if is_working_day(day, calendar=calendar):
            return day
    raise ValueError(f"no working day within {LONGEST_CLOSURE_DAYS} days")


@lru_cache(maxsize=4096)
def _spans_of(day: date, calendar: Calendar) -> tuple[Span, ...]:
    """In UTC, because differences in one zone ignore a change of its offset."""
    if not is_working_day(day, calendar=calendar):
        return ()
    return tuple(
        (
            datetime.combine(day, opens, calendar.zone).astimezone(UTC),
            datetime.combine(day, closes, calendar.zone).astimezone(UTC),
        )
        for opens, closes in calendar.spans
    )
