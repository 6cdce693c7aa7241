"""An alarm is one row until its cause is gone: counted, acknowledged once, listed page by page, on the record."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from approval_core.audit import verify
from approval_core.audit.models import entries
from approval_core.columns import table_of
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.notices import alarms
from approval_core.outbox import Event
from approval_core.people.actor import Actor
from approval_core.store import Store, Tx
from tests.factories import NOW, after, ask, hire, step

OPERATOR = Actor(kind="person", name="hy00007")
events = table_of(Event)


def raised(store: Store, thing: str, kind: str = "overdue_task", at: float = 0, **facts: object) -> int:
    return store.write(alarms.raise_alarm, kind, thing, facts=facts, now=after(at))


def told(tx: Tx) -> list[str]:
    rows = tx.execute(select(events.c.payload).where(events.c.type == "alarm.raised").order_by(events.c.id))
    return [payload["thing"] for payload in rows.scalars()]


def verbs(tx: Tx, alarm_id: int) -> list[tuple[str, str]]:
    rows = tx.execute(
        select(entries.c.actor, entries.c.verb)
        .where(entries.c.chain == f"alarm:{alarm_id}")
        .order_by(entries.c.seq)
    )
    return [(row.actor, row.verb) for row in rows]


def test_an_alarm_raised_again_is_counted_and_told_once(store: Store) -> None:
    first = raised(store, "task:1", hours=4)
    assert raised(store, "task:1", at=60, hours=5) == first
    other = raised(store, "task:2")
    card = store.read(alarms.alarm, first)
    assert (card.times, card.raised_at, card.last_at, card.facts) == (2, NOW, after(60), {"hours": 5})
    assert store.read(told) == ["task:1", "task:2"]
    assert store.read(alarms.open_counts) == {"overdue_task": 2}
    assert other != first


def test_a_settled_alarm_leaves_the_list_and_may_be_raised_anew(store: Store) -> None:
    first = raised(store, "task:1")
    assert store.write(alarms.settle_alarm, "overdue_task", "task:1", now=after(5))
    assert not store.write(alarms.settle_alarm, "overdue_task", "task:1", now=after(6))
    assert store.read(alarms.open_alarms).items == []
    assert store.read(alarms.alarm, first).settled_at == after(5)
    second = raised(store, "task:1", at=9)
    assert second != first
    assert [card.id for card in store.read(alarms.open_alarms).items] == [second]
    assert store.read(told) == ["task:1", "task:1"]


def test_one_person_looks_after_an_alarm_and_says_so(store: Store) -> None:
    number = raised(store, "task:1")
    store.write(alarms.acknowledge, number, actor=OPERATOR, note=" 已电话告知 ", now=after(30))
    card = store.read(alarms.alarm, number)
    assert (card.acknowledged_by, card.acknowledged_at, card.note) == ("hy00007", after(30), "已电话告知")
    with pytest.raises(Conflict) as refusal:
        store.write(alarms.acknowledge, number, actor=OPERATOR, now=after(40))
    assert (refusal.value.code, refusal.value.data["by"]) == ("already_acknowledged", "hy00007")
    assert store.read(alarms.open_alarms, unseen=True).items == []
    assert len(store.read(alarms.open_alarms).items) == 1
    assert store.read(verbs, number) == [("system", "alarm.raised"), ("hy00007", "alarm.acknowledged")]
    assert store.read(verify).ok


def test_what_is_over_or_was_never_there_is_not_acknowledged(store: Store) -> None:
    number = raised(store, "task:1")
    store.write(alarms.settle_alarm, "overdue_task", "task:1", now=after(1))
    with pytest.raises(Conflict, match="over"):
        store.write(alarms.acknowledge, number, actor=OPERATOR, now=after(2))
    with pytest.raises(NotFound):
        store.write(alarms.acknowledge, number + 1, actor=OPERATOR, now=after(2))
    with pytest.raises(Invalid):
        store.write(alarms.acknowledge, number, actor=OPERATOR, note="x" * 2001, now=after(2))


def test_alarms_are_listed_newest_first_page_by_page(store: Store) -> None:
    numbers = [raised(store, f"task:{one}", at=one) for one in range(5)]
    raised(store, "prompt:1", kind="prompt_not_delivered")
    seen: list[int] = []
    cursor = None
    while True:
        page = store.read(alarms.open_alarms, kind="overdue_task", cursor=cursor, limit=2)
        seen += [card.id for card in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == numbers[::-1]
    with pytest.raises(Invalid):
        store.read(alarms.open_alarms, cursor="bm90IG91cnM")


def test_a_request_shows_what_is_open_about_it(store: Store) -> None:
    hire(store, "hy00001")
    request = ask(store, step("hy00001")).request_id
    store.write(alarms.raise_alarm, "overdue_task", "task:1", request_id=request, now=NOW)
    raised(store, "task:2")
    assert [card.thing for card in store.read(alarms.alarms_of_request, request)] == ["task:1"]
    store.write(alarms.settle_alarm, "overdue_task", "task:1", now=NOW)
    assert store.read(alarms.alarms_of_request, request) == []
