"""A simulated office: no item waits unseen on somebody absent, none is stuck, and the log verifies. Full: a year of 3000 people."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approval_core.notices.alarms import raise_alarm
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Store
from approval_core.working_time import add_working_hours
from gateway.cli import run
from gateway.settings import load
from gateway.simulation import Figures, Plan, simulate
from gateway.simulation.judging import Watch
from tests.approval_core.approvals.types import House, step
from tests.databases import SqliteFiles

#: days of the calendar, people who take part, what each files a day; two weeks have ten working days
SCALES = {"small": (14, 120, 0.25), "full": (365, 3000, 0.1)}
DONE = (
    "filed",
    "approve",
    "reject",
    "return",
    "submitted again",
    "away",
    "proxy named",
    "head released",
    "left",
)


def play(url: str, plan: Plan) -> Figures:
    store = Store(url)
    try:
        return simulate(store, plan, load(demo=True))
    finally:
        store.close()


def test_nothing_waits_unseen_on_somebody_absent_and_nothing_is_stuck(
    sqlite_files: SqliteFiles, scale: str, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    days, people, filings = SCALES[scale]
    figures = play(sqlite_files.migrated(), Plan(days=days, people=people, seed=seed, filings=filings))
    with capsys.disabled():
        print(f"\nsimulated office, {days} days, {people:,} people, seed {seed}")
        print("\n".join(f"  {line}" for line in figures.lines()))
    assert figures.ok, figures.lines()
    check_that_much_happened(figures)


def check_that_much_happened(figures: Figures) -> None:
    """An office in which nobody is away and nothing changes proves nothing."""
    assert figures.states.get("approved", 0) > figures.filed // 2, figures.states
    assert all(figures.acts.get(name, 0) for name in DONE), figures.acts
    assert figures.alarms.get("holder_absent", 0) > 0, figures.alarms
    assert figures.by_proxy > 0
    assert figures.filed > 100


@pytest.fixture
def house(store: Store) -> House:
    """One request of 李, which lies with 王; nothing of the ladder and of what absences start ever runs."""
    opened = House(store).open("li", "wang")
    opened.publish(step("wang"))
    opened.file("li")
    return opened


def looked(house: House, hours: int) -> Watch:
    watch = Watch()
    house.store.write(watch.look, add_working_hours(house.now(), hours))
    return watch


def test_the_watch_sees_what_waits_on_somebody_absent_when_nobody_was_told(house: House) -> None:
    assert looked(house, 12).waited == set()  # he is there
    leave = {"kind": "leave", "valid_from": house.now(), "valid_to": house.now() + timedelta(days=9)}
    house.store.write(people.mark_absent, house.number("wang"), actor=SYSTEM, now=house.now(), **leave)
    assert looked(house, 6).waited == set()
    task = house.task("wang").task_id
    assert set(looked(house, 12).unseen) == {task}
    house.store.write(raise_alarm, "overdue_task", f"task:{task}", now=house.now())
    found = looked(house, 12)
    assert (found.waited, found.unseen) == ({task}, {})


def test_the_watch_sees_what_nobody_holds_and_no_alarm_tells_of(house: House) -> None:
    assert looked(house, 1).stuck == {}
    house.store.write(people.leave, house.number("wang"), actor=SYSTEM, now=house.now())
    assert set(looked(house, 1).stuck) == {house.request_id}
    house.store.write(raise_alarm, "holder_absent", "task:1", request_id=house.request_id, now=house.now())
    assert looked(house, 1).stuck == {}


def test_the_command_says_its_figures_and_refuses_an_office_that_has_people(
    sqlite_files: SqliteFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    url = sqlite_files.migrated()
    arguments = ["simulate", "--days", "1", "--people", "20", "--seed", "5", "--database", url]
    assert run(arguments) == 0
    assert "stuck: 0" in capsys.readouterr().out
    assert run(arguments) == 1
    assert "already" in capsys.readouterr().err
