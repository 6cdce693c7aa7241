"""Connections: how each engine is opened, and the one line to it that a thread of the store holds.

Owns the differences between SQLite and PostgreSQL below the transaction. Never commits.
"""

from __future__ import annotations

import fcntl
import os
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.pool import NullPool

BUSY_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_S = 5
_PQTRANS_INERROR = 3


def database_url(url: str) -> URL:
    """The address with the driver we use; ValueError for any database but SQLite in a file and PostgreSQL."""
    parsed = make_url(url)
    name = parsed.get_backend_name()
    if name == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if name != "sqlite":
        raise ValueError(f"the store runs on sqlite and postgresql, not on {name}")
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("the store needs a file: sqlite:///path")
    return parsed.set(drivername="sqlite+pysqlite")


class TransactionLostError(Exception):
    """The database dropped the transaction under a running work (full disk, OR ROLLBACK)."""


def open_engine(url: URL, *, read_only: bool) -> Engine:
    """Connections are held by the store's threads, so the engine pools none. Parameters never reach a message."""
    if url.get_backend_name() == "sqlite":
        options: dict[str, Any] = {
            "connect_args": {"check_same_thread": False, "cached_statements": 512, "isolation_level": None}
        }
    else:
        options = {"paramstyle": "format", "connect_args": {"connect_timeout": CONNECT_TIMEOUT_S}}
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, **options)
    prepare = _prepare_sqlite if engine.dialect.name == "sqlite" else _prepare_postgresql
    event.listen(engine, "connect", lambda driver, _record: prepare(driver, read_only))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "before_cursor_execute", _refuse_outside_a_transaction)
    return engine


def plain_connection(url: URL) -> Any:
    """A connection of the driver alone, each statement for itself: for LISTEN and NOTIFY."""
    import psycopg

    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)


def _prepare_sqlite(driver: Any, read_only: bool) -> None:
    driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    driver.execute("PRAGMA journal_mode = WAL")
    driver.execute("PRAGMA synchronous = FULL")
    driver.execute("PRAGMA foreign_keys = ON")
    if read_only:
        driver.execute("PRAGMA query_only = ON")


def _prepare_postgresql(driver: Any, read_only: bool) -> None:
    from psycopg import IsolationLevel

    if read_only:  # one snapshot for all statements of a read, as on SQLite
        driver.read_only = True
        driver.isolation_level = IsolationLevel.REPEATABLE_READ


def _refuse_outside_a_transaction(connection: Connection, *_: object) -> None:
    driver = connection.connection.driver_connection
    if driver is not None and not driver.in_transaction:
        raise TransactionLostError("the database has dropped the transaction of this work")


class Line:
    """One open connection: SQLAlchemy's view of it, the driver's, and a cursor that is used again and again."""

    def __init__(self, engine: Engine) -> None:
        self.connection: Connection = engine.connect()
        driver = self.connection.connection.driver_connection
        if driver is None:
            raise InvalidRequestError("the driver gave no connection")
        self.driver: Any = driver
        self.cursor: Any = driver.cursor()
        self.dialect = engine.dialect
        self.driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self.on_sqlite = engine.dialect.name == "sqlite"

    def execute(self, sql: str, values: list[Any] | None = None) -> None:
        """Run on the driver's cursor; errors come out as SQLAlchemy's, without the parameters."""
        try:
            self.cursor.execute(sql, values or ())
        except self.driver_error as error:
            raise self.translated(sql, error) from error

    def translated(self, sql: str | None, error: Exception) -> BaseException:
        return DBAPIError.instance(
            sql, None, error, self.driver_error, hide_parameters=True, dialect=self.dialect
        )

    def is_in_error(self) -> bool:
        """PostgreSQL: a statement failed, so a commit would roll back without a word."""
        return not self.on_sqlite and self.driver.info.transaction_status == _PQTRANS_INERROR

    def is_gone(self) -> bool:
        return not self.on_sqlite and bool(self.driver.closed)

    def roll_back(self) -> None:
        """Never raises: a connection that cannot roll back is gone, and with it its transaction."""
        try:
            if self.connection.in_transaction():
                self.connection.rollback()
            self.driver.rollback()
        except (DBAPIError, self.driver_error):
            self.close()

    def close(self) -> None:
        if self.connection.closed:
            return
        try:
            self.connection.invalidate()
            self.connection.close()
        except (DBAPIError, self.driver_error):
            return


class Turn:
    """Whose turn it is to write, among the processes on one SQLite file: an flock beside it, held for one batch.

    SQLite's own waiting (busy_timeout) sleeps and starves; the kernel's queue is fair.
    """

    def __init__(self, database: str) -> None:
        self._file = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def give(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._file)
