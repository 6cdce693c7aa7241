"""Closed requests of LEAVE on a new version in thought, in the demo bureau of 3000 people: how many a second.

A few hundred real ones, filed and decided through the services by people of all ranks, are copied row by row up to the
size asked for. The rate at the small size says how long 50 000 would take; BENCH_SCALE=full replays that many.
`python -m benchmarks.replay [REQUESTS] [ROUNDS]`
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from contextlib import closing
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from approval_core.approvals import filing, queries, service
from approval_core.approvals.filing import Filing
from approval_core.approvals.models import Decision, Request, Step, Task
from approval_core.approvals.replaying import Differences, replay
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.definitions.service import publish
from approval_core.people.actor import SYSTEM, Actor, Evidence
from approval_core.people.demo import seed
from approval_core.people.models import persons
from approval_core.store import Store, Tx
from benchmarks.measuring import machine, show
from migrations import upgrade

REAL = 300
#: 50,000 in less than this many seconds
MANY, TARGET_S = 50_000, 120
EVIDENCE = Evidence("web", 2, "session:1")
TABLES = tuple(table_of(one) for one in (Request, Step, Task, Decision))
_REFERS = {"request_id": 0, "step_id": 1, "task_id": 2}
LEAVE = files("office.hr").joinpath("types/leave.yaml").read_text(encoding="utf-8")
#: heads of units are asked from the second day on, leaders from the third
NEW = LEAVE.replace("form.days > 3", "form.days > 2")


def prepare(store: Store, wanted: int) -> None:
    now = utc_now()
    store.write(seed, now=now)
    store.write(publish, LEAVE, actor=SYSTEM, now=now)
    people = store.read(_people)
    made = 0
    for number, (person_id, account) in enumerate(people[:: max(1, len(people) // REAL)]):
        made += store.write(_one, Actor("person", account, person_id=person_id), number, now)
    store.write(_multiply, wanted, made)


def _people(tx: Tx) -> list[tuple[int, str]]:
    wanted = select(persons.c.id, persons.c.account).where(persons.c.state == "active").order_by(persons.c.id)
    return [(row.id, row.account) for row in tx.execute(wanted)]


def _one(tx: Tx, actor: Actor, number: int, now: datetime) -> int:
    """Filed and decided to its end by whoever is asked; 0 where it waits for somebody outside."""
    days = number % 6 + 1
    form = {"kind": "annual", "start": "2026-03-02", "end": "2026-03-09", "days": days}
    filed = filing.file(tx, Filing("LEAVE", form), actor=actor, now=now)
    for _ in range(6):
        view = queries.by_id(tx, filed.request_id)
        if view.state != "pending":
            return 1
        asked = next((one for step in view.steps for one in step.approvers if one.state == "open"), None)
        if asked is None:
            return 0
        decided = service.decide(
            tx, asked.task_id, actor=Actor("person", asked.account, person_id=asked.person_id), evidence=EVIDENCE,
            verdict="approve", task_revision=asked.task_revision, now=now,
        )  # fmt: skip
        service.settle(tx, decided.decision_id, now=decided.held_until or now)
    return 0


def _multiply(tx: Tx, wanted: int, made: int) -> None:
    """The closed ones again and again under new numbers."""
    first = [
        [dict(row._mapping) for row in tx.execute(select(table).order_by(table.c.id))] for table in TABLES
    ]
    sizes = [max((row["id"] for row in rows), default=0) for rows in first]
    for turn in range(1, -(-wanted // max(made, 1))):
        shift = [size * turn for size in sizes]
        for place, (table, rows) in enumerate(zip(TABLES, first, strict=True)):
            tx.execute(insert(table), [_copied(row, place, shift, turn) for row in rows])


def _copied(row: dict[str, Any], place: int, shift: list[int], turn: int) -> dict[str, Any]:
    new = row | {"id": row["id"] + shift[place]}
    for name, refers in _REFERS.items():
        if name in new:
            new[name] += shift[refers]
    if "source_ref" in new:
        new["source_ref"] = f"{row['source_ref']}-{turn}"
    if "token_id" in new:
        new["token_id"] = None
    return new


def main() -> None:
    size = MANY if os.environ.get("BENCH_SCALE") == "full" else 3000
    size = int(sys.argv[1]) if len(sys.argv) > 1 else size
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'office.db'}"
        upgrade(url)
        with closing(Store(url)) as store:
            prepare(store, size)
            rates, found = [], Differences("LEAVE")
            for _ in range(rounds):
                began = time.perf_counter()
                found = store.read(replay, "LEAVE", NEW, limit=size)
                rates.append(found.requests / (time.perf_counter() - began))
    rate = statistics.median(rates)
    show(
        "replay", per_second=rate, requests=found.requests, same=found.same,
        differing={one.step: one.new + one.gone + one.others for one in found.steps.values()},
        seconds_for_50000=MANY / rate, target=f"< {TARGET_S}", met=MANY / rate < TARGET_S, runs=rounds, machine=machine(),
    )  # fmt: skip


if __name__ == "__main__":
    main()
