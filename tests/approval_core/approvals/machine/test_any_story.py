"""Whatever happens to a request, in whatever order: no task is lost, none is decided twice, none waits for nobody."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis.stateful import run_state_machine_as_test

from tests.approval_core.approvals.machine.any_story import AnyStory
from tests.approval_core.approvals.machine.offices import Offices
from tests.databases import PostgresServer, SqliteFiles

STORIES = {"small": {"sqlite": 45, "postgresql": 8}, "full": {"sqlite": 4000, "postgresql": 600}}
OFFICES = {"small": 3, "full": 40}
ACTS = 25


def tell(offices: Offices, number_of_offices: int, stories: int, seed: int) -> None:
    """So many stories; a failing one is made as short as it can be and printed as a program."""

    class Told(AnyStory):
        pass

    Told.offices, Told.number_of_offices = offices, number_of_offices
    run_state_machine_as_test(
        seeded(seed)(Told),
        settings=settings(
            max_examples=stories,
            stateful_step_count=ACTS,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_order_of_acts_loses_doubles_or_sticks_anything(
    sqlite_files: SqliteFiles, scale: str, seed: int
) -> None:
    tell(Offices(seed, sqlite_files), OFFICES[scale], STORIES[scale]["sqlite"], seed)


def test_nor_does_it_on_postgresql(postgres_server: PostgresServer, scale: str, seed: int) -> None:
    tell(Offices(seed, None, postgres_server), OFFICES[scale], STORIES[scale]["postgresql"], seed + 1)
