"""A person's first page and the counts by source, among a million to-dos (BENCH_SCALE=full: five million).

Timed inside the query: from the call of `open_items` and `open_counts` in a read to their values, the wait for a
thread left out. 50 leaders hold 667 open ones each, everybody else of 3000 people 22. The floor is the same page and
counts on raw sqlite3 over the same file. Growth: the median at the full size over the median at 50 000.
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
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from approval_core.inbox import queries as inbox
from approval_core.inbox.service import NO_DUE_DATE
from approval_core.store import Store, Tx
from benchmarks.measuring import ROUNDS, machine, percentile, show
from benchmarks.raw_decision import SHAPE
from migrations import upgrade

PEOPLE = 3000
LEADERS = 50
LEADER_HOLDS = 667
HOLDS = 22  # everybody else who holds any
SOURCES = ("ctais", "oa", "finance", "personnel", "assets", "enquiry")
SMALL = 50_000
LOOKS = 2000
PAGE = 50
TARGET_MS, TARGET_GROWTH = 1.0, 1.5

_INSERT = (
    "INSERT INTO todo (source, ref, person_id, title, applicant, precedence, due_at, state, opened_at, closed_at) "
    "VALUES (?, ?, ?, '申请年休假3天', '王伟', ?, ?, ?, ?, ?)"
)
_PAGE = (
    "SELECT id, source, ref, title, applicant, precedence, due_at, state, request_id, task_id, opened_at, closed_at "
    "FROM todo WHERE person_id = ? AND state = 'open' ORDER BY precedence, due_at, id LIMIT ?"
)
_COUNTS = (
    "SELECT source, count(*) FROM todo WHERE person_id = ? AND state = 'open' GROUP BY source ORDER BY source"
)


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


def filled(folder: Path, todos: int) -> Path:
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


def look(tx: Tx, people: Sequence[int]) -> list[float]:
    """Seconds of each first page with its counts."""
    times = []
    for person in people:
        began = time.perf_counter()
        page = inbox.open_items(tx, person, limit=PAGE)
        counts = inbox.open_counts(tx, person)
        times.append(time.perf_counter() - began)
        assert len(page.items) == min(PAGE, sum(counts.values()))
    return times


def raw(path: Path, people: Sequence[int]) -> list[float]:
    with closing(sqlite3.connect(path)) as connection:
        run = connection.cursor().execute
        times = []
        for person in people:
            began = time.perf_counter()
            run(_PAGE, (person, PAGE + 1)).fetchall()
            run(_COUNTS, (person,)).fetchall()
            times.append(time.perf_counter() - began)
        return times


def drawn(seed: int, leaders: bool, todos: int) -> list[int]:
    chance = random.Random(seed)
    first, last = (1, LEADERS) if leaders else (LEADERS + 1, LEADERS + holders(todos))
    return [chance.randint(first, last) for _ in range(LOOKS)]


def measure(path: Path, todos: int, leaders: bool, rounds: int) -> dict[str, float]:
    """Medians over the rounds; each round with people drawn anew, floor before and after."""
    p50, p99, floor50, floor99 = [], [], [], []
    with closing(Store(f"sqlite:///{path}")) as store:
        store.read(look, drawn(99, leaders, todos)[:200])
        for number in range(rounds):
            people = drawn(number, leaders, todos)
            before = raw(path, people)
            times = store.read(look, people)
            floor = before + raw(path, people)
            floor50.append(percentile(floor, 0.5))
            floor99.append(percentile(floor, 0.99))
            p50.append(percentile(times, 0.5))
            p99.append(percentile(times, 0.99))
    return {
        "p50": statistics.median(p50) * 1000,
        "p99": statistics.median(p99) * 1000,
        "floor_p50": statistics.median(floor50) * 1000,
        "floor_p99": statistics.median(floor99) * 1000,
    }


def main() -> None:
    full = os.environ.get("BENCH_SCALE") == "full"
    todos = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000 if full else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    show("machine", said=machine())
    with tempfile.TemporaryDirectory() as folder:
        small, large = filled(Path(folder), SMALL), filled(Path(folder), todos)
        for leaders in (False, True):
            little, much = measure(small, SMALL, leaders, rounds), measure(large, todos, leaders, rounds)
            who = f"a leader with {LEADER_HOLDS} open" if leaders else f"a person with {HOLDS} open"
            growth = much["p50"] / little["p50"]
            show(
                f"inbox: first page and counts among {todos} to-dos, {who}",
                p50_ms=much["p50"],
                p99_ms=much["p99"],
                target_p99_ms=f"<= {TARGET_MS}",
                growth_from_50000=growth,
                target_growth=f"<= {TARGET_GROWTH}",
                met=much["p99"] <= TARGET_MS and growth <= TARGET_GROWTH,
                floor_p50_ms=much["floor_p50"],
                floor_p99_ms=much["floor_p99"],
                times_the_floor=much["p50"] / much["floor_p50"],
                runs=rounds,
            )


if __name__ == "__main__":
    main()
