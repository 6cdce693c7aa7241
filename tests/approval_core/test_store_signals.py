"""Signals within one process: none is lost between two looks, none comes before the commit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from approval_core.errors import Conflict
from approval_core.store import Store, Tx
from tests.approval_core import ledger


@pytest.fixture
def store(empty_database_url: str) -> Iterator[Store]:
    ledger.create(empty_database_url)
    opened = Store(empty_database_url)
    yield opened
    opened.close()


def add_and_signal(tx: Tx, name: str, *topics: str) -> None:
    ledger.add(tx, name)
    for topic in topics:
        tx.signal(topic)


def test_a_signal_between_two_looks_is_not_lost(store: Store) -> None:
    with store.signals.listen("sms", "timers") as listener:
        while listener.wait(0.5):
            pass
        store.write(add_and_signal, "a", "sms", "sms", "timers")
        assert listener.wait(0)
        assert not listener.wait(0)


def test_only_the_named_topic_wakes(store: Store) -> None:
    with store.signals.listen("sms") as listener:
        while listener.wait(0.5):
            pass
        store.write(add_and_signal, "a", "timers")
        assert not listener.wait(0)


def test_a_work_that_rolls_back_signals_nothing(store: Store) -> None:
    def fails(tx: Tx) -> None:
        add_and_signal(tx, "a", "sms")
        raise Conflict("no", "no")

    def fails_in_part(tx: Tx) -> None:
        with pytest.raises(Conflict):
            inside(tx)

    def inside(tx: Tx) -> None:
        with tx.nested():
            fails(tx)

    with store.signals.listen("sms") as listener:
        while listener.wait(0.5):
            pass
        with pytest.raises(Conflict):
            store.write(fails)
        store.write(fails_in_part)
        assert not listener.wait(0)


def test_whoever_is_woken_sees_what_was_committed(store: Store) -> None:
    seen: list[list[str]] = []
    listening = threading.Event()

    def look() -> None:
        with store.signals.listen("sms") as listener:
            while listener.wait(0.5):
                pass
            listening.set()
            assert listener.wait(20)
            seen.append(store.read(ledger.names))

    thread = threading.Thread(target=look)
    thread.start()
    assert listening.wait(20)
    store.write(add_and_signal, "a", "sms")
    thread.join()
    assert seen == [["a"]]


def test_coroutines_are_woken_too(store: Store) -> None:
    async def story() -> None:
        with store.signals.listen("sms") as listener:
            while await listener.await_(0.5):
                pass
            waiting = asyncio.ensure_future(listener.await_(20))
            await asyncio.sleep(0)
            await store.awrite(add_and_signal, "a", "sms")
            assert await waiting
            await store.awrite(add_and_signal, "b", "sms")
            assert await listener.await_(0)
            assert not await listener.await_(0.01)

    asyncio.run(story())


def test_a_closed_store_lets_its_listeners_go(empty_database_url: str) -> None:
    store = Store(empty_database_url)
    listener = store.signals.listen("sms")
    while listener.wait(0.5):
        pass
    woken: list[bool] = []
    thread = threading.Thread(target=lambda: woken.append(listener.wait(20)))
    thread.start()
    store.close()
    thread.join()
    assert woken == [True]
