"""What a phone's screen shows: the office's record, and what is still in the air."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from approval_core.store import Store, Tx
from gateway.demo import views
from sms_modem.models import inbound_sms
from sms_modem.transports.virtual_radio import Handset, Heard, VirtualRadio
from tests.factories import after

NUMBER, OFFICE = "+8612900000009", "+8612999999999"


@pytest.fixture
def handset() -> Handset:
    return VirtualRadio().handset(NUMBER)


def heard(text: str, at: datetime) -> Heard:
    return Heard("sent", NUMBER, OFFICE, text, at)


def record(tx: Tx, text: str, *, at: datetime, copies: int = 1) -> None:
    row: dict[str, Any] = {
        "provider": "m", "transport_kind": "own_sim", "sender": NUMBER, "sent_to": OFFICE, "text": text, "pdu": "",
        "dedupe": f"{text}{at}", "alphanumeric": False, "received_at": at, "copies": copies, "state": "received", "faults": 0,
    }  # fmt: skip
    tx.execute(inbound_sms.insert().values(row))


def shown(store: Store, handset: Handset | None) -> list[tuple[str, str]]:
    return [(one.text, one.state) for one in store.read(views.conversation, NUMBER, handset)]


def test_what_is_not_on_record_yet_is_on_its_way(store: Store, handset: Handset) -> None:
    handset.sent += [heard("Y", after(1)), heard("N", after(5))]
    store.write(record, "Y", at=after(2))
    assert shown(store, handset) == [("Y", "received"), ("N", "in_the_air")]


def test_the_same_sms_twice_is_one_on_record_and_none_stays_in_the_air(
    store: Store, handset: Handset
) -> None:
    handset.sent += [heard("Y", after(1)), heard("Y", after(1))]
    store.write(record, "Y", at=after(2), copies=2)
    assert shown(store, handset) == [("Y", "received")]


def test_a_y_of_before_the_restart_does_not_hide_the_one_that_is_on_its_way(
    store: Store, handset: Handset
) -> None:
    store.write(record, "Y", at=after(1))
    handset.sent.append(heard("Y", after(100)))
    assert shown(store, handset) == [("Y", "received"), ("Y", "in_the_air")]


def test_without_a_handset_the_record_is_shown(store: Store) -> None:
    store.write(record, "Y", at=after(1))
    assert shown(store, None) == [("Y", "received")]
    assert store.read(views.suggestions, NUMBER) == views.Suggestions(0, [])
