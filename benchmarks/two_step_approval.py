"""A two-step approval, submit + 2 decisions with every row of ours, against SpiffWorkflow in the same run.

Ours: people, steps, tasks, to-dos, content hash, trail, events, and no hold, so that both decisions take effect; each is
durable before it is answered, and decisions that wait for the disk together share a commit. Theirs: one row with the
state of the process and nothing beside it (`benchmarks.spiff_approval`), every step committed by itself, the process
restored from its row before each decision: that is judged. For comparison beside it: their process kept in memory between
the steps, which no server that is started again can do, and both with the same number of steps in a commit, 64 where the
disk hardly counts and 1 where it decides. WAL and synchronous=FULL throughout. Needs the package `spiffworkflow` (LGPL,
for development only). `python -m benchmarks.two_step_approval [APPROVALS] [ROUNDS]`
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from approval_core.clock import utc_now
from approval_core.store import Store
from benchmarks import open_matters
from benchmarks.measuring import ROUNDS, interleaved, machine, show, show_ratio
from migrations import upgrade

TARGET = 1.8
#: what is measured, steps in a commit of ours, of theirs, theirs restored from the row before each decision
CASES = (
    ("every step of theirs committed and restored", 64, 1, True),
    ("every step of theirs committed, process kept in memory", 64, 1, False),
    ("64 steps in a commit on both sides, restored", 64, 64, True),
    ("1 step in a commit on both sides, restored", 1, 1, True),
)
_number = count(1)


class Ours:
    """An empty office with its leaders, copied for each measurement."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "office.db"
        upgrade(f"sqlite:///{self._template}")
        with closing(Store(f"sqlite:///{self._template}")) as store:
            store.write(open_matters.leaders, utc_now())
        open_matters.settle(self._template)

    def measure(self, approvals: int, group: int, shares: list[float]) -> float:
        """Approvals per second; looking up the next tasks is not counted."""
        path = self._folder / f"ours-{next(_number)}.db"
        path.write_bytes(self._template.read_bytes())
        store = Store(f"sqlite:///{path}", group=group, span=1.0)
        gc.collect()
        numbers = [partial(open_matters.submit, number=one, hold=0, steps=2) for one in range(approvals)]
        taken = asyncio.run(_ask(store, numbers))
        for _ in range(2):
            waiting = store.read(open_matters.waiting)
            assert len(waiting) == approvals
            taken += asyncio.run(_ask(store, [partial(open_matters.decide, one=one) for one in waiting]))
        assert store.read(open_matters.waiting) == []
        shares.append(store.metrics.works / store.metrics.batches)
        store.close()
        open_matters.drop(path)
        return approvals / taken


async def _ask(store: Store, works: Sequence[Callable[..., Any]]) -> float:
    """Seconds until all are committed, with many people asking."""
    left = iter(works)

    async def person() -> None:
        for work in left:
            await store.awrite(work, now=utc_now())

    began = time.perf_counter()
    await asyncio.gather(*[person() for _ in range(256)])
    return time.perf_counter() - began


def theirs(folder: Path, approvals: int, group: int, *, resumed: bool) -> float:
    from benchmarks import spiff_approval

    path = folder / f"theirs-{next(_number)}.db"
    with closing(spiff_approval.Spiff(path)) as spiff:
        gc.collect()
        began = time.perf_counter()
        spiff_approval.approvals(spiff, approvals, group=group, resumed=resumed)
        rate = approvals / (time.perf_counter() - began)
    open_matters.drop(path)
    return rate


def main() -> None:
    approvals = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    if find_spec("SpiffWorkflow") is None:
        show("two-step approval / SpiffWorkflow", left_out="the package spiffworkflow is not installed")
        return
    show("machine", said=machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = Ours(folder)
        for place, (said, group, their_group, resumed) in enumerate(CASES):
            shares: list[float] = []
            taken = interleaved(
                partial(theirs, folder, approvals, their_group, resumed=resumed),
                partial(ours.measure, approvals, group, shares),
                rounds,
            )
            show_ratio(
                f"two-step approval / SpiffWorkflow, {said}",
                taken,
                target=None if place else TARGET,
                in_a_commit=sum(shares) / len(shares),
            )


if __name__ == "__main__":
    main()
