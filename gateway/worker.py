"""The worker: route → deliver → timers → the log over the audit chains, until told to stop. Never talks to the world."""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from approval_core import outbox, timers
from approval_core.audit import log as audit_log
from approval_core.audit.sm2 import Sm2Key, read_key
from approval_core.clock import utc_now
from approval_core.errors import Conflict
from approval_core.outbox import Reactions
from approval_core.store import Store, Tx
from approval_core.timers import TimerHandler
from gateway.intake.service import forget_old_keys

log = logging.getLogger("pishi.worker")

AT_ONCE = 32  # reactions or timers between two looks at the rest
IDLE_S = 1.0
SEQUENCE_EVERY = timedelta(seconds=1)
TIDY_EVERY = timedelta(minutes=10)
KEEP = timedelta(days=30)
SICK_AFTER = timedelta(seconds=30)


def checkpoint_key(secret: str) -> Ed25519PrivateKey:
    """The key that signs the audit log's checkpoints, made from PISHI_SECRET."""
    return Ed25519PrivateKey.from_private_bytes(
        hmac.new(secret.encode(), b"audit checkpoints", hashlib.sha256).digest()
    )


def sm2_key(path: str) -> Sm2Key | None:
    """The key for a second signature, where one is set; an unreadable one stops the start."""
    return read_key(Path(path)) if path else None


def deliver_some(tx: Tx, reactions: Reactions, *, most: int = AT_ONCE, now: datetime) -> int:
    """Up to `most` reactions, each in its savepoint, in one commit; how many."""
    done = 0
    while done < most and outbox.deliver_one(tx, reactions, now=now):
        done += 1
    return done


def fire_some(tx: Tx, handlers: Mapping[str, TimerHandler], *, most: int = AT_ONCE, now: datetime) -> int:
    fired = 0
    while fired < most and timers.fire_one(tx, handlers, now=now):
        fired += 1
    return fired


def _next_due(tx: Tx) -> datetime | None:
    moments = [moment for moment in (timers.next_due(tx), outbox.next_due(tx)) if moment is not None]
    return min(moments, default=None)


def _waiting(tx: Tx, now: datetime) -> tuple[bool, bool]:
    """(something to route or deliver, a timer is due): read first, so that an idle worker writes nothing."""
    backlog = outbox.backlog(tx)
    due = outbox.next_due(tx)
    timer = timers.next_due(tx)
    return backlog.unrouted > 0 or (due is not None and due <= now), timer is not None and timer <= now


class Worker:
    """A thread. `last_round` is its sign of life; `stop` lets the round under way end."""

    def __init__(
        self,
        store: Store,
        reactions: Reactions,
        handlers: Mapping[str, TimerHandler],
        *,
        key: Ed25519PrivateKey | None = None,
        sm2: Sm2Key | None = None,
        beginnings: Sequence[Callable[[Tx, datetime], None]] = (),
    ) -> None:
        self._beginnings = list(beginnings)
        self._store, self._reactions, self._handlers = store, reactions, handlers
        self._key, self._sm2 = key, sm2
        self._stopping = threading.Event()
        self._listener = store.signals.listen(outbox.TOPIC, timers.TOPIC)
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)
        self._sequenced = self._tidied = datetime.min.replace(tzinfo=utc_now().tzinfo)
        self.last_round = utc_now()

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float = 15.0) -> None:
        self._stopping.set()
        self._store.signals.fire([outbox.TOPIC])  # it need not wait for the end of its pause
        if self._thread.is_alive():
            self._thread.join(seconds)
        self._listener.close()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() and utc_now() - self.last_round < SICK_AFTER

    def run(self) -> None:
        """The loop itself; in its own thread, or called by `pishi work`."""
        while not self._stopping.is_set():
            busy = False
            try:
                busy = self.round(utc_now())
            except Exception:  # the store may be away for a while; the worker must outlive that
                log.exception("a round failed")
                self._stopping.wait(IDLE_S)
            self.last_round = utc_now()
            if not busy and not self._stopping.is_set():
                self._listener.wait(self._pause())

    def round(self, now: datetime) -> bool:
        """Everything that is due now, once; True when there may be more."""
        write = self._store.write
        while self._beginnings:
            write(self._beginnings[0], now)
            del self._beginnings[0]
        deliverable, timely = self._store.read(_waiting, now)
        busy = False
        if deliverable:
            busy = write(outbox.route, self._reactions, now=now) > 0
            busy = self._some(lambda tx, most: deliver_some(tx, self._reactions, most=most, now=now)) or busy
        if timely:
            busy = self._some(lambda tx, most: fire_some(tx, self._handlers, most=most, now=now)) or busy
        if now - self._sequenced >= SEQUENCE_EVERY:
            self._sequenced = now
            self._sequence(now)
        if now - self._tidied >= TIDY_EVERY:
            self._tidied = now
            self._tidy(now)
        return busy

    def _some(self, work: Callable[[Tx, int], int]) -> bool:
        """AT_ONCE at most, in as many transactions as the store likes; True when there was something."""
        most = self._store.at_once(AT_ONCE)
        for done in range(0, AT_ONCE, most):
            if not self._store.write(work, most):
                return done > 0
        return True

    def _sequence(self, now: datetime) -> None:
        """A damaged log must be seen and must not stop the office."""
        try:
            self._store.write(audit_log.sequence, now=now, key=self._key, sm2=self._sm2)
        except Conflict as damage:
            log.error("the audit log cannot grow: run `pishi audit verify`", extra={"code": damage.code})

    def _tidy(self, now: datetime) -> None:
        for old in (outbox.prune, timers.prune):
            while self._store.write(old, now - KEEP) and not self._stopping.is_set():
                pass
        self._store.write(forget_old_keys, now=now)

    def _pause(self) -> float:
        try:
            due = self._store.read(_next_due)
        except Exception:
            log.exception("the next due time cannot be read")
            return IDLE_S
        if due is None:
            return IDLE_S
        return min(IDLE_S, max(0.01, (due - utc_now()).total_seconds()))
