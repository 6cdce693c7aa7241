"""`verify` finds any change made behind the office's back and names the row; untouched, it finds nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import BigInteger, Column, Executable, delete, select, text, update
from sqlalchemy.exc import DataError, IntegrityError

from approval_core import audit
from approval_core.audit import Problem, VerifyReport, verify_chains, verify_log
from approval_core.audit.models import checkpoints, entries, heads, leaves, log_state, nodes
from approval_core.store import Store, Tx
from tests.approval_core.tampering import TABLES, NotPossibleError, Tampering, tamper

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
CHAINS = ["request:1", "request:2", "request:10", "people", "clients", "请示:九", "request:11", "once"]


def keep_records(store: Store, chance: random.Random, count: int = 150) -> None:
    """A log of some days: several chains, several batches, deleted texts, and a few entries not in the log yet."""

    def some(tx: Tx, first: int, last: int) -> None:
        for number in range(first, last):
            chain = "once" if number == 3 else chance.choice(CHAINS[:-1])
            data = {"verdict": "approve", "comment": f"同意 {number}", "n": number}
            audit.append(
                tx, chain=chain, actor="hy00001", verb="decided", thing=f"task:{number}", data=data, now=NOW
            )

    first = 0
    for last in (1, 8, 9, 70, 131, count):
        store.write(some, first, last)
        store.write(audit.sequence, now=NOW + timedelta(seconds=last), key=KEY, limit=50)
        store.write(audit.sequence, now=NOW + timedelta(seconds=last), key=KEY, limit=50)
        first = last
    for entry in store.read(lambda tx: [row.id for row in tx.execute(select(entries.c.id)).all()])[10:14]:
        store.write(audit.redact, entry, actor="hy00002", reason="time is over", now=NOW)
    store.write(audit.sequence, now=NOW, key=KEY)
    store.write(some, count, count + 7)


@pytest.fixture
def records(store: Store, seed: int) -> Store:
    keep_records(store, random.Random(seed))
    return store


class UndoError(Exception):
    """Carries the answer out of a work whose changes shall not stay."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer


def verified_after(store: Store, change: Callable[[Tx], Any], **how: Any) -> tuple[VerifyReport, Any]:
    """Verify after a change, then undo the change."""

    def work(tx: Tx) -> None:
        done = change(tx)
        raise UndoError((audit.verify(tx, public_key=KEY.public_key(), **how), done))

    with pytest.raises(UndoError) as undone:
        store.write(work)
    answer: tuple[VerifyReport, Any] = undone.value.answer
    return answer


def names(report: VerifyReport, done: Tampering) -> bool:
    return any(
        (problem.table, problem.id) in done.rows
        or (problem.chain, problem.seq) in done.places
        or ("log_state" in problem.what and ("log_state", "1") in done.rows)
        for problem in report.problems
    )


def test_what_nobody_touched_verifies(records: Store) -> None:
    report = records.read(audit.verify, public_key=KEY.public_key())
    assert report.problems == []
    assert (report.entries, report.chains, report.unsequenced, report.deleted_texts) == (161, 8, 7, 4)
    assert (report.leaves, report.nodes, report.checkpoints, report.unsigned) == (154, 154 - 4, 9, 0)
    assert report.signatures_checked


def test_an_empty_office_verifies(store: Store) -> None:
    assert store.read(audit.verify).ok
    assert store.write(audit.sequence, now=NOW, key=KEY) == 0
    assert store.read(audit.verify, public_key=KEY.public_key()).ok


def test_any_single_change_anywhere_is_found_and_the_row_is_named(
    records: Store, seed: int, scale: str
) -> None:
    chance = random.Random(seed)
    tried = 0
    while tried < (200 if scale == "small" else 5000):
        try:
            report, done = verified_after(records, lambda tx: tamper(tx, chance))
        except (NotPossibleError, IntegrityError, DataError):
            continue
        tried += 1
        assert not report.ok, done.what
        assert names(report, done), f"{done.what}\n" + "\n".join(map(str, report.problems[:20]))
    assert records.read(audit.verify, public_key=KEY.public_key()).ok


