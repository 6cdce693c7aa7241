"""The owner of a modem over the real serial line: in, decided, out, through unplugging, killing and restarting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from approval_core.approvals import service as approvals
from approval_core.approvals.models import Decision
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.store import Store
from sms_modem import handover
from sms_modem.models import inbound_outcomes, inbound_sms, outbound_sms, prompts
from sms_modem.supervisor import Supervisor
from sms_modem.transports.gsm import GsmTransport, Patience
from sms_modem.transports.virtual_modem import VirtualModem
from sms_modem.transports.virtual_radio import VirtualRadio
from tests.sms_modem.office import Office

decisions = table_of(Decision)
HURRIED = Patience(prompt=0.5, acknowledgement=0.8, listing=5.0)


def until(condition: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited in vain: {what}")


class Site(Office):
    """The office with a modem: time is the clock's, SMS go over the line."""

    radio: VirtualRadio
    modem: VirtualModem
    supervisor: Supervisor

    def begin(self, *modems: VirtualModem) -> None:
        transports = [
            GsmTransport(
                one.port,
                name=f"modem {one.number}",
                patience=HURRIED,
                own_number=one.number,
                allows_demo_numbers=True,
            )
            for one in modems or (self.modem,)
        ]
        self.supervisor = Supervisor(self.store, transports, settings=self.settings)
        self.supervisor.start()

    def ask(self, *accounts: str, mode: str = "any", title: str = "申请年休假3天", **facts: Any) -> int:
        self.now = utc_now()
        request = self.submit(*accounts, mode=mode, title=title, **facts)
        self.react()
        return request

    def asked(self, request: int) -> list[str]:
        """The numbers to which the question has been handed over."""
        found = select(prompts.c.phone).where(
            prompts.c.request_id == request, prompts.c.sent_at.is_not(None), prompts.c.state == "live"
        )
        return [row.phone for row in self.all(found)]

    def inbox(self, number: str) -> list[str]:
        return [one.text for one in self.radio.handset(number).inbox]


@pytest.fixture
def site(store: Store) -> Iterator[Site]:
    made = Site(store)
    made.settings.quiet_from = made.settings.quiet_to = 0
    made.radio = VirtualRadio()
    with VirtualModem(made.radio, "+8613900000000") as modem:
        made.modem = modem
        yield made
        if hasattr(made, "supervisor"):
            made.supervisor.stop()
    made.radio.close()


def test_a_leader_answers_y_and_reads_his_receipt(site: Site) -> None:
    phone = site.leader("hy00001")
    site.begin()
    request = site.ask("hy00001")
    (question,) = until(lambda: site.inbox(phone), "the question")
    assert question.endswith(f"同意回Y,不同意回N,编号{site.code(phone)}")
    until(lambda: site.asked(request), "the hand-over")
    site.radio.handset(phone).send("ｙ")
    (decision,) = until(lambda: site.decisions(request), "the decision")
    assert decision.verdict == "approve"
    until(lambda: any("已记录:同意" in text for text in site.inbox(phone)), "the receipt")
    until(lambda: site.modem.stored()["SM"] + site.modem.stored()["ME"] == 0, "an empty SIM")


def test_the_hold_counts_from_the_hand_over_of_the_receipt(site: Site) -> None:
    phone = site.leader("hy00001")
    site.begin()
    request = site.ask("hy00001")
    until(lambda: site.asked(request), "the question")
    site.radio.handset(phone).send("Y")

    def shortened() -> Any:
        return [one for one in site.decisions(request) if one.held_until < utc_now() + timedelta(minutes=4)]

    assert until(shortened, "the shorter hold")


def test_what_came_while_nobody_was_there_is_taken_in_at_the_start(site: Site) -> None:
    phone = site.leader("hy00001")
    site.now = utc_now()
    request = site.submit("hy00001")
    site.deliver()
    code = site.code(phone)
    site.radio.handset(phone).send(f"Y{code}")
    until(lambda: sum(site.modem.stored().values()), "the SMS on the SIM")
    site.begin()
    assert until(lambda: site.decisions(request), "the decision")


def test_a_long_reply_counts_only_whole_and_in_its_order(site: Site) -> None:
    phone = site.leader("hy00001")
    site.begin()
    request = site.ask("hy00001")
    until(lambda: site.asked(request), "the question")
    comment = "请按有关规定抓紧办理并将结果报我," * 6
    site.radio.handset(phone).send("同意," + comment, order=(2, 1))
    (decision,) = until(lambda: site.decisions(request), "the decision")
    assert decision.comment == comment.strip(",")


def test_a_burst_of_replies_loses_none(site: Site) -> None:
    many = 40
    phones = {f"hy{number:05d}": site.leader(f"hy{number:05d}") for number in range(many)}
    site.begin()
    wanted = [site.ask(account) for account in phones]
    until(lambda: sum(len(site.asked(request)) for request in wanted) == many, "all questions", 60)
    for phone in phones.values():
        site.radio.handset(phone).send("Y")
    until(lambda: len(site.all(select(decisions))) == many, "all decisions", 60)
    outcomes = [row.outcome for row in site.all(select(inbound_outcomes))]
    assert outcomes == ["DECIDED"] * many


