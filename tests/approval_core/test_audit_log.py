"""The log over all chains: every entry once, one sequencer, checkpoints and proofs that a stranger can check."""

from __future__ import annotations

import base64
import threading
from contextlib import closing
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select, update

from approval_core import audit
from approval_core.audit import merkle
from approval_core.audit.canonical import key_id
from approval_core.audit.models import checkpoints, entries, leaves
from approval_core.errors import Conflict, NotFound
from approval_core.store import Store, Tx

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def say(store: Store, count: int = 1, chain: str = "people") -> list[int]:
    def some(tx: Tx) -> list[int]:
        return [
            audit.append(tx, chain=chain, actor="a", verb="v", thing="t", data={"n": n}, now=NOW)
            for n in range(count)
        ]

    return store.write(some)


def test_every_entry_becomes_a_leaf_once_in_batches_of_the_limit(store: Store) -> None:
    say(store, 7)
    say(store, 4, chain="clients")
    taken = [store.write(audit.sequence, now=NOW, key=KEY, limit=5) for _ in range(4)]
    assert taken == [5, 5, 1, 0]
    assert store.read(audit.log_size) == 11
    places = store.read(lambda tx: tx.execute(select(entries.c.leaf).order_by(entries.c.id)).scalars().all())
    assert list(places) == list(range(11))
    report = store.read(audit.verify, public_key=KEY.public_key())
    assert (report.problems, report.checkpoints, report.unsigned) == ([], 3, 0)


def test_without_a_key_the_log_grows_unsigned_and_says_so(store: Store) -> None:
    say(store, 3)
    store.write(audit.sequence, now=NOW)
    report = store.read(audit.verify)
    assert (report.ok, report.leaves, report.unsigned, report.signatures_checked) == (True, 3, 3, False)
    assert store.read(audit.last_checkpoint) is None


def test_a_stranger_with_the_public_key_checks_checkpoint_inclusion_and_growth(store: Store) -> None:
    numbers = say(store, 6)
    store.write(audit.sequence, now=NOW, key=KEY)
    old = store.read(audit.last_checkpoint)
    say(store, 7)
    store.write(audit.sequence, now=NOW, key=KEY)
    new = store.read(audit.last_checkpoint)
    assert old is not None
    assert new is not None
    text, _, signature = audit.note(new._asdict()).partition("\n\n")
    root = base64.b64encode(bytes.fromhex(new.root)).decode()
    assert text == f"pishi/audit\n13\n{root}\ncheckpoint 2\nat 2026-03-02T08:00:00.000000Z"
    mark, name, packed = signature.split()
    raw = base64.b64decode(packed)
    assert (mark, name, raw[:4].hex()) == (
        "\u2014",
        "pishi/audit",
        key_id(KEY.public_key().public_bytes_raw()),
    )
    KEY.public_key().verify(raw[4:], f"{text}\n".encode())

    proof = store.read(audit.prove_entry, numbers[4])
    path = [bytes.fromhex(step) for step in proof.proof]
    assert (proof.position, proof.size, proof.root) == (4, 13, new.root)
    assert merkle.is_included(bytes.fromhex(proof.leaf), 4, 13, path, bytes.fromhex(new.root))
    growth = [bytes.fromhex(step) for step in store.read(audit.prove_growth, old.size, new.size)]
    assert merkle.is_consistent(6, 13, growth, bytes.fromhex(old.root), bytes.fromhex(new.root))
    assert store.read(audit.prove_entry, numbers[4], size=6).root == old.root
    with pytest.raises(IndexError):
        store.read(audit.prove_growth, 6, 14)


def test_an_entry_younger_than_the_log_has_no_proof_yet(store: Store) -> None:
    (number,) = say(store)
    with pytest.raises(NotFound) as refused:
        store.read(audit.prove_entry, number)
    assert refused.value.code == "not_yet_in_log"
    with pytest.raises(NotFound) as refused:
        store.read(audit.prove_entry, 999)
    assert refused.value.code == "no_entry"


