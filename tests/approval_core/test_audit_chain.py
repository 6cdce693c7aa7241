"""Entries: linked, written with the deed, never doubled; texts that can be taken away on time."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select

from approval_core import audit
from approval_core.audit.canonical import canonical
from approval_core.audit.models import Entry, Head, entries, heads
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.store import Store, Tx

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def say(store: Store, chain: str = "request:17", **data: Any) -> int:
    return store.write(
        audit.append, chain=chain, actor="hy00001", verb="decided", thing="task:5", data=data, now=NOW
    )


def chain_of(store: Store, chain: str = "request:17") -> list[Entry]:
    wanted = select(Entry).where(entries.c.chain == chain).order_by(entries.c.seq)
    return store.read(lambda tx: list(tx.session.scalars(wanted)))


def test_each_entry_carries_the_hash_of_the_one_before(store: Store) -> None:
    numbers = [say(store, n=n) for n in range(3)]
    kept = chain_of(store)
    assert [entry.id for entry in kept] == numbers
    assert [entry.seq for entry in kept] == [1, 2, 3]
    assert [entry.prev_hash for entry in kept] == ["0" * 64, kept[0].hash, kept[1].hash]
    head = store.read(lambda tx: tx.session.get_one(Head, "request:17"))
    assert (head.seq, head.hash) == (3, kept[2].hash)


def test_a_stranger_can_recompute_an_entry_from_the_documented_recipe(store: Store) -> None:
    say(store, comment="同意，请尽快", n=1)
    (entry,) = chain_of(store)
    assert entry.data == '{"comment":"同意，请尽快","n":1}'
    assert entry.salt is not None
    assert entry.digest == sha256(bytes.fromhex(entry.salt) + entry.data.encode("utf-8")).hexdigest()
    recipe = (
        '{"actor":"hy00001","at":"2026-03-02T08:00:00.000000Z","chain":"request:17","data":"%s",'
        '"prev":"%s","seq":1,"thing":"task:5","verb":"decided"}'
    )
    assert entry.hash == sha256((recipe % (entry.digest, "0" * 64)).encode("utf-8")).hexdigest()


def test_equal_texts_have_unequal_digests(store: Store) -> None:
    say(store, verdict="approve")
    say(store, verdict="approve")
    one, two = chain_of(store)
    assert one.data == two.data
    assert one.digest != two.digest


def test_the_proof_is_undone_with_the_deed(store: Store) -> None:
    def deed(tx: Tx) -> None:
        audit.append(tx, chain="request:17", actor="a", verb="v", thing="t", data={}, now=NOW)
        raise Conflict("changed", "never mind")

    say(store)
    with pytest.raises(Conflict):
        store.write(deed)
    say(store)
    assert [entry.seq for entry in chain_of(store)] == [1, 2]
    assert store.read(audit.verify).ok


def test_two_entries_of_one_deed_follow_each_other(store: Store) -> None:
    def deed(tx: Tx) -> None:
        for verb in ("decided", "closed"):
            audit.append(tx, chain="new", actor="a", verb=verb, thing="t", data={}, now=NOW)

    store.write(deed)
    assert [entry.verb for entry in chain_of(store, "new")] == ["decided", "closed"]
    assert store.read(audit.verify).ok


def test_many_at_once_on_one_chain_wait_for_each_other_and_nobody_hears_of_it(database_url: str) -> None:
    failures: list[BaseException] = []

    def write_many(store: Store) -> None:
        try:
            for turn in range(20):
                say(store, chain=f"begun together:{turn}")
                say(store, chain="people")
        except BaseException as error:  # noqa: BLE001  # shown below, in the test's own thread
            failures.append(error)

    with closing(Store(database_url)) as one, closing(Store(database_url)) as two:
        threads = [threading.Thread(target=write_many, args=(store,)) for store in (one, two, one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failures == []
        assert [entry.seq for entry in chain_of(one, "people")] == list(range(1, 81))
        assert one.read(lambda tx: len(tx.execute(select(heads.c.chain)).all())) == 21
        report = one.read(audit.verify)
        assert (report.problems, report.entries) == ([], 160)


def test_a_moment_of_any_zone_is_kept_in_utc_and_a_naive_one_refused(store: Store) -> None:
    beijing = datetime(2026, 3, 2, 16, 0, 0, 5, tzinfo=timezone(timedelta(hours=8)))
    store.write(audit.append, chain="c", actor="a", verb="v", thing="t", data={}, now=beijing)
    assert chain_of(store, "c")[0].at == "2026-03-02T08:00:00.000005Z"
    with pytest.raises(ValueError, match="naive"):
        store.write(
            audit.append, chain="c", actor="a", verb="v", thing="t", data={}, now=NOW.replace(tzinfo=None)
        )


@pytest.mark.parametrize("text", ["\ud83d", "a\ude00b", "nul\0", "😀", "</script>\u2028", "\\ud83d"])
def test_whatever_an_sms_holds_is_kept_and_verifies(store: Store, text: str) -> None:
    say(store, comment=text)
    (entry,) = chain_of(store)
    assert entry.data is not None
    assert json.loads(entry.data) == {"comment": text}
    assert store.read(audit.verify).ok


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, NOW])
def test_what_is_no_json_is_refused_before_anything_is_written(store: Store, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        say(store, value=value)
    assert chain_of(store) == []


def test_canonical_json_does_not_depend_on_the_order_of_its_keys() -> None:
    assert canonical({"b": 1, "a": {"d": [1, 2], "c": None}}) == '{"a":{"c":null,"d":[1,2]},"b":1}'


def test_a_text_taken_away_on_time_leaves_a_chain_that_verifies(store: Store) -> None:
    number = say(store, comment="private")
    say(store)
    store.write(audit.sequence, now=NOW)
    deletion = store.write(audit.redact, number, actor="hy00002", reason="time is over", now=NOW)
    gone, _, record = chain_of(store)
    assert (gone.data, gone.salt) == (None, None)
    assert (record.id, record.actor, record.verb, record.thing) == (
        deletion,
        "hy00002",
        "audit.text_deleted",
        "entry:1",
    )
    assert json.loads(record.data or "") == {"reason": "time is over"}
    report = store.read(audit.verify)
    assert (report.problems, report.deleted_texts) == ([], 1)


def test_a_text_is_taken_away_once_and_the_record_of_it_stays(store: Store) -> None:
    number = say(store, comment="private")
    deletion = store.write(audit.redact, number, actor="a", reason="r", now=NOW)
    with pytest.raises(Conflict) as twice:
        store.write(audit.redact, number, actor="a", reason="r", now=NOW)
    assert twice.value.code == "already_deleted"
    with pytest.raises(Invalid) as record:
        store.write(audit.redact, deletion, actor="a", reason="r", now=NOW)
    assert record.value.code == "not_deletable"
    with pytest.raises(NotFound):
        store.write(audit.redact, 999, actor="a", reason="r", now=NOW)
