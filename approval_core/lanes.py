"""Lanes: a bounded queue of jobs and the threads that serve it.

Owns waiting: who asked, sync or awaitable, and how the answer gets back to them. Never touches the database.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Any

from approval_core.errors import Unavailable

_here = threading.local()


class Job:
    """A piece of work, its arguments, and the caller who waits for it."""

    __slots__ = ("_context", "_done", "_future", "_loop", "args", "error", "kwargs", "value", "work")

    def __init__(self, work: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.work = work
        self.args = args
        self.kwargs = kwargs
        self.value: Any = None
        self.error: BaseException | None = None
        self._future: asyncio.Future[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._done: threading.Lock | None = None
        self._context = contextvars.copy_context()

    def attempt(self, tx: object) -> bool:
        """Run the work once in its caller's context; True when it returned."""
        self.value = self.error = None
        try:
            self.value = self._context.run(self.work, tx, *self.args, **self.kwargs)
        except BaseException as error:  # noqa: BLE001  # whatever it is, it belongs to the caller
            self.error = error
        return self.error is None

    def fail(self, error: BaseException) -> None:
        self.value = None
        self.error = error

    def for_thread(self) -> Job:
        self._done = threading.Lock()
        self._done.acquire()
        return self

    def for_loop(self) -> Job:
        self._loop = asyncio.get_running_loop()
        self._future = self._loop.create_future()
        return self

    async def answer(self) -> Any:
        assert self._future is not None  # noqa: S101  # for_loop was called
        return await self._future

    def wait(self) -> Any:
        assert self._done is not None  # noqa: S101  # for_thread was called
        self._done.acquire()
        if self.error is None:
            return self.value
        try:
            raise self.error
        finally:
            self.error = None  # no cycle: traceback → frame → job → error

    def _resolve(self) -> None:
        future = self._future
        if future is None or future.done():
            return  # the awaiter was cancelled; the work is done all the same
        if isinstance(self.error, StopIteration):
            future.set_exception(RuntimeError("the work raised StopIteration"))
        elif self.error is not None:
            future.set_exception(self.error)
        else:
            future.set_result(self.value)


def settle(jobs: Iterable[Job]) -> None:
    """Give every caller the answer; each event loop is woken once."""
    loops: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        if job._done is not None:
            job._done.release()
        elif job._loop is not None:
            loops.setdefault(job._loop, []).append(job)
    for loop, theirs in loops.items():
        try:
            loop.call_soon_threadsafe(_resolve_all, theirs)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _resolve_all(jobs: list[Job]) -> None:
    for job in jobs:
        job._resolve()


_NUDGE = Job(lambda _: None, (), {})


class Lane:
    """`limit` jobs may wait. One more is refused at once, so memory never grows with the load."""

    def __init__(self, name: str, *, limit: int, threads: int, serve: Callable[[Lane], None]) -> None:
        self._limit = limit
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._serve = serve
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        _here.serving = True
        self._serve(self)

    def depth(self) -> int:
        return self._jobs.qsize()

    def submit(self, job: Job) -> Job:
        if getattr(_here, "serving", False):
            raise RuntimeError("a work must not call the store: it has its transaction already")
        with self._gate:
            if self._closed:
                raise Unavailable("closed", "the store is closed")
            if self._jobs.qsize() >= self._limit:
                raise Unavailable(
                    "queue_full", "too much is waiting for the store; try again", limit=self._limit
                )
            self._jobs.put(job)
        return job

    def next(self, timeout: float | None = None) -> Job | None:
        """The next job; None when the lane closes and nothing waits. Empty after `timeout` seconds or a nudge."""
        job = self._jobs.get(timeout=timeout)
        if job is None:
            self._jobs.put(None)  # for the other threads
        elif job is _NUDGE:
            raise Empty
        return job

    def nudge(self) -> None:
        """End the waiting of one thread in `next`."""
        self._jobs.put(_NUDGE)

    def next_waiting(self) -> Job | None:
        """The next job if one waits already."""
        try:
            job = self._jobs.get_nowait()
        except Empty:
            return None
        if job is None:
            self._jobs.put(None)
        return None if job is _NUDGE else job

    def close(self) -> None:
        """What was accepted is done first; returns when the threads have ended."""
        if getattr(_here, "serving", False):
            raise RuntimeError("a work must not close the store")
        with self._gate:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        for thread in self._threads:
            thread.join()
