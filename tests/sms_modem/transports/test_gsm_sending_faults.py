"""The faults that meet a message on its way out, over a real pseudo-terminal."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable

import pytest

from sms_modem.transports.base import (
    Failed,
    Outgoing,
    PartSent,
    Sent,
    Unknown,
)
from sms_modem.transports.gsm import GsmTransport
from sms_modem.transports.virtual_modem import VirtualModem
from sms_modem.transports.virtual_radio import VirtualRadio
from tests.sms_modem.transports.conftest import reports

LEADER, OTHER = "+99912345678", "+99987654321"
NewTransport = Callable[..., GsmTransport]


def test_after_a_slow_prompt_each_leader_gets_only_his_own_text(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    modem.faults.slow_prompt, modem.faults.slow_prompts = 1.0, 1
    assert isinstance(transport.send(Outgoing(1, LEADER, "给一号")), Sent)
    assert isinstance(transport.send(Outgoing(2, OTHER, "给二号")), Sent)
    assert radio.handset(LEADER).texts() == ["给一号"]
    assert radio.handset(OTHER).texts() == ["给二号"]
    assert modem.engine.bad_bodies == []


def test_a_prompt_that_never_comes_is_a_message_not_sent(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    modem.faults.slow_prompt, modem.faults.slow_prompts = 0.9, 2
    assert transport.send(Outgoing(1, LEADER, "不急")) == Failed(False, "no_prompt")
    assert radio.on_air == []
    assert isinstance(transport.send(Outgoing(1, LEADER, "不急")), Sent)


def test_a_restart_while_a_message_is_handed_over_leaves_it_unknown(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    modem.faults.reset_during_send = True
    outcome = transport.send(Outgoing(1, LEADER, "断电"))
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "modem_reset"
    transport.open()
    assert radio.handset(LEADER).texts() == ["断电"]


def test_a_lost_acknowledgement_is_unknown_and_the_report_settles_it(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    transport.send(Outgoing(1, OTHER, "先发一条"))
    reports(transport, 1)
    modem.faults.lost_acknowledgements = 1
    outcome = transport.send(Outgoing(2, LEADER, "只发一次"))
    assert outcome == Unknown("no_acknowledgement", 1, (), expected_reference=2)
    assert radio.handset(LEADER).texts() == ["只发一次"]
    settled = reports(transport, 1)[0]
    assert (settled.reference, settled.recipient, settled.state) == (2, LEADER, "delivered")
    assert isinstance(transport.send(Outgoing(3, LEADER, "下一条")), Sent)


def test_of_a_message_half_sent_only_the_rest_is_sent_again(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    text = "关于购置办公设备的请示。" * 20
    modem.faults.refuse_sends = deque([None, 42])
    first = transport.send(Outgoing(9, LEADER, text))
    assert first == Failed(False, "congestion", (PartSent(1, 1),), 42)
    again = transport.send(Outgoing(9, LEADER, text, parts_done=first.parts))
    assert isinstance(again, Sent)
    assert again.references == (1, 2, 3, 4)
    assert radio.handset(LEADER).texts() == [text]


def test_messages_to_one_phone_never_share_a_concatenation_reference_with_their_neighbours(
    transport: GsmTransport, radio: VirtualRadio
) -> None:
    for number in range(1, 4):
        transport.send(Outgoing(number, LEADER, f"{number}" * 200))
    transport.send(Outgoing(1, OTHER, "1" * 200))
    pieces = [submit.piece for submit in radio.on_air]
    assert len({piece.reference for piece in pieces[:6] if piece}) == 3
    assert pieces[0] is not None
    assert pieces[6] is not None
    assert pieces[0].reference != pieces[6].reference


@pytest.mark.parametrize("modes", [(0, 1), (0, 2)], ids=["direct", "stored"])
def test_every_status_report_arrives_and_still_trying_is_no_failure(
    radio: VirtualRadio, new_transport: NewTransport, modes: tuple[int, ...]
) -> None:
    with VirtualModem(radio, report_modes=modes) as modem:
        radio.reports = "pending_first"
        transport = new_transport(modem.port)
        transport.open()
        sent = [transport.send(Outgoing(n, LEADER, f"第{n}件")) for n in range(10)]
        found = reports(transport, 20)
        references = [ref for outcome in sent if isinstance(outcome, Sent) for ref in outcome.references]
        for state in ("pending", "delivered"):
            assert sorted(r.reference for r in found if r.state == state) == references
        assert {r.recipient for r in found} == {LEADER}
        assert all((r.index is not None) == (2 in modes) for r in found)
        assert modem.stored()["SM"] == 0


def test_a_failed_delivery_is_told(transport: GsmTransport, radio: VirtualRadio) -> None:
    radio.reports = "failed"
    transport.send(Outgoing(1, LEADER, "关机"))
    assert [(r.reference, r.state) for r in reports(transport, 1)] == [(1, "failed")]


def test_a_busy_sim_is_asked_again_but_not_for_ever(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    modem.faults.refuse_prompts = deque([515, 314, None])
    assert isinstance(transport.send(Outgoing(1, LEADER, "等一等")), Sent)
    modem.faults.refuse_prompts = deque([515] * 50)
    outcome = transport.send(Outgoing(2, LEADER, "等不及"))
    assert outcome == Failed(False, "sim_busy", (), 515, line=True)
    assert len(modem.faults.refuse_prompts) == 45
    assert radio.handset(LEADER).texts() == ["等一等"]


def test_a_message_half_typed_by_a_killed_process_does_not_swallow_the_next(
    modem: VirtualModem, radio: VirtualRadio, new_transport: NewTransport
) -> None:
    modem.engine.settings.text_mode = False
    port = os.open(modem.port, os.O_RDWR | os.O_NOCTTY)
    os.write(port, b"AT+CMGS=30\r")
    while b">" not in os.read(port, 100):
        pass
    os.write(port, b"0011000B9199")
    os.close(port)
    transport = new_transport(modem.port)
    transport.open()
    assert isinstance(transport.send(Outgoing(1, LEADER, "完整")), Sent)
    assert radio.handset(LEADER).texts() == ["完整"]
    assert modem.engine.bad_bodies == []


def test_without_a_network_the_line_is_said_to_be_dead_and_not_the_message(
    transport: GsmTransport, modem: VirtualModem
) -> None:
    modem.faults.network_lost = True
    assert transport.send(Outgoing(1, LEADER, "无信号")) == Failed(False, "network_lost", (), 38, line=True)
    state = transport.check()
    assert (state.registered, state.signal) == (False, None)
    modem.faults.network_lost = False
    assert transport.check().registered is True
    assert isinstance(transport.send(Outgoing(1, LEADER, "无信号")), Sent)


@pytest.mark.parametrize("stored", [False, True])
def test_a_report_that_came_while_nobody_listened_is_there_after_a_restart(
    modem: VirtualModem, radio: VirtualRadio, new_transport: NewTransport, stored: bool
) -> None:
    radio.handset(LEADER).on = False
    radio.reports = "delivered"
    before = new_transport(modem.port, stored_reports=stored)
    before.open()
    outcome = before.send(Outgoing(1, LEADER, "重启"))
    assert isinstance(outcome, Sent)
    reports(before, 1)  # still trying
    before.close()
    radio.handset(LEADER).switch_on()
    assert modem.stored()["SM"] == int(stored)
    after = new_transport(modem.port, stored_reports=stored)
    after.open()
    assert [(r.reference, r.state) for r in reports(after, 1)] == [(outcome.references[0], "delivered")]


def test_an_unsolicited_line_right_behind_the_prompt_costs_no_time(
    transport: GsmTransport, modem: VirtualModem, radio: VirtualRadio
) -> None:
    modem.faults.behind_prompt = '\r\n+CMTI: "SM",1\r\n'
    modem.faults.slow_prompts = 0
    assert isinstance(transport.send(Outgoing(1, LEADER, "同时")), Sent)
    assert modem.faults.prompts == 1
    assert radio.handset(LEADER).texts() == ["同时"]
