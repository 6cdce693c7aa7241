"""The log over all chains: the sequencer that fills it, and the proofs that it answers with.

A leaf is the RFC 6962 hash of an entry's hash. One sequencer works at a time over all processes, because it holds
the lock on the one row of `log_state`; an entry becomes a leaf within a second of its commit.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import bindparam, exists, insert, select, update
from sqlalchemy.dialects.postgresql import (
    insert as insert_or_leave,
)  # its ON CONFLICT compiles for SQLite as well

from approval_core.audit import merkle
from approval_core.audit.canonical import key_id, moment, signed_text
from approval_core.audit.models import checkpoints, cosignatures, entries, leaves, log_state, nodes
from approval_core.audit.sm2 import ALGORITHM, Sm2Key
from approval_core.errors import Conflict, NotFound
from approval_core.store import Row, Tx

_STATE = select(log_state.c.size, log_state.c.checkpoints).where(log_state.c.id == 1)
_LOCK = _STATE.with_for_update(skip_locked=True)
_FOUND = (
    insert_or_leave(log_state)
    .values(id=1, size=0, checkpoints=0)
    .on_conflict_do_nothing(index_elements=[log_state.c.id])
)
_NEW = (
    select(entries.c.id, entries.c.hash)
    .where(
        entries.c.leaf.is_(None), ~exists(select(leaves.c.position).where(leaves.c.entry_id == entries.c.id))
    )
    .order_by(entries.c.id)
    .limit(bindparam("limit"))
)
_MARK = update(entries).where(entries.c.id == bindparam("entry")).values(leaf=bindparam("place"))
_GROW = update(log_state).where(log_state.c.id == 1).values(size=bindparam("grown"))
_COUNT_CHECKPOINT = update(log_state).where(log_state.c.id == 1).values(checkpoints=bindparam("number"))
_LEAF = select(leaves.c.hash).where(leaves.c.position == bindparam("position"))
_NODE = select(nodes.c.hash).where(
    nodes.c.level == bindparam("level"), nodes.c.position == bindparam("position")
)
_ENTRY = select(entries.c.hash, entries.c.leaf).where(entries.c.id == bindparam("entry"))
_LAST_CHECKPOINT = select(checkpoints).order_by(checkpoints.c.number.desc()).limit(1)


@dataclass(frozen=True)
class InclusionProof:
    """That an entry is in the log of that size and root; `proof` from the leaf up, hex."""

    leaf: str
    position: int
    size: int
    root: str
    proof: list[str]


def sequence(
    tx: Tx,
    *,
    now: datetime,
    key: Ed25519PrivateKey | None = None,
    sm2: Sm2Key | None = None,
    limit: int = 1000,
) -> int:
    """Append waiting entries to the log, oldest first, and sign what it has become; how many entries.

    0 when none waits or another sequencer is at work. Without a key no checkpoint is written;
    with `sm2` as well it bears a second signature.
    """
    state = tx.run(_LOCK).first()
    if state is None:
        # asked first, because an insert would wait for the sequencer that holds the row
        if tx.run(_STATE).first() is not None or tx.run(_FOUND).rowcount == 0:
            return 0
        state = tx.run(_LOCK).one()
    fresh = tx.run(_NEW, limit=limit).all()
    if not fresh:
        return 0
    frontier = _frontier(tx, state.size)
    new_leaves, new_nodes, marks = [], [], []
    for entry in fresh:
        leaf = _leaf_of(entry)
        position = frontier.size
        new_leaves.append({"position": position, "hash": leaf.hex(), "entry_id": entry.id})
        marks.append({"entry": entry.id, "place": position})
        for level, place, node in frontier.append(leaf):
            new_nodes.append({"level": level, "position": place, "hash": node.hex()})
    tx.execute(insert(leaves), new_leaves)
    if new_nodes:
        tx.execute(insert(nodes), new_nodes)
    tx.execute(_MARK, marks)
    tx.run(_GROW, grown=frontier.size)
    if key is not None:
        number = state.checkpoints + 1
        text = _sign(tx, key, number=number, size=frontier.size, root=frontier.root().hex(), now=now)
        if sm2 is not None:
            row = {
                "number": number,
                "algorithm": ALGORITHM,
                "key_id": sm2.public.key_id,
                "signature": sm2.sign(text),
            }
            tx.execute(insert(cosignatures), row)
    return len(fresh)


def _leaf_of(entry: Row) -> bytes:
    try:
        return merkle.leaf_hash(bytes.fromhex(entry.hash))
    except ValueError as error:
        raise Conflict(
            "audit_damaged", f"audit entry {entry.id} has no readable hash", entry_id=entry.id
        ) from error


def _frontier(tx: Tx, size: int) -> merkle.Frontier:
    return merkle.Frontier(size, [stored_subtree(tx, level, place) for level, place in merkle.peaks(size)])


def _sign(tx: Tx, key: Ed25519PrivateKey, *, number: int, size: int, root: str, now: datetime) -> bytes:
    """The text that was signed."""
    at = moment(now)
    text = signed_text(number=number, size=size, root=root, at=at)
    signature = key.sign(text)
    row = {
        "number": number,
        "size": size,
        "root": root,
        "at": at,
        "key_id": key_id(key.public_key().public_bytes_raw()),
        "signature": base64.b64encode(signature).decode(),
    }
    tx.execute(insert(checkpoints), row)
    tx.run(_COUNT_CHECKPOINT, number=number)
    return text


def log_size(tx: Tx) -> int:
    state = tx.run(_STATE).first()
    return 0 if state is None else state.size


def root_at(tx: Tx, size: int) -> str:
    """The root of the log as it was with `size` leaves, in hex."""
    return merkle.root(size, lambda level, place: stored_subtree(tx, level, place)).hex()


def last_checkpoint(tx: Tx) -> Row | None:
    """The newest signed checkpoint: number, size, root, at, key_id, signature."""
    return tx.run(_LAST_CHECKPOINT).first()


def prove_entry(tx: Tx, entry_id: int, *, size: int | None = None) -> InclusionProof:
    """That the entry is in the log. NotFound("no_entry") or ("not_yet_in_log")."""
    entry = tx.run(_ENTRY, entry=entry_id).first()
    if entry is None:
        raise NotFound("no_entry", f"there is no audit entry {entry_id}")
    whole = log_size(tx) if size is None else size
    if entry.leaf is None or entry.leaf >= whole:
        raise NotFound("not_yet_in_log", f"entry {entry_id} is not in the log of {whole} leaves yet")
    leaf = merkle.leaf_hash(bytes.fromhex(entry.hash)).hex()
    return InclusionProof(leaf, entry.leaf, whole, root_at(tx, whole), prove_position(tx, entry.leaf, whole))


def prove_position(tx: Tx, position: int, size: int) -> list[str]:
    """The neighbours of a leaf on its way up in the log as it was with `size` leaves, in hex."""
    proof = merkle.inclusion_proof(position, size, lambda level, place: stored_subtree(tx, level, place))
    return [step.hex() for step in proof]


def prove_growth(tx: Tx, old: int, new: int) -> list[str]:
    """That the log of `new` leaves began as the log of `old`, in hex; IndexError unless 0 < old ≤ new ≤ its size."""
    if new > log_size(tx):
        raise IndexError(f"the log has fewer than {new} leaves")
    return [
        step.hex()
        for step in merkle.consistency_proof(old, new, lambda level, at: stored_subtree(tx, level, at))
    ]


def stored_subtree(tx: Tx, level: int, position: int) -> bytes:
    """The stored root of a complete subtree. LookupError where the row is missing."""
    if level == 0:
        return bytes.fromhex(tx.run(_LEAF, position=position).one().hash)
    return bytes.fromhex(tx.run(_NODE, level=level, position=position).one().hash)
