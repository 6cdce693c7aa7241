"""Moments to come: each once, moved or taken back, and a failing one stops nobody but itself."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from approval_core import outbox, timers
from approval_core.errors import Conflict, NotFound
from approval_core.store import Store, Tx
from approval_core.timers import Timer, TimerHandler
from tests.approval_core.plans import plan_of

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def rows(store: Store) -> list[Timer]:
    return store.read(lambda tx: list(tx.session.scalars(select(Timer).order_by(timers.timers.c.id))))


def remembering(seen: list[tuple[str, datetime]]) -> dict[str, TimerHandler]:
    return {"hold_end": lambda _, ref, now: seen.append((ref, now))}


def fire_all(store: Store, handlers: dict[str, TimerHandler], now: datetime) -> int:
    count = 0
    while store.write(timers.fire_one, handlers, now=now):
        count += 1
    return count


def test_a_moment_comes_once_and_not_before_its_time(store: Store) -> None:
    seen: list[tuple[str, datetime]] = []
    store.write(timers.set_timer, "hold_end", "17", NOW)
    assert store.read(timers.next_due) == NOW
    assert fire_all(store, remembering(seen), NOW - SECOND) == 0
    assert fire_all(store, remembering(seen), NOW) == 1
    assert fire_all(store, remembering(seen), NOW + SECOND) == 0
    assert seen == [("17", NOW)]
    assert store.read(timers.next_due) is None


def test_moments_come_in_their_order(store: Store) -> None:
    seen: list[tuple[str, datetime]] = []
    for ref, wait in [("late", 3), ("early", 1), ("middle", 2)]:
        store.write(timers.set_timer, "hold_end", ref, NOW + wait * SECOND)
    fire_all(store, remembering(seen), NOW + 9 * SECOND)
    assert [ref for ref, _ in seen] == ["early", "middle", "late"]


def test_a_moved_moment_comes_once_at_its_new_time(store: Store) -> None:
    seen: list[tuple[str, datetime]] = []
    for wait in (5, 9, 7):
        store.write(timers.set_timer, "hold_end", "17", NOW + wait * SECOND)
    assert store.read(timers.next_due) == NOW + 7 * SECOND
    assert fire_all(store, remembering(seen), NOW + 6 * SECOND) == 0
    assert fire_all(store, remembering(seen), NOW + 20 * SECOND) == 1


def test_a_cancelled_moment_never_comes_and_can_be_set_anew(store: Store) -> None:
    seen: list[tuple[str, datetime]] = []
    store.write(timers.set_timer, "hold_end", "17", NOW)
    store.write(timers.cancel_timer, "hold_end", "17")
    store.write(timers.cancel_timer, "hold_end", "never set")
    assert fire_all(store, remembering(seen), NOW) == 0
    store.write(timers.set_timer, "hold_end", "17", NOW)
    assert fire_all(store, remembering(seen), NOW) == 1


def test_setting_a_moment_wakes_whoever_waits_for_timers(store: Store) -> None:
    with closing(store.signals.listen("timers")) as listener:
        store.write(timers.set_timer, "hold_end", "17", NOW)
        assert listener.wait(5)


def test_a_handler_may_set_its_own_timer_anew(store: Store) -> None:
    def again(tx: Tx, ref: str, now: datetime) -> None:
        timers.set_timer(tx, "reminder", ref, now + SECOND)

    store.write(timers.set_timer, "reminder", "17", NOW)
    assert fire_all(store, {"reminder": again}, NOW) == 1
    assert [row.state for row in rows(store)] == ["done", "due"]
    assert store.read(timers.next_due) == NOW + SECOND


def test_a_failing_handler_leaves_nothing_behind_waits_longer_and_dies_after_ten(store: Store) -> None:
    def fail(tx: Tx, ref: str, now: datetime) -> None:
        timers.set_timer(tx, "other", ref, now)
        raise RuntimeError("not today")

    store.write(timers.set_timer, "hold_end", "17", NOW)
    now, pauses = NOW, []
    assert fire_all(store, {"hold_end": fail}, now) == 1
    while (row := rows(store)[0]).state == "due":
        pauses.append((row.due_at - now).total_seconds())
        now = row.due_at
        assert fire_all(store, {"hold_end": fail}, now) == 1
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert (row.state, row.attempts, row.error) == ("dead", 10, "RuntimeError: not today")
    assert len(rows(store)) == 1
    assert store.read(timers.backlog) == timers.Backlog(due=0, dead=1, oldest=None)


def test_a_timer_without_a_handler_is_dead_at_once_and_an_operator_revives_it(store: Store) -> None:
    store.write(timers.set_timer, "forgotten", "17", NOW)
    assert fire_all(store, {}, NOW) == 1
    (row,) = rows(store)
    assert row.state == "dead"
    assert row.id is not None
    store.write(timers.retry_dead, row.id, NOW)
    assert fire_all(store, {"forgotten": lambda *_: None}, NOW) == 1
    with pytest.raises(Conflict):
        store.write(timers.retry_dead, row.id, NOW)
    with pytest.raises(NotFound):
        store.write(timers.retry_dead, 999, NOW)


def test_a_dead_timer_that_was_set_anew_is_not_revived_beside_the_new_one(store: Store) -> None:
    store.write(timers.set_timer, "forgotten", "17", NOW)
    fire_all(store, {}, NOW)
    store.write(timers.set_timer, "forgotten", "17", NOW)
    (dead, _) = rows(store)
    assert dead.id is not None
    with pytest.raises(Conflict) as refused:
        store.write(timers.retry_dead, dead.id, NOW)
    assert refused.value.code == "timer_set_anew"


def test_many_workers_fire_each_moment_once_while_others_move_them(database_url: str) -> None:
    def count(tx: Tx, ref: str, now: datetime) -> None:
        outbox.emit(tx, "fired", key=ref, payload={}, now=now)

    handlers: dict[str, TimerHandler] = {"hold_end": count, "moved": count}
    refs = [str(number) for number in range(30)]
    with closing(Store(database_url)) as one, closing(Store(database_url)) as two:
        for ref in refs:
            one.write(timers.set_timer, "hold_end", ref, NOW)
            one.write(timers.set_timer, "moved", ref, NOW + 9 * SECOND)

        def move(store: Store) -> None:
            for ref in refs:  # from not due to due while the others look
                store.write(timers.set_timer, "moved", ref, NOW + SECOND)

        def fire(store: Store) -> None:
            fire_all(store, handlers, NOW + 5 * SECOND)

        works = [(fire, one), (fire, two), (move, one), (fire, two)]
        threads = [threading.Thread(target=work, args=(store,)) for work, store in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        fire(one)
        fired = one.read(lambda tx: list(tx.execute(select(outbox.events.c.key)).scalars()))
        assert sorted(fired, key=int) == sorted([*refs, *refs], key=int)


def test_what_fired_long_ago_is_forgotten(store: Store) -> None:
    for ref in ("a", "b", "c", "d"):
        store.write(timers.set_timer, "hold_end", ref, NOW)
    store.write(timers.cancel_timer, "hold_end", "d")
    store.write(timers.set_timer, "hold_end", "c", NOW + timedelta(days=9))
    fire_all(store, remembering([]), NOW)
    assert store.write(timers.prune, NOW) == 0
    assert store.write(timers.prune, NOW + timedelta(days=1)) == 3
    assert [row.ref for row in rows(store)] == ["c"]


def test_looking_for_the_next_moment_reads_the_partial_index(sqlite_url: str) -> None:
    for statement in (timers._NEXT, timers._NEXT_DUE):
        plan = plan_of(sqlite_url, statement)
        assert "ix_timer_due" in plan
        assert "TEMP B-TREE" not in plan