def test_after_the_port_vanished_everything_goes_on(site: Site) -> None:
    phone = site.leader("hy00001")
    site.begin()
    until(lambda: site.supervisor.status()[0].connected, "the modem")
    site.modem.unplug()
    request = site.ask("hy00001")
    until(lambda: not site.supervisor.status()[0].connected, "the loss")
    site.modem.plug()
    until(lambda: site.inbox(phone), "the question")
    until(lambda: site.asked(request), "the hand-over")
    site.radio.handset(phone).send("Y")
    assert until(lambda: site.decisions(request), "the decision")


def test_a_delivery_report_after_a_restart_finds_its_sms(site: Site) -> None:
    phone = site.leader("hy00001")
    site.radio.handset(phone).on = False
    site.begin()
    request = site.ask("hy00001")
    until(lambda: site.asked(request), "the hand-over")
    site.supervisor.stop()
    site.radio.handset(phone).switch_on()
    site.begin()
    delivered = select(outbound_sms).where(outbound_sms.c.state == "delivered")
    assert until(lambda: site.all(delivered), "the report")
    assert site.prompt(phone).delivered_at is not None


def test_what_was_in_flight_at_a_kill_is_sent_again_and_says_so(site: Site) -> None:
    phone = site.leader("hy00001")
    site.settings.stopped_pause = 1
    site.ask("hy00001")
    dead = handover.Line(f"modem {site.modem.number}", f"modem {site.modem.number}#killed", site.modem.number)
    assert site.store.write(handover.claim, dead, seconds=600, pause=1, now=utc_now())
    site.begin()
    until(lambda: site.all(select(outbound_sms).where(outbound_sms.c.state == "unknown")), "the doubt")
    site.supervisor.stop()
    site.store.write(handover.send_again, now=utc_now() + timedelta(seconds=2))
    site.begin()
    until(lambda: len(site.inbox(phone)) == 1, "the question")
    row = site.one(select(outbound_sms))
    assert row.attempts == 2


def test_an_sms_read_twice_is_one_row(site: Site) -> None:
    phone = site.leader("hy00001")
    site.now = utc_now()
    request = site.submit("hy00001")
    site.deliver()
    (pdu,) = site.radio.handset(phone).send(f"Y{site.code(phone)}")
    site.modem.fill("ME", [pdu])
    site.begin()
    until(lambda: site.decisions(request), "the decision")
    until(lambda: sum(site.modem.stored().values()) == 0, "an empty SIM")
    assert site.one(select(inbound_sms)).copies == 2


def test_of_two_modems_one_dies_and_its_queue_moves(site: Site) -> None:
    phone = site.leader("hy00001")
    with VirtualModem(site.radio, "+8613900000009") as second:
        site.begin(site.modem, second)
        until(lambda: all(one.connected for one in site.supervisor.status()), "both modems")
        site.modem.unplug()
        until(lambda: not site.supervisor.status()[0].connected, "the loss")
        request = site.ask("hy00001")
        until(lambda: site.asked(request), "the question")
        assert site.prompt(phone).sent_by == "modem +8613900000009"
        assert len(site.inbox(phone)) == 1
        site.supervisor.stop()


def test_a_withdrawn_question_still_in_the_queue_never_leaves(site: Site) -> None:
    phone = site.leader("hy00001")
    request = site.ask("hy00001")
    site.store.write(
        approvals.withdraw, request, actor=site.leaders["hy00001"][0], reason="改期", now=utc_now()
    )
    site.begin()
    until(lambda: site.supervisor.status()[0].connected, "the modem")
    site.leader("hy00002")
    other = site.ask("hy00002")
    until(lambda: site.asked(other), "the other question")
    assert site.inbox(phone) == []


def test_after_a_lost_acknowledgement_the_report_settles_it_and_nothing_is_sent_twice(site: Site) -> None:
    phone = site.leader("hy00001")
    site.modem.faults.lost_acknowledgements = 1
    site.radio.handset(phone).on = False
    site.begin()
    site.ask("hy00001")
    until(lambda: site.all(select(outbound_sms).where(outbound_sms.c.state == "unknown")), "the doubt")
    assert not site.prompt(phone).bare
    site.radio.handset(phone).switch_on()
    until(lambda: site.all(select(outbound_sms).where(outbound_sms.c.state == "delivered")), "the report")
    assert len(site.inbox(phone)) == 1


def test_while_the_network_is_lost_the_queue_holds_without_using_up_attempts(site: Site) -> None:
    phone = site.leader("hy00001")
    site.modem.faults.network_lost = True
    site.begin()
    site.ask("hy00001")
    until(lambda: site.one(select(outbound_sms)).error, "the first refusal")
    site.modem.faults.network_lost = False
    until(lambda: site.inbox(phone), "the question")
    until(lambda: site.one(select(outbound_sms)).state in ("sent", "delivered"), "the hand-over")
    assert site.one(select(outbound_sms)).attempts == 1
