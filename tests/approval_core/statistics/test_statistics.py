"""F46: what the figures say of a few requests whose answer can be counted by hand."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval_core import audit
from approval_core.people.models import Assignment, Post
from approval_core.statistics.queries import GroupFigure, Question, Statistics, statistics
from approval_core.statistics.rules import WorkingClock, day_begins, month_of, rate, spread
from approval_core.store import Store, Tx
from approval_core.working_time import working_time_between
from gateway.cli import run
from tests.approval_core.statistics import records

#: Wednesday 6 May 2026, 09:00 in Beijing: an ordinary working morning
MORNING = datetime(2026, 5, 6, 1, 0, tzinfo=UTC)
MAY = Question(day_begins(date(2026, 5, 1)), day_begins(date(2026, 6, 1)))
LATER = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)


def figures(store: Store, question: Question = MAY) -> Statistics:
    return store.read(statistics, question, now=LATER)


def by_key(groups: tuple[GroupFigure, ...]) -> dict[str, GroupFigure]:
    return {one.key: one for one in groups}


def test_f46_an_office_without_requests_has_no_figures(store: Store) -> None:
    found = figures(store)

    assert (found.whole.submitted, found.whole.return_rate, found.whole.hours.median) == (0, None, None)
    assert (found.by_type, found.by_step, found.by_person) == ((), (), ())


def test_f46_time_is_counted_in_working_hours(store: Store) -> None:
    def written(tx: Tx) -> None:
        chief = records.person(tx, "chief", "科长")
        for hours in (2, 9, 24):  # 2 h; the rest of the day, 7 h; one whole working day, 7 h
            number = records.request(tx, MORNING, hours=hours)
            step = records.step(tx, number, MORNING, hours=hours)
            records.task(tx, number, step, chief, MORNING, hours=hours)
        weekend = MORNING + timedelta(days=2)  # Friday 09:00 to Monday 09:00
        number = records.request(tx, weekend, hours=72)
        records.task(tx, number, records.step(tx, number, weekend, hours=72), chief, weekend, hours=72)

    store.write(written)
    found = figures(store)

    # 9–12 and 14–18, and Saturday 9 May is worked in exchange for the holiday before
    assert (found.whole.hours.count, found.whole.hours.median, found.whole.hours.longest) == (4, 7.0, 14.0)
    (step,) = found.by_step
    assert (step.type, step.step, step.hours.median, step.hours.p90) == ("LEAVE", "chief", 7.0, 14.0)
    (person,) = found.by_person
    assert (person.account, person.decided, person.hours.median) == ("chief", 4, 7.0)


def test_f46_requests_are_counted_by_type_unit_and_month(store: Store) -> None:
    def written(tx: Tx) -> None:
        tax = records.unit(tx, "SWJ", "税务科", MORNING)
        records.request(tx, MORNING, hours=1, unit_id=tax)
        records.request(tx, MORNING, hours=1, unit_id=tax, type="BUY", state="rejected")
        records.request(tx, MORNING)
        records.request(tx, datetime(2026, 5, 31, 16, 0, tzinfo=UTC))  # 1 June in Beijing
        records.request(tx, datetime(2026, 4, 30, 16, 0, tzinfo=UTC), hours=1, state="expired")  # 1 May
        records.request(tx, MORNING, state="draft")

    store.write(written)
    found = figures(store)

    whole = found.whole
    assert (whole.submitted, whole.ended, whole.open, whole.approved, whole.rejected, whole.expired) == (
        4,
        3,
        1,
        1,
        1,
        1,
    )
    assert {key: one.submitted for key, one in by_key(found.by_type).items()} == {"LEAVE": 3, "BUY": 1}
    assert {(one.key, one.name, one.submitted) for one in found.by_unit} == {
        ("SWJ", "税务科", 2),
        ("", "", 2),
    }
    assert [(one.key, one.submitted) for one in found.by_month] == [("2026-05", 4)]
    assert figures(store, Question(MAY.since, MAY.until, type="BUY")).whole.submitted == 1


def test_f46_a_request_without_a_unit_counts_for_the_unit_of_its_applicant(store: Store) -> None:
    def written(tx: Tx) -> None:
        tax = records.unit(tx, "SWJ", "税务科", MORNING)
        clerk = records.person(tx, "clerk", "科员")
        post = Post(code="P1", unit_id=tax, name="科员", rank="R6")
        tx.session.add(post)
        tx.session.flush()
        assert post.id is not None
        tx.session.add(Assignment(person_id=clerk, post_id=post.id, valid_from=MORNING - timedelta(days=9)))
        tx.session.flush()
        records.request(tx, MORNING, applicant_id=clerk)

    store.write(written)

    assert [(one.key, one.submitted) for one in figures(store).by_unit] == [("SWJ", 1)]


def test_f46_a_request_that_came_back_counts_once_for_the_return_rate(store: Store) -> None:
    def written(tx: Tx) -> None:
        chief = records.person(tx, "chief", "科长")
        back = records.request(tx, MORNING)
        for _ in range(2):
            step = records.step(tx, back, MORNING, hours=1, state="returned")
            records.task(tx, back, step, chief, MORNING, hours=1, verdict="return", state="superseded")
        undone = records.request(tx, MORNING)
        step = records.step(tx, undone, MORNING, hours=None)
        records.task(tx, undone, step, chief, MORNING, hours=1, verdict="return", state="undone")
        records.request(tx, MORNING)

    store.write(written)
    found = figures(store)

    assert (found.whole.returned, found.whole.return_rate) == (1, 33.3)
    assert (found.by_person[0].decided, found.by_person[0].returned) == (2, 2)
    assert found.by_step[0].returned == 2


def test_f46_timeouts_are_the_requests_over_their_time_and_the_tasks_that_waited_too_long(
    store: Store,
) -> None:
    def written(tx: Tx) -> None:
        chief = records.person(tx, "chief", "科长")
        records.request(tx, MORNING, hours=5, due_at=MORNING + timedelta(hours=4))
        records.request(tx, MORNING, hours=3, due_at=MORNING + timedelta(hours=4))
        records.request(tx, MORNING, due_at=MORNING + timedelta(hours=4), type="BUY")  # still open
        waited = records.request(tx, MORNING, type="BUY")
        step = records.step(tx, waited, MORNING, hours=None)
        number = records.task(tx, waited, step, chief, MORNING, hours=None)
        for _ in range(2):
            audit.append(
                tx, chain=f"request:{waited}", actor="system", verb="overdue_rung", thing=f"task:{number}", data={},
                now=MORNING + timedelta(days=3),
            )  # fmt: skip

    store.write(written)
    found = figures(store)

    assert (found.whole.timed_out, found.whole.timeout_rate) == (3, 75.0)
    assert by_key(found.by_type)["BUY"].timed_out == 2
    assert [(one.account, one.timed_out, one.open, one.decided) for one in found.by_person] == [
        ("chief", 1, 1, 0)
    ]


def test_f46_tests_machines_and_decisions_taken_back_count_for_nobody(store: Store) -> None:
    def written(tx: Tx) -> None:
        chief, other = records.person(tx, "chief", "科长"), records.person(tx, "other", "副科长")
        for facts in ({"source": "sandbox"}, {"type": "DRILL"}, {}):
            number = records.request(tx, MORNING, hours=1, **facts)
            step = records.step(tx, number, MORNING, hours=1)
            records.task(tx, number, step, chief, MORNING, hours=1, on_behalf_of_id=other)
            records.task(tx, number, step, chief, MORNING, hours=1, channel="system")
            records.task(tx, number, step, chief, MORNING, hours=1, state="undone")

    store.write(written)
    found = figures(store, Question(MAY.since, MAY.until, tests=("sandbox",), not_types=("DRILL",)))

    assert (found.whole.submitted, found.excluded) == (1, 2)
    assert [(one.account, one.decided, one.for_others) for one in found.by_person] == [("chief", 1, 1)]
    assert figures(store).whole.submitted == 3


def test_f46_the_command_prints_the_figures_and_json(
    store: Store, database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PISHI_CONFIG", raising=False)
    store.write(lambda tx: records.request(tx, MORNING, hours=2))
    words = ["statistics", "--from", "2026-05-01", "--to", "2026-05-31", "--database", database_url]

    assert run([*words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["whole"]["submitted"] == 1
    assert said["by_type"][0]["hours"] == {"count": 1, "median": 2.0, "p90": 2.0, "longest": 2.0}
    assert run(words) == 0
    assert "submitted 1  open 0  approved 1" in capsys.readouterr().out
    assert run(["statistics", "--from", "2026-06-01", "--to", "2026-05-01", "--database", database_url]) == 2
    assert "ends on 2026-05-01" in capsys.readouterr().err
    assert run(["statistics", "--from", "May", "--database", database_url]) == 2
    assert "write 2026-05-01" in capsys.readouterr().err


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=60))
def test_f46_nine_in_ten_take_no_longer_than_p90(hours: list[float]) -> None:
    found = spread(hours)
    assert found.p90 is not None
    assert found.median is not None
    assert sum(one <= found.p90 + 0.01 for one in hours) >= 0.9 * len(hours)
    assert found.count == len(hours)
    assert min(hours) - 0.01 <= found.median <= found.p90 + 0.01 or len(hours) < 3


@pytest.mark.parametrize(
    ("hours", "median", "p90"),
    [
        ([5], 5, 5),
        ([1, 2], 1.5, 2),
        ([3, 1, 2], 2, 3),
        (list(range(1, 11)), 5.5, 9),
        (list(range(1, 12)), 6, 10),
    ],
)
def test_f46_median_and_p90(hours: list[float], median: float, p90: float) -> None:
    assert (spread(hours).median, spread(hours).p90) == (median, p90)
    assert rate(1, 3) == 33.3


_moments = st.datetimes(datetime(2025, 12, 20), datetime(2026, 3, 10)).map(
    lambda at: at.replace(tzinfo=UTC)
)  # the zone comes a word later


@given(st.lists(st.tuples(_moments, _moments), min_size=1, max_size=8))
def test_f46_the_fast_clock_agrees_with_the_offices_clock(pairs: list[tuple[Any, Any]]) -> None:
    clock = WorkingClock()
    for begin, end in pairs:
        slow = working_time_between(begin, end).total_seconds() / 3600
        assert clock.hours_between(begin, end) == pytest.approx(slow, abs=1e-6)


def test_f46_a_month_is_the_offices_month() -> None:
    assert month_of(datetime(2026, 4, 30, 16, 0, tzinfo=UTC)) == "2026-05"
    assert day_begins(date(2026, 5, 1)) == datetime(2026, 4, 30, 16, 0, tzinfo=UTC)
