"""The network and the handsets behind our own modem: numbers, service centre, delays, reports, live listeners.

Everything is thread-safe. A listener is called with one `Heard` for each text that a handset receives or sends,
from whatever thread caused it; it must be quick and must not raise.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from approval_core.clock import OFFICE_ZONE, utc_now
from sms_modem.transports import virtual_pdu
from sms_modem.transports.virtual_pdu import Piece, Submit

UNASSIGNED_NUMBER = 1
_REMEMBERED = 20_000  # messages in `on_air`
DELIVERED, STILL_TRYING, EXPIRED = 0x00, 0x30, 0x46


class Station(Protocol):
    """A modem as the network sees it."""

    number: str

    def arrive(self, pdu: str) -> None: ...
    def arrive_report(self, pdu: str) -> None: ...


@dataclass(slots=True)
class Received:
    """One text in a handset's inbox. `complete` is False while parts are missing. `at` is aware UTC."""

    text: str
    at: datetime
    sender: str
    parts: int = 1
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Heard:
    direction: Literal["received", "sent"]
    number: str
    peer: str
    text: str
    at: datetime


@dataclass(slots=True)
class Handset:
    """A person's telephone. `on` False: the network keeps what comes until `switch_on`."""

    number: str
    radio: VirtualRadio = field(repr=False)
    inbox: list[Received] = field(default_factory=list)
    sent: list[Heard] = field(default_factory=list)
    on: bool = True
    parts: dict[tuple[str, int, int], dict[int, str]] = field(default_factory=dict, repr=False)
    kept: list[Callable[[], None]] = field(default_factory=list, repr=False)

    def send(
        self,
        text: str,
        to: str | None = None,
        *,
        smsc_time: datetime | None = None,
        order: Sequence[int] | None = None,
        reference: int | None = None,
        bits: int = 8,
    ) -> list[str]:
        """To a modem's number, or to the only modem. The PDUs handed to it.

        `order` names the parts that arrive, from 1: (2, 1) out of order, (1,) the second lost, (1, 1, 2) doubled.
        """
        return self.radio.send(self.number, text, to, smsc_time, order, reference, bits)

    def switch_on(self) -> None:
        self.on = True
        kept, self.kept[:] = list(self.kept), []
        for deliver in kept:
            deliver()

    def texts(self) -> list[str]:
        return [message.text for message in self.inbox if message.complete]


