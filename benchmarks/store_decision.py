"""The store's own cost: one durable decision through `Store` against the same statements on raw sqlite3.

Six statements: read the task by its code, update task and request, one audit row, two outbox rows. The floor runs
before and after each measurement, with the same number of decisions in a commit, a savepoint for each.
Prints the median ratio; the target is 0.35. `python -m benchmarks.store_decision [DECISIONS] [ROUNDS]`
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    insert,
    select,
    update,
)
from sqlalchemy.pool import NullPool

from approval_core.store import Store, Tx

GROUP = 64
metadata = MetaData()
requests = Table("request", metadata, Column("id", Integer, primary_key=True), Column("state", String(10)))
tasks = Table(
    "task",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("request_id", ForeignKey("request.id")),
    Column("code", String(8), unique=True),
    Column("state", String(10)),
)
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("request_id", ForeignKey("request.id")),
    Column("hash", String(64)),
)
events = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(40)),
    Column("body", String),
)

FIND = select(tasks.c.id, tasks.c.request_id).where(
    tasks.c.code == bindparam("shown"), tasks.c.state == "open"
)
CLOSE = update(tasks).values(state="done").where(tasks.c.id == bindparam("task"), tasks.c.state == "open")
APPROVE = update(requests).values(state="approved").where(requests.c.id == bindparam("request"))
PROVE = insert(audit).values(request_id=bindparam("request"), hash=bindparam("proof"))
TELL = insert(events).values(name=bindparam("called"), body=bindparam("content"))


def decide(tx: Tx, code: str) -> int:
    task = tx.run(FIND, shown=code).one()
    assert tx.run(CLOSE, task=task.id).rowcount == 1
    tx.run(APPROVE, request=task.request_id)
    tx.run(PROVE, request=task.request_id, proof="0" * 64)
    tx.run(TELL, called="approval.decided", content='{"request":1}')
    tx.run(TELL, called="notice.due", content='{"request":1}')
    return int(task.id)


def decide_raw(cursor: sqlite3.Cursor, code: str) -> None:
    task, request = cursor.execute(
        "SELECT id, request_id FROM task WHERE code = ? AND state = ?", (code, "open")
    ).fetchone()
    assert (
        cursor.execute(
            "UPDATE task SET state = ? WHERE id = ? AND state = ?", ("done", task, "open")
        ).rowcount
        == 1
    )
    cursor.execute("UPDATE request SET state = ? WHERE id = ?", ("approved", request))
    cursor.execute("INSERT INTO audit (request_id, hash) VALUES (?, ?)", (request, "0" * 64))
    for name in ("approval.decided", "notice.due"):
        cursor.execute("INSERT INTO event (name, body) VALUES (?, ?)", (name, '{"request":1}'))


def fresh(folder: Path, name: str, decisions: int) -> Path:
    path = folder / f"{name}.db"
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(requests), [{"id": i, "state": "pending"} for i in range(decisions)])
        rows = [{"id": i, "request_id": i, "code": f"c{i}", "state": "open"} for i in range(decisions)]
        connection.execute(insert(tasks), rows)
    engine.dispose()
    return path


def raw(path: Path, decisions: int) -> float:
    """Decisions per second on the driver alone."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        cursor = connection.cursor()
        began = time.perf_counter()
        for first in range(0, decisions, GROUP):
            cursor.execute("BEGIN IMMEDIATE")
            for number in range(first, min(first + GROUP, decisions)):
                cursor.execute("SAVEPOINT work")
                decide_raw(cursor, f"c{number}")
                cursor.execute("RELEASE work")
            cursor.execute("COMMIT")
        return decisions / (time.perf_counter() - began)


async def through_store(path: Path, decisions: int) -> tuple[float, float]:
    """Decisions per second, and the works in a commit, with 256 coroutines asking."""
    store = Store(f"sqlite:///{path}", group=GROUP)
    numbers = iter(range(decisions))

    async def ask() -> None:
        for number in numbers:
            await store.awrite(decide, f"c{number}")

    began = time.perf_counter()
    await asyncio.gather(*[ask() for _ in range(256)])
    rate = decisions / (time.perf_counter() - began)
    share = store.metrics.works / store.metrics.batches
    await asyncio.to_thread(store.close)
    return rate, share


def main() -> None:
    decisions = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    ratios, shares, rates, floors = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            before = raw(fresh(Path(folder), f"before{number}", decisions), decisions)
            path = fresh(Path(folder), f"store{number}", decisions)
            rate, share = asyncio.run(through_store(path, decisions))
            after = raw(fresh(Path(folder), f"after{number}", decisions), decisions)
            floor = (before + after) / 2
            ratios.append(rate / floor)
            shares.append(share)
            rates.append(rate)
            floors.append(floor)
    figures = {
        "figure": "decision through the store / raw sqlite3",
        "ratio": round(statistics.median(ratios), 3),
        "target": 0.35,
        "per_second": round(statistics.median(rates)),
        "floor_per_second": round(statistics.median(floors)),
        "works_per_commit": round(statistics.median(shares), 1),
        "rounds": rounds,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