def test_a_deleted_chain_is_named_by_its_head_and_without_it_by_the_log(records: Store) -> None:
    of_chain = entries.c.chain == "people"
    ids = {row.id for row in records.read(lambda tx: tx.execute(select(entries.c.id).where(of_chain)).all())}
    report, _ = verified_after(records, lambda tx: tx.execute(delete(entries).where(of_chain)))
    assert ("audit_head", "people") in {(problem.table, problem.id) for problem in report.problems}

    def both(tx: Tx) -> None:
        tx.execute(delete(entries).where(of_chain))
        tx.execute(delete(heads).where(heads.c.chain == "people"))

    report, _ = verified_after(records, both)
    named = {problem.expected for problem in report.problems if problem.table == "log_leaf"}
    assert len(named & {f"entry {number}" for number in ids}) >= len(ids) - 7


def test_a_chain_cut_short_is_named_even_when_its_head_was_set_back(records: Store) -> None:
    def cut(tx: Tx) -> int:
        last = tx.execute(
            select(entries)
            .where(entries.c.chain == "people", entries.c.leaf.is_not(None))
            .order_by(entries.c.seq.desc())
        ).first()
        assert last is not None
        tx.execute(delete(entries).where(entries.c.chain == "people", entries.c.seq >= last.seq))
        tx.execute(
            update(heads).where(heads.c.chain == "people").values(seq=last.seq - 1, hash=last.prev_hash)
        )
        return int(last.id)

    report, gone = verified_after(records, cut)
    assert ("log_leaf", f"entry {gone}") in {(problem.table, problem.expected) for problem in report.problems}
    assert {problem.table for problem in report.problems} <= {"log_leaf", "audit_entry"}


def test_a_log_rewritten_without_the_key_is_found_by_its_checkpoints(records: Store) -> None:
    def rewrite(tx: Tx) -> None:
        for table in (leaves, nodes, checkpoints, log_state):
            tx.execute(delete(table))
        tx.execute(update(entries).values(leaf=None))
        while audit.sequence(tx, now=NOW, key=OTHER_KEY, limit=60):
            continue

    report, _ = verified_after(records, rewrite)
    assert {problem.table for problem in report.problems} == {"log_checkpoint"}
    assert "was not given" in report.problems[0].what


def test_a_log_rewritten_with_the_key_is_found_by_a_witness(records: Store) -> None:
    seen = records.read(audit.last_checkpoint)
    assert seen is not None
    witnessed = {seen.size: seen.root, 9: records.read(audit.root_at, 9)}
    assert records.read(audit.verify, witnessed=witnessed).ok

    def rewrite(tx: Tx) -> None:
        for table in (leaves, nodes, checkpoints, log_state):
            tx.execute(delete(table))
        tx.execute(delete(entries).where(entries.c.chain == "once"))
        tx.execute(delete(heads).where(heads.c.chain == "once"))
        tx.execute(update(entries).values(leaf=None))
        while audit.sequence(tx, now=NOW, key=KEY):
            continue

    assert verified_after(records, rewrite)[0].ok
    report, _ = verified_after(records, rewrite, witnessed=witnessed)
    assert {problem.what for problem in report.problems} == {
        "a witness has seen another root at 9 leaves",
        f"a witness has seen another root at {seen.size} leaves",
    }
    report, _ = verified_after(records, lambda tx: None, witnessed={seen.size + 1: seen.root})
    assert [problem.what for problem in report.problems] == ["a witness has seen a longer log"]


def test_a_text_that_went_without_a_record_is_named_and_so_is_one_that_came_back(records: Store) -> None:
    missing = (entries.c.data.is_(None), entries.c.verb == "decided")
    gone = records.read(lambda tx: tx.execute(select(entries).where(*missing)).first())
    assert gone is not None
    report, _ = verified_after(
        records,
        lambda tx: tx.execute(
            update(entries).where(entries.c.id == gone.id).values(data="{}", salt="00" * 16)
        ),
    )
    assert (str(gone.id), "its text is not the one that was hashed") in {
        (p.id, p.what) for p in report.problems
    }
    whole = records.read(lambda tx: tx.execute(select(entries).where(entries.c.data.is_not(None))).first())
    assert whole is not None
    report, _ = verified_after(
        records,
        lambda tx: tx.execute(update(entries).where(entries.c.id == whole.id).values(data=None, salt=None)),
    )
    assert [(p.id, p.what) for p in report.problems] == [
        (str(whole.id), "its text is gone and no entry says that it was deleted")
    ]


