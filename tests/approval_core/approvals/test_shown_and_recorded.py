"""F43, F44, F48: texts in both languages, what may be told outside the house, and a trail that names who did what for whom."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from approval_core.definitions.rules.document import load_document
from approval_core.definitions.rules.forms import subject
from approval_core.errors import Invalid
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Store
from tests.approval_core.approvals.types import FORM, House, document, step
from tests.factories import after


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao")


def test_f43_a_type_speaks_both_languages_or_is_refused(house: House) -> None:
    written = document(step("chief"))
    found = load_document(json.dumps(written))
    assert [subject(found, {"days": 3}, lang) for lang in ("zh", "en")] == ["请假3天", "3 days off"]
    written["title"] = {"zh": "请假"}
    with pytest.raises(Invalid) as refused:
        load_document(json.dumps(written))
    assert "title.en" in refused.value.message


def test_f44_only_what_is_marked_and_not_sensitive_is_told_by_sms(house: House) -> None:
    fields = [dict(one) for one in FORM["fields"]]
    fields[1] |= {"show": ["list"], "sensitive": True}
    fields[2] |= {"show": ["list"]}
    house.publish(step("chief"), form={"fields": fields})
    view = house.file("li", form={"days": 2, "cost": "9.50", "note": "看病"})
    assert view.summary == "天数:2"
    assert view.form["cost"] == "9.50"
    fields[1] |= {"show": ["sms"]}
    with pytest.raises(Invalid, match="never goes into sms"):
        house.publish(step("chief"), form={"fields": fields})


def test_f48_the_trail_names_who_acted_in_whose_name_and_through_which_door(
    house: House, store: Store
) -> None:
    store.write(
        people.delegate, house.number("wang"), house.number("zhao"), valid_from=after(0), valid_to=after(90_000),
        actor=SYSTEM, now=house.now(),
    )  # fmt: skip
    house.publish(step("wang"))
    house.file("li")
    house.decide_as("zhao", house.task("wang"))
    entries = store.read(
        lambda tx: tx.execute(
            text("SELECT actor, verb, data FROM audit_entry WHERE chain = :chain ORDER BY seq"),
            {"chain": f"request:{house.request_id}"},
        ).all()
    )
    assert [(one.actor, one.verb) for one in entries] == [
        ("li", "submitted"), ("zhao", "decided"), ("system", "effective"),
    ]  # fmt: skip
    told = json.loads(entries[1].data)
    assert (told["on_behalf_of_id"], told["channel"]) == (house.number("wang"), "app")
