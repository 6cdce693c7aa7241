"""Every fault the library is known for, and the way round it, over a real pseudo-terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

import pytest

from sms_modem.transports import virtual_pdu
from sms_modem.transports.base import (
    Failed,
    Inbound,
    Outcome,
    Outgoing,
    Sent,
    TransportDown,
    Unknown,
    joined,
)
from sms_modem.transports.gsm import GsmTransport
from sms_modem.transports.gsm_setup import INDICATIONS
from sms_modem.transports.virtual_modem import VirtualModem
from sms_modem.transports.virtual_radio import VirtualRadio
from tests.sms_modem.transports.conftest import reports, take_in

LEADER, OTHER = "+99912345678", "+99987654321"
NewTransport = Callable[..., GsmTransport]


def test_a_burst_of_indications_loses_no_message(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    transport.fetch()
    modem.faults.hold_indications = True
    for number in range(20):
        radio.handset(LEADER).send(f"Y{number}")
    transport.wait(0)
    modem.release_indications()
    assert transport.wait(5)
    assert sorted(m.text or "" for m in take_in(transport, 20)) == sorted(f"Y{n}" for n in range(20))


def test_a_message_whose_indication_was_lost_is_found_by_the_poll(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    modem.faults.lose_indications = True
    radio.handset(LEADER).send("Y")
    assert [m.text for m in take_in(transport)] == ["Y"]


def test_sending_while_receiving_never_puts_commands_into_a_message(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    def answer() -> None:
        for number in range(30):
            radio.handset(OTHER).send(f"N{number}")

    replies = threading.Thread(target=answer)
    replies.start()
    taken: list[Inbound] = []
    for number in range(30):
        assert isinstance(transport.send(Outgoing(number, LEADER, f"批示 {number}")), Sent)
        batch = transport.fetch()
        taken += batch.inbound
        for message in batch.inbound:
            transport.delete(message)
    replies.join()
    if len(taken) < 30:
        taken += take_in(transport, 30 - len(taken))
    assert modem.engine.bad_bodies == []
    assert radio.handset(LEADER).texts() == [f"批示 {n}" for n in range(30)]
    assert sorted(m.text or "" for m in taken) == sorted(f"N{n}" for n in range(30))


def test_an_unsolicited_line_inside_a_response_changes_nothing(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    transport.check()
    report = virtual_pdu.status_report(7, LEADER, _moment(), _moment(), 0)
    modem.faults.unsolicited = (
        "RING",
        "+CREG: 2",
        "^RSSI:17",
        '+CMTI: "ME",7',
        f"+CDS: {virtual_pdu.tpdu_length(report)}",
        report,
        "NO CARRIER",
    )
    for number in range(20):
        radio.handset(LEADER).send(f"Y{number}")
        assert [m.text for m in take_in(transport)] == [f"Y{number}"]
    assert isinstance(transport.send(Outgoing(1, LEADER, "是否同意")), Sent)
    assert transport.check().registered is True
    assert {r.reference for r in reports(transport, 2)} == {7, 1}
    transport.open()
    assert transport.state.model == "Pishi Virtual-1"


def test_a_byte_that_is_not_utf8_does_not_kill_the_reader(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    modem.say(b"\xff\xfe\x80garbage\x00\xc3\r\n\xe4")
    modem.faults.noise = b"\x80\xff"
    radio.handset(LEADER).send("同意")
    assert [m.text for m in take_in(transport)] == ["同意"]
    assert isinstance(transport.send(Outgoing(1, LEADER, "收到")), Sent)
    assert transport.check().connected


def test_an_unplugged_modem_is_noticed_at_once_and_found_again_under_the_same_path(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    transport.wait(0)
    transport.fetch()
    transport.wait(0)
    modem.unplug()
    assert transport.wait(5)
    with pytest.raises(TransportDown) as gone:
        transport.fetch()
    assert gone.value.code == "port_gone"
    assert transport.state.connected is False
    with pytest.raises(TransportDown):
        transport.open()
    assert transport.send(Outgoing(1, LEADER, "现在不行")) == Failed(False, "closed", line=True)
    radio.handset(LEADER).send("Y")
    modem.plug()
    transport.open()
    assert [m.text for m in take_in(transport)] == ["Y"]
    assert transport.state.connected
    assert transport.state.failures == 2


def test_an_unplugged_port_ends_the_wait_for_an_acknowledgement_and_the_message_is_unknown(
    modem: VirtualModem,
) -> None:
    transport = GsmTransport(modem.port)  # would wait 35 s
    transport.open()
    modem.faults.lost_acknowledgements = 1
    outcomes: list[Outcome] = []
    sender = threading.Thread(target=lambda: outcomes.append(transport.send(Outgoing(1, LEADER, "在路上"))))
    sender.start()
    while modem.faults.lost_acknowledgements:
        time.sleep(0.01)
    modem.unplug()
    sender.join(10)
    assert outcomes == [Unknown("port_lost", 1)]
    transport.close()


@pytest.mark.parametrize("mark", ["^SYSSTART", "+CPIN: READY", "RDY"])
def test_a_modem_that_says_it_restarted_is_set_up_before_anything_else(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio, mark: str
) -> None:
    transport.fetch()
    transport.wait(0)
    modem.reset(mark)
    assert transport.wait(5)
    assert modem.engine.settings.arrivals == 0
    transport.fetch()
    now = modem.engine.settings
    assert (now.arrivals, now.reports, now.text_mode) == (1, 1, False)
    transport.wait(0)
    radio.handset(LEADER).send("同意")
    assert transport.wait(5)
    assert [m.text for m in take_in(transport)] == ["同意"]


def test_a_silent_restart_is_found_by_the_watchdog(transport: GsmTransport, modem: VirtualModem) -> None:
    modem.reset("")
    transport.check()
    now = modem.engine.settings
    assert (now.arrivals, now.reports, now.text_mode, now.echo) == (1, 1, False, False)


@pytest.mark.parametrize(("setting", "lost", "wanted"), [("arrivals", 0, 1), ("text_mode", True, False)])
def test_a_setting_that_vanished_is_found_by_the_watchdog(
    transport: GsmTransport, modem: VirtualModem, setting: str, lost: int, wanted: int
) -> None:
    setattr(modem.engine.settings, setting, lost)
    transport.check()
    assert getattr(modem.engine.settings, setting) == wanted


def test_an_echo_where_there_should_be_none_tells_of_a_restart(
    transport: GsmTransport, modem: VirtualModem
) -> None:
    modem.engine.settings.echo = True
    modem.engine.settings.errors = 0
    transport.fetch()
    transport.fetch()
    assert (modem.engine.settings.echo, modem.engine.settings.errors) == (False, 1)


@pytest.mark.parametrize("text", ["OK", "ERROR", "+CMGL: 1,1,,24", "> ", "AT"])
def test_a_text_that_looks_like_a_modem_speaking_arrives_whole(
    transport: GsmTransport, radio: VirtualRadio, text: str
) -> None:
    radio.handset(LEADER).send(text)
    assert [m.text for m in take_in(transport)] == [text]
    assert isinstance(transport.send(Outgoing(1, LEADER, text)), Sent)
    assert radio.handset(LEADER).texts() == [text]


def test_what_came_while_nobody_was_there_is_drained_from_both_memories(
    modem: VirtualModem, new_transport: NewTransport
) -> None:
    modem.fill("SM", [_deliver(f"SM{n}") for n in range(3)])
    modem.fill("ME", [_deliver(f"ME{n}") for n in range(3)])
    transport = new_transport(modem.port)
    transport.open()
    found = {(m.memory, m.text) for m in take_in(transport, 6)}
    assert found == {("SM", f"SM{n}") for n in range(3)} | {("ME", f"ME{n}") for n in range(3)}
    assert modem.stored() == {"SM": 0, "ME": 0, "waiting": 0}


def test_an_indication_for_one_memory_does_not_hide_the_other_for_long(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    radio.handset(LEADER).send("SM")
    modem.fill("ME", [_deliver("ME")])
    assert sorted(m.text or "" for m in take_in(transport, 2)) == ["ME", "SM"]


def test_a_full_sim_raises_the_alarm_and_is_drained(radio: VirtualRadio, new_transport: NewTransport) -> None:
    with VirtualModem(radio, capacity={"SM": 10, "ME": 100}) as modem:
        for number in range(15):
            radio.handset(LEADER).send(f"Y{number}")
        transport = new_transport(modem.port)
        transport.open()
        assert (transport.state.sim_used, transport.state.sim_total) == (10, 10)
        assert transport.state.sim_nearly_full
        assert len(take_in(transport, 15)) == 15
        assert not transport.check().sim_nearly_full


def test_a_bad_time_stamp_costs_the_time_and_no_message(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    radio.handset(LEADER).send("一")
    modem.faults.bad_time_stamps = 1
    radio.handset(LEADER).send("二")
    radio.handset(LEADER).send("三")
    assert modem.stored()["SM"] == 3
    batch = transport.fetch()
    assert [(m.text, m.smsc_time is None, m.index) for m in batch.inbound] == [
        ("一", False, 1),
        ("二", True, 2),
        ("三", False, 3),
    ]
    transport.delete(batch.inbound[1])
    assert [m.text for m in transport.fetch().inbound] == ["一", "三"]


def test_a_message_nobody_can_read_is_set_apart_and_the_others_go_on(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    whole = _deliver("同意")
    modem.fill("SM", [whole[:40], _deliver("Y"), "0003", whole.replace("0008", "0028", 1)])
    found = {m.index: m for m in take_in(transport, 4)}
    assert found[2].text == "Y"
    assert {index for index, m in found.items() if m.undecodable} == {1, 3, 4}
    assert found[1].pdu == whole[:40]
    assert modem.stored()["SM"] == 0


@pytest.mark.parametrize(("bits", "reference"), [(8, 200), (16, 40000)])
def test_parts_come_one_by_one_in_any_order_and_say_where_they_belong(
    transport: GsmTransport, radio: VirtualRadio, bits: int, reference: int
) -> None:
    text = "情况属实，" * 40
    radio.handset(LEADER).send(text, order=(3, 1, 1, 4, 2), bits=bits, reference=reference)
    parts = take_in(transport, 5)
    keys = [m.concat for m in parts if m.concat is not None]
    assert [k.number for k in keys] == [3, 1, 1, 4, 2]
    assert {(k.reference, k.total, k.bits) for k in keys} == {(reference, 4, bits)}
    in_order = {k.number: m.text or "" for k, m in zip(keys, parts, strict=True)}
    assert joined(in_order[n] for n in sorted(in_order)) == text


def test_a_message_delivered_past_the_memory_all_the_same_is_not_lost(
    transport: GsmTransport, modem: VirtualModem
) -> None:
    modem.engine.settings.arrivals = 2
    pdu = _deliver("同意")
    modem.arrive(pdu)
    (message,) = take_in(transport)
    assert (message.text, message.index, message.pdu) == ("同意", None, pdu)


def test_a_direct_report_comes_again_until_it_is_committed(
    transport: GsmTransport, modem: VirtualModem
) -> None:
    report = virtual_pdu.status_report(7, LEADER, _moment(), _moment(), 0)
    modem.arrive_report(report)
    while not (batch := transport.fetch()):
        transport.wait(1)
    assert not transport.fetch()
    transport.open()  # the store was away, and the owner started again
    assert transport.fetch() == batch
    transport.delete(batch.reports[0])
    transport.open()
    assert not transport.fetch()


def test_direct_delivery_past_the_memory_is_never_asked_for(
    transport: GsmTransport, modem: VirtualModem
) -> None:
    assert modem.engine.settings.arrivals == 1
    assert {variant.split(",")[1] for variant in INDICATIONS} == {"1"}


@pytest.mark.parametrize("text", ["👍", "同意👍🏻，请尽快", "好" * 66 + "👍" * 40, "a" * 65 + "👍" * 80])
def test_an_emoji_goes_out_and_comes_in(transport: GsmTransport, radio: VirtualRadio, text: str) -> None:
    assert isinstance(transport.send(Outgoing(1, LEADER, text)), Sent)
    assert radio.handset(LEADER).texts() == [text]
    assert all(not submit.units or not "\ud800" <= submit.units[-1] <= "\udbff" for submit in radio.on_air)
    radio.handset(LEADER).send(text)  # cut by code units, through an emoji if need be
    parts = take_in(transport, len(virtual_pdu.split(text)[1]))
    for part in parts:
        assert part.text is not None
        part.text.encode()  # can be stored
    assert joined(part.text or "" for part in parts) == text


def test_nothing_leaves_the_sim_before_it_is_told_to(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    radio.handset(LEADER).send("Y")
    assert modem.stored()["SM"] == 1
    first = transport.fetch().inbound
    assert transport.fetch().inbound == first
    assert modem.stored()["SM"] == 1
    transport.delete(first[0])
    assert modem.stored()["SM"] == 0
    radio.handset(LEADER).send("N")  # takes the same place
    assert modem.stored()["SM"] == 1
    assert transport.fetch().inbound[0].index == first[0].index
    transport.delete(first[0])  # a late second call must not take the new one
    assert modem.stored()["SM"] == 1


def test_a_modem_that_hangs_is_found_out_by_the_watchdog(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    modem.faults.hang = True
    with pytest.raises(TransportDown) as silence:
        transport.check()
    assert silence.value.code == "no_answer"
    assert transport.state.last_error is not None
    modem.faults.hang = False
    radio.handset(LEADER).send("Y")
    transport.open()
    assert [m.text for m in take_in(transport)] == ["Y"]


def _moment() -> datetime:
    return datetime.fromisoformat("2026-03-02T09:30:00+08:00")


def _deliver(text: str) -> str:
    gsm7, (units,) = virtual_pdu.split(text)
    return virtual_pdu.deliver(LEADER, units, _moment(), gsm7=gsm7)
