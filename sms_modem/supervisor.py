"""All modems of this process: starts them, looks after them, sweeps up what was left without an outcome."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from approval_core.clock import utc_now
from approval_core.errors import OfficeError
from approval_core.store import Store
from sms_modem import daemon
from sms_modem.daemon import ModemDaemon
from sms_modem.settings import SmsSettings
from sms_modem.transports.base import ModemState, SmsTransport

log = logging.getLogger(__name__)

SWEEP_SECONDS = 30
LOOK_SECONDS = 1.0
LISTEN_SECONDS = 0.2
#: An owner is silent longest while it sends: ten parts of 35 s.
SILENT_TOO_LONG = 400.0


class Supervisor:
    """`start` returns at once; `stop` when every port is closed. `status` and `wake` from any thread."""

    def __init__(
        self,
        store: Store,
        transports: Sequence[SmsTransport],
        *,
        settings: SmsSettings,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._daemons = [ModemDaemon(store, one, settings=settings, clock=clock) for one in transports]
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for owner in self._daemons:
            owner.start()
        for work, name in ((self._look_after, "sms supervisor"), (self._listen, "sms signals")):
            thread = threading.Thread(target=work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout: float = 40.0) -> None:
        self._stopping.set()
        for owner in self._daemons:
            owner.ask_to_stop()
        for owner in self._daemons:
            owner.stop(timeout)
        for thread in self._threads:
            thread.join(timeout)

    def status(self) -> list[ModemState]:
        return [owner.state for owner in self._daemons]

    def wake(self) -> None:
        for owner in self._daemons:
            owner.wake()

    def _listen(self) -> None:
        """Carries the store's signal to the owners, who may be waiting on their ports."""
        with self._store.signals.listen("sms") as listener:
            while not self._stopping.is_set():
                if listener.wait(LISTEN_SECONDS):
                    self.wake()

    def _look_after(self) -> None:
        next_sweep, age = time.monotonic(), 0
        while not self._stopping.is_set():
            if time.monotonic() >= next_sweep:
                next_sweep = time.monotonic() + SWEEP_SECONDS
                self._sweep(age)
                age = SWEEP_SECONDS
            for owner in self._daemons:
                self._look_at(owner)
            self._stopping.wait(LOOK_SECONDS)

    def _look_at(self, owner: ModemDaemon) -> None:
        if owner.stopping:
            return
        if not owner.alive:
            log.error("the owner of a modem ended; started again", extra={"modem": owner.name})
            owner.start()
        elif time.monotonic() - owner.last_sign > SILENT_TOO_LONG:
            log.error("the owner of a modem gives no sign", extra={"modem": owner.name})

    def _sweep(self, age: int) -> None:
        """At start and every half minute (C5): nothing that came in stays without an outcome."""
        try:
            waiting = self._store.write(daemon.tidy, settings=self._settings, age=age, now=self._clock())
            daemon.answer_in_groups(self._store, waiting, settings=self._settings, clock=self._clock)
        except OfficeError as away:
            log.warning("sweeping waits: %s", away.code)
        except Exception:  # a full disk, say: whoever looks after the others must outlive it
            log.exception("sweeping failed")
