"""Between queue and network: claims, marks, and what status reports settle."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from approval_core.columns import table_of
from approval_core.notices.models import Notice
from approval_core.store import Tx
from sms_modem import daemon, handover, reports, service
from sms_modem.handover import Claimed, Line
from sms_modem.models import inbound_sms, outbound_parts, outbound_sms, prompts
from sms_modem.transports.base import Failed, Outcome, PartSent, Sent, StatusReport, Unknown
from tests.sms_modem.office import SIM, Office

LINE = Line("sim-1", "sim-1#one", "+8613900000000")
notices = table_of(Notice)


def claim(office: Office, line: Line = LINE) -> Claimed:
    found = office.store.write(handover.claim, line, seconds=60, pause=20, now=office.now)
    assert found is not None
    return found


def hand_over(office: Office, outcome: Outcome, line: Line = LINE) -> str:
    claimed = claim(office, line)
    return office.store.write(handover.handed_over, claimed.outgoing.id, outcome, line, now=office.now)


def reported(office: Office, reference: int, number: str, state: Any, *, late: float = 0) -> int | None:
    at = office.now + timedelta(seconds=late)
    status = StatusReport(reference=reference, recipient=number, state=state, at=at, pdu="")
    return office.store.write(reports.report, status, modem="sim-1", now=office.now)


def state(office: Office) -> str:
    return str(office.one(select(outbound_sms)).state)


def test_a_report_needs_the_right_number_and_the_right_reference(office: Office) -> None:
    phone, other = office.leader("hy00001"), office.leader("hy00002")
    office.submit("hy00001")
    office.react()
    assert hand_over(office, Sent((PartSent(1, 17),))) == "sent"
    assert reported(office, 17, other, "delivered") is None
    assert reported(office, 18, phone, "delivered") is None
    assert reported(office, 17, phone, "pending") is None
    assert state(office) == "sent"
    assert reported(office, 17, phone, "delivered") is not None
    assert state(office) == "delivered"
    assert office.prompt(phone).delivered_at is not None
    assert reported(office, 17, phone, "delivered") is None


def test_what_the_network_could_not_deliver_is_a_failed_notice_and_never_sent_again(office: Office) -> None:
    phone = office.leader("hy00001")
    office.submit("hy00001")
    office.react()
    hand_over(office, Sent((PartSent(1, 17),)))
    reported(office, 17, phone, "failed")
    assert state(office) == "failed"
    assert office.one(select(notices)).reason == "not_delivered"
    assert office.deliver() == []


def test_an_sms_in_two_parts_is_delivered_when_both_are(office: Office) -> None:
    phone = office.leader("hy00001")
    office.submit("hy00001")
    office.react()
    hand_over(office, Sent((PartSent(1, 255), PartSent(2, 0))))
    reported(office, 0, phone, "delivered")
    assert state(office) == "sent"
    reported(office, 255, phone, "delivered")
    assert state(office) == "delivered"


def test_parts_already_with_the_network_are_not_sent_again(office: Office) -> None:
    office.leader("hy00001")
    office.submit("hy00001")
    office.react()
    assert hand_over(office, Failed(False, "network_lost", (PartSent(1, 9),), line=True)) == "queued"
    assert claim(office).outgoing.parts_done == (PartSent(1, 9),)


def test_a_doubtful_receipt_starts_the_hold_when_its_report_comes(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    office.reply(phone, "Y")
    assert hand_over(office, Unknown("no_answer", 1, (), 41)) == "unknown"
    assert office.decisions(request)[0].held_until == office.now + timedelta(minutes=12)
    office.later(seconds=30)
    reported(office, 99, phone, "delivered")  # the modem counted otherwise than expected
    assert office.decisions(request)[0].held_until == office.now + timedelta(minutes=2)
    assert [row.state for row in office.all(select(outbound_sms).order_by(outbound_sms.c.id))] == [
        "sent",
        "delivered",
    ]


def test_after_a_doubtful_question_a_bare_yes_is_asked_and_its_code_counts(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.submit("hy00001")
    office.react()
    hand_over(office, Unknown("no_answer", 1))
    assert office.outcomes(office.reply(phone, "Y")) == ["ASKED"]
    assert office.outcomes(office.reply(phone, f"Y{office.code(phone)}")) == ["DECIDED"]
    assert len(office.decisions(request)) == 1


def test_what_is_refused_for_good_is_told_to_whoever_wanted_it_said(office: Office) -> None:
    office.leader("hy00001")
    office.submit("hy00001")
    office.react()
    assert hand_over(office, Failed(True, "demo_number")) == "failed"
    row = office.one(select(notices))
    assert (row.state, row.reason) == ("failed", "demo_number")


def test_a_late_word_of_a_sender_whose_lease_ended_is_believed(office: Office) -> None:
    office.leader("hy00001")
    office.submit("hy00001")
    office.react()
    claimed = claim(office)
    office.later(seconds=61)
    assert office.store.write(handover.claim, LINE, seconds=60, pause=20, now=office.now) is None
    assert state(office) == "unknown"
    sent = Sent((PartSent(1, 3),))
    office.store.write(handover.handed_over, claimed.outgoing.id, sent, LINE, now=office.now)
    office.later(minutes=5)
    assert office.store.write(handover.send_again, now=office.now) == 0
    assert state(office) == "sent"


def test_the_service_centre_s_clock_is_learnt_from_its_reports(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.submit("hy00001")
    office.react()
    hand_over(office, Sent((PartSent(1, 17),)))
    slow = timedelta(minutes=10)  # the service centre is ten minutes behind
    early = office.reply(phone, "Y", at=office.now - slow)
    assert office.outcomes(early) == ["STALE"]
    reported(office, 17, phone, "delivered", late=-slow.total_seconds())
    office.later(minutes=2)
    sms = office.reply(phone, "Y", at=office.now - slow)
    assert office.outcomes(sms) == ["DECIDED"]
    assert len(office.decisions(request)) == 1


def test_the_validity_of_a_question_is_its_reply_window(office: Office) -> None:
    office.leader("hy00001")
    office.submit("hy00001", expires_at=office.now + timedelta(hours=2))
    office.react()
    assert claim(office).outgoing.valid_minutes == 120


def test_a_fault_of_ours_is_told_once_tried_again_and_heals(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    office.reply(phone, f"Y{office.code(phone)}")
    office.deliver()
    office.store.write(_closed_reason, "spoilt")
    sms = office.reply(phone, "待办")
    row = office.one(select(inbound_sms).where(inbound_sms.c.id == sms))
    assert (row.state, row.faults, row.fault) == ("received", 1, "ValueError")
    office.store.write(service.answer_all, [sms], settings=office.settings, now=office.now)
    assert [one.template for one in office.texts_to(phone)].count("T20") == 1
    office.store.write(_closed_reason, "decided")
    waiting = office.store.write(daemon.tidy, settings=office.settings, age=0, now=office.now)
    office.store.write(service.answer_all, waiting, settings=office.settings, now=office.now)
    assert office.outcomes(sms) == ["LIST"]
    assert office.template(sms) == "T17"


def test_a_reply_that_never_works_ends_with_an_outcome_and_without_a_decision(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    office.reply(phone, f"Y{office.code(phone)}")
    office.store.write(_closed_reason, "spoilt")
    sms = office.reply(phone, "待办")
    for _ in range(service.MOST_FAULTS):
        office.store.write(service.answer_all, [sms], settings=office.settings, now=office.now)
    assert office.outcomes(sms) == ["UNCLEAR"]


def test_one_spoilt_reply_never_holds_up_its_neighbours(office: Office) -> None:
    first, second = office.leader("hy00001"), office.leader("hy00002")
    office.ask("hy00001")
    office.reply(first, f"Y{office.code(first)}")
    request = office.ask("hy00002")
    office.store.write(_closed_reason, "spoilt", phone=first)
    ids = [office.receive(first, "待办"), office.receive(second, "Y")]
    office.store.write(
        service.answer_all, [one for one in ids if one], settings=office.settings, now=office.now
    )
    assert len(office.decisions(request)) == 1


def _closed_reason(tx: Tx, reason: str, phone: str | None = None) -> None:
    """A row as a fault might leave it."""
    statement = update(prompts).where(prompts.c.state == "answered").values(closed_reason=reason)
    tx.execute(statement if phone is None else statement.where(prompts.c.phone == phone))


def test_each_part_keeps_its_reference(office: Office) -> None:
    office.leader("hy00001")
    office.ask("hy00001")
    row = office.one(select(outbound_parts))
    assert (row.modem, row.number, row.state) == (SIM.name, 1, "sent")
