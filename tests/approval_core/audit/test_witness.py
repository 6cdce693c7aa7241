"""A witness on another host: it takes what continues its file, and convicts a log that was written anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, update

from approval_core import audit
from approval_core.audit import witness
from approval_core.audit.models import checkpoints, entries, leaves, log_state, nodes
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.store import Store, Tx
from tests.approval_core.audit.records import KEY, NOW, OTHER_KEY, decide, sign

OFFICE = KEY.public_key().public_bytes_raw()


class StandIn:
    """Another host: a file, and what it is shown."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.file, self.store = folder / "witness", store
        self.refused = folder / "witness.refused"

    def is_shown(self, bundle: dict[str, Any] | None = None) -> bool:
        shown = bundle or self.store.read(witness.bundle, after=witness.read(self.file).size)
        return witness.append(self.file, json.loads(json.dumps(shown)), keys=[OFFICE], now=NOW)

    def seen(self) -> list[int]:
        return sorted(witness.read(self.file).roots)


@pytest.fixture
def elsewhere(store: Store, tmp_path: Path) -> StandIn:
    """It has seen the log at 3, 5 and 12 entries."""
    stand_in = StandIn(tmp_path, store)
    for first, last in ((0, 3), (3, 5), (5, 12)):
        decide(store, first, last)
        sign(store, seconds=last)
        assert stand_in.is_shown()
    return stand_in


def write_anew(store: Store, change: Any, *, key: Ed25519PrivateKey = KEY) -> None:
    """What the holder of the database and of the key can do: another history, signed from its beginning."""

    def work(tx: Tx) -> None:
        for table in (leaves, nodes, checkpoints, log_state):
            tx.execute(delete(table))
        tx.execute(update(entries).values(leaf=None))
        change(tx)
        while audit.sequence(tx, now=NOW, key=key):
            continue

    store.write(work)


def test_it_takes_what_continues_and_takes_it_once(elsewhere: StandIn, store: Store) -> None:
    assert elsewhere.seen() == [3, 5, 12]
    assert not elsewhere.is_shown()
    assert elsewhere.seen() == [3, 5, 12]
    assert store.read(audit.verify, witnessed=witness.read(elsewhere.file).roots).ok
    assert not elsewhere.refused.exists()


def test_another_log_of_the_same_size_is_a_fork_and_the_evidence_is_kept(
    elsewhere: StandIn, store: Store
) -> None:
    write_anew(
        store, lambda tx: tx.execute(update(entries).where(entries.c.leaf.is_(None)).values(hash="ab" * 32))
    )
    before = elsewhere.file.read_bytes()
    with pytest.raises(Conflict, match="two different logs of 12") as fork:
        elsewhere.is_shown()
    assert fork.value.code == "forked"
    assert elsewhere.file.read_bytes() == before
    kept = json.loads(elsewhere.refused.read_text(encoding="utf-8"))
    assert kept["note"].startswith("pishi/audit\n12\n")
    assert "FORK" in kept["why"]


def test_a_longer_log_that_does_not_contain_what_was_seen_is_refused(
    elsewhere: StandIn, store: Store
) -> None:
    write_anew(
        store,
        lambda tx: tx.execute(update(entries).where(entries.c.thing == "decision:4").values(hash="cd" * 32)),
    )
    decide(store, 12, 20)
    sign(store)
    with pytest.raises(Conflict, match="does not contain the log of 12") as fork:
        elsewhere.is_shown()
    assert fork.value.code == "not_continued"
    assert elsewhere.refused.exists()
    assert elsewhere.seen() == [3, 5, 12]
    report = store.read(audit.verify, witnessed=witness.read(elsewhere.file).roots)
    assert {problem.what for problem in report.problems} >= {
        "a witness has seen another root at 5 leaves", "a witness has seen another root at 12 leaves",
    }  # fmt: skip


def test_a_log_that_became_shorter_is_refused(elsewhere: StandIn, store: Store) -> None:
    write_anew(store, lambda tx: tx.execute(delete(entries).where(entries.c.thing == "decision:11")))
    with pytest.raises(Invalid, match="has 11 signed entries, not 12"):
        elsewhere.is_shown()
    with pytest.raises(Conflict) as shorter:
        elsewhere.is_shown(store.read(witness.bundle, after=0))
    assert shorter.value.code == "shorter"
    assert elsewhere.refused.exists()


def test_a_checkpoint_of_another_key_or_with_a_spoilt_signature_is_refused(
    elsewhere: StandIn, store: Store
) -> None:
    decide(store, 12, 14)
    sign(store, key=OTHER_KEY)
    bundle = store.read(witness.bundle, after=12)
    with pytest.raises(Conflict) as unknown:
        elsewhere.is_shown(bundle)
    assert unknown.value.code == "unknown_key"
    decide(store, 14, 16)
    sign(store)
    bundle = store.read(witness.bundle, after=12)
    bundle["checkpoint"]["at"] = "2027-01-01T00:00:00.000000Z"
    with pytest.raises(Conflict) as spoilt:
        elsewhere.is_shown(bundle)
    assert spoilt.value.code == "bad_signature"
    assert elsewhere.is_shown()  # the office's own key signs again
    assert elsewhere.seen() == [3, 5, 12, 16]


def test_a_bundle_from_another_place_is_asked_for_again_and_not_taken_for_a_fork(
    elsewhere: StandIn, store: Store
) -> None:
    decide(store, 12, 14)
    sign(store)
    with pytest.raises(Invalid, match="--after 12"):
        elsewhere.is_shown(store.read(witness.bundle, after=5))
    for odd in ({}, {"format": "pishi/witness/1"}, {**store.read(witness.bundle, after=12), "format": "x"}):
        with pytest.raises(Invalid):
            elsewhere.is_shown(odd or {"checkpoint": None})
    assert not elsewhere.refused.exists()


def test_a_spoilt_witness_file_is_named_by_its_line(elsewhere: StandIn) -> None:
    lines = elsewhere.file.read_text(encoding="utf-8").splitlines(keepends=True)
    for spoilt, line in (
        (lines[:1] + lines[2:], 2),
        ([*lines[:2], lines[2].replace("a", "b", 1)], 3),
        ([*lines, "{"], 4),
        (lines + lines[:1], 4),
    ):
        elsewhere.file.write_text("".join(spoilt), encoding="utf-8")
        with pytest.raises(Conflict, match=f"line {line}"):
            witness.read(elsewhere.file)


def test_before_anything_is_signed_there_is_nothing_to_witness(store: Store) -> None:
    with pytest.raises(NotFound):
        store.read(witness.bundle, after=0)
