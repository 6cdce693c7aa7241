"""Replies by SMS: how soon one is a committed decision, how many a second in a burst, and how fast the queue goes out.

Our own modem on a pseudo-terminal, AT commands and all; store, worker and modem daemon in one process with it. One
reply: from the moment the network hands it to the modem (its +CMTI follows) to the commit of the decision. The floor
of the burst is the bare transport that lists and deletes as many messages; the floor of sending is the same transport
that sends without a store, and the ceiling is what the modem takes for each SMS.
`python -m benchmarks.reply_by_sms [ROUNDS]`
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.measuring import ROUNDS, interleaved, machine, percentile, show, show_ratio
from benchmarks.sms_office import DEMO_PREFIX, PATIENCE_S, SmsOffice, open_office, transport_on
from sms_modem.transports.base import Outgoing, Sent, SmsTransport
from sms_modem.transports.virtual_modem import VirtualModem
from sms_modem.transports.virtual_radio import Heard, VirtualRadio

BURST, SINGLE, SENDING = 200, 60, 60
ACK_S = 0.1
TEXT = "【政务OA】已同意王伟申请年休假3天(5月6日起)。"


@contextmanager
def bare_transport() -> Iterator[tuple[VirtualRadio, VirtualModem, SmsTransport]]:
    radio = VirtualRadio(demo_prefix=DEMO_PREFIX)
    with VirtualModem(radio, number=f"{DEMO_PREFIX}99999998") as modem:
        transport = transport_on(modem)
        transport.open()
        try:
            yield radio, modem, transport
        finally:
            transport.close()
            radio.close()


def bare_burst() -> float:
    """Messages a second, listed and deleted by one thread, nothing recorded."""
    with bare_transport() as (radio, modem, transport):
        handsets = [radio.handset(f"{DEMO_PREFIX}{number:08d}") for number in range(1, BURST + 1)]
        taken = 0
        began = time.perf_counter()
        for handset in handsets:
            handset.send("Y 2345")
        while taken < BURST:
            batch = transport.fetch()
            for inbound in batch.inbound:
                transport.delete(inbound)
            taken += len(batch.inbound)
            if not batch:
                transport.wait(1.0)
        rate = taken / (time.perf_counter() - began)
        assert modem.stored() == {"SM": 0, "ME": 0, "waiting": 0}
    return rate


def burst(office: SmsOffice) -> float:
    """Decisions a second: everybody answers at once; every reply must have decided and been receipted."""
    asked = office.ask_all(BURST)
    before = office.decided()
    began = time.perf_counter()
    for handset, code in asked:
        handset.send(f"Y {code}")
    office.until(lambda: office.decided() >= before + BURST, "every reply decides")
    rate = BURST / (time.perf_counter() - began)
    office.at_rest()
    assert office.decided() == before + BURST
    return rate


def single(office: SmsOffice) -> list[float]:
    """Seconds from the hand-over to the modem until the decision is committed, one reply at a time."""
    times = []
    for handset, code in office.ask_all(SINGLE):
        before = office.decided()
        with office.store.signals.listen("outbox") as listener:
            began = time.perf_counter()
            handset.send(f"Y {code}")
            while office.decided() == before:
                assert listener.wait(PATIENCE_S)
            times.append(time.perf_counter() - began)
        office.at_rest()
    return times


def bare_sending() -> float:
    with bare_transport() as (radio, modem, transport):
        modem.faults.ack_seconds = ACK_S
        number = radio.handset(f"{DEMO_PREFIX}00000001").number
        began = time.perf_counter()
        for one in range(1, 21):
            assert isinstance(transport.send(Outgoing(id=one, to=number, text=TEXT)), Sent)
        return 20 / (time.perf_counter() - began)


def sending(office: SmsOffice) -> float:
    """SMS a second, from the first on the air to the last."""
    arrived: list[float] = []

    def hear(heard: Heard) -> None:
        if heard.direction == "received":
            arrived.append(time.perf_counter())

    office.at_rest()
    office.modem.faults.ack_seconds = ACK_S
    office.radio.listeners.append(hear)
    office.say_all([(handset, TEXT) for handset in office.handsets[:SENDING]])
    office.until(lambda: len(arrived) >= SENDING, "all is on the air", pause=0.1)
    office.radio.listeners.remove(hear)
    office.modem.faults.ack_seconds = 0.0
    office.at_rest()
    return (SENDING - 1) / (arrived[-1] - arrived[0])


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    show("machine", said=machine())
    with tempfile.TemporaryDirectory() as folder, open_office(Path(folder), BURST) as office:
        burst(office)
        times = [time for _ in range(2) for time in single(office)]
        median = percentile(times, 0.5) * 1000
        show(
            "one reply by SMS, from the modem to the committed decision",
            p50_ms=median,
            p99_ms=percentile(times, 0.99) * 1000,
            target_p50_ms="<= 50",
            met=median <= 50,
            runs=len(times),
        )
        taken = interleaved(bare_burst, partial(burst, office), rounds)
        show_ratio(
            f"burst of {BURST} replies / the bare transport lists and deletes them",
            taken,
            lost=0,
            target_per_second=">= 300",
            met=taken.value >= 300,
        )
        taken = interleaved(bare_sending, partial(sending, office), min(rounds, 3))
        show(
            f"{SENDING} SMS out, modem takes {ACK_S} s for each / its ceiling",
            ratio=taken.value * ACK_S,
            target=">= 0.95",
            met=taken.value * ACK_S >= 0.95,
            per_second=taken.value,
            ceiling_per_second=1 / ACK_S,
            bare_transport_per_second=taken.floor,
            own_ms_an_sms=(1 / taken.value - ACK_S) * 1000,
            runs=len(taken.ratios),
        )


if __name__ == "__main__":
    main()
