"""What every caller of the store may rely on, on both engines."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from sqlalchemy import bindparam, create_engine, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError, PendingRollbackError
from sqlalchemy.pool import NullPool

from approval_core.errors import Conflict, Unavailable
from approval_core.store import Store, Tx
from tests.approval_core import ledger
from tests.approval_core.ledger import Paper, add, add_then, names, papers


@pytest.fixture
def store(empty_database_url: str) -> Iterator[Store]:
    ledger.create(empty_database_url)
    opened = Store(empty_database_url)
    yield opened
    opened.close()


def seen_from_outside(url: str) -> list[str]:
    """What a connection that has nothing to do with the store reads."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        found = [row.name for row in connection.execute(ledger.NAMES)]
    engine.dispose()
    return found


def on_postgresql(store: Store) -> bool:
    return store.engine.dialect.name == "postgresql"


def test_the_answer_comes_after_the_commit(store: Store, empty_database_url: str) -> None:
    assert store.write(add, "a") == 1
    assert seen_from_outside(empty_database_url) == ["a"]


def test_a_failing_work_raises_its_own_exception_and_leaves_nothing(store: Store) -> None:
    error = Conflict("already_decided", "somebody was faster")
    with pytest.raises(Conflict) as caught:
        store.write(add_then, "a", error)
    assert caught.value is error
    assert store.read(names) == []


def test_coroutines_get_the_same_promises(store: Store, empty_database_url: str) -> None:
    async def story() -> None:
        await store.awrite(add, "a")
        assert seen_from_outside(empty_database_url) == ["a"]
        with pytest.raises(IntegrityError):
            await store.awrite(add, "a")
        assert await store.aread(names) == ["a"]

    asyncio.run(story())


def test_a_failing_neighbour_rolls_back_alone(store: Store) -> None:
    async def story() -> list[Any]:
        works = [
            store.awrite(add_then, f"bad {i}", Conflict("no", "no"))
            if i % 3 == 0
            else store.awrite(add, f"{i}")
            for i in range(60)
        ]
        return await asyncio.gather(*works, return_exceptions=True)

    answers = asyncio.run(story())
    assert [isinstance(answer, Conflict) for answer in answers] == [i % 3 == 0 for i in range(60)]
    assert sorted(store.read(names)) == sorted(str(i) for i in range(60) if i % 3)


def test_an_integrity_error_is_the_same_from_run_execute_and_session(store: Store) -> None:
    store.write(add, "a")

    def by_execute(tx: Tx) -> None:
        tx.execute(insert(papers), {"name": "a", "state": "open", "count": 0})

    def by_session(tx: Tx) -> None:
        tx.session.add(Paper("a"))

    for work in (by_execute, by_session):
        with pytest.raises(IntegrityError):
            store.write(work)
    with pytest.raises(IntegrityError) as caught:
        store.write(add, "a")
    assert "called" not in str(caught.value).replace("called_", "")
    assert store.read(names) == ["a"]


def test_a_savepoint_undoes_its_part_alone(store: Store) -> None:
    def undone(tx: Tx) -> None:
        with tx.nested():
            tx.session.add(Paper("session inside"))
            add(tx, "inside")
            with tx.nested():
                add(tx, "deeper")
            add(tx, "before")

    def work(tx: Tx) -> None:
        add(tx, "before")
        tx.session.add(Paper("session before"))
        with pytest.raises(IntegrityError):
            undone(tx)
        tx.session.add(Paper("session after"))
        with tx.nested():
            tx.session.add(Paper("kept"))
        add(tx, "after")

    store.write(work)
    assert store.read(names) == ["before", "session before", "session after", "kept", "after"]


def test_run_and_session_see_each_other(store: Store) -> None:
    def work(tx: Tx) -> tuple[int, Paper]:
        paper = Paper("by session")
        tx.session.add(paper)
        found = tx.run(ledger.BY_NAME, called="by session").one()
        add(tx, "by run")
        loaded = tx.session.execute(select(Paper).where(papers.c.name == "by run")).scalar_one()
        return found.id, loaded

    number, loaded = store.write(work)
    assert (number, loaded.name) == (1, "by run")


