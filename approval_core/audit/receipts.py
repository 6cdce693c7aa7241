"""Receipts: one entry with all that a stranger needs to see that the log holds it; as JSON and as C2SP tlog-proof.

A receipt of an entry is always the same document: it stands on the first checkpoint that covers the entry.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import bindparam, select

from approval_core.audit.canonical import key_id, note
from approval_core.audit.log import prove_position
from approval_core.audit.models import checkpoints, cosignatures, entries
from approval_core.audit.sm2 import ALGORITHM, Sm2Public
from approval_core.errors import NotFound
from approval_core.store import Row, Tx

FORMAT = "pishi/receipt/1"
#: the parts of an entry that a receipt and a package tell, by the names that are hashed
_TOLD = ("chain", "seq", "actor", "verb", "thing", "at", "digest", "hash", "salt", "data")

_ENTRY = select(entries).where(entries.c.id == bindparam("entry"))
_COVERING = (
    select(checkpoints)
    .where(checkpoints.c.size > bindparam("leaf"))
    .order_by(checkpoints.c.size, checkpoints.c.number)
    .limit(1)
)
_COSIGNED = select(cosignatures.c.algorithm, cosignatures.c.key_id, cosignatures.c.signature).where(
    cosignatures.c.number == bindparam("number")
)
_BY_NUMBER = select(checkpoints).where(checkpoints.c.number == bindparam("number"))


def receipt(
    tx: Tx,
    entry_id: int,
    *,
    keys: Iterable[Ed25519PublicKey | Sm2Public] = (),
    checkpoint: int | None = None,
    text: bool = True,
) -> dict[str, Any]:
    """That the log holds the entry, signed. `checkpoint`: its number, where not the first one that covers the entry;
    `text` False leaves the entry's text out and keeps its digest. NotFound("no_entry" | "not_yet_in_log")."""
    entry = tx.run(_ENTRY, entry=entry_id).first()
    if entry is None:
        raise NotFound("no_entry", f"there is no audit entry {entry_id}")
    point = covering(tx, entry) if checkpoint is None else numbered(tx, checkpoint)
    return {
        "format": FORMAT,
        "entry": shown_entry(tx, entry, size=point.size, text=text),
        "checkpoint": shown_checkpoint(tx, point),
        "keys": [shown_key(key) for key in keys],
    }


def covering(tx: Tx, entry: Row) -> Row:
    """The first checkpoint that covers the entry."""
    found = tx.run(_COVERING, leaf=entry.leaf).first() if entry.leaf is not None else None
    if found is None:
        raise NotFound(
            "not_yet_in_log", f"entry {entry.id} is under no signed checkpoint yet; ask again in a second"
        )
    return found


def numbered(tx: Tx, number: int) -> Row:
    found = tx.run(_BY_NUMBER, number=number).first()
    if found is None:
        raise NotFound("no_checkpoint", f"there is no checkpoint {number}")
    return found


def shown_entry(tx: Tx, entry: Row, *, size: int, text: bool = True) -> dict[str, Any]:
    """An entry with its place in the log of `size` leaves and the proof of it."""
    said = {name: getattr(entry, name) for name in _TOLD} | {"prev": entry.prev_hash}
    if not text:
        said |= {"salt": None, "data": None}
    if entry.leaf is None or entry.leaf >= size:
        raise NotFound("not_yet_in_log", f"entry {entry.id} is not in the log of {size} leaves yet")
    return said | {"leaf": entry.leaf, "proof": prove_position(tx, entry.leaf, size)}


def shown_checkpoint(tx: Tx, point: Row) -> dict[str, Any]:
    """With its signatures of other kinds, where it bears any."""
    told = {name: getattr(point, name) for name in ("number", "size", "root", "at", "key_id", "signature")}
    others = [row._asdict() for row in tx.run(_COSIGNED, number=point.number)]
    return told | ({"cosignatures": others} if others else {})


def shown_key(key: Ed25519PublicKey | Sm2Public) -> dict[str, str]:
    if isinstance(key, Sm2Public):
        return {"key_id": key.key_id, "algorithm": ALGORITHM, "public_key": key.raw.hex()}
    public = key.public_bytes_raw()
    return {"key_id": key_id(public), "algorithm": "ed25519", "public_key": public.hex()}


def as_json(document: Mapping[str, Any]) -> str:
    """As it is given away: readable, one entry of a list per line where it is long."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def tlog_proof(document: Mapping[str, Any]) -> str:
    """A receipt as a C2SP tlog-proof. What the entry says is its `extra` data; the proof binds the hash of it."""
    entry = {name: value for name, value in document["entry"].items() if name not in ("leaf", "proof")}
    extra = json.dumps({"entry": entry, "keys": document["keys"]}, ensure_ascii=False).encode()
    lines = [
        "c2sp.org/tlog-proof@v1",
        f"extra {base64.b64encode(extra).decode()}",
        f"index {document['entry']['leaf']}",
        *(base64.b64encode(bytes.fromhex(step)).decode() for step in document["entry"]["proof"]),
    ]
    return "\n".join(lines) + "\n\n" + note(document["checkpoint"])
