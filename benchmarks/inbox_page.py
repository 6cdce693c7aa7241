"""A person's first page and the counts by source, among a million to-dos (BENCH_SCALE=full: five million).

Timed inside the query: from the call of `open_items` and `open_counts` in a read to their values, the wait for a
thread left out; the page of what was decided beside it. 50 leaders hold 667 open ones each, everybody else of 3000
people 22. The floor is the same page and counts on the driver alone over the same rows. Growth: the median at the full
size over the median at 50 000. BENCH_ENGINES=sqlite,postgresql measures both; SQLite alone by default.
`python -m benchmarks.inbox_page [TODOS] [ROUNDS]`
"""

from __future__ import annotations

import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from approval_core.inbox import queries as inbox
from approval_core.store import Store, Tx
from benchmarks.inbox_rows import HOLDS, LEADER_HOLDS, LEADERS, holders, in_a_file, in_postgres
from benchmarks.measuring import ROUNDS, machine, percentile, show
from benchmarks.postgres import durable_server

SMALL = 50_000
LOOKS = 2000
PAGE = 50
TARGET_MS, TARGET_GROWTH = 1.0, 1.5

_SHOWN = "id, source, ref, title, applicant, precedence, due_at, state, request_id, task_id, opened_at, closed_at, kind"
_PAGE = f"SELECT {_SHOWN} FROM todo WHERE person_id = ? AND state = 'open' ORDER BY precedence, due_at, id LIMIT ?"  # noqa: S608 — our own words
_COUNTS = (
    "SELECT source, count(*) FROM todo WHERE person_id = ? AND state = 'open' GROUP BY source ORDER BY source"
)
_DONE = f"SELECT {_SHOWN} FROM todo WHERE person_id = ? AND state = 'done' ORDER BY id DESC LIMIT ?"  # noqa: S608 — our own words


@dataclass(frozen=True, slots=True)
class Look:
    """What one person asks for: timed, through the queries and on the driver."""

    through: Callable[[Tx, int], None]
    raw: Callable[[Callable[..., Any], int], None]


def _open_through(tx: Tx, person: int) -> None:
    page = inbox.open_items(tx, person, limit=PAGE)
    counts = inbox.open_counts(tx, person)
    assert len(page.items) == min(PAGE, sum(counts.values()))


def _open_raw(run: Callable[..., Any], person: int) -> None:
    run(_PAGE, (person, PAGE + 1)).fetchall()
    run(_COUNTS, (person,)).fetchall()


def _done_through(tx: Tx, person: int) -> None:
    inbox.done_items(tx, person, limit=PAGE)


def _done_raw(run: Callable[..., Any], person: int) -> None:
    run(_DONE, (person, PAGE + 1)).fetchall()


OPEN, DONE = Look(_open_through, _open_raw), Look(_done_through, _done_raw)


def _through(tx: Tx, look: Look, people: Sequence[int]) -> list[float]:
    return _timed(lambda person: look.through(tx, person), people)


def _raw(url: str, look: Look, people: Sequence[int]) -> list[float]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            run = connection.cursor().execute
            return _timed(lambda person: look.raw(run, person), people)
    with psycopg.connect(url.replace("+psycopg", ""), prepare_threshold=0) as connected:
        cursor = connected.cursor()
        return _timed(
            lambda person: look.raw(
                lambda sql, values: cursor.execute(sql.replace("?", "%s"), values), person
            ),
            people,
        )


def _timed(ask: Callable[[int], None], people: Sequence[int]) -> list[float]:
    """Seconds of each."""
    times = []
    for person in people:
        began = time.perf_counter()
        ask(person)
        times.append(time.perf_counter() - began)
    return times


def drawn(seed: int, leaders: bool, todos: int) -> list[int]:
    chance = random.Random(seed)
    first, last = (1, LEADERS) if leaders else (LEADERS + 1, LEADERS + holders(todos))
    return [chance.randint(first, last) for _ in range(LOOKS)]


def measure(url: str, todos: int, look: Look, leaders: bool, rounds: int) -> dict[str, float]:
    """Medians over the rounds, in ms; each round with people drawn anew, floor before and after."""
    p50: list[float] = []
    p99: list[float] = []
    floor50: list[float] = []
    floor99: list[float] = []
    with closing(Store(url)) as store:
        store.read(_through, look, drawn(99, leaders, todos)[:200])
        for number in range(rounds):
            people = drawn(number, leaders, todos)
            before = _raw(url, look, people)
            times = store.read(_through, look, people)
            floor = before + _raw(url, look, people)
            for kept, taken, share in (
                (p50, times, 0.5), (p99, times, 0.99), (floor50, floor, 0.5), (floor99, floor, 0.99),
            ):  # fmt: skip
                kept.append(percentile(taken, share) * 1000)
    return {
        name: statistics.median(values)
        for name, values in (("p50", p50), ("p99", p99), ("floor_p50", floor50), ("floor_p99", floor99))
    }


def report(engine: str, small: str, large: str, todos: int, rounds: int) -> None:
    for look, shown in ((OPEN, "first page and counts"), (DONE, "page of what was decided")):
        for leaders in (False, True):
            little = measure(small, SMALL, look, leaders, rounds)
            much = measure(large, todos, look, leaders, rounds)
            who = f"a leader with {LEADER_HOLDS} open" if leaders else f"a person with {HOLDS} open"
            growth = much["p50"] / little["p50"]
            judged = {
                "target_p99_ms": f"<= {TARGET_MS}",
                "target_growth": f"<= {TARGET_GROWTH}",
                "met": much["p99"] <= TARGET_MS and growth <= TARGET_GROWTH,
            }
            show(
                f"inbox on {engine}: {shown} among {todos} to-dos, {who}",
                p50_ms=much["p50"],
                p99_ms=much["p99"],
                growth_from_50000=growth,
                **(judged if look is OPEN else {}),
                floor_p50_ms=much["floor_p50"],
                floor_p99_ms=much["floor_p99"],
                times_the_floor=much["p50"] / much["floor_p50"],
                runs=rounds,
            )


def main() -> None:
    full = os.environ.get("BENCH_SCALE") == "full"
    todos = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000 if full else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    engines = os.environ.get("BENCH_ENGINES", "sqlite").split(",")
    show("machine", said=machine())
    if "sqlite" in engines:
        with tempfile.TemporaryDirectory() as folder:
            small, large = (f"sqlite:///{in_a_file(Path(folder), size)}" for size in (SMALL, todos))
            report("sqlite", small, large, todos, rounds)
    if "postgresql" in engines:
        with durable_server() as server:
            report("postgresql", in_postgres(server, SMALL), in_postgres(server, todos), todos, rounds)


if __name__ == "__main__":
    main()