def test_a_wrong_parameter_name_is_a_type_error(store: Store) -> None:
    plain = insert(papers)

    def run_with(tx: Tx, given: dict[str, Any]) -> None:
        tx.run(ledger.ADD, **given)

    for params in ({}, {"nome": "a"}, {"called": "a", "more": 1}):
        with pytest.raises(TypeError):
            store.write(run_with, params)
    with pytest.raises(TypeError):
        store.write(lambda tx: tx.run(plain, nome="a"))


def test_an_insert_takes_its_columns_from_the_parameters(store: Store) -> None:
    plain = insert(papers)

    def work(tx: Tx) -> None:
        assert tx.run(plain, name="a").rowcount == 1
        tx.run(plain, name="b", count=7)

    store.write(work)
    rows = store.read(lambda tx: tx.run(select(papers.c.name, papers.c.state, papers.c.count)).all())
    assert sorted(tuple(row) for row in rows) == [("a", "open", 0), ("b", "open", 7)]


def test_an_expanding_list_is_sent_to_execute(store: Store) -> None:
    listed = select(papers.c.name).where(papers.c.name.in_(bindparam("wanted", expanding=True)))
    store.write(add, "a")
    with pytest.raises(InvalidRequestError, match=r"tx\.execute"):
        store.read(lambda tx: tx.run(listed, wanted=["a"]))
    assert store.read(lambda tx: tx.execute(listed, {"wanted": ["a", "b"]}).scalars().all()) == ["a"]


def test_a_fixed_list_runs_on_the_hot_path(store: Store) -> None:
    listed = select(papers.c.name).where(papers.c.name.in_(("a", "c")), papers.c.state == bindparam("now"))
    store.write(lambda tx: [add(tx, name) for name in "abc"])
    assert [row.name for row in store.read(lambda tx: tx.run(listed, now="open").all())] == ["a", "c"]


def test_values_come_back_as_their_types(store: Store) -> None:
    at = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=timezone(timedelta(hours=8)))
    plain = insert(papers)
    store.write(
        lambda tx: tx.run(plain, name="a", at=at, form={"天": [1, None]}, urgent=True, fee=Decimal("12.50"))
    )
    row = store.read(lambda tx: tx.run(ledger.BY_NAME, called="a").one())
    assert (row.at, row.form, row.urgent, row.fee) == (at, {"天": [1, None]}, True, Decimal("12.50"))
    assert row.at.tzinfo is UTC
    assert isinstance(row.fee, Decimal)
    store.write(lambda tx: tx.run(plain, name="b"))
    row = store.read(lambda tx: tx.run(ledger.BY_NAME, called="b").one())
    assert (row.at, row.form, row.urgent, row.fee) == (None, None, None, None)


def test_rows_say_what_they_hold(store: Store) -> None:
    store.write(lambda tx: [add(tx, name) for name in "ab"])

    def work(tx: Tx) -> None:
        rows = tx.run(select(papers.c.id, papers.c.name).order_by(papers.c.id))
        assert [tuple(row) for row in rows] == [(1, "a"), (2, "b")]
        assert rows.rowcount == len(rows.all()) == 2
        with pytest.raises(LookupError):
            rows.one()
        first = rows.first()
        assert first is not None
        assert (first.name, first[1]) == ("a", "a")
        nothing = tx.run(ledger.BY_NAME, called="nobody")
        assert (nothing.first(), nothing.scalar(), nothing.all()) == (None, None, [])
        assert tx.run(select(func.count()).select_from(papers)).scalar() == 2
        assert tx.run(text("SELECT name FROM paper WHERE id = :number"), number=2).one().name == "b"
        changed = update(papers).values(count=9).returning(papers.c.name)
        assert sorted(row.name for row in tx.run(changed)) == ["a", "b"]

    store.write(work)


def test_a_read_cannot_write(store: Store) -> None:
    with pytest.raises(DBAPIError):
        store.read(add, "a")
    with pytest.raises(RuntimeError):
        store.read(lambda tx: tx.signal("sms"))
    assert store.read(names) == []