def test_several_sequencers_and_writers_at_once_make_one_log_without_gap_or_double(database_url: str) -> None:
    failures: list[BaseException] = []
    writing = threading.Event()

    def write(store: Store, name: int) -> None:
        for turn in range(25):
            say(store, 2, chain=f"request:{(name + turn) % 5}")

    def sequence(store: Store) -> None:
        while not writing.is_set() or store.write(audit.sequence, now=NOW, key=KEY, limit=9):
            store.write(audit.sequence, now=NOW, key=KEY, limit=9)

    def guarded(work: object, *args: object) -> None:
        try:
            work(*args)  # type: ignore[operator]  # a function
        except BaseException as error:  # noqa: BLE001  # shown below, in the test's own thread
            failures.append(error)

    with closing(Store(database_url)) as one, closing(Store(database_url)) as two:
        writers = [threading.Thread(target=guarded, args=(write, s, n)) for n, s in enumerate((one, two))]
        takers = [threading.Thread(target=guarded, args=(sequence, store)) for store in (one, two)]
        for thread in (*writers, *takers):
            thread.start()
        for thread in writers:
            thread.join(60)
        writing.set()
        for thread in takers:
            thread.join(60)
        assert failures == []
        while one.write(audit.sequence, now=NOW, key=KEY):
            continue
        report = one.read(audit.verify, public_key=KEY.public_key())
        assert (report.problems, report.leaves, report.unsequenced) == ([], 100, 0)


def test_a_second_sequencer_finds_the_first_at_work_and_leaves(postgres_url: str) -> None:
    """On SQLite there is one writer in any case."""
    at_work, done = threading.Event(), threading.Event()
    released: list[bool] = []

    def hold(tx: Tx) -> None:
        audit.sequence(tx, now=NOW, key=KEY)
        at_work.set()
        released.append(done.wait(30))

    with closing(Store(postgres_url)) as one, closing(Store(postgres_url)) as two:
        say(one, 3)
        assert one.write(audit.sequence, now=NOW, key=KEY) == 3
        say(one, 2)
        first = threading.Thread(target=one.write, args=(hold,))
        first.start()
        assert at_work.wait(30)
        assert two.write(audit.sequence, now=NOW, key=KEY) == 0
        done.set()
        first.join(30)
        assert released == [True]  # the second one did not wait for the first
        assert two.read(audit.log_size) == 5


def test_a_damaged_entry_does_not_enter_the_log_twice_nor_stop_it(store: Store) -> None:
    say(store, 3)
    store.write(audit.sequence, now=NOW, key=KEY)
    store.write(lambda tx: tx.execute(update(entries).where(entries.c.seq == 2).values(leaf=None)) and None)
    say(store, 2)
    assert store.write(audit.sequence, now=NOW, key=KEY) == 2
    assert store.read(lambda tx: tx.execute(select(func.count()).select_from(leaves)).scalar()) == 5
    assert not store.read(audit.verify, public_key=KEY.public_key()).ok


def test_an_entry_without_a_readable_hash_is_named_by_the_sequencer(store: Store) -> None:
    (number,) = say(store)
    store.write(lambda tx: tx.execute(update(entries).values(hash="zz")) and None)
    with pytest.raises(Conflict) as refused:
        store.write(audit.sequence, now=NOW, key=KEY)
    assert (refused.value.code, refused.value.data) == ("audit_damaged", {"entry_id": number})


def test_after_a_change_of_keys_both_keys_are_needed_and_enough(store: Store) -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    for key in (KEY, other):
        say(store)
        store.write(audit.sequence, now=NOW, key=key)
    assert store.read(audit.verify, public_key=[KEY.public_key(), other.public_key()]).ok
    report = store.read(audit.verify, public_key=other.public_key())
    assert [problem.table for problem in report.problems] == [checkpoints.name]
