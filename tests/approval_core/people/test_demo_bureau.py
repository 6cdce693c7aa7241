"""Every figure of the demo bureau, counted in the store."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Table, select

from approval_core.clock import OFFICE_ZONE
from approval_core.errors import Conflict
from approval_core.people import models, queries
from approval_core.people.demo import seed, shape
from approval_core.people.demo.bureau import years_before
from approval_core.store import Store
from tests.approval_core.people.conftest import DAY, NOW

INTERNAL = [28, 16, 18, 18, 18, 22, 20, 14, 20, 18, 14, 22, 14, 16, 14, 20]
BRANCHES = [320, 300, 290, 260, 250, 230, 210, 190, 150]
TABLES = (
    models.org_units,
    models.posts,
    models.persons,
    models.assignments,
    models.charges,
    models.secretaries,
    models.role_grants,
    models.delegations,
    models.phones,
)


def rows(store: Store, table: Table) -> list[Any]:
    return store.read(lambda tx: list(tx.execute(select(table).order_by(table.c.id)).all()))


def division_sizes(store: Store) -> Counter[str]:
    """People by division: main posts in it or in what hangs below."""
    unit = {row.id: row.code[:6] for row in rows(store, models.org_units)}
    place = {row.id: unit[row.unit_id] for row in rows(store, models.posts)}
    return Counter(place[row.post_id] for row in rows(store, models.assignments) if row.kind == "main")


def test_the_bureau_has_3000_people_of_whom_2140_are_on_the_establishment(bureau: Store) -> None:
    counts = bureau.read(queries.org_counts, NOW)
    assert (counts.persons, counts.established) == (3000, 2140)
    assert counts.by_rank["R1"] == 1
    assert counts.by_rank["R2"] == 7


def test_the_divisions_have_the_people_named_for_them(bureau: Store) -> None:
    sizes = division_sizes(bureau)
    assert sizes["990000"] == 8
    assert [sizes[f"9900{place:02d}"] for place in range(1, 17)] == INTERNAL
    assert [sizes[f"9900{place}"] for place in range(21, 25)] == [160, 60, 60, 40]
    assert [sizes[f"9900{place}"] for place in range(31, 36)] == [60, 50, 20, 20, 30]
    assert [sizes[f"9900{place}"] for place in range(41, 50)] == BRANCHES
    assert (sum(INTERNAL), sum(BRANCHES), sum(sizes.values())) == (292, 2200, 3000)


def test_departments_have_two_to_five_sections_and_branches_twelve_and_three_to_eight_offices(
    bureau: Store,
) -> None:
    units = rows(bureau, models.org_units)
    code = {unit.id: unit.code for unit in units}
    below = Counter((code[unit.parent_id], unit.kind) for unit in units if unit.level == 3)
    kinds = Counter(unit.kind for unit in units)
    assert (kinds["bureau"], kinds["leadership"], kinds["internal"]) == (1, 1, 16)
    assert (kinds["direct"], kinds["institution"], kinds["branch"]) == (4, 5, 9)
    assert all(2 <= below[f"9900{place:02d}", "section"] <= 5 for place in range(1, 17))
    assert all(below[f"9900{place}", "section"] == 12 for place in range(41, 50))
    assert all(3 <= below[f"9900{place}", "office"] <= 8 for place in range(41, 50))


def test_each_branch_has_one_head_and_three_to_five_deputies(bureau: Store) -> None:
    posts = {row.id: row for row in rows(bureau, models.posts)}
    unit = {row.id: row for row in rows(bureau, models.org_units)}
    main = [posts[row.post_id] for row in rows(bureau, models.assignments) if row.kind == "main"]
    heads = Counter(unit[post.unit_id].code for post in main if post.is_head)
    deputies = Counter(unit[post.unit_id].code for post in main if post.is_deputy)
    branches = [f"9900{place}" for place in range(41, 50)]
    assert all(heads[code] == 1 and 3 <= deputies[code] <= 5 for code in branches)


def test_about_380_approvers_all_have_a_number_of_their_own(bureau: Store) -> None:
    counts = bureau.read(queries.org_counts, NOW)
    leading = sum(counts.by_rank[rank] for rank in ("R1", "R2", "R3", "R4", "R5"))
    assert counts.approvers == leading == 378
    handsets = bureau.read(queries.leaders_with_phones, now=NOW)
    assert len({handset.number for handset in handsets}) == 378
    assert all(handset.title for handset in handsets)
    assert [handset.account for handset in handsets[:8]] == [f"hy0000{place}" for place in range(1, 9)]
    assert [handset.rank for handset in handsets[:8]] == ["R1"] + ["R2"] * 7


def test_accounts_numbers_and_mails_follow_from_the_place_in_the_bureau(bureau: Store) -> None:
    people = rows(bureau, models.persons)
    assert [one.account for one in people] == [f"hy{place:05d}" for place in range(1, 3001)]
    assert all(one.email == f"{one.account}@haiyu.test" for one in people)
    place = {one.id: number for number, one in enumerate(people, 1)}
    assert all(
        phone.number == f"+8612900{place[phone.person_id]:06d}" for phone in rows(bureau, models.phones)
    )
    assert bureau.read(queries.profile, "hy00009", NOW)["phone"] == "+8612900000009"
    rank_of = {one.id: one.rank for one in people}
    assert {rank_of[phone.person_id] for phone in rows(bureau, models.phones)} == {
        f"R{n}" for n in range(1, 8)
    }


def test_everyone_in_charge_has_three_to_five_units_and_no_division_is_without(bureau: Store) -> None:
    charges = rows(bureau, models.charges)
    assert set(Counter(charge.leader_id for charge in charges).values()) <= {3, 4, 5}
    assert len({charge.unit_id for charge in charges}) == len(charges)
    level = {unit.id: unit for unit in rows(bureau, models.org_units)}
    divisions = {unit.id for unit in level.values() if unit.level == 2 and unit.kind != "leadership"}
    assert divisions <= {charge.unit_id for charge in charges}
    for unit_id in divisions:
        assert bureau.read(queries.leader_in_charge, unit_id, NOW).rank == "R2"  # type: ignore[union-attr]  # shown above


def test_second_posts_acting_heads_secondments_and_secretaries_are_there(bureau: Store) -> None:
    kinds = Counter(row.kind for row in rows(bureau, models.assignments))
    assert kinds == {"main": 3000, "concurrent": 12, "acting": 6, "seconded": 5}
    assert len(rows(bureau, models.secretaries)) == 20


def test_six_units_are_led_by_somebody_acting_and_three_stand_without_a_head(bureau: Store) -> None:
    units = {unit.code: unit for unit in rows(bureau, models.org_units)}
    capacities: Counter[str] = Counter()
    for code, unit in units.items():
        head = bureau.read(queries.unit_head, unit.id, NOW)
        assert head is not None
        capacities[head.capacity if head.unit_id == unit.id or code == shape.BUREAU else "above"] += 1
    assert capacities["acting"] == 6
    assert capacities["deputy"] + capacities["above"] == 3
    office = bureau.read(queries.unit_head, units[shape.VACANT[2]].id, NOW)
    assert office is not None
    assert office.unit_id == units["990049"].id


def test_forty_delegations_are_live_and_none_touches_the_first_twenty(bureau: Store) -> None:
    given = rows(bureau, models.delegations)
    account = {one.id: one.account for one in rows(bureau, models.persons)}
    assert (
        len([one for one in given if one.valid_from <= NOW < one.valid_to and one.revoked_at is None]) == 40
    )
    sides = [account[one.from_id] for one in given] + [account[one.to_id] for one in given]
    assert min(sides) > "hy00020"
    assert len(set(sides)) == 80
    assert bureau.read(queries.may_act_for, given[0].to_id, given[0].from_id, type="LEAVE", now=NOW)


def test_names_repeat_and_break_careless_programs(bureau: Store) -> None:
    people = [one.name for one in rows(bureau, models.persons)]
    assert sum(amount > 1 for amount in Counter(people).values()) >= 60
    compound = ("欧阳", "司马", "上官", "诸葛", "皇甫", "尉迟", "令狐", "慕容", "司徒", "夏侯")
    assert sum(name.startswith(compound) for name in people) == 10
    assert sum("·" in name for name in people) == 5
    assert sum(any(ord(sign) > 0xFFFF for sign in name) for name in people) == 5
    assert sum("喆" in name or "堃" in name for name in people) == 5
    assert all(len(name) in {2, 3} for name in people[:20])


def test_service_years_reach_from_none_to_forty_with_exact_borders(bureau: Store) -> None:
    today = NOW.astimezone(OFFICE_ZONE).date()
    people = rows(bureau, models.persons)
    entered = [one.entered_on for one in people]
    for years in (1, 10, 20):
        assert entered.count(years_before(today, years)) >= 2
    assert max(entered) == today
    assert years_before(today, 41) < min(entered) <= years_before(today, 40)
    assert all(one.birthday.year + 18 <= one.entered_on.year for one in people)
    assert sum((one.birthday.month, one.birthday.day) == (2, 29) for one in people) >= 5


def test_the_bureau_is_not_written_over_people(bureau: Store) -> None:
    with pytest.raises(Conflict) as refusal:
        bureau.write(seed, now=NOW)
    assert refusal.value.code == "not_empty"


def portrait(store: Store) -> list[Any]:
    return [[tuple(row) for row in rows(store, table)] for table in TABLES]


def test_the_same_seed_makes_the_same_bureau_and_another_seed_other_people(sqlite_files: Any) -> None:
    def made(rng: int, now: datetime = NOW) -> list[Any]:
        store = Store(sqlite_files.migrated())
        seeded = store.write(seed, rng=rng, now=now)
        assert (seeded.persons, seeded.phones, seeded.delegations, seeded.refused_loops) == (
            3000,
            2140,
            40,
            1,
        )
        found = portrait(store)
        store.close()
        return found

    first = made(20121001)
    assert made(20121001) == first
    other = made(7)
    assert other[2] != first[2]
    assert other[1] == first[1]


def test_a_bureau_of_another_size_keeps_its_leaders(store: Store) -> None:
    store.write(seed, n=2500, now=NOW + DAY)
    counts = store.read(queries.org_counts, NOW + DAY)
    assert (counts.persons, counts.approvers) == (2500, 378)


def test_a_year_before_a_leap_day_is_the_last_of_february() -> None:
    assert years_before(date(2024, 2, 29), 1) == date(2023, 2, 28)
    assert years_before(date(2024, 2, 29), 20) == date(2004, 2, 29)
