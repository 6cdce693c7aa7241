"""The worker of the simulated office: every timer and every event comes at its own moment of the virtual clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from approval_core import outbox, timers
from approval_core.audit import log as audit_log
from approval_core.outbox import Reactions
from approval_core.store import Store, Tx
from approval_core.timers import TimerHandler

TOGETHER = 200  #: in one commit


class Clockwork:
    def __init__(
        self,
        store: Store,
        handlers: Mapping[str, TimerHandler],
        reactions: Reactions,
        key: Ed25519PrivateKey,
        now: datetime,
    ) -> None:
        self._store, self._handlers, self._reactions, self._key = store, handlers, reactions, key
        self.now = now

    def until(self, moment: datetime) -> None:
        """What is due up to then, in its order."""
        while self._store.write(self._some, moment):
            pass
        self.now = moment

    def _some(self, tx: Tx, moment: datetime) -> bool:
        for _ in range(TOGETHER):
            if outbox.route(tx, self._reactions, now=self.now) or outbox.deliver_one(
                tx, self._reactions, now=self.now
            ):
                continue
            due = min(
                (one for one in (timers.next_due(tx), outbox.next_due(tx)) if one is not None),
                default=None,
            )
            if due is None or due > moment:
                return False
            self.now = max(self.now, due)
            timers.fire_one(tx, self._handlers, now=self.now)
        return True

    def sequence(self) -> None:
        """The log over the chains grows, and is signed."""
        while self._store.write(audit_log.sequence, now=self.now, key=self._key):
            pass
