"""Whatever the organisation looks like, a rule is answered with people who are here or with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from approval_core.people import models, queries
from approval_core.people.queries import Case, Resolved
from approval_core.store import Store, Tx
from tests.approval_core.people.conftest import DAY, NOW, Office

RULES: list[dict[str, Any]] = [
    {"rule": "SECTION_CHIEF"},
    {"rule": "HEAD"},
    {"rule": "DEPUTY_IN_CHARGE"},
    {"rule": "LEADER_IN_CHARGE"},
    {"rule": "DIRECTOR"},
    {"rule": "MANAGER", "level": 1},
    {"rule": "CHAIN", "until": "R1"},
    {"rule": "ROLE", "role": "clerk", "scope": "tree"},
    {"rule": "POST", "code": "P0"},
]
TIES = (models.charges, models.role_grants, models.assignments, models.posts)


@pytest.mark.parametrize("name", ["SECTION_CHIEF", "HEAD", "LEADER_IN_CHARGE", "DIRECTOR"])
def test_every_one_of_the_3000_has_somebody_to_ask(bureau: Store, name: str) -> None:
    """On the demo bureau with its vacant and acting heads, second posts and secondments."""

    def ask(tx: Tx) -> tuple[Counter[str], set[int]]:
        capacities: Counter[str] = Counter()
        named: set[int] = set()
        for person_id in tx.execute(select(models.persons.c.id)).scalars().all():
            found = queries.resolve(tx, [{"rule": name}], case=Case(applicant_id=person_id), now=NOW)
            assert len(found.people) == 1, found.reason
            capacities[found.people[0].capacity] += 1
            named.add(found.people[0].person_id)
        return capacities, named

    capacities, named = bureau.read(ask)
    assert capacities.total() == 3000
    expected = {"SECTION_CHIEF": 100, "HEAD": 34, "LEADER_IN_CHARGE": 8, "DIRECTOR": 1}
    assert len(named) >= expected[name]
    if name == "HEAD":
        assert capacities["acting"] > 0
        assert capacities["deputy"] > 0


def test_f11_only_the_director_of_the_3000_has_nobody_above(bureau: Store) -> None:
    def ask(tx: Tx) -> list[str]:
        outside = []
        for row in tx.execute(select(models.persons.c.id, models.persons.c.rank)).all():
            found = queries.one_up(tx, row.id, case=Case(applicant_id=row.id), now=NOW)
            assert all(one.person_id != row.id for one in found.people)
            if not found.people:
                assert found.code == "outside"
                outside.append(row.rank)
        return outside

    assert bureau.read(ask) == ["R1"]


units = st.fixed_dictionaries(
    {
        "parent": st.none() | st.integers(0, 5),
        "kind": st.sampled_from(["bureau", "leadership", "internal", "section", "office", "branch"]),
        "successor": st.none() | st.integers(0, 5),
        "closed": st.booleans(),
    }
)
seats = st.tuples(
    st.integers(0, 5),  # person
    st.integers(0, 5),  # unit
    st.sampled_from(["main", "concurrent", "acting", "seconded"]),
    st.sampled_from(["head", "deputy", "staff"]),
)
charges = st.tuples(st.integers(0, 5), st.integers(0, 5))


@dataclass
class Shape:
    units: list[dict[str, Any]]
    seats: list[tuple[int, int, str, str]]
    leaders: list[tuple[int, int]]
    clerks: list[tuple[int, int]]
    left: set[int]


shapes = st.builds(
    Shape,
    units=st.lists(units, min_size=6, max_size=6),
    seats=st.lists(seats, max_size=10),
    leaders=st.lists(charges, max_size=4),
    clerks=st.lists(charges, max_size=3),
    left=st.sets(st.integers(0, 5), max_size=3),
)


def lay(tx: Tx, shape: Shape, people: list[int], places: list[int]) -> None:
    """Written past the service, which would refuse much of it."""
    since = {"valid_from": NOW - DAY}
    for table in TIES:
        tx.execute(delete(table))
    for place, one in zip(places, shape.units, strict=True):
        ends = {
            name: None if one[key] is None else places[one[key]]
            for name, key in (("parent_id", "parent"), ("successor_id", "successor"))
        }
        facts = ends | {"kind": one["kind"], "valid_to": NOW if one["closed"] else None}
        tx.execute(update(models.org_units).where(models.org_units.c.id == place).values(**facts))
    for number, (who, unit, kind, able) in enumerate(shape.seats):
        facts = {"code": f"P{number}", "unit_id": places[unit], "name": "职", "rank": "R5", "sort": number}
        facts |= {"is_head": able == "head", "is_deputy": able == "deputy"}
        post = tx.execute(insert(models.posts).returning(models.posts.c.id), facts).scalar_one()
        seat = {"person_id": people[who], "post_id": post, "kind": kind, "sort": 0}
        tx.execute(insert(models.assignments), seat | since)
    for who, unit in shape.leaders:
        tx.execute(insert(models.charges), {"leader_id": people[who], "unit_id": places[unit]} | since)
    for who, unit in shape.clerks:
        grant = {"person_id": people[who], "role": "clerk", "unit_id": places[unit]}
        tx.execute(insert(models.role_grants), grant | since)
    for place, person_id in enumerate(people):
        state = "left" if place in shape.left else "active"
        tx.execute(update(models.persons).where(models.persons.c.id == person_id).values(state=state))


def answers(tx: Tx, people: list[int], places: list[int]) -> Iterator[tuple[int | None, bool, Resolved]]:
    """(applicant, is it the one-level-up question, answer)"""
    for applicant in [*people, None]:
        for unit_id in [None, *places]:
            case = Case(applicant_id=applicant, unit_id=unit_id)
            for rule in RULES:
                yield applicant, False, queries.resolve(tx, [rule], case=case, now=NOW)
            if applicant is not None:
                yield applicant, True, queries.one_up(tx, applicant, case=case, now=NOW)
        if applicant is not None:
            queries.standin_of(tx, applicant, now=NOW)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shape=shapes)
def test_any_organisation_even_a_circle_gives_people_or_a_reason(office: Office, shape: Shape) -> None:
    if not office.people:
        for place in range(6):
            office.hire(f"p{place}")
            office.unit(f"U{place}")
    people = list(office.people.values())
    places = [office.units[f"U{place}"] for place in range(6)]
    gone = {people[place] for place in shape.left}

    def ask(tx: Tx) -> None:
        for applicant, up, found in answers(tx, people, places):
            assert bool(found.people) != bool(found.reason and found.reason_en and found.code)
            for one in found.people:
                assert one.person_id not in gone
                assert not (up and one.person_id == applicant)
                assert all(one.why.values())

    office.store.write(lay, shape, people, places)
    office.store.read(ask)


class Counted:
    """A transaction that counts the statements run in it."""

    def __init__(self, tx: Tx) -> None:
        self.tx, self.statements = tx, 0

    def run(self, statement: Any, **params: Any) -> Any:
        self.statements += 1
        return self.tx.run(statement, **params)


@pytest.mark.parametrize(("name", "most"), [("SECTION_CHIEF", 5), ("HEAD", 5), ("LEADER_IN_CHARGE", 5)])
def test_one_question_costs_a_handful_of_statements(bureau: Store, name: str, most: int) -> None:
    def ask(tx: Tx) -> int:
        clerk = tx.execute(
            select(models.persons.c.id).where(models.persons.c.account == "hy02000")
        ).scalar_one()
        counted: Any = Counted(tx)
        assert queries.resolve(counted, [{"rule": name}], case=Case(applicant_id=clerk), now=NOW).people
        return int(counted.statements)

    assert 0 < bureau.read(ask) <= most


def test_two_heads_by_mistake_are_refused_and_both_are_named(office: Office) -> None:
    one, two = office.hire("one", name="甲"), office.hire("two", name="乙")
    post = office.post("D-H", name="处长", is_head=True)
    office.seat("one", post)
    seat = {"person_id": two, "post_id": post, "kind": "main", "sort": 0, "valid_from": NOW}
    office.store.write(lambda tx: tx.execute(insert(models.assignments), seat) and None)
    found = office.ask(queries.resolve, [{"rule": "HEAD"}], case=Case(applicant_id=one), now=NOW)
    assert (found.people, found.code) == ((), "two_heads")
    assert found.reason == "单位负责人：D登记了不止一位负责人：甲、乙"
