"""A system that lost callbacks asks what has changed: nothing lost, nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from approval_core.approvals.models import Request
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.store import Store, Tx
from gateway.intake.queries import MOST_SEEN, changes
from tests.factories import ask, hire, step
from tests.gateway.story import System

requests = table_of(Request)
LONG_AGO = "2020-01-01T00:00:00Z"


def page(system: System, **params: Any) -> Any:
    answer = system.http.get("/systems/v1/approvals", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refs(found: Any) -> list[str]:
    return [item["ref"] for item in found["items"]]


def test_what_changed_comes_once_and_again_when_it_changes(system: System) -> None:
    for number in range(5):
        system.ask(f"R-{number}", hold=0)
    first = page(system, changed_after=LONG_AGO, limit=3)
    second = page(system, changed_after=first["next"], limit=3)
    assert refs(first) + refs(second) == [f"R-{number}" for number in range(5)]
    assert (first["more"], second["more"]) == (True, False)
    third = page(system, changed_after=second["next"])
    assert refs(third) == []
    system.decides("hy00001", "R-2")
    [item] = page(system, changed_after=third["next"])["items"]
    assert (item["ref"], item["state"]) == ("R-2", "approved")


def test_a_time_with_its_zone_is_a_place_to_begin(system: System) -> None:
    before = utc_now()
    system.ask()
    assert refs(page(system, changed_after=before.isoformat())) == ["R-1"]
    assert refs(page(system, changed_after=(utc_now() + timedelta(seconds=1)).isoformat())) == []
    assert refs(page(system)) == ["R-1"]


@pytest.mark.parametrize(
    "after", ["yesterday", "2026-05-06", "2026-05-06T09:00:00", "9999-12-31T23:59:59-23:00", "eyJ9"]
)
def test_a_place_that_is_none_is_refused(system: System, after: str) -> None:
    answer = system.http.get("/systems/v1/approvals", params={"changed_after": after})
    assert answer.status_code == 422
    assert answer.json()["code"] in {"bad_time", "bad_cursor"}


def set_changed(tx: Tx, ref: str, at: datetime) -> None:
    tx.execute(update(requests).where(requests.c.source_ref == ref).values(changed_at=at))


NOW = datetime(2026, 5, 6, 9, 0, tzinfo=UTC)


def test_a_change_that_commits_late_is_not_lost(store: Store) -> None:
    hire(store, "hy1")
    for ref, seconds in (("A", -60), ("B", -1), ("LATE", 60)):
        ask(store, step("hy1"), ref=ref, sms=False)
        store.write(set_changed, ref, NOW + timedelta(seconds=seconds))
    before_it = store.read(changes, "ctais", after=None, limit=10, now=NOW)
    store.write(set_changed, "LATE", NOW - timedelta(seconds=2))  # it began before B and committed after
    cursor = store.read(changes, "ctais", after=LONG_AGO, limit=2, now=NOW)
    assert [item.ref for item in before_it.items] == ["A", "B", "LATE"]
    assert [item.ref for item in cursor.items] == ["A", "LATE"]


def test_a_late_commit_behind_the_cursor_comes_and_nothing_comes_twice(store: Store) -> None:
    hire(store, "hy1")
    for ref, seconds in (("A", -60), ("B", -1)):
        ask(store, step("hy1"), ref=ref, sms=False)
        store.write(set_changed, ref, NOW + timedelta(seconds=seconds))
    first = store.read(changes, "ctais", after=None, limit=10, now=NOW)
    ask(store, step("hy1"), ref="LATE", sms=False)
    store.write(set_changed, "LATE", NOW - timedelta(seconds=3))
    second = store.read(changes, "ctais", after=first.next, limit=10, now=NOW)
    third = store.read(changes, "ctais", after=second.next, limit=10, now=NOW + timedelta(minutes=1))
    assert [[item.ref for item in found.items] for found in (first, second, third)] == [
        ["A", "B"],
        ["LATE"],
        [],
    ]


def test_paging_through_many_recent_changes_ends_and_shows_each_once(store: Store) -> None:
    hire(store, "hy1")
    many = MOST_SEEN * 2 + 5
    for number in range(many):
        ask(store, step("hy1"), ref=f"R-{number}", sms=False)
        store.write(set_changed, f"R-{number}", NOW - timedelta(milliseconds=many - number))
    after, found = None, []
    for _ in range(many):
        got = store.read(changes, "ctais", after=after, limit=7, now=NOW)
        found += [item.ref for item in got.items]
        after = got.next
        if not got.more:
            break
    assert found == [f"R-{number}" for number in range(many)]
