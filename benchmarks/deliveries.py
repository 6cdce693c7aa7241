"""Events to reactions: routed and delivered per second, against the same rows on raw sqlite3 with the same commits.

The reaction does nothing, so this is the cost of the outbox alone: an event routed, its delivery inserted, found,
run in a savepoint, marked done. One by one (each delivery its own commit), and as the worker does it on SQLite (many
in a commit). `python -m benchmarks.deliveries [EVENTS] [ROUNDS]`
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

from approval_core import outbox
from approval_core.clock import utc_now
from approval_core.outbox import Happening
from approval_core.store import Store, Tx
from benchmarks.measuring import ROUNDS, interleaved, machine, show, show_ratio
from benchmarks.open_matters import drop, settle
from benchmarks.raw_decision import SHAPE
from gateway.worker import AT_ONCE, deliver_some
from migrations import upgrade

_copy = count(1)


def nothing(_tx: Tx, _happening: Happening, _now: datetime) -> None:
    """A reaction that has nothing to do."""


REACTIONS = {"approval.decided": {"nothing": nothing}}

DUE = (
    "SELECT d.id, d.event_id, d.key, e.type, e.payload FROM delivery d JOIN event e ON e.id = d.event_id "
    "WHERE d.state = 'due' AND d.due_at <= ? "
    "AND NOT EXISTS (SELECT 1 FROM delivery x WHERE x.key = d.key AND x.reaction = d.reaction "
    "AND x.event_id < d.event_id AND x.state = 'due') "
    "AND NOT EXISTS (SELECT 1 FROM event b WHERE b.key = d.key AND b.id < d.event_id AND b.routed = 0) "
    "ORDER BY d.due_at, d.id LIMIT 1"
)
DELIVER = "INSERT INTO delivery (event_id, key, reaction, state, attempts, due_at) VALUES (?, ?, 'nothing', 'due', 0, ?)"


def emitted(folder: Path, events: int) -> Path:
    path = folder / "emitted.db"
    upgrade(f"sqlite:///{path}")

    def emit_all(tx: Tx) -> None:
        for number in range(events):
            payload = {"request_id": number, "decision_id": number}
            outbox.emit(tx, "approval.decided", key=f"request:{number}", payload=payload, now=utc_now())

    with closing(Store(f"sqlite:///{path}")) as store:
        store.write(emit_all)
    settle(path)
    return path


def copied(path: Path) -> Path:
    target = path.parent / f"events-{next(_copy)}.db"
    shutil.copyfile(path, target)
    return target


def through_outbox(source: Path, events: int, at_once: int) -> float:
    path = copied(source)
    with closing(Store(f"sqlite:///{path}")) as store:
        done = 0
        began = time.perf_counter()
        while done < events:
            store.write(outbox.route, REACTIONS, now=utc_now())
            if at_once == 1:
                while store.write(outbox.deliver_one, REACTIONS, now=utc_now()):
                    done += 1
            else:
                while some := store.write(deliver_some, REACTIONS, now=utc_now()):
                    done += some
        rate = events / (time.perf_counter() - began)
    _all_done(path, events)
    return rate


def raw(source: Path, events: int, at_once: int) -> float:
    path = copied(source)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        run = connection.cursor().execute
        began = time.perf_counter()
        while found := run("SELECT id, key FROM event WHERE routed = 0 ORDER BY id LIMIT 200").fetchall():
            at = datetime.now(UTC).strftime(SHAPE)
            run("BEGIN IMMEDIATE")
            connection.executemany(DELIVER, [(number, key, at) for number, key in found])
            connection.executemany(
                "UPDATE event SET routed = 1 WHERE id = ?", [(number,) for number, _ in found]
            )
            run("COMMIT")
            while _some(connection, at_once) == at_once:
                pass
        rate = events / (time.perf_counter() - began)
    _all_done(path, events)
    return rate


def _some(connection: sqlite3.Connection, at_once: int) -> int:
    run = connection.execute
    run("BEGIN IMMEDIATE")
    done = 0
    while done < at_once:
        at = datetime.now(UTC).strftime(SHAPE)
        due = run(DUE, (at,)).fetchone()
        if due is None:
            break
        run("SAVEPOINT reaction")
        run("RELEASE reaction")
        run("UPDATE delivery SET state = 'done', done_at = ?, error = NULL WHERE id = ?", (at, due[0]))
        done += 1
    run("COMMIT")
    return done


def _all_done(path: Path, events: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        done = connection.execute("SELECT count(*) FROM delivery WHERE state = 'done'").fetchone()[0]
    assert done == events, (done, events)
    drop(path)


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    show("machine", said=machine())
    with tempfile.TemporaryDirectory() as folder:
        source = emitted(Path(folder), events)
        for at_once in (1, AT_ONCE):
            taken = interleaved(
                partial(raw, source, events, at_once),
                partial(through_outbox, source, events, at_once),
                rounds,
            )
            show_ratio(f"events routed and delivered / raw sqlite3, {at_once} in a commit", taken)


if __name__ == "__main__":
    main()