def test_one_damaged_row_does_not_condemn_the_rows_after_it(records: Store) -> None:
    for change in (
        update(leaves).where(leaves.c.position == 5).values(hash="00" * 32),
        update(nodes).where(nodes.c.level == 2, nodes.c.position == 1).values(hash="00" * 32),
        update(checkpoints).where(checkpoints.c.number == 2).values(root="00" * 32),
        update(entries).where(entries.c.leaf == 5).values(thing="task:9999"),
    ):
        report, _ = verified_after(records, partial(run, change))
        assert 1 <= len(report.problems) <= 3, [str(problem) for problem in report.problems]


def test_rows_of_the_office_that_differ_from_their_entries_are_reported(records: Store) -> None:
    odd = Problem("decision", "17", "no entry says this", expected="approve", found="reject")
    report = records.read(audit.verify, public_key=KEY.public_key(), facts=lambda _: [odd])
    assert report.problems == [odd]
    assert str(odd) == "decision 17: no entry says this; expected approve, found reject"


def test_a_damaged_entry_that_stops_the_comparison_is_said_and_our_own_fault_is_not_hidden(
    records: Store,
) -> None:
    def cannot_read(tx: Tx) -> list[Problem]:
        raise ValueError("no number in reqdest:2")

    damage = update(entries).where(entries.c.leaf == 5).values(chain="reqdest:2")
    report, _ = verified_after(records, partial(run, damage), facts=cannot_read)
    assert "not compared to the end" in report.problems[-1].what
    with pytest.raises(ValueError, match="reqdest"):
        records.read(audit.verify, facts=cannot_read)


def test_progress_is_told_and_the_report_stays_short_when_everything_is_broken(records: Store) -> None:
    told: list[tuple[str, int]] = []
    records.read(audit.verify, progress=lambda table, done: told.append((table, done)))
    assert ("log_leaf", 154) in told
    report, _ = verified_after(
        records,
        lambda tx: [tx.execute(update(table).values(hash="zz")) for table in (entries, leaves, nodes)],
    )
    assert not report.ok
    assert len(report.problems) + report.more_problems > 450


def test_values_of_a_strange_type_are_named_and_do_not_stop_the_verification(
    sqlite_url: str, seed: int
) -> None:
    store = Store(sqlite_url)
    keep_records(store, random.Random(seed))
    columns = [column for table in TABLES for column in table.c if not is_rowid(column)]
    for column in columns:
        for value in ("x'ff00'", "'words'", "1.5"):
            name = column.table.name
            change = text(
                f"UPDATE {name} SET {column.name} = {value} WHERE rowid = (SELECT max(rowid) FROM {name})"  # noqa: S608  # our own names
            )
            report, _ = verified_after(store, partial(run, change))
            assert not report.ok, (str(column), value)
    store.close()


def is_rowid(column: Column[Any]) -> bool:
    """SQLite itself keeps these to whole numbers."""
    return column.primary_key and len(column.table.primary_key) == 1 and isinstance(column.type, BigInteger)


def run(statement: Executable, tx: Tx) -> None:
    tx.execute(statement)


def test_a_log_of_many_pages_verifies_and_a_change_at_a_page_s_edge_is_named(store: Store) -> None:
    pages = 2 * verify_log.CHUNK + 300
    assert pages > 2 * verify_chains.CHUNK

    def many(tx: Tx, first: int, last: int) -> None:
        for number in range(first, last):
            chain = "long" if number % 3 else f"request:{number}"
            audit.append(tx, chain=chain, actor="a", verb="v", thing="t", data={"n": number}, now=NOW)

    for first in range(0, pages, 1000):
        store.write(many, first, min(first + 1000, pages))
        store.write(audit.sequence, now=NOW, key=KEY)
    report = store.read(audit.verify, public_key=KEY.public_key())
    assert (report.problems, report.entries, report.leaves, report.unsigned) == ([], pages, pages, 0)
    for edge in (verify_log.CHUNK - 1, verify_log.CHUNK, 2 * verify_log.CHUNK - 1):
        report, _ = verified_after(store, partial(run, delete(leaves).where(leaves.c.position == edge)))
        assert ("log_leaf", str(edge)) in {(problem.table, problem.id) for problem in report.problems}
        assert len(report.problems) == 2  # the leaf, and the entry that knows of it
    for seq in (verify_chains.CHUNK - 1, verify_chains.CHUNK, verify_chains.CHUNK + 1):
        gone = delete(entries).where(entries.c.chain == "long", entries.c.seq == seq)
        report, _ = verified_after(store, partial(run, gone))
        assert ("long", seq) in {(problem.chain, problem.seq) for problem in report.problems}
        assert len(report.problems) == 2  # the gap, and the leaf of what is gone
