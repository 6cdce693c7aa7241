"""The transport on modems that are not ours and share none of its code."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sms_modem.transports.base import Outgoing, Sent, StatusReport
from sms_modem.transports.gsm import GsmTransport
from tests.sms_modem.transports.conftest import reports, take_in
from tests.sms_modem.transports.foreign_modem import ForeignModem, Manners

# From the literature, not from our encoder: "How are you?" from +31641600986, 26 February 2002.
HOW_ARE_YOU = "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07"
# A report on message 1 to +8613912345678, delivered.
REPORT = "0006010D91683119325476F8628021105000236280211050302300"

HABITS = {
    "only_sm_no_echo_refuses_much": Manners(),
    "echoes_for_ever": Manners(echo_for_ever=True, newline="\r\n", prompt=b"> ", alpha=False),
    "bare_newlines_and_no_quotes": Manners(newline="\n", quotes=False, chatter="^BOOT:40563864,0,0,0,6"),
    "single_memory_mt": Manners(memories=("MT",), chatter="RING", refusal="+CME ERROR: 100"),
    "just_awake_and_slow": Manners(silent_first=1, delay=0.05, refusal="COMMAND NOT SUPPORT"),
    "cannot_choose_a_memory": Manners(refused=("AT+CPMS", "AT+CPIN?", "AT+CREG", "AT+CNMI?", "AT+CMGF?")),
    "tells_nothing_by_itself": Manners(refused=("AT+CNMI", "AT+CREG", "AT+CSQ", "AT+CMEE")),
}


@pytest.mark.parametrize("habit", HABITS)
def test_a_modem_of_another_make_serves(habit: str, new_transport: Callable[..., GsmTransport]) -> None:
    with ForeignModem(HABITS[habit]) as modem:
        modem.store[7] = (1, HOW_ARE_YOU)  # read by somebody before us, and still to be taken in
        modem.store[9] = (
            3,
            "0011000B916407281553F80000AA0AE8329BFD4697D9EC37",
        )  # a sent one: none of our business
        transport = new_transport(modem.port)
        transport.open()
        assert [(m.sender, m.text, m.index) for m in take_in(transport)] == [
            ("+31641600986", "How are you?", 7)
        ]
        outcome = transport.send(Outgoing(1, "+8613912345678", "请示：购置电脑。同意回Y"))
        assert outcome == Sent(outcome.parts)
        assert isinstance(outcome, Sent)
        assert outcome.references == (1,)
        assert len(modem.bodies) == 1
        transport.fetch()
        transport.wait(0)
        modem.deliver(3, HOW_ARE_YOU)
        assert transport.wait(5)
        assert [m.index for m in take_in(transport)] == [3]
        modem.deliver(4, REPORT, indication="+CDSI")
        found = reports(transport, 1)
        assert [(r.reference, r.recipient, r.state) for r in found] == [(1, "+8613912345678", "delivered")]
        assert isinstance(found[0], StatusReport)
        assert list(modem.store) == [9]
        assert transport.check().connected
        assert not any(command.startswith(("AT+CLAC", "AT+WIND", "AT+CSCS")) for command in modem.commands)
        transport.close()


def test_the_best_indication_a_modem_accepts_is_kept(new_transport: Callable[..., GsmTransport]) -> None:
    with ForeignModem() as modem:
        transport = new_transport(modem.port)
        transport.open()
        assert modem.indication == "1,1,0,2,0"
        transport.close()


def test_watching_a_modem_in_order_changes_none_of_its_settings(
    new_transport: Callable[..., GsmTransport],
) -> None:
    with ForeignModem(HABITS["echoes_for_ever"]) as modem:
        transport = new_transport(modem.port)
        transport.open()
        transport.check()
        modem.commands.clear()
        transport.check()
        assert not any(command.startswith(("AT+CNMI=", "AT+CMGF=", "ATE")) for command in modem.commands)
        transport.close()
