"""What was in flight at a kill: a reply to it counts however long we were down, and a second copy is admitted."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from sms_modem import handover, reports
from sms_modem.handover import SENT_AGAIN, Line
from sms_modem.models import outbound_sms
from sms_modem.transports.base import PartSent, Sent, StatusReport
from tests.sms_modem.office import Office

DEAD = Line("sim-1", "sim-1#dead", "+8613900000000")
NEXT = Line("sim-1", "sim-1#next", "+8613900000000")


def killed_while_asking(office: Office) -> str:
    """The question may be on the air; nobody has written down that it is. Returns the phone."""
    phone = office.leader("hy00001")
    office.submit("hy00001")
    office.react()
    assert office.store.write(handover.claim, DEAD, seconds=180, pause=20, now=office.now)
    return phone


def test_a_reply_typed_while_we_were_down_for_long_decides(office: Office) -> None:
    phone = killed_while_asking(office)
    typed = office.now + timedelta(minutes=1)
    office.later(minutes=30)
    assert office.store.write(handover.take_over, NEXT, pause=20, now=office.now)
    assert office.outcomes(office.reply(phone, f"Y{office.code(phone)}", at=typed)) == ["DECIDED"]


def test_what_went_out_again_says_for_ever_that_it_may_have_arrived_twice(office: Office) -> None:
    phone = killed_while_asking(office)
    office.store.write(handover.take_over, NEXT, pause=20, now=office.now)
    office.later(minutes=1)
    assert office.store.write(handover.send_again, now=office.now) == 1
    claimed = office.store.write(handover.claim, NEXT, seconds=180, pause=20, now=office.now)
    assert claimed is not None
    office.store.write(
        handover.handed_over, claimed.outgoing.id, Sent((PartSent(1, 9),)), NEXT, now=office.now
    )
    sent = office.one(select(outbound_sms))
    arrived = StatusReport(reference=9, recipient=phone, state="delivered", at=office.now, pdu="")
    assert office.store.write(reports.report, arrived, modem="sim-1", now=office.now) == sent.id
    delivered = office.one(select(outbound_sms))
    assert [(row.state, row.error) for row in (sent, delivered)] == [
        ("sent", SENT_AGAIN),
        ("delivered", SENT_AGAIN),
    ]
