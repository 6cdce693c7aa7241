"""How often one may urge."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approval_core.clock import OFFICE_ZONE
from approval_core.notices.rules.urging import UrgeLimits, next_urge
from approval_core.working_time import working_hours_between


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-05-{text}").replace(tzinfo=OFFICE_ZONE)


@pytest.mark.parametrize(
    ("opened", "urged", "next_at"),
    [
        ("06T09:30", [], "06T10:30"),
        ("06T17:30", [], "07T09:30"),
        ("06T09:30", ["06T10:30"], "06T16:30"),
        ("06T09:30", ["06T10:30", "06T16:30"], "07T11:30"),
        ("11T10:00", ["08T16:00"], "11T11:00"),  # a new holder has his hour
    ],
)
def test_f26_an_urge_waits_an_hour_and_then_four(opened: str, urged: list[str], next_at: str) -> None:
    assert next_urge(at(opened), [at(one) for one in urged], UrgeLimits()) == at(next_at)


def test_f26_three_a_day_are_enough_whatever_lies_between() -> None:
    limits = UrgeLimits(first_after=0, apart=1, a_day=3)
    urged = [at("08T09:00"), at("08T10:00"), at("08T11:00")]
    assert next_urge(at("08T09:00"), urged, limits) == at("09T09:00")  # a Saturday that is worked


def test_f26_the_second_urge_goes_by_sms_where_that_is_allowed() -> None:
    limits = UrgeLimits()
    assert [limits.path(number, sms=True) for number in (1, 2, 3)] == ["app", "sms", "sms"]
    assert limits.path(9, sms=False) == "app"


@settings(deadline=None)
@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(OFFICE_ZONE)),
    st.integers(1, 12),
    st.builds(UrgeLimits, st.integers(0, 9), st.integers(1, 9), st.integers(1, 4)),
)
def test_f26_who_urges_as_soon_as_he_may_keeps_every_limit(
    opened: datetime, times: int, limits: UrgeLimits
) -> None:
    urged: list[datetime] = []
    for _ in range(times):
        urged.append(next_urge(opened, urged, limits))
    assert working_hours_between(opened, urged[0]) == limits.first_after
    for earlier, later in pairwise(urged):
        assert working_hours_between(earlier, later) >= limits.apart
    days = [one.astimezone(OFFICE_ZONE).date() for one in urged]
    assert max(days.count(day) for day in days) <= limits.a_day
