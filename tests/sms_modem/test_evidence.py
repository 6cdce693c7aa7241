"""The SMS behind a decision is on record itself: changed, put in or taken away, it is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from approval_core import audit
from approval_core.audit.models import entries
from approval_core.store import Tx
from sms_modem import evidence
from sms_modem.models import inbound_outcomes, inbound_parts, inbound_sms
from sms_modem.transports.base import Concat
from tests.sms_modem.office import Office


def problems(office: Office) -> list[tuple[str, str]]:
    found = office.store.read(lambda tx: list(evidence.inbound_problems(tx)))
    assert all(problem.table == "sms_inbound" for problem in found)
    return [(problem.id, problem.what) for problem in found]


def change(office: Office, work: Callable[[Tx], Any]) -> None:
    office.store.write(work)


def busy(office: Office) -> list[int]:
    """Four SMS: an answer, one in two parts, one that is nobody's, one of which a part never came."""
    phone = office.leader("hy00001")
    office.ask("hy00001")
    first = office.reply(phone, "Y")
    assert office.receive(phone, "同意", concat=Concat(9, 2, 1, 16), pdu="P1") is None
    second = office.receive(phone, ",快办", concat=Concat(9, 2, 2, 16), pdu="P2")
    third = office.receive("10086", "您的余额不足")
    assert office.receive(phone, "不", concat=Concat(10, 2, 1, 16), pdu="P3") is None
    assert first is not None
    assert second is not None
    assert third is not None
    return [first, second, third]


def test_each_sms_is_one_entry_and_what_nobody_touched_is_in_order(office: Office) -> None:
    kept = busy(office)
    told = office.store.read(
        lambda tx: tx.execute(select(entries).where(entries.c.verb == evidence.VERB)).all()
    )
    assert [(row.chain, row.thing, row.actor) for row in told] == [
        (f"sms_inbound:{number}", f"sms_inbound:{number}", "sim-1") for number in kept
    ]
    assert all("Y" not in (row.data or "") for row in told)  # the text itself is not written a second time
    assert problems(office) == []
    assert office.store.read(audit.verify).ok


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("text", "N"), ("text", "Y "), ("sender", "+8613800000001"), ("pdu", "00"), ("sent_to", ""), ("provider", "sim-2"),
        ("provider_id", "SM9"), ("transport_kind", "provider"), ("alphanumeric", True), ("smsc_time", None),
    ],
)  # fmt: skip
def test_an_sms_that_was_changed_is_named(office: Office, column: str, value: Any) -> None:
    first = busy(office)[0]
    change(
        office,
        lambda tx: tx.execute(update(inbound_sms).where(inbound_sms.c.id == first).values({column: value})),
    )
    assert problems(office) == [(f"id {first}", "it is not the SMS that came in")]


def test_an_sms_in_parts_and_the_moment_of_receipt_are_held_as_well(office: Office) -> None:
    _, second, third = busy(office)
    later = office.now + timedelta(microseconds=1)
    change(
        office,
        lambda tx: tx.execute(update(inbound_sms).where(inbound_sms.c.id == second).values(text="同意")),
    )
    change(
        office,
        lambda tx: tx.execute(update(inbound_sms).where(inbound_sms.c.id == third).values(received_at=later)),
    )
    assert [name for name, _ in problems(office)] == [f"id {second}", f"id {third}"]


def test_an_sms_that_was_taken_away_or_put_in_is_named(office: Office) -> None:
    _, second, third = busy(office)

    def take_away_and_put_in(tx: Tx) -> int:
        row = dict(tx.execute(select(inbound_sms).where(inbound_sms.c.id == third)).mappings().one())
        for table in (inbound_parts, inbound_outcomes):
            tx.execute(delete(table).where(table.c.inbound_id == second))
        tx.execute(delete(inbound_sms).where(inbound_sms.c.id == second))
        del row["id"]
        new = tx.execute(insert(inbound_sms).values(row | {"dedupe": "0" * 64}).returning(inbound_sms.c.id))
        return int(new.scalar_one())

    new = office.store.write(take_away_and_put_in)
    assert problems(office) == [
        (f"id {new}", "no entry of the trail tells of it"),
        (f"id {second}", "recorded, and gone"),
    ]


def test_what_came_before_the_first_entry_of_its_kind_is_passed_over(office: Office) -> None:
    first, *_ = busy(office)

    def before_the_upgrade(tx: Tx) -> None:
        tx.execute(delete(entries).where(entries.c.chain == f"sms_inbound:{first}"))

    change(office, before_the_upgrade)
    assert problems(office) == []


def test_the_text_may_go_on_time_with_its_entry_s(office: Office) -> None:
    first, *_ = busy(office)

    def forget(tx: Tx) -> None:
        entry = evidence.entries_on(tx, [first])[first]
        audit.redact(tx, entry.id, actor="office", reason="kept long enough", now=office.now)
        tx.execute(update(inbound_sms).where(inbound_sms.c.id == first).values(text="", pdu=""))

    change(office, forget)
    assert problems(office) == []
    assert office.store.read(audit.verify).ok
