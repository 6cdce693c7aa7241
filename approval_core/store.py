"""The store: the only place that commits.

`store.write(work, …)` runs `work(tx, …)` in a transaction and returns its value after the commit, or raises
the work's own exception after the rollback; so no answer ever precedes what it promises.

On SQLite one thread writes. It takes what waits while it works and commits it together, a savepoint for each
piece of work, so a failing one never touches its neighbours. On PostgreSQL each of a few threads runs one work
in one transaction. That is READ COMMITTED, and works overlap: a rule over several rows ("was this the last open
task?") must first update or lock the one row they share, or two works will each miss what the other did.

A work is short, touches nothing but the database and its arguments, and may run more than once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from approval_core.connections import (
    Line,
    TransactionLostError,
    Turn,
    database_url,
    open_engine,
    plain_connection,
)
from approval_core.errors import Unavailable
from approval_core.lanes import Job, Lane, settle
from approval_core.signals import FileSignals, ServerSignals, Signals
from approval_core.statements import Plans, Row, Rows
from approval_core.transactions import Tx

__all__ = ["Metrics", "Row", "Rows", "Store", "Tx"]

P = ParamSpec("P")
T = TypeVar("T")

ATTEMPTS = 8  # of one work, when PostgreSQL asks for a repetition or the connection broke before the commit
PAUSE_S = 0.01  # doubled with each attempt, with jitter
LOOK_PAUSE_S = (
    0.02  # how often an idle SQLite writer looks for commits of other processes while somebody listens
)
REPEAT = frozenset({"40001", "40P01"})  # serialization failure, deadlock


@dataclass
class Metrics:
    """Plain counters since the store was opened, and how many works wait now."""

    queue_depth: int = 0
    read_queue_depth: int = 0
    batches: int = 0
    works: int = 0
    failed_works: int = 0
    repeated_works: int = 0
    longest_batch: int = 0


class Store:
    """`queue`: works that may wait; `group`, `span` (seconds): what one SQLite commit may hold at most;
    `readers`: threads for reads; `threads`: threads for writes on PostgreSQL."""

    signals: Signals

    def __init__(
        self,
        url: str,
        *,
        queue: int = 2048,
        group: int = 64,
        span: float = 0.010,
        readers: int = 4,
        threads: int = 4,
    ) -> None:
        address = database_url(url)
        self.counts = Metrics()
        self.engine = open_engine(address, read_only=False)
        self._reading = open_engine(address, read_only=True)
        self.plans = Plans(self.engine.dialect)
        if self.engine.dialect.name == "sqlite":
            batches = _Batches(self, str(address.database), group, span)
            self.signals = FileSignals(lambda: self._writes.nudge())  # noqa: PLW0108  # the lane comes after its signals
            self._writes = Lane("store-write", limit=queue, threads=1, serve=batches.serve)
        else:
            self.signals = ServerSignals(
                lambda: plain_connection(address), self.engine.dialect.loaded_dbapi.Error
            )
            self._writes = Lane(
                "store-write", limit=queue, threads=threads, serve=_Singles(self, self.engine).serve
            )
        self._reads = Lane(
            "store-read",
            limit=queue,
            threads=readers,
            serve=_Singles(self, self._reading, read_only=True).serve,
        )

    def write(self, work: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The work's value after the commit, or its own exception after the rollback.

        Unavailable: `queue_full`, `closed`, `store_away`, `commit_failed` (rolled back for certain) or
        `outcome_unknown` (the connection broke during the commit: ask again with the same idempotency key).
        """
        result: T = self._writes.submit(Job(work, args, kwargs).for_thread()).wait()
        return result

    async def awrite(self, work: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """`write` for a coroutine. Cancelled while it waits, the work still runs and commits."""
        result: T = await self._writes.submit(Job(work, args, kwargs).for_loop()).answer()
        return result

    def read(self, work: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The work's value from one snapshot; the engine refuses any change."""
        result: T = self._reads.submit(Job(work, args, kwargs).for_thread()).wait()
        return result

    async def aread(self, work: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """`read` for a coroutine."""
        result: T = await self._reads.submit(Job(work, args, kwargs).for_loop()).answer()
        return result

    def at_once(self, most: int) -> int:
        """How many of `most` like pieces of work belong in one transaction: all where one thread writes and a commit is
        what costs; one on PostgreSQL, where transactions overlap and whoever holds many locks meets a deadlock."""
        return most if self.engine.dialect.name == "sqlite" else 1

    @property
    def metrics(self) -> Metrics:
        counts = Metrics(**vars(self.counts))
        counts.queue_depth = self._writes.depth()
        counts.read_queue_depth = self._reads.depth()
        return counts

    def close(self) -> None:
        """Do what was accepted, then stop. Later calls are Unavailable("closed")."""
        self._writes.close()
        self._reads.close()
        self.signals.close()
        self.engine.dispose()
        self._reading.dispose()


def _commit(line: Line) -> None:
    if line.connection.in_transaction():
        line.connection.commit()
    else:
        line.driver.commit()


class _Batches:
    """SQLite's one writer: what waits is committed together, a savepoint for each work."""

    def __init__(self, store: Store, database: str, group: int, span: float) -> None:
        self._store = store
        self._group = group
        self._span = span
        self._line = Line(store.engine)
        self._turn = Turn(database)
        self._version = self._data_version()

    def serve(self, lane: Lane) -> None:
        while True:
            try:
                job = lane.next(LOOK_PAUSE_S if self._store.signals.watched else None)
            except Empty:
                self._look()
                continue
            if job is None:
                break
            self._run(lane, job)
        self._line.close()
        self._turn.close()

    def _run(self, lane: Lane, first: Job, *, alone: bool = False) -> None:
        jobs = [first]
        topics: set[str] = set()
        lost = False
        try:
            self._turn.take()
            self._begin()
            lost = not self._attempt(first, topics)
            until = time.monotonic() + self._span
            while not (lost or alone) and len(jobs) < self._group and time.monotonic() < until:
                job = lane.next_waiting()
                if job is None:
                    break
                jobs.append(job)
                lost = not self._attempt(job, topics)
            if not lost:
                _commit(self._line)
        except Exception as error:  # noqa: BLE001  # whatever it was, nobody may be left waiting
            self._line.close()
            _tell(jobs, error)
            topics.clear()
        finally:
            self._turn.give()
        if lost:
            self._start_over(lane, jobs)
            return
        self._count(jobs)
        self._look()
        if topics:
            self._store.signals.publish(topics)
        settle(jobs)

    def _attempt(self, job: Job, topics: set[str]) -> bool:
        """Run one work inside the batch. False: the database dropped the whole batch under it."""
        line = self._line
        line.execute("SAVEPOINT work")
        tx = Tx(line, self._store.plans)
        done = job.attempt(tx)
        if done:
            done = _written_out(tx, job)
        if not line.driver.in_transaction:
            if job.error is None:
                job.fail(TransactionLostError("the database has dropped the transaction of this work"))
            line.close()
            tx.end()
            return False
        if done:
            topics |= tx.topics
        else:
            tx.drop_session_changes()
            line.execute("ROLLBACK TO SAVEPOINT work")
        line.execute("RELEASE SAVEPOINT work")
        tx.end()
        return True

    def _start_over(self, lane: Lane, jobs: list[Job]) -> None:
        """The last of these took the batch with it. The others run again, each in a transaction of its own."""
        *others, culprit = jobs
        self._count([culprit])
        settle([culprit])
        self._store.counts.repeated_works += len(others)
        for job in others:
            self._run(lane, job, alone=True)

    def _count(self, jobs: list[Job]) -> None:
        counts = self._store.counts
        counts.batches += 1
        counts.works += len(jobs)
        counts.failed_works += sum(job.error is not None for job in jobs)
        counts.longest_batch = max(counts.longest_batch, len(jobs))

    def _begin(self) -> None:
        if self._line.connection.closed:  # after a failure the connection is a new one
            self._line = Line(self._store.engine)
            self._version = -1
        self._line.execute("BEGIN IMMEDIATE")

    def _data_version(self) -> int:
        self._line.execute("PRAGMA data_version")
        return int(self._line.cursor.fetchone()[0])

    def _look(self) -> None:
        """Another process has committed when the number moved; our own commits leave it alone."""
        if not self._store.signals.watched or self._line.connection.closed:
            return
        try:
            version = self._data_version()
        except DBAPIError:
            self._line.close()
            return
        if version != self._version:
            self._version = version
            self._store.signals.fire_all()


def _written_out(tx: Tx, job: Job) -> bool:
    try:
        tx.settle_session()
    except Exception as error:  # noqa: BLE001  # a failing flush is the work's own failure
        job.fail(error)
    return job.error is None


def _tell(jobs: list[Job], error: Exception) -> None:
    for job in jobs:
        failure = Unavailable("commit_failed", "the store could not save this; nothing of it was kept")
        failure.__cause__ = error
        job.fail(failure)


class _Singles:
    """One work, one transaction: writes on PostgreSQL, and reads everywhere."""

    def __init__(self, store: Store, engine: Engine, *, read_only: bool = False) -> None:
        self._store = store
        self._engine = engine
        self._read_only = read_only

    def serve(self, lane: Lane) -> None:
        line: Line | None = None
        while (job := lane.next()) is not None:
            try:
                line = self._run(line, job)
            except Exception as error:  # noqa: BLE001  # a thread that dies would leave its caller waiting for ever
                job.fail(error)
                line = None
            settle([job])
        if line is not None:
            line.close()

    def _run(self, line: Line | None, job: Job) -> Line | None:
        for attempt in range(ATTEMPTS):
            if attempt:
                self._store.counts.repeated_works += 1
                time.sleep(PAUSE_S * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311  # no secret
            try:
                line = line or Line(self._engine)
            except DBAPIError as error:
                job.fail(_unavailable("store_away", "the database does not answer; try again", error))
                continue
            again = self._attempt(line, job)
            if line.is_gone():
                line.close()
                line = None
            if not again:
                break
        if not self._read_only:
            self._count(job)
        return line

    def _attempt(self, line: Line, job: Job) -> bool:
        """Run the work and end its transaction. True: nothing was committed, and a repetition may help."""
        tx = Tx(line, self._store.plans, read_only=self._read_only)
        if line.on_sqlite:
            line.execute("BEGIN")
        done = job.attempt(tx) and _written_out(tx, job)
        if done and line.is_in_error():
            job.fail(
                PendingRollbackError("the work went on after a failed statement; wrap it in tx.nested()")
            )
            done = False
        again = not done and _may_help(job.error, line)
        if done and not self._read_only:
            again = self._commit(line, job, tx)
        line.roll_back()
        tx.end()
        return again

    def _commit(self, line: Line, job: Job, tx: Tx) -> bool:
        try:
            _commit(line)
        except (DBAPIError, line.driver_error) as error:
            if _sqlstate(error) in REPEAT:
                job.fail(_unavailable("contended", "too many changes at once; try again", error))
                return True
            if line.is_gone():
                job.fail(_unavailable("outcome_unknown", "the database went away while it saved this", error))
            else:
                _tell([job], error)
            return False
        if tx.topics:
            self._store.signals.publish(tx.topics)
        return False

    def _count(self, job: Job) -> None:
        counts = self._store.counts
        counts.batches += 1
        counts.works += 1
        counts.failed_works += job.error is not None
        counts.longest_batch = 1


def _unavailable(code: str, message: str, cause: BaseException) -> Unavailable:
    failure = Unavailable(code, message)
    failure.__cause__ = cause
    return failure


def _sqlstate(error: BaseException | None) -> str | None:
    return getattr(getattr(error, "orig", error), "sqlstate", None)


def _may_help(error: BaseException | None, line: Line) -> bool:
    while error is not None:
        if _sqlstate(error) in REPEAT:
            return True
        error = error.__cause__ or error.__context__
    return line.is_gone()
