"""One modem, one owner thread: receive → record and commit → answer → delete from the SIM; claim → send → report.

Nothing is deleted from the SIM before its commit, and nobody else touches the port. Between two sendings the owner
looks for replies, so that none waits behind a queue.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.exc import DataError

from approval_core import outbound
from approval_core.clock import utc_now
from approval_core.errors import OfficeError, Unavailable
from approval_core.store import Store, Tx
from sms_modem import handover, prompts, recording, reports, service
from sms_modem.models import OutboundSms
from sms_modem.settings import SmsSettings
from sms_modem.transports.base import (
    Batch,
    Failed,
    ModemState,
    Outcome,
    SmsTransport,
    StatusReport,
    TransportDown,
)

log = logging.getLogger(__name__)

#: Replies answered in one transaction: other writers wait no longer than these take.
GROUP = 16
#: Listings of the SIM in one go; a message that cannot be deleted must not keep the owner from sending.
LISTINGS = 8
FIRST_PAUSE = 0.5
#: How long the queue stands when the network takes nothing; doubled up to the last.
FIRST_STILL, LAST_STILL = 2.0, 30.0


class ModemDaemon:
    """Owns one transport while it runs. `start` and `stop` may be called from any thread, once each."""

    def __init__(
        self,
        store: Store,
        transport: SmsTransport,
        *,
        settings: SmsSettings,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store, self._transport, self._settings, self._clock = store, transport, settings, clock
        self._line = handover.Line(transport.name, f"{transport.name}#{uuid.uuid4().hex[:12]}")
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._still_until, self._still = 0.0, FIRST_STILL
        self._next_check = 0.0
        self.last_sign = time.monotonic()

    @property
    def name(self) -> str:
        return self._transport.name

    @property
    def state(self) -> ModemState:
        return self._transport.state

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def start(self) -> None:
        """Also again, after the owner thread has ended without being told to."""
        self._thread = threading.Thread(target=self._run, name=f"sms {self.name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._transport.wake()

    def ask_to_stop(self) -> None:
        """Returns at once; `stop` waits."""
        self._stopping.set()
        self._transport.wake()

    def stop(self, timeout: float = 40.0) -> None:
        """Finishes what is being sent, closes the port."""
        self.ask_to_stop()
        if self._thread is not None:
            self._thread.join(timeout)

    # --- the owner thread ---

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._transport.open()
                self._next_check = time.monotonic() + self._settings.watchdog_seconds
                self._take_over()
                self._serve()
            except TransportDown as down:
                log.warning("modem down: %s", down.code, extra={"modem": self.name})
            except OfficeError as away:
                log.warning("the store is away: %s", away.code, extra={"modem": self.name})
            finally:
                self._transport.close()
            served = time.monotonic() - began > 4 * self._settings.reopen_seconds
            pause = FIRST_PAUSE if served else min(pause * 2, self._settings.reopen_seconds)
            self._stopping.wait(pause)

    def _take_over(self) -> None:
        self._line = handover.Line(self._line.modem, self._line.run, self._transport.own_number)
        left = self._store.write(
            handover.take_over, self._line, pause=self._settings.stopped_pause, now=self._clock()
        )
        if left:
            log.warning("in flight at the last stop", extra={"modem": self.name, "sms": list(left)})

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self.last_sign = time.monotonic()
            received = self._receive()
            sent = self._send_one()
            if time.monotonic() >= self._next_check:
                self._check()
            if not received and not sent:
                self._transport.wait(self._patience())

    def _check(self) -> None:
        self._next_check = time.monotonic() + self._settings.watchdog_seconds
        state = self._transport.check()
        if state.sim_nearly_full:
            log.error("SIM nearly full", extra={"modem": self.name, "count": state.sim_used})

    def _patience(self) -> float:
        """Until the next listing, the next check, or the next SMS that falls due."""
        until = min(self._settings.poll_seconds, max(0.0, self._next_check - time.monotonic()))
        due = self._store.read(next_due)
        if due is None:
            return until
        ready = max((due - self._clock()).total_seconds(), self._still_until - time.monotonic())
        return min(until, max(0.0, ready))

    # --- in ---

    def _receive(self) -> bool:
        """Everything that lies there now. True when there was something."""
        seen: Batch | None = None
        for _ in range(LISTINGS):
            batch = self._transport.fetch()
            if not batch or batch == seen:
                break
            self._take_in(batch)
            seen = batch
        return seen is not None

    def _take_in(self, batch: Batch) -> None:
        now = self._clock()
        receiver = recording.Receiver(
            self._transport.name,
            self._transport.kind,
            self._transport.own_number or "",
            self._settings.part_timeout,
            self._settings.demo_prefix,
        )
        ids = self._store.write(recording.record_all, list(batch.inbound), transport=receiver, now=now)
        if batch.reports:
            self._store.write(report_all, batch.reports, modem=self.name, now=now)
        self._answer(ids)
        for inbound in batch.inbound:
            self._transport.delete(inbound)
        for status in batch.reports:
            self._transport.delete(status)

    def _answer(self, ids: list[int]) -> None:
        """A failure here loses nothing: what is on disk without an outcome is swept up within half a minute."""
        try:
            answer_in_groups(self._store, ids, settings=self._settings, clock=self._clock)
        except OfficeError as away:
            log.warning("answers wait for the sweep: %s", away.code, extra={"modem": self.name})

    # --- out ---

    def _send_one(self) -> bool:
        """True when there was something to send and the line took it."""
        if time.monotonic() < self._still_until:
            return False
        claimed = self._store.write(
            handover.claim,
            self._line,
            seconds=self._settings.lease_seconds,
            pause=self._settings.stopped_pause,
            now=self._clock(),
        )
        if claimed is None:
            return False
        outcome = self._transport.send(claimed.outgoing)
        self._mark(claimed.outgoing.id, outcome)
        if isinstance(outcome, Failed) and outcome.line:
            self._still_until = time.monotonic() + self._still
            self._still = min(self._still * 2, LAST_STILL)
            log.warning("the line takes nothing: %s", outcome.reason, extra={"modem": self.name})
            return False
        self._still = FIRST_STILL
        return True

    def _mark(self, sms_id: int, outcome: Outcome) -> None:
        """It is out, so this is written as soon as the store takes it; if never, the lease ends as unknown."""
        deadline = time.monotonic() + self._settings.lease_seconds
        while True:
            try:
                self._store.write(handover.handed_over, sms_id, outcome, self._line, now=self._clock())
                return
            except Unavailable as away:
                if away.code == "closed" or time.monotonic() > deadline:
                    raise
                self._stopping.wait(0.2)


def answer_in_groups(
    store: Store, ids: Sequence[int], *, settings: SmsSettings, clock: Callable[[], datetime]
) -> None:
    """Answer what is recorded, in its order; a group is one transaction where the store likes that."""
    most = store.at_once(GROUP)
    for start in range(0, len(ids), most):
        store.write(service.answer_all, ids[start : start + most], settings=settings, now=clock())


def next_due(tx: Tx) -> datetime | None:
    """When the next SMS falls due."""
    return outbound.next_due(tx, OutboundSms)


def report_all(tx: Tx, statuses: tuple[StatusReport, ...], *, modem: str, now: datetime) -> int:
    """Several status reports in one transaction; how many told something new. A spoilt one is left out."""
    told = 0
    for status in statuses:
        try:
            with tx.nested():
                told += reports.report(tx, status, modem=modem, now=now) is not None
        except (DataError, ValueError, OverflowError) as spoilt:
            log.error("a status report cannot be kept", extra={"modem": modem}, exc_info=spoilt)
    return told


def tidy(tx: Tx, *, settings: SmsSettings, age: int, now: datetime) -> list[int]:
    """What time brings: lost parts, SMS in flight at a kill, and the messages that still wait for an outcome."""
    recording.give_up_parts(tx, timeout=settings.part_timeout, now=now)
    handover.send_again(tx, now=now)
    prompts.close_overdue(tx, now=now)
    return recording.unanswered(tx, age=age, now=now)
