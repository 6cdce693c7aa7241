"""The texts that are about no request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from approval_core import outbox
from approval_core.people.actor import SYSTEM
from approval_core.people.service import delegate
from sms_modem.announcing import delegation_begins, number_check, phone_bound
from tests.factories import insert_person
from tests.sms_modem.office import Office, write

STRANGER = "+8613999999999"


def test_a_number_is_checked_before_anything_else_and_not_late(office: Office) -> None:
    office.leader("hy00001")
    office.submit("hy00001")
    office.react()
    write(office, number_check, STRANGER, otp="120045", settings=office.settings)
    sent = office.deliver()
    assert [row.template for row in sent] == ["T26", "T01"]
    assert "120045" in sent[0].text
    write(office, number_check, STRANGER, otp="120046", settings=office.settings)
    office.later(minutes=11)
    assert office.deliver() == []


def test_a_new_phone_is_told_at_any_hour_to_the_bound_number(office: Office) -> None:
    office.now = office.now.replace(hour=17)
    phone = office.leader("hy00001")
    person = office.leaders["hy00001"][0].person_id
    write(office, phone_bound, person, model="Mate 60", settings=office.settings)
    [told] = office.deliver()
    assert (told.recipient, told.template) == (phone, "T29")
    silent = office.store.write(insert_person, "hy00900")
    assert write(office, phone_bound, silent, model="Mate 60", settings=office.settings) is None


def test_who_decides_for_another_is_told_from_when_to_when(office: Office) -> None:
    office.leader("hy00001", "李局长")
    phone = office.leader("hy00002")
    giver, taker = office.leaders["hy00001"][0].person_id, office.leaders["hy00002"][0].person_id
    until = datetime(2026, 5, 9, 16, tzinfo=UTC)  # midnight after 9 May
    delegation = write(office, delegate, giver, taker, valid_from=office.now, valid_to=until, actor=SYSTEM)
    payload = {"delegation_id": delegation}
    write(office, outbox.emit, "delegation.given", key=f"person:{giver}", payload=payload)
    [told] = office.deliver()
    assert (told.recipient, told.template) == (phone, "T25")
    assert "李局长自5月6日至5月9日委托您代批" in told.text
    office.now = until + timedelta(days=1)
    assert write(office, delegation_begins, delegation, settings=office.settings) is None
