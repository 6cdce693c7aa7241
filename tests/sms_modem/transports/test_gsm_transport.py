"""What the daemon relies on beside the faults: speed, times, numbers, refusals, the SIM's lock."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from sms_modem.transports.base import Failed, Outgoing, Sent, TransportDown, Unknown
from sms_modem.transports.gsm import GsmTransport
from sms_modem.transports.virtual_modem import VirtualModem
from sms_modem.transports.virtual_radio import VirtualRadio
from tests.sms_modem.transports.conftest import take_in

LEADER = "+99912345678"
NewTransport = Callable[..., GsmTransport]


def test_a_burst_of_two_hundred_is_taken_in_whole(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    for number in range(200):
        radio.handset(f"+9991{number:07}").send(f"Y{number}")
    start = time.monotonic()
    taken = take_in(transport, 200)
    print(f"{200 / (time.monotonic() - start):.0f} a second")
    assert sorted(m.text or "" for m in taken) == sorted(f"Y{n}" for n in range(200))
    assert {m.sender for m in taken} == {f"+9991{n:07}" for n in range(200)}
    assert modem.stored() == {"SM": 0, "ME": 0, "waiting": 0}


def test_the_service_centres_time_is_kept(transport: GsmTransport, radio: VirtualRadio) -> None:
    told = datetime(2026, 3, 2, 1, 30, 5, tzinfo=UTC) - timedelta(hours=3)
    radio.handset(LEADER).send("Y", smsc_time=told)
    assert [m.smsc_time for m in take_in(transport)] == [told]


def test_a_sender_with_a_name_is_marked(transport: GsmTransport, radio: VirtualRadio) -> None:
    for name in ("CMCC", "Bank10086", "ELEVENCHARS", "A7"):
        radio.handset(name).send("Y")
    radio.handset("10086").send("您的余额")
    assert [(m.sender, m.alphanumeric) for m in take_in(transport, 5)] == [
        ("CMCC", True),
        ("Bank10086", True),
        ("ELEVENCHARS", True),
        ("A7", True),
        ("10086", False),
    ]


def test_wake_ends_a_wait_from_another_thread(transport: GsmTransport) -> None:
    transport.wait(0)
    transport.fetch()
    transport.wait(0)
    assert transport.wait(0.01) is False
    caller = threading.Timer(0.05, transport.wake)
    caller.start()
    assert transport.wait(30)
    caller.join()


@pytest.mark.parametrize(
    ("code", "permanent", "reason", "line"),
    [
        (1, True, "unknown_number", False),
        (8, True, "barred", False),
        (21, True, "rejected", False),
        (28, True, "unknown_number", False),
        (38, False, "network_lost", True),
        (41, False, "temporary", False),
        (42, False, "congestion", False),
        (322, False, "sim_full", False),
        (330, False, "no_service_centre", True),
        (500, False, "modem_error", False),
        (999, False, "modem_error", False),
    ],
)
def test_what_the_network_refuses_is_certainly_not_sent(
    transport: GsmTransport,
    modem: VirtualModem,
    radio: VirtualRadio,
    code: int,
    permanent: bool,
    reason: str,
    line: bool,
) -> None:
    modem.faults.refuse_sends = deque([code])
    assert transport.send(Outgoing(1, LEADER, "Y")) == Failed(permanent, reason, (), code, line)
    assert radio.on_air == []
    assert isinstance(transport.send(Outgoing(1, LEADER, "Y")), Sent)


def test_a_network_time_out_is_unknown(transport: GsmTransport, modem: VirtualModem) -> None:
    modem.faults.refuse_sends = deque([332])
    outcome = transport.send(Outgoing(1, LEADER, "Y"))
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "network_timeout"


@pytest.mark.parametrize("minutes", [None, 1, 60, 1440, 10**6])
def test_the_validity_asked_for_reaches_the_network(
    transport: GsmTransport, radio: VirtualRadio, minutes: int | None
) -> None:
    transport.send(Outgoing(1, LEADER, "Y", valid_minutes=minutes, want_report=False))
    expected = {None: None, 1: 0, 60: 11, 1440: 167, 10**6: 255}[minutes]
    assert [(s.validity, s.report) for s in radio.on_air] == [(expected, False)]


def test_a_demo_number_is_refused_before_the_modem_hears_of_it(
    modem: VirtualModem, radio: VirtualRadio, new_transport: NewTransport
) -> None:
    strict = new_transport(modem.port, demo_prefix="+999")
    strict.open()
    assert strict.send(Outgoing(1, LEADER, "Y")) == Failed(True, "demo_number")
    assert isinstance(strict.send(Outgoing(2, "+8613912345678", "Y")), Sent)
    strict.close()
    allowed = new_transport(modem.port, demo_prefix="+999", allows_demo_numbers=True)
    allowed.open()
    assert isinstance(allowed.send(Outgoing(3, LEADER, "Y")), Sent)
    assert [s.to for s in radio.on_air] == ["+8613912345678", LEADER]


def test_a_number_or_a_text_that_can_never_go_is_permanent(transport: GsmTransport) -> None:
    assert transport.send(Outgoing(1, "王处长", "Y")) == Failed(True, "bad_number")
    assert transport.send(Outgoing(1, LEADER, "长" * 671)) == Failed(True, "too_long")


def test_the_own_number_is_learnt_from_the_sim_unless_configured(
    modem: VirtualModem, transport: GsmTransport, new_transport: NewTransport
) -> None:
    assert transport.own_number == modem.number
    transport.close()
    told = new_transport(modem.port, own_number="+8613800000000")
    told.open()
    assert told.own_number == "+8613800000000"


def test_two_owners_of_one_port_are_one_too_many(
    transport: GsmTransport, modem: VirtualModem, new_transport: NewTransport
) -> None:
    with pytest.raises(TransportDown) as refused:
        new_transport(modem.port).open()
    assert refused.value.code == "port_gone"
    assert transport.check().connected


def test_a_locked_sim_without_a_pin_is_said_clearly(radio: VirtualRadio, new_transport: NewTransport) -> None:
    with VirtualModem(radio, pin="1234") as modem:
        with pytest.raises(TransportDown, match="asks for its PIN") as locked:
            new_transport(modem.port).open()
        assert locked.value.code == "sim_locked"


def test_the_right_pin_unlocks_and_a_wrong_one_is_tried_once(
    radio: VirtualRadio, new_transport: NewTransport
) -> None:
    with VirtualModem(radio, pin="1234") as modem:
        wrong = new_transport(modem.port, pin="4321")
        for _ in range(3):
            with pytest.raises(TransportDown) as refused:
                wrong.open()
            assert refused.value.code == "sim_pin_wrong"
        assert modem.engine.pin_attempts == 1
        right = new_transport(modem.port, pin="1234")
        right.open()
        assert isinstance(right.send(Outgoing(1, LEADER, "Y")), Sent)


def test_neither_texts_nor_the_pin_are_written_to_the_log(
    radio: VirtualRadio, new_transport: NewTransport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with VirtualModem(radio, pin="1234") as modem:
        transport = new_transport(modem.port, pin="1234")
        transport.open()
        transport.send(Outgoing(1, LEADER, "Secret"))
        radio.handset(LEADER).send("Secret")
        take_in(transport)
    written = " ".join(record.getMessage() for record in caplog.records)
    assert "1234" not in written
    assert "Secret" not in written
    assert "D3F2F8ED02" not in written  # the same in a PDU
