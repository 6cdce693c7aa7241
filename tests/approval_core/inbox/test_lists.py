"""One list per person: the urgent first, paged without gaps, counted by source."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from approval_core.errors import Invalid
from approval_core.inbox import queries
from approval_core.store import Store
from tests.factories import after, ask, hire, step


def fill(store: Store, others: int) -> None:
    for number in range(30):
        ask(
            store,
            step("zhang" if number < 30 - others else "li"),
            source="hr" if number % 3 else "ctais",
            ref=f"t/{number}",
            urgency=number % 3,
            due_at=after(1000 - number) if number % 2 else None,
            sms=False,
        )


def test_the_open_list_is_paged_without_a_gap_or_a_double(store: Store) -> None:
    zhang, _ = hire(store, "zhang"), hire(store, "li")
    assert zhang.person_id is not None
    fill(store, 6)
    seen: list[queries.Item] = []
    cursor = None
    while True:
        page = store.read(queries.open_items, zhang.person_id, cursor=cursor, limit=7)
        seen += page.items
        cursor = page.next
        if cursor is None:
            break
    assert len({item.id for item in seen}) == len(seen) == 24
    assert [item.urgency for item in seen] == sorted((item.urgency for item in seen), reverse=True)
    assert any(item.due_at is None for item in seen)
    for urgency in (0, 1, 2):
        dues = [item.due_at for item in seen if item.urgency == urgency and item.due_at]
        assert dues == sorted(dues)


def test_counts_by_source_are_what_the_list_holds(store: Store) -> None:
    zhang, _ = hire(store, "zhang"), hire(store, "li")
    assert zhang.person_id is not None
    fill(store, 6)
    items = store.read(queries.open_items, zhang.person_id, limit=100).items
    counts = store.read(queries.open_counts, zhang.person_id)
    assert counts == {source: sum(item.source == source for item in items) for source in ("ctais", "hr")}


def test_a_foreign_cursor_is_refused(store: Store) -> None:
    with pytest.raises(Invalid, match="page marker"):
        store.read(queries.open_items, 1, cursor="bogus")


def test_the_open_list_is_read_from_its_partial_index(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    try:
        plan = store.read(
            lambda tx: [
                row.detail
                for row in tx.execute(
                    text(
                        "explain query plan select id from todo where person_id = 1 and state = 'open' order by precedence, due_at, id"
                    )
                )
            ]
        )
    finally:
        store.close()
    assert plan == ["SEARCH todo USING INDEX ix_todo_open (person_id=?)"]
