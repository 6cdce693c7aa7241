"""To-dos by the million, written past the services: what a bureau's lists look like after years."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from approval_core.inbox.service import NO_DUE_DATE
from benchmarks.raw_decision import SHAPE
from migrations import upgrade
from tests.databases import PostgresServer

PEOPLE = 3000
LEADERS = 50
LEADER_HOLDS = 667
HOLDS = 22  # everybody else who holds any
SOURCES = ("ctais", "oa", "finance", "personnel", "assets", "enquiry")

_COLUMNS = "source, ref, person_id, title, applicant, precedence, due_at, state, opened_at, closed_at"
_INSERT = f"INSERT INTO todo ({_COLUMNS}) VALUES (?, ?, ?, '申请年休假3天', '王伟', ?, ?, ?, ?, ?)"  # noqa: S608 — our own words


def rows(todos: int, seed: int = 7) -> Iterator[tuple[object, ...]]:
    """Open ones are spread through the whole file, as age and leave would have it."""
    chance = random.Random(seed)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    owners = [number for number in range(1, LEADERS + 1) for _ in range(LEADER_HOLDS)]
    owners += [LEADERS + number for number in range(1, holders(todos) + 1) for _ in range(HOLDS)]
    is_open = set(chance.sample(range(todos), len(owners)))
    chance.shuffle(owners)
    for number in range(todos):
        opened = start + timedelta(seconds=number)
        due = NO_DUE_DATE if number % 3 else opened + timedelta(days=chance.randrange(1, 60))
        source = SOURCES[chance.randrange(len(SOURCES))]
        urgency = 2 - (number % 10 == 0) - (number % 50 == 0)
        live = number in is_open
        person = owners.pop() if live else chance.randrange(PEOPLE) + 1
        closed = None if live else (opened + timedelta(hours=3)).strftime(SHAPE)
        state = "open" if live else "done"
        yield (
            source, f"{source}/{number}", person, urgency, due.strftime(SHAPE), state, opened.strftime(SHAPE), closed,
        )  # fmt: skip


def holders(todos: int) -> int:
    """How many beside the leaders have open to-dos: in a small file fewer people, not shorter lists."""
    return min(PEOPLE - LEADERS, todos // 5 // HOLDS)


def in_a_file(folder: Path, todos: int) -> Path:
    path = folder / f"todos-{todos}.db"
    upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in (
            "journal_mode = OFF",
            "synchronous = OFF",
            "foreign_keys = OFF",
            "cache_size = -200000",
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO person (id, account, emp_no, name, rank, established, email, state) "
            "VALUES (?, ?, ?, '李建国', 'R2', 1, '', 'active')",
            [(number, f"hy{number:05d}", f"{number:05d}") for number in range(1, PEOPLE + 1)],
        )
        connection.executemany(_INSERT, rows(todos))
        connection.execute("COMMIT")
    return path


def in_postgres(server: PostgresServer, todos: int) -> str:
    """The address of a new database on this server."""
    url = server.migrated()
    with (
        psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        with cursor.copy(
            "COPY person (id, account, emp_no, name, rank, established, email, state) FROM STDIN"
        ) as people:
            for number in range(1, PEOPLE + 1):
                people.write_row(
                    (number, f"hy{number:05d}", f"{number:05d}", "李建国", "R2", True, "", "active")
                )
        with cursor.copy(f"COPY todo ({_COLUMNS}) FROM STDIN") as copied:
            for source, ref, person, precedence, due, state, opened, closed in rows(todos):
                copied.write_row(
                    (source, ref, person, "申请年休假3天", "王伟", precedence, f"{due}+00", state, f"{opened}+00",
                     closed and f"{closed}+00")
                )  # fmt: skip
        cursor.execute("VACUUM ANALYZE todo")
    return url
