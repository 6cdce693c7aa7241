"""The schema a store is opened on: built by the migrations, equal to the models, built once by whoever comes first."""

from __future__ import annotations

import subprocess
import sys

from alembic import command
from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

from migrations import config, upgrade
from migrations.tables import target


def tables_of(url: str) -> set[str]:
    engine = create_engine(url, poolclass=NullPool)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


def test_the_migrations_build_exactly_what_the_models_declare(database_url: str) -> None:
    assert tables_of(database_url) == set(target().tables) | {"alembic_version"}
    command.check(config(database_url))  # raises when a model and the schema differ


def test_upgrading_again_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    command.check(config(database_url))


def test_processes_that_start_together_migrate_one_after_the_other(empty_database_url: str) -> None:
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", f"from migrations import upgrade; upgrade({empty_database_url!r})"]
        )
        for _ in range(3)
    ]
    assert [process.wait(60) for process in starting] == [0, 0, 0]
    assert tables_of(empty_database_url) == set(target().tables) | {"alembic_version"}


def test_a_schema_taken_back_leaves_nothing(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    command.downgrade(config(empty_database_url), "base")
    assert tables_of(empty_database_url) <= {"alembic_version"}
