"""B9 over people: what a type would come to for everybody who may ask for it, found before it is published."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import yaml
from sqlalchemy import insert

from approval_core.approvals.findings import OrgFinding
from approval_core.approvals.organisation import check_over_people, types_over_people
from approval_core.definitions.rules.document import load_document
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.people.models import delegations
from approval_core.store import Store, Tx
from gateway.shipped import shipped_files
from tests.approval_core.approvals.types import House, Plain, document, step
from tests.approval_core.people.conftest import NOW as SEEDED_AT
from tests.approval_core.people.conftest import bureau

__all__ = ["bureau"]
HEAD = [{"rule": "HEAD"}]
NOBODY_HAS_IT = [{"rule": "ROLE", "role": "nobody_has_it"}]
Found = list[tuple[str, str, str, int]]


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao")


def check(house: House, *route: Any, **settings: Any) -> list[OrgFinding]:
    text = yaml.dump(document(*route, **settings), Dumper=Plain, allow_unicode=True)
    return house.store.read(check_over_people, load_document(text), now=house.now())


def short(found: list[OrgFinding]) -> Found:
    return [(one.severity, one.code, one.step, one.count) for one in found]


def test_b9_a_good_type_has_nothing_but_notes(house: House) -> None:
    assert short(check(house, step("zhao", "zhao", "wang", mode="all"), applicants={"ranks": ["R3"]})) == []


def test_b9_an_empty_step_is_found_with_what_happens_then_and_for_how_many(house: House) -> None:
    found = check(
        house,
        step("stops", rules=NOBODY_HAS_IT),
        step("skips", rules=NOBODY_HAS_IT, when_empty="skip"),
        step("others", rules=NOBODY_HAS_IT, when_empty=[{"rule": "GROUP", "accounts": ["wang", "zhao"]}]),
        merge="none",
    )
    assert short(found) == [
        ("error", "nobody", "stops", 4),
        ("warning", "skipped", "skips", 4),
        ("note", "instead", "others", 4),
        ("note", "own_up", "others", 2),
    ]
    assert sorted(found[0].examples) == ["chief", "li", "wang", "zhao"]
    assert "nobody_has_it" in found[0].zh
    assert "nobody_has_it" in found[0].en


def test_b9_the_applicant_as_approver_is_found_and_where_nobody_stands_above_him(house: House) -> None:
    found = check(house, step("head", rules=HEAD))
    assert [(one.code, one.count, one.examples) for one in found] == [("outside", 1, ["chief"])]
    found = check(house, step("wang"), step("zhao", own="auto"))
    assert short(found) == [("warning", "own_auto", "zhao", 1), ("note", "own_up", "wang", 1)]
    assert short(check(house, step("wang", own="forbid"))) == [("error", "own_forbid", "wang", 1)]


def test_b9_only_those_who_may_ask_are_looked_at(house: House) -> None:
    assert short(check(house, step("head", rules=HEAD), applicants={"ranks": ["R7"]})) == []
    assert short(check(house, step("head", rules=HEAD), applicants={"ranks": ["R3"]})) == [
        ("error", "outside", "head", 1)
    ]
    assert short(check(house, step("a", rules=NOBODY_HAS_IT), applicants={"units": ["U"]})) == [
        ("error", "nobody", "a", 4)
    ]


def test_b9_a_branch_is_looked_at_for_those_who_can_come_to_it(house: House) -> None:
    branches = [
        {"when": 'applicant.rank == "R3"', "do": [step("a", rules=NOBODY_HAS_IT)]},
        {"when": 'applicant.rank != "R3" && form.days > 3', "do": [step("b", rules=NOBODY_HAS_IT)]},
    ]
    found = check(house, {"choice": "who", "branches": branches, "otherwise": [step("zhao", own="auto")]})
    assert short(found) == [
        ("error", "nobody", "b", 3),
        ("error", "nobody", "a", 1),
        ("warning", "own_auto", "zhao", 1),
    ]


def test_b9_a_branch_that_contradicts_the_one_around_it_is_never_reached(house: House) -> None:
    inner = {
        "choice": "inner",
        "branches": [{"when": "form.days <= 2", "do": [step("never", rules=NOBODY_HAS_IT)]}],
        "otherwise": [step("wang", own="forbid", when_empty="skip")],
    }
    outer = {"choice": "outer", "branches": [{"when": "form.days > 3", "do": [inner]}], "otherwise": []}
    found = check(house, step("zhao", when_empty="skip", own="forbid"), outer)
    assert {one.step for one in found} == {"zhao", "wang"}


def test_b9_one_person_for_two_separated_steps_is_found(house: House) -> None:
    apart = [{"steps": ["a", "b"]}]
    alone, both = (
        step("a", rules=[{"rule": "GROUP", "accounts": ["zhao"]}], own="forbid"),
        step("a", rules=[{"rule": "GROUP", "accounts": ["zhao", "wang"]}], own="forbid"),
    )
    last = step("b", "zhao", own="forbid")
    only = {"applicants": {"ranks": ["R3"]}, "separate": apart, "merge": "none"}
    assert short(check(house, alone, last, **only)) == [("error", "same_person", "a + b", 1)]
    assert short(check(house, both, last, **only)) == [("warning", "same_person", "a + b", 1)]
    units = only | {"separate": [{"steps": ["a", "b"], "by": "unit"}]}
    other = step("b", "wang", own="forbid")
    assert short(check(house, alone, other, **only)) == []
    assert short(check(house, alone, other, **units)) == [("error", "same_person", "a + b", 1)]


def test_b9_somebody_who_has_left_is_found_wherever_he_is_named(house: House, store: Store) -> None:
    store.write(people.leave, house.number("wang"), actor=SYSTEM, now=house.now())
    found = check(
        house,
        step("a", "wang", "zhao", own="forbid"),
        copies={"end": [{"rule": "USER", "account": "ghost"}]},
        applicants={"ranks": ["R3"]},
    )
    assert [(one.code, one.step, one.examples) for one in found if one.code == "left"] == [
        ("left", "a", ["wang"]),
        ("left", "copies.end", ["ghost"]),
    ]


def test_b9_a_range_without_anybody_is_found(house: House) -> None:
    chosen = [{"rule": "SELECT_BY_APPLICANT", "from": NOBODY_HAS_IT}]
    assert short(check(house, step("a", rules=chosen))) == [("error", "empty_range", "a", 4)]


def test_b9_whom_the_form_will_name_is_no_gap(house: House) -> None:
    form = {
        "fields": [
            {"name": "who", "label": {"zh": "谁", "en": "Who"}, "type": "person", "required": True},
        ]
    }
    rules = [{"rule": "FORM_USER", "field": "who"}]
    assert short(check(house, step("a", rules=rules), form=form, subject=None)) == []
    others = step("a", rules=NOBODY_HAS_IT, when_empty=rules)
    assert short(check(house, others, form=form, subject=None)) == []


def test_b9_delegations_in_a_circle_are_found(house: House, store: Store) -> None:
    now = house.now()

    def circle(tx: Tx) -> None:
        names = ["li", "wang", "zhao", "li"]
        for giver, taker in pairwise(names):
            tx.execute(
                insert(delegations),
                {
                    "from_id": house.number(giver), "to_id": house.number(taker), "types": [], "reason": "",
                    "valid_from": now, "valid_to": now + timedelta(days=9),
                },
            )  # fmt: skip

    store.write(circle)
    found = check(house, step("zhao", own="forbid"), applicants={"ranks": ["R3"]})
    assert [(one.code, one.count, one.examples) for one in found] == [
        ("proxy_circle", 3, ["li", "wang", "zhao"])
    ]


def test_b9_progress_is_told(house: House) -> None:
    told: list[tuple[int, int]] = []
    text = yaml.dump(document(step("zhao")), Dumper=Plain, allow_unicode=True)
    house.store.read(
        check_over_people,
        load_document(text),
        now=house.now(),
        progress=lambda done, of: told.append((done, of)),
    )
    assert told[-1][0] == told[-1][1] == len(told)


#: Each of them is so: the director has nobody above him in the house, and who heads a unit that checks is not checked
#: by himself.
TRUE_OF_THE_BUREAU = {"outside", "same_person", "own_forbid"}


def test_b9_the_shipped_types_have_no_false_alarm_on_the_bureau(bureau: Store) -> None:
    documents = [load_document(text) for _, text in shipped_files()]
    found = bureau.read(types_over_people, documents, now=SEEDED_AT)
    grave = [(name, one) for name, several in found.items() for one in several if one.severity != "note"]
    assert {one.code for _, one in grave} <= TRUE_OF_THE_BUREAU
    assert all(one.count == 1 for _, one in grave)
    assert {one.examples[0] for _, one in grave if one.code == "outside"} == {"hy00001"}
    assert sorted(name for name, one in grave if one.code != "outside") == [
        "ARCHIVE_DISPOSE",
        "DEVICE_ENROL",
        "SEAL_USE",
    ]
