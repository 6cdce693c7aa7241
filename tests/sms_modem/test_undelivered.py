"""The secretary's view: sent, delivered, answered; an alarm when a question did not arrive; a limited second sending."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from approval_core.errors import Conflict, Forbidden, NotFound
from approval_core.notices import alarms
from approval_core.people.actor import SYSTEM, Actor
from approval_core.people.models import RoleGrant, Secretary
from approval_core.timers import fire_one
from sms_modem import handover, queries, reports, undelivered
from sms_modem.models import outbound_parts
from sms_modem.resending import resend_prompt
from sms_modem.settings import SmsSettings
from sms_modem.transports.base import Failed, StatusReport
from tests.sms_modem.office import SIM, Office, write

HANDLERS = {undelivered.HANDLER: undelivered.on_time}


def secretary_of(office: Office, leader: str, account: str = "hy00009") -> Actor:
    office.leader(account)
    who, whose = office.leaders[account][0], office.leaders[leader][0]
    assert who.person_id is not None
    assert whose.person_id is not None
    row = Secretary(leader_id=whose.person_id, person_id=who.person_id, valid_from=office.now)
    office.store.write(lambda tx: tx.session.add(row))
    return who


def fire(office: Office) -> None:
    while office.store.write(fire_one, HANDLERS, now=office.now):
        pass


def report(office: Office, phone: str, state: str = "delivered") -> None:
    """The status report of the newest SMS to this phone."""
    parts = office.all(
        select(outbound_parts).where(outbound_parts.c.recipient == phone).order_by(outbound_parts.c.id.desc())
    )
    status = StatusReport(
        reference=parts[0].reference, recipient=phone, state=state, status=0, at=office.now, pdu=""  # type: ignore[arg-type]  # one of its words
    )  # fmt: skip
    assert office.store.write(reports.report, status, modem=SIM.name, now=office.now) is not None


def open_alarms(office: Office) -> list[alarms.AlarmCard]:
    return office.store.read(alarms.open_alarms).items


def test_each_question_shows_when_it_was_sent_delivered_and_answered(office: Office) -> None:
    first, second = office.leader("hy00001", "李局长"), office.leader("hy00002")
    request = office.ask("hy00001", "hy00002", mode="all")
    asked = office.now
    office.later(seconds=20)
    report(office, first)
    office.later(minutes=2)
    office.reply(first, f"Y{office.code(first)}")
    one, other = office.store.read(queries.sms_standing, request)
    assert (one.name, one.phone, one.state) == ("李局长", queries.masked(first), "answered")
    assert (one.asked_at, one.sent_at) == (asked, asked)
    assert (one.delivered_at, one.answered_at) == (asked + timedelta(seconds=20), office.now)
    assert (other.phone, other.state, other.sms_state) == (queries.masked(second), "live", "sent")
    assert (other.delivered_at, other.answered_at) == (None, None)
    assert office.code(second) not in str(other)


def test_no_report_in_time_is_an_alarm_and_the_secretary_is_told(office: Office) -> None:
    phone = office.leader("hy00001", "李局长")
    secretary_of(office, "hy00001")
    request = office.ask("hy00001")
    office.later(minutes=29)
    fire(office)
    assert open_alarms(office) == []
    office.later(minutes=1)
    fire(office)
    [alarm] = office.store.read(alarms.alarms_of_request, request)
    assert (alarm.kind, alarm.thing) == ("prompt_not_delivered", f"prompt:{office.prompt(phone).id}")
    assert (alarm.facts["account"], alarm.facts["reason"]) == ("hy00001", "no_report")
    [told] = office.deliver()
    assert (told.recipient, told.template) == (office.leaders["hy00009"][1], "T32")
    assert "发给李局长的审批短信未送达" in told.text


def test_a_report_in_time_leaves_no_alarm_and_a_late_one_settles_it(office: Office) -> None:
    first, second = office.leader("hy00001"), office.leader("hy00002")
    office.ask("hy00001", "hy00002")
    report(office, first)
    office.later(minutes=31)
    fire(office)
    [alarm] = open_alarms(office)
    assert alarm.facts["account"] == "hy00002"
    report(office, second)
    assert open_alarms(office) == []


@pytest.mark.parametrize("end", ["answered", "decided elsewhere"])
def test_an_answer_settles_the_alarm_and_so_does_the_end(office: Office, end: str) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    office.later(minutes=31)
    fire(office)
    assert len(open_alarms(office)) == 1
    if end == "answered":
        office.reply(phone, "Y")
    else:
        office.decide_elsewhere("hy00001", request)
        office.react()
    assert open_alarms(office) == []


def test_what_was_decided_before_the_time_raises_nothing(office: Office) -> None:
    office.leader("hy00001")
    request = office.ask("hy00001")
    office.decide_elsewhere("hy00001", request)  # and no reaction has closed the question yet
    office.later(minutes=31)
    fire(office)
    assert open_alarms(office) == []


def test_a_report_of_failure_is_an_alarm_at_once(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    report(office, phone, "failed")
    [alarm] = open_alarms(office)
    assert alarm.facts["reason"] == "not_delivered"
    office.later(minutes=31)
    fire(office)
    [alarm] = open_alarms(office)
    assert alarm.times == 2


def test_what_the_modem_refused_for_good_is_an_alarm_at_once(office: Office) -> None:
    office.leader("hy00001")
    office.submit("hy00001")
    office.react()
    line = handover.Line(SIM.name, f"{SIM.name}#test", SIM.number)
    claimed = office.store.write(handover.claim, line, seconds=60, pause=20, now=office.now)
    assert claimed is not None
    refused = Failed(reason="unassigned number", permanent=True)
    office.store.write(handover.handed_over, claimed.outgoing.id, refused, line, now=office.now)
    [alarm] = open_alarms(office)
    assert alarm.facts["reason"] == "not_sent"


def test_what_still_waits_in_the_queue_is_looked_at_later(office: Office) -> None:
    phone = office.leader("hy00001")
    office.submit("hy00001")
    office.react()
    office.later(minutes=31)
    fire(office)
    assert open_alarms(office) == []
    office.deliver()
    office.later(minutes=29, seconds=59)
    fire(office)
    assert open_alarms(office) == []
    office.later(minutes=2)
    fire(office)
    assert [one.thing for one in open_alarms(office)] == [f"prompt:{office.prompt(phone).id}"]


def test_an_office_without_reports_is_not_alarmed(office: Office) -> None:
    office.settings = SmsSettings(undelivered_after=0)
    office.leader("hy00001")
    office.ask("hy00001")
    office.later(days=2)
    fire(office)
    assert open_alarms(office) == []


def test_the_secretary_sends_it_again_under_the_same_code_twice_a_day(office: Office) -> None:
    phone = office.leader("hy00001")
    secretary = secretary_of(office, "hy00001")
    request = office.ask("hy00001")
    prompt, code = office.prompt(phone).id, office.code(phone)
    for _ in range(2):
        office.later(minutes=10)
        write(office, resend_prompt, prompt, actor=secretary, settings=office.settings)
        [again] = office.deliver()
        assert (again.recipient, again.template) == (phone, "T02")
        assert f"同意回Y{code},不同意回N{code}" in again.text
    with pytest.raises(Conflict) as refusal:
        write(office, resend_prompt, prompt, actor=secretary, settings=office.settings)
    assert refusal.value.code == "resend_limit"
    assert refusal.value.data["next_at"] > office.now
    [shown] = office.store.read(queries.sms_standing, request)
    assert (shown.resent, shown.prompt_id) == (2, prompt)
    office.later(hours=24)
    write(office, resend_prompt, prompt, actor=secretary, settings=office.settings)
    office.deliver()
    assert office.outcomes(office.reply(phone, f"Y{code}")) == ["DECIDED"]


def test_a_second_sending_may_arrive_and_settles_the_alarm(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    report(office, phone, "failed")
    write(office, resend_prompt, office.prompt(phone).id, actor=SYSTEM, settings=office.settings)
    office.deliver()
    report(office, phone)
    assert open_alarms(office) == []


def test_only_the_leaders_secretary_or_the_operator_may(office: Office) -> None:
    phone = office.leader("hy00001")
    office.leader("hy00002")
    other = secretary_of(office, "hy00002")
    office.ask("hy00001")
    prompt = office.prompt(phone).id
    client = Actor(kind="client", name="erp")
    for actor in (other, office.leaders["hy00001"][0], client):
        with pytest.raises(Forbidden):
            write(office, resend_prompt, prompt, actor=actor, settings=office.settings)
    assert other.person_id is not None
    grant = RoleGrant(person_id=other.person_id, role="operator", valid_from=office.now)
    office.store.write(lambda tx: tx.session.add(grant))
    assert write(office, resend_prompt, prompt, actor=other, settings=office.settings)
    with pytest.raises(NotFound):
        write(office, resend_prompt, prompt + 1, actor=other, settings=office.settings)


def test_what_is_over_or_has_not_left_is_not_sent_again(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.submit("hy00001")
    office.react()
    prompt = office.prompt(phone).id

    def refused() -> str:
        with pytest.raises(Conflict) as refusal:
            write(office, resend_prompt, prompt, actor=SYSTEM, settings=office.settings)
        return refusal.value.code

    assert refused() == "still_queued"
    office.deliver()
    office.decide_elsewhere("hy00001", request)
    assert refused() == "closed"


def test_who_wants_to_be_left_alone_is_not_asked_by_the_back_door(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    prompt = office.prompt(phone).id
    office.reply(phone, "TD")
    with pytest.raises(Conflict) as refusal:
        write(office, resend_prompt, prompt, actor=SYSTEM, settings=office.settings)
    assert refusal.value.code == "stopped"
