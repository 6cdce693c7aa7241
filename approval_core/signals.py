"""Signals: "something changed, look again", to this process and to every other one on the database.

A signal carries no content and may be lost with a connection, so whoever listens also looks now and then.
Within a process none is lost: a signal between two waits ends the second one at once.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

CHANNEL = "pishi"
RECONNECT_PAUSE_S = 0.2
RECONNECT_LIMIT_S = 5.0

log = logging.getLogger(__name__)


class Listener:
    """One who waits for topics. A context manager; `close` ends the waiting."""

    def __init__(self, topics: frozenset[str], leave: Callable[[Listener], None]) -> None:
        self.topics = topics
        self._leave = leave
        self._fired = threading.Event()
        self._lock = threading.Lock()
        self._sleepers: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def wait(self, timeout: float) -> bool:
        """Block for at most `timeout` seconds; True when a topic fired since the last wait."""
        if self._fired.wait(timeout):
            self._fired.clear()
            return True
        return False

    async def await_(self, timeout: float) -> bool:
        """The same for a coroutine."""
        loop = asyncio.get_running_loop()
        sleeper = loop.create_future()
        with self._lock:
            if not self._fired.is_set():
                self._sleepers.append((loop, sleeper))
            else:
                sleeper.set_result(None)
        try:
            async with asyncio.timeout(timeout):
                await sleeper
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._sleepers = [entry for entry in self._sleepers if entry[1] is not sleeper]
        if self._fired.is_set():
            self._fired.clear()
            return True
        return False

    def fire(self) -> None:
        with self._lock:
            self._fired.set()
            sleepers, self._sleepers = self._sleepers, []
        for loop, sleeper in sleepers:
            try:
                loop.call_soon_threadsafe(_wake, sleeper)
            except RuntimeError:  # the loop is closed: nobody sleeps there
                continue

    def close(self) -> None:
        self._leave(self)
        self.fire()

    def __enter__(self) -> Listener:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


class Signals:
    """Who listens to what in this process. The store fires after each commit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()

    def listen(self, *topics: str) -> Listener:
        """Listen to these topics from now on."""
        listener = Listener(frozenset(topics), self._leave)
        with self._lock:
            self._listeners += (listener,)
        self.watch()
        return listener

    def _leave(self, listener: Listener) -> None:
        with self._lock:
            self._listeners = tuple(one for one in self._listeners if one is not listener)

    @property
    def watched(self) -> bool:
        return bool(self._listeners)

    def fire(self, topics: Iterable[str]) -> None:
        """Wake this process."""
        wanted = set(topics)
        for listener in self._listeners:
            if listener.topics & wanted:
                listener.fire()

    def fire_all(self) -> None:
        """Something was changed elsewhere, nobody says what: everyone looks."""
        for listener in self._listeners:
            listener.fire()

    def watch(self) -> None:
        """Begin to hear the other processes; called when somebody listens."""

    def publish(self, topics: set[str]) -> None:
        """Wake this process and the others. Never blocks, never raises."""
        self.fire(topics)

    def close(self) -> None:
        """Let every listener go."""
        self.fire_all()


class FileSignals(Signals):
    """SQLite: the writer looks at `PRAGMA data_version`, which moves when another process commits."""

    def __init__(self, nudge: Callable[[], None]) -> None:
        super().__init__()
        self._nudge = nudge

    def watch(self) -> None:
        self._nudge()


class ServerSignals(Signals):
    """PostgreSQL: NOTIFY after the commit and LISTEN, each on a connection and a thread of its own."""

    def __init__(self, connect: Callable[[], Any], driver_error: type[Exception]) -> None:
        super().__init__()
        self._connect = connect
        self._driver_error = driver_error
        self._token = secrets.token_hex(8)
        self._outgoing: set[str] = set()
        self._work = threading.Condition()
        self._closed = False
        self._speaker: threading.Thread | None = None
        self._hearer: threading.Thread | None = None
        self.listening = threading.Event()

    def publish(self, topics: set[str]) -> None:
        self.fire(topics)
        with self._work:
            self._outgoing |= topics
            if self._speaker is None and not self._closed:
                self._speaker = self._start(self._speak, "signals-out")
            self._work.notify()

    def watch(self) -> None:
        with self._work:
            if self._hearer is None and not self._closed:
                self._hearer = self._start(self._hear, "signals-in")

    def _start(self, target: Callable[[], None], name: str) -> threading.Thread:
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        return thread

    def _speak(self) -> None:
        driver: Any = None
        while True:
            with self._work:
                while not self._outgoing and not self._closed:
                    self._work.wait()
                if not self._outgoing:
                    break
                topics, self._outgoing = self._outgoing, set()
            for _ in range(2):  # a connection that died while idle is found out only by using it
                try:
                    driver = driver or self._connect()
                    for topic in sorted(topics):
                        driver.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{self._token} {topic}"))
                    break
                except self._driver_error:
                    log.warning("a signal could not be sent; the others will look by themselves")
                    _close(driver)
                    driver = None
        _close(driver)

    def _hear(self) -> None:
        pause = RECONNECT_PAUSE_S
        while not self._closed:
            driver: Any = None
            try:
                driver = self._connect()
                driver.execute(f"LISTEN {CHANNEL}")
                self.listening.set()
                self.fire_all()  # whatever was said before we listened
                pause = RECONNECT_PAUSE_S
                while not self._closed:
                    for notice in driver.notifies(timeout=0.5, stop_after=1):
                        token, _, topic = notice.payload.partition(" ")
                        if token != self._token:
                            self.fire([topic])
            except self._driver_error:
                log.warning("signals of other processes are not heard; connecting again")
                self._sleep(pause)
                pause = min(pause * 2, RECONNECT_LIMIT_S)
            finally:
                self.listening.clear()
                _close(driver)

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        with self._work:
            while not self._closed and time.monotonic() < until:
                self._work.wait(until - time.monotonic())

    def close(self) -> None:
        with self._work:
            self._closed = True
            self._work.notify_all()
        for thread in (self._speaker, self._hearer):
            if thread is not None:
                thread.join()
        self.fire_all()


def _close(driver: Any) -> None:
    if driver is not None:
        driver.close()
