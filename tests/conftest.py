"""Fixtures every test may use: a fresh database on each engine, a store on it, the scale and the seed of the run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
from collections.abc import Iterator

import pytest

from approval_core.store import Store
from tests.databases import PostgresServer, SqliteFiles

ENGINES = [one for one in os.environ.get("PISHI_TEST_DATABASES", "sqlite,postgresql").split(",") if one]
SCALE = os.environ.get("PROOF_SCALE", "small")
# The controller of a parallel run draws the seed once; its workers inherit it.
SEED = int(os.environ.setdefault("PISHI_TEST_SEED", str(random.SystemRandom().randrange(2**32))))


def pytest_configure() -> None:
    """A run that is told to end takes its PostgreSQL with it: SIGTERM counts as Ctrl-C, so fixtures clean up."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_report_header() -> str:
    return f"databases: {', '.join(ENGINES)}; PROOF_SCALE={SCALE}; PISHI_TEST_SEED={SEED}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"PROOF_SCALE={SCALE} PISHI_TEST_SEED={SEED}")  # shown under -q as well


@pytest.fixture(scope="session")
def scale() -> str:
    """`small` in `make test`, `full` in `make proof`."""
    assert SCALE in {"small", "full"}
    return SCALE


@pytest.fixture(scope="session")
def seed() -> int:
    """Printed with the run; PISHI_TEST_SEED repeats it."""
    return SEED


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteFiles]:
    folder = tmp_path_factory.mktemp("sqlite")
    yield SqliteFiles(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    if "postgresql" not in ENGINES:
        pytest.skip("PISHI_TEST_DATABASES leaves PostgreSQL out")
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture
def sqlite_url(sqlite_files: SqliteFiles) -> str:
    """A migrated SQLite database of this test alone."""
    return sqlite_files.migrated()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A migrated PostgreSQL database of this test alone."""
    url = postgres_server.migrated()
    yield url
    postgres_server.drop(url)


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of this test alone; the test runs once on each engine."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))


@pytest.fixture(params=ENGINES)
def empty_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without any table; the test runs once on each engine."""
    if request.param == "sqlite":
        files: SqliteFiles = request.getfixturevalue("sqlite_files")
        yield files.empty()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.empty()
    yield url
    server.drop(url)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store on `database_url`, closed afterwards."""
    opened = Store(database_url)
    yield opened
    opened.close()
