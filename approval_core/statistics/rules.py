"""Pure parts of the figures: a fast clock of working time, medians and percentiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from approval_core.working_time import OFFICE, Calendar, is_working_day


@dataclass(frozen=True, slots=True)
class Spread:
    """Hours of working time; None where nothing was measured."""

    count: int
    median: float | None
    p90: float | None
    longest: float | None


def spread(hours: Sequence[float]) -> Spread:
    """Median as usual (the mean of the middle two); p90: the smallest value that nine in ten do not exceed."""
    if not hours:
        return Spread(0, None, None, None)
    ordered = sorted(hours)
    count = len(ordered)
    middle = count // 2
    median = ordered[middle] if count % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    ninth = ordered[-(-9 * count // 10) - 1]
    return Spread(count, round(median, 2), round(ninth, 2), round(ordered[-1], 2))


def rate(part: int, whole: int) -> float | None:
    """In percent, one decimal; None of nothing."""
    return round(100 * part / whole, 1) if whole else None


class WorkingClock:
    """`hours_between` for very many pairs: each day is added up once, a moment is then two look-ups."""

    def __init__(self, calendar: Calendar = OFFICE) -> None:
        self._calendar = calendar
        self._spans = [
            (
                _seconds(opens.hour, opens.minute, opens.second),
                _seconds(closes.hour, closes.minute, closes.second),
            )
            for opens, closes in calendar.spans
        ]
        self._whole = sum(closes - opens for opens, closes in self._spans)
        self._days: list[date] = []
        self._before: list[int] = []  # working seconds of all days before that one
        self._works: list[bool] = []

    def hours_between(self, begin: datetime, end: datetime) -> float:
        """Negative when `end` comes first."""
        first, last = sorted((begin, end))
        seconds = self._until(last) - self._until(first)
        return (seconds if begin <= end else -seconds) / 3600

    def _until(self, moment: datetime) -> float:
        local = moment.astimezone(self._calendar.zone)
        place = self._place(local.date())
        if not self._works[place]:
            return self._before[place]
        at = _seconds(local.hour, local.minute, local.second) + local.microsecond / 1_000_000
        return self._before[place] + sum(max(0.0, min(at, closes) - opens) for opens, closes in self._spans)

    def _place(self, day: date) -> int:
        if not self._days:
            self._append(day, 0)
        while day < self._days[0]:
            earlier = self._days[0] - timedelta(days=1)
            works = is_working_day(earlier, calendar=self._calendar)
            self._days.insert(0, earlier)
            self._works.insert(0, works)
            self._before.insert(0, self._before[0] - works * self._whole)
        while day > self._days[-1]:
            self._append(self._days[-1] + timedelta(days=1), self._before[-1] + self._works[-1] * self._whole)
        return (day - self._days[0]).days

    def _append(self, day: date, before: int) -> None:
        self._days.append(day)
        self._before.append(before)
        self._works.append(is_working_day(day, calendar=self._calendar))


def month_of(moment: datetime, calendar: Calendar = OFFICE) -> str:
    """`2026-05`, by the office's own date."""
    return moment.astimezone(calendar.zone).strftime("%Y-%m")


def day_begins(day: date, calendar: Calendar = OFFICE) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=calendar.zone).astimezone(UTC)


def _seconds(hours: int, minutes: int, seconds: int) -> int:
    return hours * 3600 + minutes * 60 + seconds
