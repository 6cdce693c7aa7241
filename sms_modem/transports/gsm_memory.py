"""The memories of a modem: listing, deleting by place, how full they are, and what came past them."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable

from sms_modem.transports.base import Inbound, StatusReport
from sms_modem.transports.gsm_library import ANY, OwnedModem, Refused
from sms_modem.transports.listing import Entry, read_fill, read_listing
from sms_modem.transports.pdu import read_pdu

log = logging.getLogger(__name__)
Found = Inbound | StatusReport

_SURE = 1.0  # seconds for which the selected memory is believed: a silent restart would select another
_EMPTY = {321, 22}  # "invalid index" and "not found": how some say that a memory is empty


class Memories:
    """Remembers what was listed where, so that only that is ever deleted. Raises Refused and TransportDown."""

    def __init__(self, listing_patience: float) -> None:
        self._patience = listing_patience
        self._selected = ""
        self._sure_until = 0.0
        self._listed: dict[tuple[str, int], str] = {}
        self._fill: dict[str, tuple[int, int]] = {}
        self._direct: deque[str] = deque()
        self._handed: deque[str] = deque(maxlen=1000)  # direct ones, given out and not yet committed

    def forget(self) -> None:
        """The port is opened anew: places mean nothing any more, and what was not committed comes again."""
        self._listed.clear()
        self._fill.clear()
        self._direct.extendleft(reversed(self._handed))
        self._handed.clear()
        self.unselect()

    def unselect(self) -> None:
        self._sure_until = 0.0

    @property
    def fullest(self) -> tuple[int, int]:
        """Used and total of the memory with the least room."""
        return max(self._fill.values(), key=lambda fill: fill[0] / max(1, fill[1]), default=(0, 0))

    @property
    def direct_waiting(self) -> bool:
        return bool(self._direct)

    def select(self, modem: OwnedModem, memory: str) -> None:
        """Make `memory` the one that is listed and deleted from; learn how full it is. "": whatever is selected."""
        if memory:
            lines = modem.patient(f'AT+CPMS="{memory}"', prefix="+CPMS:")
        else:
            lines = modem.tolerant("AT+CPMS?", prefix="+CPMS:") or []
        self._selected, self._sure_until = memory, time.monotonic() + _SURE
        if fill := read_fill(lines):
            self._fill[memory] = fill

    def list_all(self, modem: OwnedModem, memories: list[str]) -> list[Found]:
        """One memory that refuses does not hide the others."""
        found: list[Found] = []
        refusals: list[Refused] = []
        for memory in memories:
            try:
                found += self._list(modem, memory)
            except Refused as refusal:
                log.warning("memory %s cannot be listed: %s", memory, refusal)
                refusals.append(refusal)
        if refusals and len(refusals) == len(memories):
            raise refusals[0]
        return found

    def _list(self, modem: OwnedModem, memory: str) -> list[Found]:
        self.select(modem, memory)
        entries = self._entries(modem)
        if not all(entry.whole for entry in entries):
            entries = self._entries(modem)  # the line may have been noisy; what is bad twice is bad
        self._listed = {place: pdu for place, pdu in self._listed.items() if place[0] != memory}
        found: list[Found] = []
        for entry in entries:
            read = read_pdu(entry.pdu, memory, entry.index)
            if read is not None and entry.received:
                self._listed[memory, entry.index] = entry.pdu
                found.append(read)
        return found

    def _entries(self, modem: OwnedModem) -> list[Entry]:
        try:
            lines = modem.patient("AT+CMGL=4", prefix="+CMGL:", data=ANY, timeout=self._patience)
        except Refused as refusal:
            if refusal.code in _EMPTY:
                return []
            raise
        return read_listing(lines)

    def keep_direct(self, pdus: Iterable[str]) -> None:
        self._direct.extend(pdus)

    def take_direct(self) -> list[Found]:
        found: list[Found] = []
        while self._direct:
            pdu = self._direct.popleft()
            if (read := read_pdu(pdu)) is not None:
                self._handed.append(pdu)
                found.append(read)
        return found

    def holds(self, received: Found) -> bool:
        """Whether it is there to be deleted. A direct one is only crossed off."""
        if received.index is None:
            if received.pdu in self._handed:
                self._handed.remove(received.pdu)
            return False
        return self._listed.get((received.memory, received.index)) == received.pdu

    def delete(self, modem: OwnedModem, received: Found) -> None:
        if received.memory != self._selected or time.monotonic() > self._sure_until:
            self.select(modem, received.memory)
        try:
            modem.patient(f"AT+CMGD={received.index}", timeout=10)
        except Refused as refusal:
            if refusal.code != 321:  # gone already
                raise
        self._listed.pop((received.memory, received.index or 0), None)
