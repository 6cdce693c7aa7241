"""Several processes on one database, and a database that goes away."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from approval_core.connections import TransactionLostError
from approval_core.connections import database_url as parsed
from approval_core.errors import Unavailable
from approval_core.store import Store, Tx
from tests.approval_core import ledger
from tests.approval_core.children import Children
from tests.databases import PostgresServer, SqliteFiles


@pytest.fixture
def store(empty_database_url: str) -> Iterator[Store]:
    ledger.create(empty_database_url)
    opened = Store(empty_database_url)
    yield opened
    opened.close()


@pytest.fixture
def server_store(postgres_server: PostgresServer) -> Iterator[tuple[Store, str]]:
    url = postgres_server.empty()
    ledger.create(url)
    opened = Store(url, threads=2)
    yield opened, url
    opened.close()
    postgres_server.drop(url)


def test_eight_processes_decide_and_each_paper_has_one_winner(
    store: Store, empty_database_url: str, scale: str
) -> None:
    rounds = 25 if scale == "small" else 500
    for number in range(rounds):
        store.write(ledger.add, f"paper {number}")
    with Children(empty_database_url, *[("race", f"p{i}", str(rounds)) for i in range(8)]) as children:
        children.start()
        won = [number for answer in children.answers() for number in answer["won"]]
    assert sorted(won) == list(range(rounds))
    assert len(store.read(ledger.stamped_by)) == rounds


def test_two_processes_on_one_database_lose_no_update(store: Store, empty_database_url: str) -> None:
    store.write(ledger.add, "a")
    with Children(empty_database_url, ("count", "a", "300"), ("count", "a", "300")) as children:
        children.start()
        for _ in range(100):
            store.write(ledger.count_up, "a")
        answers = children.answers()
    assert [answer["done"] for answer in answers] == [300, 300]
    assert store.read(lambda tx: tx.run(ledger.BY_NAME, called="a").one()).count == 700


def test_a_signal_wakes_another_process(store: Store, empty_database_url: str) -> None:
    with store.signals.listen("sms") as listener, Children(empty_database_url, ("signal", "sms")) as child:
        listener.wait(0.3)  # a listener looks once when it has connected
        child.start()
        assert listener.wait(20)
        assert child.answers() == [{"done": 1}]


def test_a_topic_nobody_named_wakes_nobody_on_postgresql(server_store: tuple[Store, str]) -> None:
    store, url = server_store
    with (
        store.signals.listen("sms") as sms,
        store.signals.listen("timers") as timers,
        Children(url, ("signal", "timers")) as child,
    ):
        while sms.wait(0.5):
            timers.wait(0)
        child.start()
        assert timers.wait(20)
        assert not sms.wait(0)
        child.answers()


def killed_backends(store: Store, url: str) -> int:
    plain = parsed(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        killed = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    return len(killed)


def test_a_killed_connection_is_replaced(server_store: tuple[Store, str]) -> None:
    store, url = server_store
    store.write(ledger.add, "a")
    store.read(ledger.names)
    assert killed_backends(store, url) >= 2
    for name in "bcd":
        store.write(ledger.add, name)
    assert store.read(ledger.names) == ["a", "b", "c", "d"]


def test_a_work_whose_connection_dies_runs_again_and_counts_once(server_store: tuple[Store, str]) -> None:
    store, url = server_store
    runs: list[int] = []

    def struck_by_lightning(tx: Tx) -> None:
        ledger.add(tx, "a")
        runs.append(1)
        if len(runs) == 1:
            killed_backends(store, url)
        ledger.add(tx, "b")

    store.write(struck_by_lightning)
    assert len(runs) == 2
    assert store.read(ledger.names) == ["a", "b"]


def test_listening_survives_a_killed_connection(server_store: tuple[Store, str]) -> None:
    store, url = server_store
    with store.signals.listen("sms") as listener, Children(url, ("signal", "sms")) as child:
        assert listener.wait(20)  # connected
        killed_backends(store, url)
        assert listener.wait(20)  # connected again: whatever was said in between, look
        listener.wait(0.3)
        child.start()
        assert listener.wait(20)
        child.answers()


def test_a_deadlock_is_settled_by_running_one_work_again(server_store: tuple[Store, str]) -> None:
    store, _ = server_store
    for name in "ab":
        store.write(ledger.add, name)
    both_hold_one = threading.Barrier(2)
    met = threading.Event()

    def crossing(tx: Tx, first: str, second: str) -> None:
        ledger.count_up(tx, first)
        if not met.is_set():
            both_hold_one.wait(20)
            met.set()
        ledger.count_up(tx, second)

    threads = [
        threading.Thread(target=store.write, args=(crossing, first, second)) for first, second in ("ab", "ba")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row.count for row in store.read(lambda tx: tx.run(select(ledger.papers.c.count)).all())] == [2, 2]
    assert store.metrics.repeated_works >= 1


def test_a_server_that_is_not_there_is_unavailable() -> None:
    store = Store("postgresql://nobody@127.0.0.1:1/none", threads=1, readers=1)
    for call in (store.write, store.read):
        with pytest.raises(Unavailable) as caught:
            call(ledger.names)
        assert caught.value.code == "store_away"
    store.close()


@pytest.fixture
def file_url(sqlite_files: SqliteFiles) -> str:
    url = sqlite_files.empty()
    ledger.create(url)
    return url


def in_one_batch(store: Store, *works: Any) -> list[Any]:
    """Queue all works while the writer is held, so that they share one transaction."""
    running, go_on = threading.Event(), threading.Event()

    def hold(tx: Tx) -> None:
        running.set()
        assert go_on.wait(10)

    async def story() -> list[Any]:
        held = asyncio.ensure_future(store.awrite(hold))
        await asyncio.to_thread(running.wait, 10)
        asked = [asyncio.ensure_future(store.awrite(work, *args)) for work, *args in works]
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(held, return_exceptions=True)  # it shares the fate of the batch
        return list(await asyncio.gather(*asked, return_exceptions=True))

    return asyncio.run(story())


def test_under_load_many_works_share_a_commit(file_url: str) -> None:
    store = Store(file_url, span=10)
    answers = in_one_batch(store, *[(ledger.add, f"{i}") for i in range(200)])
    assert sorted(answers) == list(range(1, 201))
    assert store.metrics.works == 201
    assert store.metrics.batches == 4  # 64 at most in each, the one that held the writer among the first
    assert store.metrics.longest_batch == 64
    store.close()


def test_neighbours_of_a_work_that_drops_the_batch_run_again(file_url: str) -> None:
    store = Store(file_url, span=10)
    store.write(ledger.add, "taken")
    dropping = insert(ledger.papers).prefix_with("OR ROLLBACK").values(name="taken")
    goes_on = []

    def drop(tx: Tx) -> None:
        tx.session.add(ledger.Paper("by session"))
        tx.run(dropping)

    def drop_and_go_on(tx: Tx) -> None:
        for _ in range(2):
            try:
                tx.session.execute(dropping)
            except (IntegrityError, TransactionLostError) as error:
                goes_on.append(type(error).__name__)
        ledger.add(tx, "outside any transaction")

    answers = in_one_batch(
        store,
        (ledger.add, "before"),
        (drop,),
        (ledger.add, "between"),
        (drop_and_go_on,),
        (ledger.add, "after"),
    )
    assert [type(answer).__name__ for answer in answers] == [
        "int",
        "IntegrityError",
        "int",
        "TransactionLostError",
        "int",
    ]
    assert goes_on == ["IntegrityError", "TransactionLostError"]
    assert sorted(store.read(ledger.names)) == ["after", "before", "between", "taken"]
    store.close()


def test_a_full_disk_fails_its_own_work_and_no_other(file_url: str) -> None:
    store = Store(file_url, span=10)
    store.write(lambda tx: tx.execute(text("PRAGMA max_page_count = 12")))

    def huge(tx: Tx) -> None:
        tx.run(insert(ledger.papers), name="huge", form={"text": "字" * 200_000})

    first, full, last = in_one_batch(store, (ledger.add, "first"), (huge,), (ledger.add, "last"))
    assert isinstance(full, OperationalError)
    assert (first, last) == (1, 2)
    assert store.read(ledger.names) == ["first", "last"]
    store.close()


def test_every_caller_learns_of_a_failed_commit(file_url: str) -> None:
    store = Store(file_url, span=10)
    orphan = insert(ledger.stamps).values(paper_id=99, by="nobody")

    def owe(tx: Tx) -> None:
        tx.execute(text("PRAGMA defer_foreign_keys = ON"))
        tx.run(orphan)

    answers = in_one_batch(store, (ledger.add, "a"), (owe,), (ledger.add, "b"))
    assert [getattr(answer, "code", answer) for answer in answers] == ["commit_failed"] * 3
    assert store.read(ledger.names) == []
    assert store.write(ledger.add, "a") == 1
    store.close()


def test_only_files_and_servers_are_accepted() -> None:
    for url in ("sqlite://", "sqlite:///:memory:", "mysql://host/name"):
        with pytest.raises(ValueError, match="store"):
            Store(url)
    with pytest.raises(OperationalError):
        Store("sqlite:////nowhere/at/all.db")
    assert os.path.sep in parsed("sqlite:///var/pishi.db").database  # type: ignore[operator]
    assert parsed("postgresql://host/name").drivername == "postgresql+psycopg"
