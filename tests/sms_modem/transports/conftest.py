"""A radio, our own modem on a real pseudo-terminal, and the transport under test on its other end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sms_modem.transports.base import Inbound, StatusReport
from sms_modem.transports.gsm import GsmTransport, Patience
from sms_modem.transports.virtual_modem import VirtualModem
from sms_modem.transports.virtual_radio import VirtualRadio

HURRIED = Patience(
    answer=1.0, prompt=0.4, acknowledgement=0.8, listing=5.0, busy_pauses=(0.01, 0.01, 0.01, 0.01)
)


@pytest.fixture
def radio() -> Iterator[VirtualRadio]:
    made = VirtualRadio()
    yield made
    made.close()


@pytest.fixture
def modem(radio: VirtualRadio) -> Iterator[VirtualModem]:
    with VirtualModem(radio) as started:
        yield started


@pytest.fixture
def new_transport() -> Iterator[Callable[..., GsmTransport]]:
    made: list[GsmTransport] = []

    def make(device: str, **options: Any) -> GsmTransport:
        made.append(GsmTransport(device, patience=HURRIED, **options))
        return made[-1]

    yield make
    for transport in made:
        transport.close()


@pytest.fixture
def transport(modem: VirtualModem, new_transport: Callable[..., GsmTransport]) -> GsmTransport:
    opened = new_transport(modem.port)
    opened.open()
    return opened


def take_in(transport: GsmTransport, count: int = 1, rounds: int = 100) -> list[Inbound]:
    """What the daemon does: list, (commit,) delete, until `count` messages are there and the memories empty."""
    taken: list[Inbound] = []
    for _ in range(rounds):
        batch = transport.fetch()
        for message in batch.inbound:
            taken.append(message)
            transport.delete(message)
        if not batch.inbound:
            if len(taken) >= count:
                return taken
            transport.wait(0.2)
    raise AssertionError(f"{len(taken)} of {count} messages came")


def reports(transport: GsmTransport, count: int, rounds: int = 50) -> list[StatusReport]:
    found: list[StatusReport] = []
    for _ in range(rounds):
        for report in transport.fetch().reports:
            found.append(report)
            transport.delete(report)
        if len(found) >= count:
            return found
        transport.wait(0.2)
    raise AssertionError(f"{len(found)} of {count} reports came")
