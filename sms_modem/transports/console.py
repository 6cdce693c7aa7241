"""The twin for development: says what it would send, receives nothing."""

from __future__ import annotations

import itertools
import sys
import threading
from dataclasses import replace
from typing import Literal, TextIO

from approval_core.clock import utc_now
from sms_modem.transports.base import (
    Batch,
    Failed,
    Inbound,
    ModemState,
    Outcome,
    Outgoing,
    PartSent,
    Sent,
    StatusReport,
)


class ConsoleTransport:
    """`SmsTransport` onto a text stream. Every SMS counts as one part and is never reported on."""

    kind: Literal["own_sim", "provider"] = "own_sim"

    def __init__(
        self,
        name: str = "console",
        *,
        out: TextIO | None = None,
        demo_prefix: str | None = None,
        allows_demo_numbers: bool = False,
    ) -> None:
        self.name = name
        self.own_number: str | None = None
        self.allows_demo_numbers = allows_demo_numbers
        self._out, self._demo_prefix = out, demo_prefix
        self._awake = threading.Event()
        self._references = itertools.cycle(range(1, 256))
        self._state = ModemState(name)

    @property
    def state(self) -> ModemState:
        return self._state

    def open(self) -> None:
        self._state = replace(self._state, connected=True, since=utc_now())

    def close(self) -> None:
        self._state = replace(self._state, connected=False, since=utc_now())

    def fetch(self) -> Batch:
        return Batch()

    def delete(self, received: Inbound | StatusReport) -> None:
        """Nothing is ever stored here."""

    def send(self, outgoing: Outgoing) -> Outcome:
        if self._demo_prefix and outgoing.to.startswith(self._demo_prefix) and not self.allows_demo_numbers:
            return Failed(True, "demo_number", outgoing.parts_done)
        print(f"SMS {outgoing.id} → {outgoing.to}: {outgoing.text}", file=self._out or sys.stdout, flush=True)
        return Sent((*outgoing.parts_done, PartSent(len(outgoing.parts_done) + 1, next(self._references))))

    def check(self) -> ModemState:
        return self._state

    def wait(self, timeout: float) -> bool:
        woken = self._awake.wait(timeout)
        self._awake.clear()
        return woken

    def wake(self) -> None:
        self._awake.set()
