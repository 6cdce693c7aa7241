"""A prepared office: leaders, and requests that wait for their first decision. Copied for every measurement."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from sqlalchemy import func, select, table

from approval_core.approvals import service as approvals
from approval_core.approvals.models import Task
from approval_core.approvals.service import Content, Decided, StepPlan, Submission
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM, Actor, Evidence
from approval_core.people.models import Person
from approval_core.store import Store, Tx
from migrations import upgrade

tasks, persons = table_of(Task), table_of(Person)
LEADERS = 50
CLIENT = Actor("client", "ctais")
EVIDENCE = Evidence("web", 2, "session:1")
_copy = count(1)


@dataclass(frozen=True, slots=True)
class Open:
    """A task that waits, and who may decide it."""

    task_id: int
    request_id: int
    person_id: int
    account: str
    name: str

    @property
    def actor(self) -> Actor:
        return Actor("person", self.account, person_id=self.person_id)


def account(number: int) -> str:
    return f"hy{number % LEADERS + 1:05d}"


def leaders(tx: Tx, now: datetime) -> None:
    for number in range(LEADERS):
        people.hire(
            tx,
            account=account(number),
            emp_no=f"{number:05d}",
            name="李建国",
            rank="R2",
            actor=SYSTEM,
            now=now,
        )


def submission(number: int, *, hold: int, steps: int = 1, ref: str = "") -> Submission:
    plan = tuple(StepPlan(((account(number + place), 1),)) for place in range(steps))
    return Submission(
        source="ctais",
        ref=ref or f"R-{number}",
        type="GENERIC",
        content=Content("申请年休假3天", "王伟申请年休假3天(5月6日起)", {"days": 3}),
        applicant="王伟",
        steps=plan,
        hold_seconds=hold,
    )


def submit(tx: Tx, number: int, *, hold: int, now: datetime, steps: int = 1) -> int:
    return approvals.submit(tx, submission(number, hold=hold, steps=steps), actor=CLIENT, now=now).request_id


def decide(tx: Tx, one: Open, now: datetime) -> Decided:
    """The product's own service, and nothing beside it."""
    return approvals.decide(
        tx, one.task_id, actor=one.actor, evidence=EVIDENCE, verdict="approve", task_revision=1, now=now
    )


def fill(url: str, requests: int, *, hold: int) -> list[Open]:
    """`url` is migrated. Returns the open tasks in the order of their requests."""
    with closing(Store(url)) as store:
        store.write(leaders, utc_now())
        for first in range(0, requests, 50):
            store.write(_submit_some, range(first, min(first + 50, requests)), hold, utc_now())
        return store.read(waiting)


def _submit_some(tx: Tx, numbers: Sequence[int], hold: int, now: datetime) -> None:
    for number in numbers:
        submit(tx, number, hold=hold, now=now)


def waiting(tx: Tx) -> list[Open]:
    found = tx.execute(
        select(tasks.c.id, tasks.c.request_id, tasks.c.person_id, persons.c.account, persons.c.name)
        .join(persons, persons.c.id == tasks.c.person_id)
        .where(tasks.c.state == "open")
        .order_by(tasks.c.id)
    )
    return [Open(row.id, row.request_id, row.person_id, row.account, row.name) for row in found]


class Prepared:
    """One SQLite file, written out and copied for each measurement, so that all begin alike."""

    def __init__(self, folder: Path, requests: int, *, hold: int) -> None:
        self._folder = folder
        self.path = folder / f"prepared-{next(_copy)}.db"
        upgrade(f"sqlite:///{self.path}")
        self.tasks = fill(f"sqlite:///{self.path}", requests, hold=hold)
        settle(self.path)

    def copy(self) -> Path:
        target = self._folder / f"copy-{next(_copy)}.db"
        shutil.copyfile(self.path, target)
        return target


def settle(path: Path) -> None:
    """Everything into the file itself; no log beside it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def drop(path: Path) -> None:
    for one in (path, *path.parent.glob(f"{path.name}-*"), *path.parent.glob(f"{path.name}.lock")):
        one.unlink(missing_ok=True)


def counts(path: Path) -> dict[str, int]:
    """How many rows each table holds."""
    with closing(sqlite3.connect(path)) as connection:
        names = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        ]
        return {
            name: connection.execute(
                select(func.count()).select_from(table(name)).compile().string
            ).fetchone()[0]
            for name in names
        }
