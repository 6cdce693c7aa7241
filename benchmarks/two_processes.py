"""Two processes deciding on one SQLite file: nobody starves. The floor is one process alone on a copy of it.

Eight coroutines in each process ask without a pause for some seconds; measured are the longest wait of one decision
and how even the shares are. `python -m benchmarks.two_processes [SECONDS] [ROUNDS]`
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from approval_core.clock import utc_now
from approval_core.store import Store
from benchmarks import open_matters
from benchmarks.measuring import ROUNDS, machine, show
from benchmarks.open_matters import Open, Prepared

ASKING = 8
MOST_A_SECOND = 3000


def contend(url: str, turn: int, of: int, begin: float, seconds: float) -> None:
    """One process: decides every `of`-th task from `begin` on; says how many, and its longest wait in ms."""
    store = Store(url)
    tasks = store.read(open_matters.waiting)[turn::of]
    waits = asyncio.run(_decide_all(store, tasks, begin, seconds))
    store.close()
    print(json.dumps({"decisions": len(waits), "longest_ms": max(waits) * 1000}))


async def _decide_all(store: Store, tasks: Sequence[Open], begin: float, seconds: float) -> list[float]:
    waiting, waits = iter(tasks), []
    await asyncio.sleep(max(0.0, begin - time.time()))
    end = time.perf_counter() + seconds

    async def person() -> None:
        for one in waiting:
            asked = time.perf_counter()
            if asked > end:
                return
            await store.awrite(open_matters.decide, one, utc_now())
            waits.append(time.perf_counter() - asked)

    await asyncio.gather(*[person() for _ in range(ASKING)])
    assert time.perf_counter() >= end, "there were too few tasks"
    return waits


def run(prepared: Prepared, processes: int, seconds: float) -> tuple[list[int], float]:
    """Decisions of each process, and the longest wait of all in ms."""
    path = prepared.copy()
    begin = time.time() + 1.5
    started = []
    for turn in range(processes):
        work = (
            "from benchmarks.two_processes import contend; "
            f"contend('sqlite:///{path}', {turn}, {processes}, {begin}, {seconds})"
        )
        started.append(subprocess.Popen([sys.executable, "-c", work], stdout=subprocess.PIPE, text=True))
    said = []
    for process in started:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        said.append(json.loads(out))
    open_matters.drop(path)
    return [one["decisions"] for one in said], max(one["longest_ms"] for one in said)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.5
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    show("machine", said=machine())
    longest, alone_longest, apart, ratios = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        prepared = Prepared(Path(folder), int(MOST_A_SECOND * seconds * 2), hold=600)
        before, wait = run(prepared, 1, seconds)
        for _ in range(rounds):
            alone_longest.append(wait)
            both, longest_wait = run(prepared, 2, seconds)
            after, wait = run(prepared, 1, seconds)
            longest.append(longest_wait)
            apart.append(abs(both[0] - both[1]) / sum(both) * 2)
            ratios.append(sum(both) * 2 / (before[0] + after[0]))
            before = after
    show(
        "two processes on one SQLite file",
        longest_wait_ms=statistics.median(longest),
        worst_of_all_ms=max(longest),
        target_ms="<= 100",
        met=statistics.median(longest) <= 100 and statistics.median(apart) <= 0.1,
        longest_wait_alone_ms=statistics.median(alone_longest),
        shares_apart=statistics.median(apart),
        shares_target="<= 0.1",
        ratio_to_one_process=statistics.median(ratios),
        runs=rounds,
    )


if __name__ == "__main__":
    main()
