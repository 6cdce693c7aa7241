"""What exactly is hashed and signed: pure functions of values."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

GENESIS = "0" * 64  # the hash before a chain's first entry
ORIGIN = "pishi/audit"  # the first line of every checkpoint


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_HALF_PAIR = re.compile("[\ud800-\udfff]")


def canonical(value: Any) -> str:
    """JSON with sorted keys and no blanks, in characters that UTF-8 can carry.

    Half a UTF-16 pair, which an SMS may hold, stands escaped. TypeError or ValueError for what is no JSON.
    """
    shown = _ENCODER.encode(value)
    if not shown.isascii() and _HALF_PAIR.search(shown):
        shown = _HALF_PAIR.sub(lambda half: f"\\u{ord(half[0]):04x}", shown)
    return shown


def moment(at: datetime) -> str:
    """UTC with microseconds. A naive time is refused: its zone would be a guess."""
    if at.tzinfo is None:
        raise ValueError("a naive datetime has no zone; pass an aware one")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def data_digest(salt: str, data: str) -> str:
    """SHA-256 over the salt's 16 bytes and the text: without the salt nobody can guess the text from it."""
    return sha256(bytes.fromhex(salt) + data.encode()).hexdigest()


def entry_hash(
    *, chain: str, seq: int, prev: str, actor: str, verb: str, thing: str, at: str, digest: str
) -> str:
    """The hash of an entry over everything it says and the hash of the entry before it."""
    said = {
        "actor": actor,
        "at": at,
        "chain": chain,
        "data": digest,
        "prev": prev,
        "seq": seq,
        "thing": thing,
        "verb": verb,
    }
    return sha256(canonical(said).encode()).hexdigest()


def signed_text(*, number: int, size: int, root: str, at: str) -> bytes:
    """The text of a checkpoint in the shape of C2SP tlog-checkpoint: origin, size, root, our own lines."""
    shown = base64.b64encode(bytes.fromhex(root)).decode()
    return f"{ORIGIN}\n{size}\n{shown}\ncheckpoint {number}\nat {at}\n".encode()


def key_id(public_key: bytes) -> str:
    """How a checkpoint names its key: the C2SP signed-note hash of name, algorithm (Ed25519) and key."""
    return sha256(ORIGIN.encode() + b"\n\x01" + public_key).hexdigest()[:8]


def note(checkpoint: Mapping[str, Any]) -> str:
    """A checkpoint as a C2SP signed note, for a witness file on another host."""
    names = ("number", "size", "root", "at")
    body = signed_text(**{name: checkpoint[name] for name in names}).decode()
    signature = bytes.fromhex(checkpoint["key_id"]) + base64.b64decode(checkpoint["signature"])
    lines = f"{body}\n\u2014 {ORIGIN} {base64.b64encode(signature).decode()}\n"
    for other in checkpoint.get("cosignatures", ()):
        signature = bytes.fromhex(other["key_id"]) + base64.b64decode(other["signature"])
        lines += f"\u2014 {ORIGIN} {base64.b64encode(signature).decode()}\n"
    return lines
