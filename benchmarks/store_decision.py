"""One durable decision: `approvals.decide` through the store, against the same rows on raw sqlite3.

Both begin with a copy of the same file and write the same rows with the same number of decisions in a commit, a
savepoint for each, WAL and synchronous=FULL. The floor is written by hand: the fewest statements, no SQLAlchemy, no
rules; it reads the task, checks it and chains the audit entry. After each pair the tables are compared.
`python -m benchmarks.store_decision [DECISIONS] [ROUNDS]`
"""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from approval_core.clock import utc_now
from approval_core.store import Store
from benchmarks import open_matters
from benchmarks.measuring import ROUNDS, interleaved, machine, show, show_ratio
from benchmarks.open_matters import Open, Prepared
from benchmarks.raw_decision import RawDecision

TARGET = 0.35
ROWS = {
    600: "task, request, to-do and audit head changed; decision, audit entry, event, timer inserted",
    0: "task, request, step, to-do and audit head changed (the head twice); decision, 2 audit entries, 3 events inserted",
}


def raw(prepared: Prepared, group: int, hold: int, seen: dict[str, dict[str, int]]) -> float:
    """Decisions per second on the driver alone."""
    path = prepared.copy()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        cursor = connection.cursor()
        decision = RawDecision(cursor, hold=hold)
        gc.collect()
        began = time.perf_counter()
        for first in range(0, len(prepared.tasks), group):
            cursor.execute("BEGIN IMMEDIATE")
            for one in prepared.tasks[first : first + group]:
                cursor.execute("SAVEPOINT work")
                decision.decide(one)
                cursor.execute("RELEASE work")
            cursor.execute("COMMIT")
        rate = len(prepared.tasks) / (time.perf_counter() - began)
    seen["raw"] = open_matters.counts(path)
    open_matters.drop(path)
    return rate


def through_store(
    prepared: Prepared, group: int, seen: dict[str, dict[str, int]], shares: list[float]
) -> float:
    """Decisions per second with many coroutines asking, so that a commit holds what it may."""
    path = prepared.copy()
    store = Store(f"sqlite:///{path}", group=group, span=1.0)
    gc.collect()
    rate = asyncio.run(_ask(store, prepared.tasks))
    shares.append(store.metrics.works / store.metrics.batches)
    store.close()
    seen["store"] = open_matters.counts(path)
    open_matters.drop(path)
    return rate


async def _ask(store: Store, tasks: Sequence[Open]) -> float:
    waiting = iter(tasks)

    async def person() -> None:
        for one in waiting:
            await store.awrite(open_matters.decide, one, utc_now())

    began = time.perf_counter()
    await asyncio.gather(*[person() for _ in range(256)])
    return len(tasks) / (time.perf_counter() - began)


def main() -> None:
    decisions = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    show("machine", said=machine())
    with tempfile.TemporaryDirectory() as folder:
        for hold in (600, 0):
            prepared = Prepared(Path(folder), decisions, hold=hold)
            show("rows of one decision", hold=hold, rows=ROWS[hold])
            for group in (1, 16, 64) if hold else (64,):
                seen: dict[str, dict[str, int]] = {}
                shares: list[float] = []
                taken = interleaved(
                    partial(raw, prepared, group, hold, seen),
                    partial(through_store, prepared, group, seen, shares),
                    rounds,
                )
                assert seen["raw"] == seen["store"], seen
                name = "held" if hold else "in effect at once"
                show_ratio(
                    f"decision through the store / raw sqlite3, {name}, {group} in a commit",
                    taken,
                    target=TARGET,
                    in_a_commit=sum(shares) / len(shares),
                )


if __name__ == "__main__":
    main()