class VirtualRadio:
    """`demo_prefix`: every number a modem sends to must begin with it, or the network says unassigned.

    `delivery_delay` and `report_delay` in seconds. `reports`: delivered, pending_first (still trying, then
    delivered), failed, or none (lost on the way).
    """

    def __init__(self, demo_prefix: str | None = None) -> None:
        self.demo_prefix = demo_prefix
        self.delivery_delay = 0.0
        self.report_delay = 0.0
        self.reports: Literal["delivered", "pending_first", "failed", "none"] = "delivered"
        self.handsets: dict[str, Handset] = {}
        self.stations: dict[str, Station] = {}
        self.listeners: list[Callable[[Heard], None]] = []
        self.on_air: list[Submit] = []
        self._lock = threading.RLock()
        self._references = itertools.count(17)
        self._later = _Later()

    def handset(self, number: str) -> Handset:
        """The handset of this number, made on first use; letters make an alphanumeric sender."""
        with self._lock:
            return self.handsets.setdefault(number, Handset(number, self))

    def attach(self, station: Station) -> None:
        with self._lock:
            self.stations[station.number] = station

    def detach(self, station: Station) -> None:
        with self._lock:
            if self.stations.get(station.number) is station:
                del self.stations[station.number]

    def close(self) -> None:
        self._later.close()

    # --- from a modem to a handset ---

    def submit(self, station: Station, submit: Submit, reference: int) -> int | None:
        """Take a message from a modem: a CMS error, or None when it is accepted."""
        if self.demo_prefix and not submit.to.startswith(self.demo_prefix):
            return UNASSIGNED_NUMBER
        with self._lock:
            self.on_air.append(submit)
            del self.on_air[:-_REMEMBERED]
        at = utc_now()
        self._later.call(self.delivery_delay, lambda: self._reach(station, submit, reference, at))
        return None

    def _reach(self, station: Station, submit: Submit, reference: int, sent: datetime) -> None:
        handset = self.handset(submit.to)
        with self._lock:
            if not handset.on:
                handset.kept.append(lambda: self._reach(station, submit, reference, sent))
                if submit.report:
                    self._report(station, submit, reference, sent, STILL_TRYING)
                return
            received = None if self.reports == "failed" else self._put(handset, station.number, submit)
        if received is not None:
            self._tell(Heard("received", handset.number, station.number, received.text, received.at))
        if submit.report and self.reports != "none":
            if self.reports == "pending_first":
                self._report(station, submit, reference, sent, STILL_TRYING)
            final = EXPIRED if self.reports == "failed" else DELIVERED
            self._report(station, submit, reference, sent, final)

    def _put(self, handset: Handset, sender: str, submit: Submit) -> Received | None:
        """The text if it is whole now."""
        piece = submit.piece
        if piece is None or piece.total < 2:
            handset.inbox.append(Received(virtual_pdu.whole(submit.units), utc_now(), sender))
            return handset.inbox[-1]
        parts = handset.parts.setdefault((sender, piece.reference, piece.total), {})
        parts[piece.number] = submit.units
        if len(parts) < piece.total:
            return None
        del handset.parts[sender, piece.reference, piece.total]
        text = virtual_pdu.whole("".join(parts[number] for number in sorted(parts)))
        handset.inbox.append(Received(text, utc_now(), sender, piece.total))
        return handset.inbox[-1]

    def _report(self, station: Station, submit: Submit, reference: int, sent: datetime, status: int) -> None:
        pdu = virtual_pdu.status_report(
            reference, submit.to, sent.astimezone(OFFICE_ZONE), utc_now().astimezone(OFFICE_ZONE), status
        )
        self._later.call(self.report_delay, lambda: station.arrive_report(pdu))

    # --- from a handset to a modem ---

    def send(
        self,
        sender: str,
        text: str,
        to: str | None,
        smsc_time: datetime | None,
        order: Sequence[int] | None,
        reference: int | None,
        bits: int,
    ) -> list[str]:
        station = self._station(to)
        gsm7, pieces = virtual_pdu.split(text)
        when = (smsc_time or utc_now()).astimezone(OFFICE_ZONE)
        number = (next(self._references) if reference is None else reference) & (
            0xFF if bits == 8 else 0xFFFF
        )
        pdus = [
            virtual_pdu.deliver(
                sender,
                units,
                when,
                gsm7=gsm7,
                piece=Piece(number, len(pieces), at, bits) if len(pieces) > 1 else None,
            )
            for at, units in enumerate(pieces, 1)
        ]
        chosen = [pdus[at - 1] for at in order] if order is not None else pdus
        heard = Heard("sent", sender, station.number, text, utc_now())
        with self._lock:
            self.handset(sender).sent.append(heard)
        for pdu in chosen:
            station.arrive(pdu)
        self._tell(heard)
        return chosen

    def send_raw(self, pdu: str, to: str | None = None) -> None:
        """Any PDU as it is, for messages that nobody can read."""
        self._station(to).arrive(pdu)

    def _station(self, number: str | None) -> Station:
        with self._lock:
            if number is None and len(self.stations) == 1:
                return next(iter(self.stations.values()))
            if number is None or number not in self.stations:
                raise LookupError(f"no modem has the number {number}")
            return self.stations[number]

    def _tell(self, heard: Heard) -> None:
        for listener in list(self.listeners):
            listener(heard)


class _Later:
    """Calls at their time on one thread, started when first needed; at once where the delay is nothing."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def call(self, delay: float, work: Callable[[], None]) -> None:
        if delay <= 0:
            work()
            return
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + delay, next(self._order), work))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="virtual radio", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(2)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (not self._due or self._due[0][0] > time.monotonic()):
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                if self._closed:
                    return
                work = heapq.heappop(self._due)[2]
            work()
