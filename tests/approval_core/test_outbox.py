"""Events and their reactions: once, in order for each key, and a failing one stops nobody but itself."""

from __future__ import annotations

import random
import re
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, delete, insert, select, update
from sqlalchemy.pool import NullPool

from approval_core import outbox
from approval_core.errors import Conflict, NotFound
from approval_core.outbox import Happening, Reactions
from approval_core.store import Store, Tx
from tests.approval_core.plans import plan_of

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
metadata = MetaData()
#: what reactions heard, in the order of their commits
heard = Table(
    "heard",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("by", String(20), nullable=False),
    Column("event_id", Integer, nullable=False),
    Column("key", String(40), nullable=False),
)
HEARD = select(heard.c.by, heard.c.event_id, heard.c.key).order_by(heard.c.id)
HEAR = insert(heard)


@pytest.fixture(autouse=True)
def _ears(request: pytest.FixtureRequest) -> None:
    if "database_url" in request.fixturenames:
        engine = create_engine(request.getfixturevalue("database_url"), poolclass=NullPool)
        metadata.create_all(engine)
        engine.dispose()


def tell_archive(tx: Tx, happening: Happening, now: datetime) -> None:
    tx.run(HEAR, by="archive", event_id=happening.id, key=happening.key)


def tell_leader(tx: Tx, happening: Happening, now: datetime) -> None:
    tx.run(HEAR, by="leader", event_id=happening.id, key=happening.key)


def refuse(tx: Tx, happening: Happening, now: datetime) -> None:
    tx.run(HEAR, by="refuser", event_id=happening.id, key=happening.key)
    raise RuntimeError("the\0archive is shut")


def refuse_seven(tx: Tx, happening: Happening, now: datetime) -> None:
    tx.run(HEAR, by="picky", event_id=happening.id, key=happening.key)
    if happening.payload.get("bad"):
        raise RuntimeError("not this one")


BOTH: Reactions = {"decided": {"archive": tell_archive, "leader": tell_leader}}
PICKY: Reactions = {"decided": {"picky": refuse_seven, "leader": tell_leader}}


def emit(store: Store, key: str = "request:1", **payload: object) -> int:
    return store.write(outbox.emit, "decided", key=key, payload=dict(payload), now=NOW)


def deliver_all(store: Store, reactions: Reactions, now: datetime = NOW) -> int:
    store.write(outbox.route, reactions, now=now)
    count = 0
    while store.write(outbox.deliver_one, reactions, now=now):
        count += 1
    return count


def what_was_heard(store: Store) -> list[tuple[str, int]]:
    return [(row.by, row.event_id) for row in store.read(lambda tx: tx.run(HEARD).all())]


def deliveries(store: Store) -> list[outbox.Delivery]:
    return store.read(
        lambda tx: list(tx.session.scalars(select(outbox.Delivery).order_by(outbox.deliveries.c.id)))
    )


def test_every_reaction_hears_an_event_once_and_as_it_was_told(store: Store) -> None:
    seen: list[Happening] = []

    def remember(tx: Tx, happening: Happening, now: datetime) -> None:
        seen.append(happening)

    event = emit(store, key="request:17", verdict="同意", n=3)
    reactions: Reactions = {"decided": {"leader": tell_leader, "memory": remember}}
    assert deliver_all(store, reactions) == 2
    assert deliver_all(store, reactions) == 0
    assert what_was_heard(store) == [("leader", event)]
    assert seen == [Happening(event, "decided", "request:17", {"verdict": "同意", "n": 3}, NOW)]


def test_an_event_of_a_change_that_is_undone_never_was(store: Store) -> None:
    def change_and_fail(tx: Tx) -> None:
        outbox.emit(tx, "decided", key="request:1", payload={}, now=NOW)
        raise Conflict("changed", "somebody was faster")

    with pytest.raises(Conflict):
        store.write(change_and_fail)
    assert deliver_all(store, BOTH) == 0


def test_an_event_wakes_whoever_listens_to_the_outbox(store: Store) -> None:
    with closing(store.signals.listen("outbox")) as listener:
        emit(store)
        assert listener.wait(5)


