"""100 000 open requests parked: what they cost the decisions of the others, in rate and in memory.

Two offices: one holds only the requests that will be decided, the other 100 000 more that wait, submitted through the
service as well, so that their steps, tasks, to-dos, trails and events lie in every table and index. Each measurement is a
process of its own that opens the store, decides the next slice with many people asking, and says its rate and its peak
of memory. Target: both within 20 %. `python -m benchmarks.parked [PARKED] [DECISIONS] [ROUNDS]`
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
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from approval_core.clock import utc_now
from approval_core.store import Store, Tx
from benchmarks import open_matters
from benchmarks.measuring import ROUNDS, interleaved, machine, show, show_ratio
from benchmarks.open_matters import Open
from migrations import upgrade

TARGET_RATE, TARGET_MEMORY = 0.8, 1.2
WARM = 50
TOGETHER = 200


class Office:
    """A file whose live tasks are used up slice by slice, none twice."""

    def __init__(self, path: Path, *, parked: int, live: int) -> None:
        self._path = path
        self.peaks: list[float] = []
        url = f"sqlite:///{path}"
        upgrade(url)
        with closing(Store(url)) as store:
            store.write(open_matters.leaders, utc_now())
            for first in range(0, parked + live, TOGETHER):
                some = range(first, min(first + TOGETHER, parked + live))
                store.write(_submit, some, now=utc_now())
            waiting = store.read(open_matters.waiting)
        assert len(waiting) == parked + live
        self._live = iter(waiting[parked:])
        open_matters.settle(path)

    def measure(self, decisions: int) -> float:
        slice_ = [asdict(next(self._live)) for _ in range(WARM + decisions)]
        words = [sys.executable, "-m", "benchmarks.parked", "--decide", str(self._path)]
        done = subprocess.run(words, input=json.dumps(slice_), capture_output=True, text=True, check=True)
        said = json.loads(done.stdout)
        self.peaks.append(said["peak_mb"])
        return float(said["per_second"])


def _submit(tx: Tx, numbers: Sequence[int], *, now: datetime) -> None:
    for number in numbers:
        open_matters.submit(tx, number, hold=600, now=now)


def decide(path: str) -> None:
    """The child: tasks on standard input, one JSON object out."""
    tasks = [Open(**one) for one in json.load(sys.stdin)]
    with closing(Store(f"sqlite:///{path}", span=1.0)) as store:
        asyncio.run(_ask(store, tasks[:WARM]))
        seconds = asyncio.run(_ask(store, tasks[WARM:]))
    print(json.dumps({"per_second": (len(tasks) - WARM) / seconds, "peak_mb": peak_mb()}))


def peak_mb() -> float:
    """Of this program alone; ru_maxrss would count what its parent held when it was started."""
    (line,) = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


async def _ask(store: Store, tasks: Sequence[Open]) -> float:
    left = iter(tasks)

    async def person() -> None:
        for one in left:
            await store.awrite(open_matters.decide, one, utc_now())

    began = time.perf_counter()
    await asyncio.gather(*[person() for _ in range(256)])
    return time.perf_counter() - began


def main() -> None:
    if sys.argv[1:2] == ["--decide"]:
        decide(sys.argv[2])
        return
    parked, decisions, rounds = (
        int(sys.argv[place]) if len(sys.argv) > place else usual
        for place, usual in ((1, 100_000), (2, 1500), (3, ROUNDS))
    )
    show("machine", said=machine())
    with tempfile.TemporaryDirectory() as name:
        each = decisions + WARM
        empty = Office(Path(name) / "empty.db", parked=0, live=each * (rounds + 1))
        full = Office(Path(name) / "full.db", parked=parked, live=each * rounds)
        taken = interleaved(lambda: empty.measure(decisions), lambda: full.measure(decisions), rounds)
        show_ratio(
            f"decisions with {parked} requests parked / with none",
            taken,
            target=TARGET_RATE,
            decisions=decisions,
        )
        before, after = statistics.median(empty.peaks), statistics.median(full.peaks)
        show(
            f"peak memory with {parked} requests parked / with none",
            ratio=after / before,
            target=f"<= {TARGET_MEMORY}",
            met=after / before <= TARGET_MEMORY,
            peak_mb=after,
            floor_peak_mb=before,
            file_mb=(Path(name) / "full.db").stat().st_size / 2**20,
        )


if __name__ == "__main__":
    main()
