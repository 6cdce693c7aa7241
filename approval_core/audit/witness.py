"""A witness keeps signed checkpoints on another host, each shown to continue the one before; it needs no database.

The file is one JSON object a line: `note` (the C2SP signed note), `proof` (consistency with the line before, hex),
`public_key`, `seen_at`. It is only ever appended to. What does not continue it is refused and kept in FILE.refused.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from approval_core.audit.canonical import key_id, moment, note, signed_text
from approval_core.audit.log import last_checkpoint, prove_growth
from approval_core.audit.merkle import is_consistent
from approval_core.audit.offline.verify_record import read_note
from approval_core.audit.receipts import shown_checkpoint
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.store import Tx

FORMAT = "pishi/witness/1"


@dataclass(frozen=True)
class Witnessed:
    """What a witness file holds: size → root in hex, and the keys that signed."""

    roots: Mapping[int, str]
    keys: frozenset[bytes]

    @property
    def size(self) -> int:
        return max(self.roots, default=0)


def bundle(tx: Tx, *, after: int) -> dict[str, Any]:
    """The newest checkpoint, and that it continues the log of `after` entries which the witness has (0: it has none).

    NotFound("no_checkpoint"), Invalid("not_that_long").
    """
    last = last_checkpoint(tx)
    if last is None:
        raise NotFound("no_checkpoint", "nothing was signed yet")
    if not 0 <= after <= last.size:
        raise Invalid("not_that_long", f"the log has {last.size} signed entries, not {after}")
    proof = prove_growth(tx, after, last.size) if after else []
    return {"format": FORMAT, "after": after, "checkpoint": shown_checkpoint(tx, last), "proof": proof}


def read(path: Path) -> Witnessed:
    """The file, checked line by line. Conflict("witness_damaged") names the line."""
    roots: dict[int, str] = {}
    keys: set[bytes] = set()
    old: dict[str, Any] | None = None
    if not path.exists():
        return Witnessed(roots, frozenset())
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            told = json.loads(line)
            point, key = read_note(told["note"]), bytes.fromhex(told["public_key"])
            good = _is_signed(point, key) and (old is None or _continues(old, point, told["proof"]))
        except (LookupError, TypeError, ValueError):
            good = False
        if not good:
            raise Conflict("witness_damaged", f"{path}, line {number}: this is not what a witness wrote")
        roots[point["size"]] = point["root"]
        keys.add(key)
        old = point
    return Witnessed(roots, frozenset(keys))


def append(path: Path, document: Mapping[str, Any], *, keys: Iterable[bytes] = (), now: datetime) -> bool:
    """Take a bundle into the file; False when its checkpoint is known already.

    `keys`: public keys that are trusted besides those that signed before. Conflict("forked" | "shorter" |
    "not_continued" | "unknown_key" | "bad_signature") and Invalid("bad_bundle" | "wrong_start"): nothing is taken.
    """
    try:
        point, after = dict(document["checkpoint"]), document["after"]
        proof = [str(step) for step in document["proof"]]
        body = signed_text(**{name: point[name] for name in ("number", "size", "root", "at")})
        told = {name: value for name, value in point.items() if name != "cosignatures"}
        if document["format"] != FORMAT or read_note(note(point)) != told or not body:
            raise ValueError
    except (LookupError, TypeError, ValueError):
        raise Invalid(
            "bad_bundle", "this is no bundle for a witness; make one with `pishi audit witness export`"
        ) from None
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        seen = read(path)
        key = _trusted(point, {*keys, *seen.keys})
        if seen.roots.get(point["size"]) == point["root"]:
            return False
        _refuse_what_does_not_continue(path, seen, point, after, proof, now=now)
        line = {"note": note(point), "proof": proof, "public_key": key.hex(), "seen_at": moment(now)}
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return True


def _trusted(point: Mapping[str, Any], keys: Iterable[bytes]) -> bytes:
    """The key that signed it."""
    key = next((one for one in keys if key_id(one) == point["key_id"]), None)
    if key is None:
        raise Conflict(
            "unknown_key", f"it is signed with key {point['key_id']}; name the office's public key with --key"
        )
    if not _is_signed(point, key):
        raise Conflict("bad_signature", "the signature of this checkpoint does not hold")
    return key


def _refuse_what_does_not_continue(
    path: Path, seen: Witnessed, point: Mapping[str, Any], after: Any, proof: list[str], *, now: datetime
) -> None:
    size = point["size"]
    if size in seen.roots:
        why = Conflict("forked", f"FORK: two different logs of {size} entries are signed")
    elif size < seen.size:
        why = Conflict("shorter", f"the log has {size} entries and had {seen.size}: entries were taken away")
    elif not seen.roots:
        return
    elif after != seen.size:
        raise Invalid("wrong_start", f"the witness has {seen.size} entries: export with --after {seen.size}")
    elif _continues({"size": seen.size, "root": seen.roots[seen.size]}, point, proof):
        return
    else:
        why = Conflict(
            "not_continued", f"FORK: the log of {size} entries does not contain the log of {seen.size}"
        )
    refused = {"why": why.message, "note": note(point), "proof": proof, "after": after, "at": moment(now)}
    with path.with_name(path.name + ".refused").open("a", encoding="utf-8") as kept:
        kept.write(json.dumps(refused, ensure_ascii=False) + "\n")
    raise why


def _is_signed(point: Mapping[str, Any], key: bytes) -> bool:
    text = signed_text(**{name: point[name] for name in ("number", "size", "root", "at")})
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(point["signature"]), text)
    except InvalidSignature:
        return False
    return True


def _continues(old: Mapping[str, Any], new: Mapping[str, Any], proof: Iterable[str]) -> bool:
    steps = [bytes.fromhex(step) for step in proof]
    roots = (bytes.fromhex(old["root"]), bytes.fromhex(new["root"]))
    return old["size"] < new["size"] and is_consistent(old["size"], new["size"], steps, *roots)
