"""Our own modem spoken to by hand, in a process of its own, and through the choice of a device."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import serial

from approval_core.errors import Invalid
from sms_modem.transports.base import Failed, Inbound, Outgoing, Sent, SmsTransport
from sms_modem.transports.choose import is_virtual, transport_for
from sms_modem.transports.console import ConsoleTransport
from sms_modem.transports.gsm import GsmTransport
from sms_modem.transports.virtual_control import ask
from sms_modem.transports.virtual_modem import VirtualModem
from sms_modem.transports.virtual_radio import Heard, VirtualRadio
from tests.sms_modem.transports.conftest import reports, take_in

LEADER, OTHER = "+99912345678", "+99987654321"


@pytest.fixture
def port(modem: VirtualModem) -> Iterator[serial.Serial]:
    with serial.Serial(modem.port, timeout=2) as opened:
        yield opened


def _say(port: serial.Serial, line: str) -> str:
    port.write(line.encode() + b"\r")
    answer = b""
    while not re.search(rb"(OK|ERROR|ERROR: \d+)\r\n$|> $", answer):
        data = port.read(1)
        assert data, answer
        answer += data
    return answer.decode()


def test_it_speaks_at(port: serial.Serial) -> None:
    assert _say(port, "AT") == "AT\r\r\nOK\r\n"  # echo is on after power-up
    assert _say(port, "ATE0").endswith("OK\r\n")
    assert _say(port, "at+csq") == "\r\n+CSQ: 23,99\r\n\r\nOK\r\n"
    assert _say(port, "AT+CREG?") == "\r\n+CREG: 0,1\r\n\r\nOK\r\n"
    assert _say(port, "AT+CPMS?") == '\r\n+CPMS: "SM",0,50,"SM",0,50,"SM",0,50\r\n\r\nOK\r\n'
    assert _say(port, "AT+CNMI?") == "\r\n+CNMI: 0,0,0,0,0\r\n\r\nOK\r\n"
    assert _say(port, "AT+CSCA?").startswith('\r\n+CSCA: "+86')
    assert "COPS" in _say(port, "AT+COPS?")
    assert _say(port, "AT+CGSN").strip().split()[0].isdigit()
    assert _say(port, "AT+NONSENSE") == "\r\nERROR\r\n"


def test_it_lists_in_pdu_mode_only(port: serial.Serial, modem: VirtualModem, radio: VirtualRadio) -> None:
    _say(port, "ATE0")
    (pdu,) = radio.handset(LEADER).send("Y")
    assert "CMS ERROR" in _say(port, "AT+CMGL=4")
    _say(port, "AT+CMGF=0")
    assert f"+CMGL: 1,0,,{len(pdu) // 2 - 9}\r\n\r\n{pdu}\r\n" in _say(port, "AT+CMGL=4")
    assert "+CMGL" not in _say(port, "AT+CMGL=0")
    assert pdu in _say(port, "AT+CMGR=1")
    assert _say(port, "AT+CMGD=1").endswith("OK\r\n")
    assert "321" in _say(port, "AT+CMGR=1")


def test_a_body_that_is_no_pdu_is_refused_and_remembered(port: serial.Serial, modem: VirtualModem) -> None:
    _say(port, "ATE0")
    _say(port, "AT+CMGF=0")
    assert _say(port, "AT+CMGS=20").endswith("> ")
    port.write(b"AT+CMGL=4\x1a")
    assert b"+CMS ERROR: 304" in port.read_until(b"304\r\n")
    assert modem.engine.bad_bodies == ["AT+CMGL=4"]


def test_only_numbers_of_the_demo_exist_when_a_prefix_is_given(
    modem: VirtualModem, transport: GsmTransport, radio: VirtualRadio
) -> None:
    radio.demo_prefix = "+999"
    assert transport.send(Outgoing(1, "+8613912345678", "Y")) == Failed(True, "unknown_number", (), 1)
    assert isinstance(transport.send(Outgoing(2, LEADER, "Y")), Sent)
    assert list(radio.handsets) == [LEADER]


def test_listeners_hear_both_directions(transport: GsmTransport, radio: VirtualRadio) -> None:
    heard: list[Heard] = []
    radio.listeners.append(heard.append)
    transport.send(Outgoing(1, LEADER, "长文" * 100))
    radio.handset(LEADER).send("Y")
    assert [(h.direction, h.number, h.text) for h in heard] == [
        ("received", LEADER, "长文" * 100),
        ("sent", LEADER, "Y"),
    ]


def test_a_handset_that_is_off_gets_its_messages_later(transport: GsmTransport, radio: VirtualRadio) -> None:
    handset = radio.handset(LEADER)
    handset.on = False
    transport.send(Outgoing(1, LEADER, "在吗"))
    assert [r.state for r in reports(transport, 1)] == ["pending"]
    assert handset.texts() == []
    handset.switch_on()
    assert [r.state for r in reports(transport, 1)] == ["delivered"]
    assert handset.texts() == ["在吗"]


def test_delays_hold_messages_and_reports_back(transport: GsmTransport, radio: VirtualRadio) -> None:
    radio.delivery_delay, radio.report_delay = 0.3, 0.1
    transport.send(Outgoing(1, LEADER, "慢"))
    assert radio.handset(LEADER).texts() == []
    assert [r.state for r in reports(transport, 1)] == ["delivered"]
    assert radio.handset(LEADER).texts() == ["慢"]


def test_two_modems_share_one_network(radio: VirtualRadio, modem: VirtualModem) -> None:
    with VirtualModem(radio, "+99900000001") as second:
        radio.handset(LEADER).send("Y", to=second.number)
        assert (modem.stored()["SM"], second.stored()["SM"]) == (0, 1)
        with pytest.raises(LookupError):
            radio.handset(LEADER).send("Y")


def test_in_a_process_of_its_own_it_outlives_its_user(
    tmp_path: Path, new_transport: Callable[..., GsmTransport]
) -> None:
    link, control = str(tmp_path / "tty"), str(tmp_path / "control")
    command = [
        sys.executable,
        "-m",
        "sms_modem.transports.virtual_modem",
        "--link",
        link,
        "--control",
        control,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == link
        transport = new_transport(link)
        transport.open()
        ask(control, do="send", **{"from": LEADER}, text="Y", smsc_time="2026-03-02T09:30:00+08:00")
        (message,) = take_in(transport)
        assert (message.text, message.smsc_time) == ("Y", datetime(2026, 3, 2, 1, 30, tzinfo=UTC))
        transport.send(Outgoing(1, LEADER, "已批准"))
        assert [m["text"] for m in ask(control, do="wait_inbox", number=LEADER, count=1)["inbox"]] == [
            "已批准"
        ]
        ask(control, do="fault", name="refuse_sends", value=[42])
        assert isinstance(transport.send(Outgoing(2, LEADER, "再来")), Failed)
        transport.close()
        ask(control, do="send", **{"from": OTHER}, text="N")
        assert ask(control, do="stored") == {"stored": {"SM": 1, "ME": 0, "waiting": 0}}
        with pytest.raises(RuntimeError, match="no_such_fault"):
            ask(control, do="fault", name="no_such_fault", value=1)
        again = new_transport(link)
        again.open()
        assert [m.text for m in take_in(again)] == ["N"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        process.stdout.close() if process.stdout else None
    assert not os.path.lexists(link)


def test_the_device_chooses_the_transport(modem: VirtualModem) -> None:
    assert [is_virtual(d) for d in ("virtual", "virtual:2", "/dev/ttyUSB0", "console")] == [
        True,
        True,
        False,
        False,
    ]
    own: SmsTransport = transport_for("virtual", modem=modem, demo_prefix="+999")
    laboratory = transport_for("/dev/ttyUSB0", demo_prefix="+999", allow_demo_numbers=True)
    real = transport_for("/dev/serial/by-id/usb-modem", demo_prefix="+999")
    assert [t.allows_demo_numbers for t in (own, laboratory, real)] == [True, True, False]
    assert real.send(Outgoing(1, LEADER, "Y")) == Failed(True, "demo_number")
    with pytest.raises(Invalid):
        transport_for("virtual")


def test_the_console_prints_what_it_would_send() -> None:
    out = io.StringIO()
    console: SmsTransport = ConsoleTransport(out=out, demo_prefix="+999")
    console.open()
    assert isinstance(console.send(Outgoing(7, "+8613912345678", "同意回Y")), Sent)
    assert console.send(Outgoing(8, LEADER, "同意回Y")) == Failed(True, "demo_number")
    assert out.getvalue() == "SMS 7 → +8613912345678: 同意回Y\n"
    assert not console.fetch()
    console.delete(Inbound("", "", "", None))
    console.wake()
    assert console.wait(5)
    assert console.check().connected
    console.close()
    assert not console.state.connected
