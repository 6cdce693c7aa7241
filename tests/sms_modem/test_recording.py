"""C5 and C7: what comes in is kept once, and a long SMS counts only whole."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from sqlalchemy import select

from sms_modem import daemon, service
from sms_modem.models import inbound_sms, quarantine
from sms_modem.transports.base import Concat, Inbound, storable
from tests.sms_modem.office import OTHER_SIM, SIM, Office


def test_the_same_sms_twice_is_one_row_and_one_decision(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    stamped = office.now
    first = office.reply(phone, "Y", at=stamped)
    office.later(hours=3)
    assert office.receive(phone, "Y", at=stamped) is None
    row = office.one(select(inbound_sms))
    assert (row.id, row.copies, row.state) == (first, 2, "settled")
    assert len(office.decisions(request)) == 1


def test_a_provider_s_id_is_believed_before_everything_else(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    office.reply(phone, "Y", provider_id="SM1")
    office.later(minutes=5)
    assert office.receive(phone, "Y", provider_id="SM1") is None
    assert office.receive(phone, "Y", provider_id="SM2") is not None


def test_without_a_time_stamp_the_pdu_tells_two_sms_apart(office: Office) -> None:
    phone = office.leader("hy00001")
    for pdu, kept in (("AA", True), ("AA", False), ("BB", True)):
        found = office.store.write(_record_without_time, phone, pdu, now=office.now)
        assert (found is not None) is kept


def _record_without_time(tx: object, phone: str, pdu: str, *, now: object) -> int | None:
    inbound = Inbound(sender=phone, text="Y", pdu=pdu, smsc_time=None)
    return service.record(tx, inbound, transport=SIM, now=now)  # type: ignore[arg-type]  # the store passes them on


def test_parts_in_any_order_doubled_and_with_an_emoji_cut_in_two(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    whole = "同意,请" + "👍" + "尽快办理"
    units = whole.encode("utf-16-be")
    left, right = units[:10], units[10:]  # through the middle of the emoji
    texts = [storable(half.decode("utf-16-be", "surrogatepass")) for half in (left, right)]
    second = Concat(9, 2, 2, 16)
    assert office.receive(phone, texts[1], concat=second, pdu="P2") is None
    assert office.receive(phone, texts[1], concat=second, pdu="P2") is None
    sms = office.receive(phone, texts[0], concat=Concat(9, 2, 1, 16), pdu="P1")
    assert sms is not None
    assert office.one(select(inbound_sms)).text == whole
    office.store.write(service.answer_all, [sms], settings=office.settings, now=office.now)
    assert [one.comment for one in office.decisions(request)] == ["请👍尽快办理"]
    assert office.receive(phone, texts[0], concat=Concat(9, 2, 1, 16), pdu="P1") is None


def test_widths_of_reference_and_senders_never_mix(office: Office) -> None:
    phone, other = office.leader("hy00001"), office.leader("hy00002")
    assert office.receive(phone, "Y", concat=Concat(9, 2, 1, 8), pdu="1") is None
    assert office.receive(phone, "请", concat=Concat(9, 2, 2, 16), pdu="2") is None
    assert office.receive(other, "请", concat=Concat(9, 2, 2, 8), pdu="3") is None


def test_a_late_part_never_joins_an_earlier_message(office: Office) -> None:
    phone = office.leader("hy00001")
    assert office.receive(phone, "Y", concat=Concat(9, 2, 1, 8), pdu="1") is None
    office.later(seconds=121)
    assert office.receive(phone, "请", concat=Concat(9, 2, 2, 8), pdu="2") is None


def test_another_message_under_the_same_reference_ends_the_first(office: Office) -> None:
    phone = office.leader("hy00001")
    assert office.receive(phone, "Y", concat=Concat(9, 2, 1, 8), pdu="1") is None
    assert office.receive(phone, "N", concat=Concat(9, 2, 1, 8), pdu="2") is None
    assert office.receive(phone, "不同意", concat=Concat(9, 2, 2, 8), pdu="3") is not None
    states = [(row.text, row.state) for row in office.all(select(inbound_sms).order_by(inbound_sms.c.id))]
    assert states == [("", "settled"), ("N不同意", "received")]


def test_what_was_recorded_and_not_answered_is_swept_up(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    sms = office.receive(phone, "Y")
    waiting = office.store.write(daemon.tidy, settings=office.settings, age=0, now=office.now)
    assert waiting == [sms]
    office.store.write(service.answer_all, waiting, settings=office.settings, now=office.now)
    office.store.write(service.answer_all, waiting, settings=office.settings, now=office.now)
    assert len(office.decisions(request)) == 1


def test_the_same_number_written_in_other_ways_is_the_same_phone(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    office.reply(phone.removeprefix("+86"), "Y")
    assert len(office.decisions(request)) == 1


def test_a_repeat_is_told_by_the_service_centre_s_clock(office: Office) -> None:
    phone = office.leader("hy00001")
    given = office.now
    office.later(hours=1)  # both lay on the SIM while nobody was there
    first = office.reply(phone, "帮助", at=given)
    second = office.reply(phone, "帮助", at=given + timedelta(minutes=30))
    third = office.reply(phone, "帮助", at=given + timedelta(minutes=30, seconds=20), through=OTHER_SIM)
    assert [office.outcomes(one) for one in (first, second, third)] == [["HELP"], ["HELP"], ["DUPLICATE"]]


def test_nul_and_odd_characters_are_kept_in_a_way_every_database_takes(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    assert office.outcomes(office.reply(phone, "\x00Y\x00")) == ["DECIDED"]
    assert len(office.decisions(request)) == 1


def test_what_no_column_takes_goes_into_quarantine_and_the_others_are_kept(office: Office) -> None:
    phone = office.leader("hy00001")
    far = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8)))  # before the first year in UTC
    spoilt = Inbound(sender=phone, text="Y", pdu="AA", smsc_time=far)
    good = Inbound(sender=phone, text="Y", pdu="BB", smsc_time=office.now)
    found = office.store.write(service.record_all, [spoilt, good], transport=SIM, now=office.now)
    assert len(found) == 1
    assert office.one(select(quarantine)).pdu == "AA"