def test_a_read_sees_one_moment(store: Store) -> None:
    store.write(add, "a")
    read_once, written = threading.Event(), threading.Event()

    def look_twice(tx: Tx) -> tuple[list[str], list[str]]:
        before = names(tx)
        read_once.set()
        assert written.wait(10)
        return before, names(tx)

    answer: list[Any] = []
    reader = threading.Thread(target=lambda: answer.append(store.read(look_twice)))
    reader.start()
    assert read_once.wait(10)
    store.write(add, "b")
    written.set()
    reader.join()
    assert answer == [(["a"], ["a"])]


def test_a_full_queue_is_refused_at_once(empty_database_url: str) -> None:
    ledger.create(empty_database_url)
    store = Store(empty_database_url, queue=3, threads=1)
    running, go_on = threading.Event(), threading.Event()

    def hold(tx: Tx) -> None:
        running.set()
        assert go_on.wait(10)

    async def story() -> None:
        held = asyncio.ensure_future(store.awrite(hold))
        await asyncio.to_thread(running.wait, 10)
        waiting = [asyncio.ensure_future(store.awrite(add, name)) for name in "abc"]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable) as caught:
            await store.awrite(add, "d")
        assert caught.value.code == "queue_full"
        assert store.metrics.queue_depth == 3
        go_on.set()
        await asyncio.gather(held, *waiting)

    asyncio.run(story())
    assert store.read(names) == ["a", "b", "c"]
    store.close()


def call_again(call: Callable[..., Any], tx: Tx) -> None:
    call(names)


def test_a_work_must_not_call_the_store(store: Store) -> None:
    for inner in (store.write, store.read):
        for outer in (store.write, store.read):
            with pytest.raises(RuntimeError, match="must not call the store"):
                outer(partial(call_again, inner))
    with pytest.raises(RuntimeError):
        store.write(lambda _: store.close())


def test_a_transaction_kept_after_its_work_is_dead(store: Store) -> None:
    kept = store.write(lambda tx: tx)
    with pytest.raises(RuntimeError, match="is over"):
        kept.run(ledger.NAMES)
    with pytest.raises(RuntimeError, match="is over"):
        kept.execute(ledger.NAMES)


def test_the_callers_context_reaches_the_work(store: Store) -> None:
    request: contextvars.ContextVar[str] = contextvars.ContextVar("request")
    request.set("r-17")
    assert store.write(lambda _: request.get()) == "r-17"
    assert store.read(lambda _: request.get()) == "r-17"


def test_what_a_cancelled_awaiter_asked_for_is_committed(store: Store, empty_database_url: str) -> None:
    running, go_on = threading.Event(), threading.Event()

    def slow(tx: Tx) -> None:
        running.set()
        assert go_on.wait(10)
        add(tx, "a")

    async def story() -> None:
        waiting = asyncio.ensure_future(store.awrite(slow))
        await asyncio.to_thread(running.wait, 10)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        go_on.set()
        await store.awrite(add, "b")

    asyncio.run(story())
    store.close()  # on PostgreSQL the two works run side by side
    assert sorted(seen_from_outside(empty_database_url)) == ["a", "b"]


def test_closing_finishes_what_was_accepted(store: Store, empty_database_url: str) -> None:
    async def story() -> None:
        works = [asyncio.ensure_future(store.awrite(add, f"{i}")) for i in range(200)]
        await asyncio.sleep(0)
        await asyncio.to_thread(store.close)
        await asyncio.gather(*works)
        with pytest.raises(Unavailable) as caught:
            await store.awrite(add, "late")
        assert caught.value.code == "closed"

    asyncio.run(story())
    assert len(seen_from_outside(empty_database_url)) == 200
    with pytest.raises(Unavailable):
        store.read(names)
    store.close()


def test_a_swallowed_database_error_never_passes_for_success(store: Store) -> None:
    """PostgreSQL turns the commit of a failed transaction into a silent rollback."""
    if not on_postgresql(store):
        pytest.skip("SQLite undoes the failed statement alone")
    store.write(add, "a")

    def careless(tx: Tx) -> str:
        add(tx, "b")
        with pytest.raises(IntegrityError):
            add(tx, "a")
        return "done"

    with pytest.raises(PendingRollbackError):
        store.write(careless)
    assert store.read(names) == ["a"]
