"""The request types that come with the house: complete, clean, published where the office has none of its own."""

from __future__ import annotations

import pytest

from approval_core.definitions.queries import cards, current
from approval_core.definitions.rules.blocks import Step
from approval_core.definitions.rules.checking import findings_of
from approval_core.definitions.rules.document import TypeDocument, load_document
from approval_core.definitions.rules.forms import subject
from approval_core.definitions.rules.positions import positions
from approval_core.store import Store
from gateway.shipped import publish_shipped_types, shipped_files
from tests.factories import NOW

#: the request types at a glance of the domain, and the general one
EXPECTED = ["LEAVE", "OVERTIME", "ATT_FIX", "TRAVEL_ABROAD", "PASSPORT_OUT", "HR_PROCESS", "HR_DATA", "MAIL_RELEASE", "ENQ_ANSWER", "ENQ_BULLETIN", "EFILING_BATCH", "DOC_COUNTERSIGN", "DOC_SIGN", "DOC_READ", "DOC_TASK", "SEAL_USE", "ARCHIVE_BORROW", "ARCHIVE_DISPOSE", "KB_PUBLISH", "NOTICE_ALL", "JOURNAL_ISSUE", "VEHICLE", "ROOM", "SUPPLIES", "REPAIR_COST", "TRAINING", "DESK_REQUEST", "CHANGE", "ACCOUNT_RIGHT", "VPN_ENDPOINT", "DEVICE_ENROL", "FOREIGN_TODO", "GENERIC"]  # fmt: skip
NEVER_BY_SMS = {"TRAVEL_ABROAD", "PASSPORT_OUT", "HR_PROCESS", "HR_DATA", "DOC_SIGN", "SEAL_USE", "ARCHIVE_DISPOSE", "DEVICE_ENROL"}  # fmt: skip
SHIPPED = {name: load_document(text) for name, text in shipped_files()}


def test_every_type_of_the_house_is_there_once() -> None:
    assert sorted(document.type for document in SHIPPED.values()) == sorted(EXPECTED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_type_gives_no_finding_at_all(name: str) -> None:
    assert findings_of(SHIPPED[name]) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_type_stands_in_the_folder_of_its_module(name: str) -> None:
    document = SHIPPED[name]
    module, file = name.split("/")
    assert file == f"{document.type.lower()}.yaml"
    assert document.module == ("gateway" if document.type == "GENERIC" else module)


def test_what_may_never_be_decided_by_sms_cannot() -> None:
    assert {one.type for one in SHIPPED.values() if one.never_sms} == NEVER_BY_SMS
    for document in SHIPPED.values():
        modes = {step.sms or document.sms for step in steps(document)}
        assert not (document.never_sms and "approve" in modes), document.type


def test_a_right_is_granted_by_sms_of_the_head_alone() -> None:
    for name in ("it/account_right.yaml", "it/vpn_endpoint.yaml"):
        asked = [step.step for step in steps(SHIPPED[name]) if (step.sms or SHIPPED[name].sms) == "approve"]
        assert asked == ["head"]


def steps(document: TypeDocument) -> list[Step]:
    return [one.block for one in positions(document) if isinstance(one.block, Step)]


def test_a_title_is_put_together_in_both_languages() -> None:
    leave = SHIPPED["hr/leave.yaml"]
    form = {"kind": "annual", "days": "2.5", "reason": "家事"}
    assert subject(leave, form, "zh") == "请年休假2.5天"
    assert subject(leave, form, "en") == "Annual leave, 2.5 days"


def test_all_types_are_published_into_a_new_office_once(store: Store) -> None:
    done = store_types(store)
    assert sorted(done) == sorted(EXPECTED)
    assert store_types(store) == []
    assert len(store.read(cards)) == len(EXPECTED)
    found = store.read(current, "LEAVE")
    assert found is not None
    assert found.route == SHIPPED["hr/leave.yaml"].route_json()


def store_types(store: Store) -> list[str]:
    return [one.type for one in publish_shipped_types(store, now=NOW)]
