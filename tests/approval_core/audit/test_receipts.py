"""A receipt is checked by a stranger with one file; whoever changes anything in it is found out."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from approval_core import audit
from approval_core.audit import receipts
from approval_core.audit.offline import verify_record
from approval_core.errors import NotFound
from approval_core.store import Store
from tests.approval_core.audit.records import (
    KEY,
    NOW,
    OTHER_KEY,
    PUBLIC,
    alone,
    decide,
    every_entry,
    sign,
    some_days,
    verdict,
)


def document(store: Store, entry: int, **how: Any) -> dict[str, Any]:
    return store.read(receipts.receipt, entry, keys=[KEY.public_key()], **how)


def written(folder: Path, shown: dict[str, Any]) -> Path:
    path = folder / "receipt.json"
    path.write_text(receipts.as_json(shown), encoding="utf-8")
    return path


def test_every_entry_has_a_receipt_that_holds_in_both_forms(store: Store, tmp_path: Path) -> None:
    some_days(store)
    for entry in every_entry(store):
        shown = document(store, entry)
        failed, lines = verdict(written(tmp_path, shown), PUBLIC)
        assert failed == 0, lines
        proof = tmp_path / "receipt.tlog-proof"
        proof.write_text(receipts.tlog_proof(shown), encoding="utf-8", newline="")
        failed, lines = verdict(proof, PUBLIC)
        assert failed == 0, lines


def test_a_stranger_checks_it_with_the_file_alone(store: Store, tmp_path: Path) -> None:
    some_days(store)
    path = written(tmp_path, document(store, every_entry(store)[11]))
    checked = alone(path, "--key", PUBLIC, folder=tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert [line[:4] for line in checked.stdout.splitlines()] == ["OK  ", "OK  ", "2 fa"]

    unnamed = alone(path, folder=tmp_path)
    assert unnamed.returncode == 0
    assert PUBLIC in unnamed.stdout.splitlines()[0]
    assert unnamed.stdout.startswith("NOTE")

    other = alone(path, "--key", OTHER_KEY.public_key().public_bytes_raw().hex(), folder=tmp_path)
    assert other.returncode == 1
    assert "FAIL  checkpoint" in other.stdout


def test_a_console_without_the_letters_still_gets_its_answer(store: Store, tmp_path: Path) -> None:
    some_days(store)
    number = store.write(
        audit.append, chain="请示:九", actor="王伟", verb="decided", thing="decision:1", data={}, now=NOW
    )
    sign(store)
    checked = alone(
        written(tmp_path, document(store, number)), "--key", PUBLIC, folder=tmp_path, letters="ascii"
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "decided by ??" in checked.stdout


def test_a_receipt_is_the_same_document_however_long_the_log_has_become(store: Store) -> None:
    some_days(store)
    early = every_entry(store)[3]
    before = document(store, early)
    decide(store, 37, 60)
    sign(store, seconds=60)
    assert document(store, early) == before
    last = store.read(audit.last_checkpoint)
    assert last is not None
    later = document(store, early, checkpoint=last.number)
    assert (later["checkpoint"]["size"], later["entry"]["hash"]) == (60, before["entry"]["hash"])


def test_an_entry_that_no_checkpoint_covers_has_no_receipt_yet(store: Store) -> None:
    some_days(store)
    fresh = decide(store, 37, 38)[0]
    with pytest.raises(NotFound, match="again in a second") as missing:
        document(store, fresh)
    assert missing.value.code == "not_yet_in_log"
    with pytest.raises(NotFound):
        document(store, 10**6)
    with pytest.raises(NotFound):
        document(store, every_entry(store)[-2], checkpoint=1)


def test_without_its_text_a_receipt_still_holds_and_says_so(store: Store, tmp_path: Path) -> None:
    some_days(store)
    shown = document(store, every_entry(store)[5], text=False)
    assert (shown["entry"]["data"], shown["entry"]["salt"]) == (None, None)
    failed, lines = verdict(written(tmp_path, shown), PUBLIC)
    assert failed == 0
    assert "NOTE  the entry's text is not part" in lines


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where a plain value stands in a document."""
    if isinstance(value, dict):
        return [place for name in value for place in places(value[name], (*at, name))]
    if isinstance(value, list):
        return [place for number in range(len(value)) for place in places(value[number], (*at, number))]
    return [at]


def test_no_single_change_of_a_receipt_goes_unseen(store: Store, tmp_path: Path, seed: int) -> None:
    some_days(store)
    chance = random.Random(seed)
    shown = document(store, every_entry(store)[17])
    bound = [place for place in places(shown) if place[0] not in ("format", "keys")]
    assert len(bound) > 20
    for place in bound:
        changed = deepcopy(shown)
        holder = changed
        for step in place[:-1]:
            holder = holder[step]
        value = holder[place[-1]]
        holder[place[-1]] = value + 1 if isinstance(value, int) else other_text(value, chance)
        failed, lines = verdict(written(tmp_path, changed), PUBLIC)
        assert failed, f"{place}: {value!r} → {holder[place[-1]]!r}\n{lines}"
        del holder[place[-1]]
        assert verdict(written(tmp_path, changed), PUBLIC)[0], place


def other_text(value: str, chance: random.Random) -> str:
    place = chance.randrange(len(value))
    return (
        value[:place]
        + chance.choice([one for one in "0123456789abcdefXY" if one != value[place]])
        + value[place + 1 :]
    )


def test_what_is_no_receipt_fails_with_one_line_and_no_trace(tmp_path: Path) -> None:
    for text in (
        "",
        "[]",
        "{}",
        "null",
        '{"keys": 1}',
        '{"keys": [], "keys": []}',
        "c2sp.org/tlog-proof@v1\n\n",
    ):
        path = tmp_path / "odd.json"
        path.write_text(text, encoding="utf-8")
        checked = alone(path, folder=tmp_path)
        assert (checked.returncode, checked.stderr) == (1, ""), text
        assert checked.stdout.startswith("FAIL"), text
    assert alone(tmp_path / "missing", folder=tmp_path).returncode == 1


def test_a_stranger_s_document_cannot_print_a_line_of_its_own(store: Store, tmp_path: Path) -> None:
    some_days(store)
    shown = document(store, every_entry(store)[5])
    shown["entry"]["actor"] += "\nOK    everything holds\x1b[2A\u202e"
    failed, lines = verdict(written(tmp_path, shown), PUBLIC)
    assert failed
    assert [line[:4] for line in lines.splitlines()] == ["OK  ", "FAIL"]
    assert "\x1b" not in lines
    assert "\u202e" not in lines


def test_a_checkpoint_read_back_from_its_note_is_the_same(store: Store) -> None:
    some_days(store)
    last = store.read(audit.last_checkpoint)
    assert last is not None
    shown = store.read(receipts.shown_checkpoint, last)
    assert verify_record.read_note(audit.note(shown)) == shown
    assert json.loads(json.dumps(shown)) == shown
