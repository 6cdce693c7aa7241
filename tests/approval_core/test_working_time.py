"""Working time crosses lunch, nights, weekends, holidays, weekends worked in exchange, and the end of the year."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approval_core.clock import OFFICE_ZONE
from approval_core.working_time import (
    OFFICE,
    Calendar,
    add_working_days,
    add_working_hours,
    after_quiet_hours,
    is_working_day,
    known_until,
    next_working_moment,
    working_hours_between,
    working_time_between,
)

MOMENTS = st.datetimes(datetime(2012, 1, 1), datetime(2031, 12, 31), timezones=st.just(OFFICE_ZONE))
#: to the half minute, so that sums are exact
HOURS = st.integers(0, 200 * 120).map(lambda half_minutes: Decimal(half_minutes) / 120)
DAYS = st.integers(0, 40)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OFFICE_ZONE)


def inside(moment: datetime) -> bool:
    local = moment.astimezone(OFFICE_ZONE)
    of_day = local.time()
    return is_working_day(local.date()) and any(begin <= of_day <= end for begin, end in OFFICE.spans)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-05-06T10:00", 1, "2026-05-06T11:00"),
        ("2026-05-06T10:00", 2, "2026-05-06T12:00"),
        ("2026-05-06T11:00", 2, "2026-05-06T15:00"),  # lunch
        ("2026-05-06T12:30", 1, "2026-05-06T15:00"),  # asked at lunch
        ("2026-05-06T14:00", 4, "2026-05-06T18:00"),  # the end of a day is a deadline people understand
        ("2026-05-06T16:00", 4, "2026-05-07T11:00"),  # the night
        ("2026-05-06T23:00", 0, "2026-05-07T09:00"),
        ("2026-05-15T17:00", 2, "2026-05-18T10:00"),  # a weekend
        ("2026-05-08T17:00", 2, "2026-05-09T10:00"),  # a Saturday that is worked for 5 May
        ("2026-09-30T16:00", 8, "2026-10-08T17:00"),  # the National Day week
        ("2026-02-14T17:00", 1.5, "2026-02-24T09:30"),  # Spring Festival, from a worked Saturday
        ("2025-12-31T17:30", 1, "2026-01-04T09:30"),  # New Year, back on a worked Sunday
    ],
)
def test_working_hours_pass_only_while_the_office_is_open(start: str, hours: float, end: str) -> None:
    assert add_working_hours(at(start), hours) == at(end)
    if hours:
        assert working_hours_between(at(start), at(end)) == Decimal(str(hours))


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-05-06T10:00", 1, "2026-05-07T10:00"),
        ("2026-05-08T10:00", 1, "2026-05-09T10:00"),  # the worked Saturday
        ("2026-05-09T10:00", 1, "2026-05-11T10:00"),
        ("2026-05-16T10:00", 0, "2026-05-18T09:00"),  # counted from the first working moment
        ("2026-05-16T10:00", 1, "2026-05-19T09:00"),
        ("2026-09-29T18:00", 2, "2026-10-08T18:00"),
        ("2026-12-30T10:00", 2, "2027-01-04T10:00"),
    ],
)
def test_working_days_keep_the_time_of_day(start: str, days: int, end: str) -> None:
    assert add_working_days(at(start), days) == at(end)


def test_weekends_are_worked_where_the_state_council_said_so() -> None:
    assert is_working_day(date(2025, 1, 26))  # a Sunday, for 3 February
    assert not is_working_day(date(2025, 2, 3))  # that Monday
    assert not is_working_day(date(2025, 1, 25))
    assert not is_working_day(date(2026, 10, 1))


def test_a_year_not_published_yet_is_monday_to_friday_without_the_days_the_law_names() -> None:
    assert known_until() >= date(2026, 12, 31)
    year = known_until().year + 1
    assert not is_working_day(date(year, 10, 1))
    days = [date(year, 1, 1) + timedelta(days=one) for one in range(365)]
    assert not any(is_working_day(day) for day in days if day.weekday() >= 5)
    assert 230 < sum(is_working_day(day) for day in days) < 261


def test_the_office_has_days_off_and_on_of_its_own() -> None:
    flood, saturday = date(2026, 5, 6), date(2026, 5, 16)
    local = Calendar(days_off=frozenset({flood}), days_on=frozenset({saturday}))
    assert not is_working_day(flood, calendar=local)
    assert is_working_day(saturday, calendar=local)
    assert add_working_hours(at("2026-05-06T10:00"), 1, calendar=local) == at("2026-05-07T10:00")
    assert add_working_hours(at("2026-05-15T17:00"), 2, calendar=local) == at("2026-05-16T10:00")


def test_an_office_that_never_opens_is_told_and_not_waited_for() -> None:
    days = frozenset(date(2026, 1, 1) + timedelta(days=one) for one in range(800))
    with pytest.raises(ValueError, match="no working day"):
        add_working_hours(at("2026-05-06T10:00"), 1, calendar=Calendar(days_off=days))


@pytest.mark.parametrize("spans", [(), ((time(12), time(9)),), ((time(9), time(12)), (time(12), time(18)))])
def test_spans_that_make_no_day_are_refused(spans: tuple[tuple[time, time], ...]) -> None:
    with pytest.raises(ValueError, match="spans"):
        Calendar(spans=spans)


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        add_working_hours(datetime(2026, 5, 6, 10), 1)
    with pytest.raises(ValueError, match="forward"):
        add_working_hours(at("2026-05-06T10:00"), -1)
    with pytest.raises(ValueError, match="forward"):
        add_working_hours(at("2026-05-06T10:00"), float("nan"))
    with pytest.raises(ValueError, match="forward"):
        add_working_days(at("2026-05-06T10:00"), -1)


def test_quiet_hours_end_at_seven() -> None:
    night = at("2026-05-06T23:10")
    assert after_quiet_hours(night, 22, 7) == at("2026-05-07T07:00")
    assert after_quiet_hours(at("2026-05-06T06:59"), 22, 7) == at("2026-05-06T07:00")
    assert after_quiet_hours(at("2026-05-06T07:00"), 22, 7) == at("2026-05-06T07:00")
    assert after_quiet_hours(night, 7, 7) == night


@settings(deadline=None, max_examples=60)
@given(MOMENTS, HOURS)
def test_a_sum_lies_in_working_time_and_counts_back_to_what_was_added(
    start: datetime, hours: Decimal
) -> None:
    end = add_working_hours(start, hours)
    assert end.tzinfo is UTC
    assert inside(end)
    assert end >= start
    assert working_hours_between(start, end) == hours


@settings(deadline=None, max_examples=60)
@given(MOMENTS, HOURS, HOURS)
def test_adding_twice_is_adding_the_sum(start: datetime, first: Decimal, second: Decimal) -> None:
    assert add_working_hours(add_working_hours(start, first), second) == add_working_hours(
        start, first + second
    )


@settings(deadline=None, max_examples=60)
@given(MOMENTS, MOMENTS, HOURS, HOURS)
def test_later_starts_and_longer_spans_end_no_earlier(
    one: datetime, other: datetime, short: Decimal, more: Decimal
) -> None:
    early, late = sorted((one, other))
    assert add_working_hours(early, short) <= add_working_hours(late, short)
    assert add_working_hours(early, short) <= add_working_hours(early, short + more)


@settings(deadline=None, max_examples=60)
@given(MOMENTS, MOMENTS, MOMENTS)
def test_what_passes_between_adds_up_and_turns_round(a: datetime, b: datetime, c: datetime) -> None:
    assert working_time_between(a, b) + working_time_between(b, c) == working_time_between(a, c)
    assert working_time_between(a, b) == -working_time_between(b, a)


@settings(deadline=None, max_examples=60)
@given(MOMENTS, DAYS, DAYS)
def test_working_days_add_up_too(start: datetime, first: int, second: int) -> None:
    end = add_working_days(start, first)
    assert inside(end)
    assert add_working_days(end, second) == add_working_days(start, first + second)
    assert end <= add_working_days(start, first + second)
    assert working_hours_between(start, end) == 7 * first


@settings(deadline=None, max_examples=60)
@given(MOMENTS)
def test_the_next_working_moment_is_the_start_when_it_is_one(start: datetime) -> None:
    moment = next_working_moment(start)
    assert inside(moment)
    assert (moment == start) == inside(start)
    assert working_time_between(start, moment) == timedelta()