def test_an_event_that_nobody_answers_is_routed_to_nobody(store: Store) -> None:
    emit(store)
    assert store.write(outbox.route, {}, now=NOW) == 1
    assert store.write(outbox.route, BOTH, now=NOW) == 0
    assert store.read(outbox.backlog) == outbox.Backlog(0, 0, 0, None)


def test_a_failing_reaction_leaves_nothing_behind_and_waits_longer_each_time(store: Store) -> None:
    reactions: Reactions = {"decided": {"refuser": refuse}}
    emit(store)
    now, pauses = NOW, []
    assert deliver_all(store, reactions, now) == 1
    while (waiting := deliveries(store)[0]).state == "due":
        pauses.append((waiting.due_at - now).total_seconds())
        now = waiting.due_at
        assert store.read(outbox.next_due) == now
        assert not store.write(outbox.deliver_one, reactions, now=now - timedelta(microseconds=1))
        assert store.write(outbox.deliver_one, reactions, now=now)
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600]
    assert (waiting.state, waiting.attempts) == ("dead", 12)
    assert waiting.error == "RuntimeError: thearchive is shut"
    assert what_was_heard(store) == []
    assert store.read(outbox.backlog) == outbox.Backlog(0, 0, 1, None)


def test_later_news_of_a_matter_waits_for_the_failing_one_and_other_matters_do_not(store: Store) -> None:
    bad = emit(store, "request:1", bad=True)
    later = emit(store, "request:1")
    other = emit(store, "request:2")
    deliver_all(store, PICKY)
    assert ("picky", other) in what_was_heard(store)
    assert {event for by, event in what_was_heard(store) if by == "leader"} == {bad, later, other}
    assert ("picky", later) not in what_was_heard(store)
    assert store.read(outbox.next_due) == NOW + timedelta(seconds=1)
    mended: Reactions = {"decided": {"picky": tell_archive, "leader": tell_leader}}
    assert deliver_all(store, mended, NOW + timedelta(seconds=1)) == 2
    assert [event for by, event in what_was_heard(store) if by == "archive"] == [bad, later]


def test_news_that_arrives_while_an_earlier_one_backs_off_waits_as_well(store: Store) -> None:
    emit(store, bad=True)
    deliver_all(store, PICKY)
    later = emit(store)
    assert deliver_all(store, {"decided": {"picky": tell_archive}}) == 0
    deliver_all(store, {"decided": {"picky": tell_archive}}, NOW + timedelta(seconds=1))
    assert what_was_heard(store)[-1] == ("archive", later)


def test_dead_news_lets_later_news_pass_and_comes_back_when_an_operator_says_so(store: Store) -> None:
    bad = emit(store, "request:1", bad=True)
    later = emit(store, "request:1")
    gone: Reactions = {"decided": {"leader": tell_leader}}
    store.write(outbox.route, {"decided": {"picky": refuse_seven}}, now=NOW)
    store.write(outbox.deliver_one, gone, now=NOW)  # nobody is called picky any more: dead at once
    first, second = deliveries(store)
    assert (first.state, second.state) == ("dead", "due")
    assert "picky" in str(first.error)
    deliver_all(store, {"decided": {"picky": tell_archive}})
    assert what_was_heard(store) == [("archive", later)]
    assert first.id is not None
    store.write(outbox.retry_dead, first.id, NOW)
    deliver_all(store, {"decided": {"picky": tell_archive}})
    assert what_was_heard(store) == [("archive", later), ("archive", bad)]
    with pytest.raises(Conflict) as refused:
        store.write(outbox.retry_dead, first.id, NOW)
    assert refused.value.code == "not_dead"
    with pytest.raises(NotFound):
        store.write(outbox.retry_dead, 999, NOW)


def test_an_event_committed_after_one_with_a_higher_number_is_not_missed(store: Store) -> None:
    late = emit(store)
    store.write(lambda tx: tx.execute(delete(outbox.events)) and None)
    emit_with_number(store, late + 1)
    store.write(outbox.route, BOTH, now=NOW)
    emit_with_number(store, late)
    assert deliver_all(store, BOTH) == 4
    assert ("leader", late) in what_was_heard(store)


