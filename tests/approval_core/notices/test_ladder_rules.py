"""When each rung of a ladder stands, what a late timer does, and that no timeout approves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approval_core.clock import OFFICE_ZONE
from approval_core.notices.rules.ladder import MOST_RUNGS, TIMEOUTS, Ladder, rungs, turn
from approval_core.working_time import working_hours_between

OPENED = datetime(2026, 5, 7, 9, 0, tzinfo=OFFICE_ZONE)  # a Thursday; the Saturday after it is worked
DEFAULT = Ladder(4, 8, 16)
HOURS = st.none() | st.integers(1, 100)
LADDERS = st.builds(Ladder, HOURS, HOURS, HOURS, st.sampled_from(sorted(TIMEOUTS)))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OFFICE_ZONE)


def shown(ladder: Ladder) -> list[tuple[str, datetime]]:
    return [(rung.does, rung.at) for rung in rungs(ladder, OPENED)]


def test_f33_the_default_ladder_reminds_tells_and_ends_by_working_hours() -> None:
    assert shown(Ladder(4, 8, 16, "transfer_up")) == [
        ("remind", at("2026-05-07T15:00")),
        ("tell", at("2026-05-08T10:00")),
        ("escalate", at("2026-05-09T11:00")),
    ]


def test_f33_a_timeout_that_only_reminds_goes_on_once_a_working_day_and_ends() -> None:
    found = shown(Ladder(4, 8, 14))
    assert found[2:] == [
        ("escalate", at("2026-05-08T18:00")),
        ("remind", at("2026-05-09T18:00")),
        ("remind", at("2026-05-11T18:00")),
        ("remind", at("2026-05-12T18:00")),
        ("remind", at("2026-05-13T18:00")),
        ("remind", at("2026-05-14T18:00")),
    ]


@pytest.mark.parametrize(
    ("step", "defaults", "ladder"),
    [
        ({}, {}, Ladder()),
        ({}, {"remind_after": 4, "tell_after": 8, "escalate_after": 16}, Ladder(4, 8, 16)),
        ({"remind_after": 2, "tell_after": None}, {"tell_after": 8}, Ladder(2, 8)),
        ({"escalate_after": 5, "timeout": "close"}, {"timeout": "reject"}, Ladder(None, None, 5, "close")),
    ],
)
def test_a_step_says_its_ladder_and_the_document_the_rest(
    step: dict[str, Any], defaults: dict[str, Any], ladder: Ladder
) -> None:
    assert Ladder.of(step, defaults) == ladder


@pytest.mark.parametrize("timeout", ["approve", "agree", "Y", "skip"])
def test_f34_no_timeout_approves(timeout: str) -> None:
    with pytest.raises(ValueError, match="may be one of"):
        Ladder(4, 8, 16, timeout)


def test_a_rung_at_the_opening_is_refused() -> None:
    with pytest.raises(ValueError, match="after the opening"):
        Ladder(0)


def test_a_rung_behind_the_timeout_is_not_there() -> None:
    assert [rung.does for rung in rungs(Ladder(4, 20, 16, "close"), OPENED)] == ["remind", "escalate"]


def test_a_late_timer_does_what_is_due_once_and_waits_before_the_timeout() -> None:
    ladder = rungs(Ladder(4, 8, 16, "reject"), OPENED)
    late = at("2026-05-12T10:00")
    found = turn(ladder, 1, late)
    assert [rung.does for rung in found.now_due] == ["remind", "tell"]
    assert (found.next_rung, found.next_at) == (ladder[2], at("2026-05-12T11:00"))
    then = turn(ladder, 3, at("2026-05-12T11:00"))
    assert ([rung.does for rung in then.now_due], then.next_rung) == (["escalate"], None)


def test_a_timer_that_fires_too_early_waits() -> None:
    ladder = rungs(DEFAULT, OPENED)
    found = turn(ladder, 1, OPENED)
    assert (found.now_due, found.next_rung, found.next_at) == ((), ladder[0], ladder[0].at)


@settings(deadline=None)
@given(LADDERS)
def test_rungs_stand_in_order_by_working_hours_and_few(ladder: Ladder) -> None:
    found = rungs(ladder, OPENED)
    assert [rung.number for rung in found] == list(range(1, len(found) + 1))
    assert len(found) <= MOST_RUNGS
    assert [rung.at for rung in found] == sorted(rung.at for rung in found)
    assert {rung.action for rung in found} <= {"", ladder.timeout}
    for rung in found:
        if rung.does == "escalate":
            assert working_hours_between(OPENED, rung.at) == ladder.escalate_after


@settings(deadline=None)
@given(LADDERS, st.lists(st.integers(1, 400), min_size=1, max_size=40))
def test_whenever_timers_fire_every_rung_is_taken_once_and_the_timeout_never_first(
    ladder: Ladder, hours: list[int]
) -> None:
    all_of_them = rungs(ladder, OPENED)
    taken: list[int] = []
    now, number = OPENED, 1
    for late in [*hours, 24 * 365]:
        now += timedelta(hours=late)
        if number > len(all_of_them):
            break
        found = turn(all_of_them, number, now)
        taken += [rung.number for rung in found.now_due]
        assert all(rung.at <= now for rung in found.now_due)
        if found.next_rung is None:
            number = len(all_of_them) + 1
        else:
            assert found.next_at is not None
            assert found.next_at > now
            number = found.next_rung.number
    assert taken == list(range(1, len(taken) + 1))