def emit_with_number(store: Store, number: int, key: str = "request:9") -> None:
    row = {"id": number, "type": "decided", "key": key, "payload": {}, "created_at": NOW, "routed": False}
    store.write(lambda tx: tx.execute(insert(outbox.events), row) and None)


def test_later_news_waits_while_an_earlier_event_has_no_deliveries_yet(store: Store) -> None:
    emit_with_number(store, 7)
    store.write(outbox.route, BOTH, now=NOW)
    emit_with_number(store, 6)
    assert not store.write(outbox.deliver_one, BOTH, now=NOW)
    assert deliver_all(store, BOTH) == 4
    assert [event for by, event in what_was_heard(store) if by == "leader"] == [6, 7]


def test_two_routers_at_once_give_every_event_its_deliveries_once(database_url: str) -> None:
    with closing(Store(database_url)) as one, closing(Store(database_url)) as two:
        events = [emit(one, f"request:{number % 5}") for number in range(40)]
        stores = [one, two, one, two]
        run_together(
            [lambda s=s: [s.write(outbox.route, BOTH, now=NOW, limit=3) for _ in range(14)] for s in stores]
        )
        found = [(row.event_id, row.reaction) for row in deliveries(one)]
        assert sorted(found) == sorted((event, name) for event in events for name in ("archive", "leader"))


def test_many_workers_keep_the_order_of_each_matter_and_hear_everything_once(
    database_url: str, seed: int
) -> None:
    chance = random.Random(seed)
    sent: dict[str, list[int]] = {}

    def sometimes(tx: Tx, happening: Happening, now: datetime) -> None:
        if chance.random() < 0.2:
            raise RuntimeError("not now")
        tell_leader(tx, happening, now)

    reactions: Reactions = {"decided": {"leader": sometimes}}
    with closing(Store(database_url)) as one, closing(Store(database_url)) as two:
        for _ in range(60):
            key = f"request:{chance.randrange(6)}"
            sent.setdefault(key, []).append(emit(one, key))

        def work(store: Store) -> None:
            for turn in range(400):
                now = NOW + timedelta(hours=turn)
                store.write(outbox.route, reactions, now=now, limit=4)
                if (
                    not store.write(outbox.deliver_one, reactions, now=now)
                    and store.read(outbox.next_due) is None
                ):
                    return

        run_together([lambda s=s: work(s) for s in (one, two, one, two)])
        got: dict[str, list[int]] = {}
        for row in one.read(lambda tx: tx.run(HEARD).all()):
            got.setdefault(row.key, []).append(row.event_id)
        assert got == sent


def run_together(works: list[object]) -> None:
    failures: list[BaseException] = []

    def guarded(work: object) -> None:
        try:
            work()  # type: ignore[operator]  # a callable
        except BaseException as error:  # noqa: BLE001  # shown below, in the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_what_is_done_long_ago_is_forgotten_and_dead_news_is_kept(store: Store) -> None:
    emit(store)
    bad = emit(store, "request:2")
    emit(store, "request:3")
    deliver_all(store, BOTH)
    later = NOW + timedelta(days=30)
    kill = update(outbox.deliveries).where(outbox.deliveries.c.event_id == bad).values(state="dead")
    store.write(lambda tx: tx.execute(kill) and None)
    assert store.write(outbox.prune, NOW) == 0
    assert store.write(outbox.prune, later, limit=3) == 4  # three deliveries, and the first event with them
    while store.write(outbox.prune, later):
        continue
    left = store.read(
        lambda tx: tx.execute(select(outbox.events.c.id).order_by(outbox.events.c.id)).scalars().all()
    )
    assert list(left) == [bad, bad + 1]  # the newest stays, so that its number is never given again
    assert {row.event_id for row in deliveries(store)} == {bad}


def test_looking_for_work_reads_the_partial_indexes(sqlite_url: str) -> None:
    assert "USING INDEX ix_event_unrouted" in plan_of(sqlite_url, outbox._UNROUTED)
    for statement in (outbox._NEXT, outbox._NEXT_DUE):
        plan = plan_of(sqlite_url, statement)
        assert re.search(r"delivery USING INDEX ix_delivery_due\b", plan)
        assert "ix_delivery_due_key" in plan
        assert "ix_event_unrouted_key" in plan
        assert "TEMP B-TREE" not in plan
