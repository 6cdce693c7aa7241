"""Rebuilds the log from its leaves and compares every node, every checkpoint and every signature with it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import bindparam, func, or_, select

from approval_core.audit import merkle
from approval_core.audit.canonical import key_id, signed_text
from approval_core.audit.findings import Problem, Progress, VerifyReport, shown
from approval_core.audit.models import (
    Checkpoint,
    Leaf,
    LogState,
    Node,
    checkpoints,
    entries,
    leaves,
    log_state,
    nodes,
)
from approval_core.store import Row, Tx

CHUNK = 2048
LOWEST = -(2**63)

_COUNT = select(func.count().label("rows")).select_from(leaves)
_STATES = select(log_state.c.id, log_state.c.size, log_state.c.checkpoints).order_by(log_state.c.id)
_LEAVES = (
    select(
        leaves.c.position,
        leaves.c.hash,
        leaves.c.entry_id,
        entries.c.id.label("entry"),
        entries.c.leaf.label("entry_leaf"),
        entries.c.hash.label("entry_hash"),
        entries.c.chain,
        entries.c.seq,
    )
    .outerjoin(entries, entries.c.id == leaves.c.entry_id)
    .where(leaves.c.position > bindparam("after"))
    .order_by(leaves.c.position)
    .limit(CHUNK)
)
_NODES = select(nodes.c.position, nodes.c.hash).where(
    nodes.c.level == bindparam("level"),
    nodes.c.position >= bindparam("first"),
    nodes.c.position <= bindparam("last"),
)
_LEVELS = select(nodes.c.level, func.count().label("rows")).group_by(nodes.c.level).order_by(nodes.c.level)
_STRAY_NODES = (
    select(nodes.c.level, nodes.c.position, nodes.c.hash)
    .where(
        nodes.c.level == bindparam("level"), or_(nodes.c.position < 0, nodes.c.position >= bindparam("end"))
    )
    .limit(1000)
)
_CHECKPOINTS = (
    select(checkpoints)
    .where(checkpoints.c.number > bindparam("after"))
    .order_by(checkpoints.c.number)
    .limit(CHUNK)
)
LEAF, NODE, CHECKPOINT, STATE = (str(model.__tablename__) for model in (Leaf, Node, Checkpoint, LogState))


def verify_log(
    tx: Tx,
    report: VerifyReport,
    *,
    keys: Iterable[Ed25519PublicKey],
    witnessed: Mapping[int, str],
    progress: Progress | None,
) -> None:
    """`witnessed`: size -> root (hex) of checkpoints that another host has kept."""
    state = _state(tx, report)
    rows = tx.run(_COUNT).one().rows
    known = state.size if state is not None and isinstance(state.size, int) else 0
    tree = _Tree(report, end=max(rows, min(known, 2 * rows + CHUNK)))
    signed = _Checkpoints(tx, report, {key_id(key.public_bytes_raw()): key for key in keys})
    for chunk in _chunks(tx, _LEAVES):
        for place, leaf, stored in tree.placed(tx, chunk):
            tree.append(place, leaf, stored)
            if tree.size == signed.next_size:
                signed.meet(tree.root())
            if tree.size in witnessed:
                _meet_witness(report, tree.size, witnessed[tree.size], tree.root())
        if progress is not None:
            progress(LEAF, tree.size)
    report.leaves = tree.size
    _check_stray_nodes(tx, report, tree.size)
    signed.finish()
    report.unsigned = tree.size - signed.size
    for size in sorted(size for size in witnessed if size > tree.size):
        report.add(
            Problem(
                STATE, "1", "a witness has seen a longer log", None, None, f"{size} leaves", str(tree.size)
            )
        )
    if state is not None:
        _check_end(report, LEAF, "leaves", state.size, tree.size, first=0)
        _check_end(report, CHECKPOINT, "checkpoints", state.checkpoints, signed.last, first=1)
    elif tree.size or signed.last:
        report.add(Problem(STATE, "1", "the row that says how long the log is, is missing"))


def _check_end(report: VerifyReport, table: str, things: str, told: Any, there: int, *, first: int) -> None:
    """What `log_state` tells against what is there."""
    if isinstance(told, int) and told > there:
        gone = f"{there + first} to {told + first - 1}"
        what = f"{things} {gone} at the end are missing, or log_state was changed"
        report.add(Problem(table, str(there + first), what, expected=str(told), found=str(there)))
    else:
        what = f"there are more {things} than it says, or it was changed"
        report.compare(STATE, 1, what, there, told)


def _state(tx: Tx, report: VerifyReport) -> Row | None:
    found = None
    for row in tx.run(_STATES):
        if row.id == 1:
            found = row
        else:
            report.add(Problem(STATE, shown(row.id), "there may be one row only, number 1"))
    return found


def _chunks(tx: Tx, statement: Any) -> Iterator[list[Row]]:
    chunk = tx.run(statement, after=LOWEST).all()
    while chunk:
        yield chunk
        chunk = tx.run(statement, after=chunk[-1][0]).all()


def _meet_witness(report: VerifyReport, size: int, expected: str, root: bytes | None) -> None:
    if root is not None:
        report.compare(STATE, 1, f"a witness has seen another root at {size} leaves", expected, root.hex())


class _Tree:
    """The log as its leaves make it. What is damaged is named once and, where a stored node above it is sound,
    replaced by that, so that one damaged row does not condemn everything after it."""

    def __init__(self, report: VerifyReport, *, end: int) -> None:
        self.size = 0
        self._report = report
        self._end = end
        self._edge: list[bytes | None] = []

    def placed(
        self, tx: Tx, chunk: list[Row]
    ) -> Iterator[tuple[int, bytes | None, Mapping[tuple[int, int], str]]]:
        """The leaves of a chunk with the stored nodes they finish; None for a leaf that is missing or damaged."""
        inside = [row for row in chunk if self._is_inside(row)]
        if not inside:
            return
        stored = _stored_nodes(tx, self.size, inside[-1].position)
        for row in inside:
            if row.position > self.size:
                last = row.position - 1
                self._report.add(Problem(LEAF, str(self.size), f"leaves missing: {self.size} to {last}"))
            while self.size < row.position:
                yield self.size, None, stored
            yield row.position, self._sound(row), stored

    def append(self, place: int, leaf: bytes | None, stored: Mapping[tuple[int, int], str]) -> None:
        level, current = 0, leaf
        while place >> level & 1:
            left = self._edge.pop()
            computed = merkle.node_hash(left, current) if left is not None and current is not None else None
            level += 1
            current = self._judged(level, place >> level, computed, stored.get((level, place >> level)))
        self._edge.append(current)
        self.size += 1

    def root(self) -> bytes | None:
        edge = [node for node in self._edge if node is not None]
        return merkle.fold(edge) if len(edge) == len(self._edge) else None

    def _is_inside(self, row: Row) -> bool:
        if 0 <= row.position < self._end:
            return True
        self._report.add(
            Problem(LEAF, shown(row.position), "a leaf outside the log", None, None, f"0 to {self._end - 1}")
        )
        return False

    def _sound(self, row: Row) -> bytes | None:
        """The leaf's hash when row and entry agree."""
        place = row.position
        if row.entry is None:
            self._report.add(
                Problem(LEAF, str(place), "its entry is missing", None, None, f"entry {row.entry_id}")
            )
            return _readable(row.hash)
        leaf = _leaf_of(row.entry_hash)
        expected = leaf.hex() if leaf is not None else "no readable hash"
        what = f"it is not the hash of entry {row.entry_id}"
        sound = self._report.compare(LEAF, place, what, expected, row.hash, chain=row.chain, seq=row.seq)
        if row.entry_leaf != place:
            what, told = f"entry {row.entry_id} says that its leaf is another", shown(row.entry_leaf)
            self._report.add(Problem(LEAF, str(place), what, row.chain, row.seq, str(place), told))
            sound = False
        return leaf if sound else None

    def _judged(self, level: int, place: int, computed: bytes | None, stored: str | None) -> bytes | None:
        name = f"{level}/{place}"
        if stored is None:
            self._report.add(
                Problem(NODE, name, "this node is missing", None, None, computed.hex() if computed else None)
            )
            return computed
        if computed is None:
            return _readable(stored)
        self._report.compare(NODE, name, "it is not the hash of its two children", computed.hex(), stored)
        return computed


def _stored_nodes(tx: Tx, first: int, last: int) -> dict[tuple[int, int], str]:
    """The nodes that the leaves `first` to `last` finish."""
    found = {}
    level = 1
    while (last + 1) >> level:
        lowest, highest = first >> level, ((last + 1) >> level) - 1
        if lowest <= highest:
            for node in tx.run(_NODES, level=level, first=lowest, last=highest):
                found[level, node.position] = node.hash
        level += 1
    return found


def _check_stray_nodes(tx: Tx, report: VerifyReport, size: int) -> None:
    for level in tx.run(_LEVELS):
        report.nodes += level.rows
        real = isinstance(level.level, int) and 1 <= level.level < 63
        for node in tx.run(_STRAY_NODES, level=level.level, end=size >> level.level if real else 0):
            name = f"{level.level}/{shown(node.position)}"
            report.add(
                Problem(
                    NODE, name, "there is no such node in a log of this size", None, None, None, node.hash
                )
            )
        if not real:
            report.add(
                Problem(
                    NODE, f"{level.level}/…", "there is no such level", None, None, None, f"{level.rows} rows"
                )
            )


class _Checkpoints:
    """The checkpoints in their order, met by the growing tree."""

    def __init__(self, tx: Tx, report: VerifyReport, keys: Mapping[str, Ed25519PublicKey]) -> None:
        self.last = 0  # number of the last one seen
        self.size = 0  # leaves that a checkpoint covers
        self.next_size: int | None = None
        report.signatures_checked = bool(keys)
        self._tx = tx
        self._report = report
        self._keys = keys
        self._rows = (row for chunk in _chunks(tx, _CHECKPOINTS) for row in chunk)
        self._row: Row | None = None
        self._advance()

    def meet(self, root: bytes | None) -> None:
        """The tree has come to the size of the next checkpoint."""
        row = self._row
        assert row is not None  # noqa: S101  # next_size is None without a row
        if root is not None:
            self._report.compare(CHECKPOINT, row.number, "its root is not the log's", root.hex(), row.root)
        self.size = row.size
        self._advance()

    def finish(self) -> None:
        """The tree is complete; what is left covers more leaves than there are."""
        while self._row is not None:
            what = "it covers more leaves than the log has"
            self._report.add(Problem(CHECKPOINT, str(self._row.number), what, found=shown(self._row.size)))
            self._advance()

    def _advance(self) -> None:
        """To the next checkpoint that can be met on the way; the others are named, and looked up where possible."""
        self._row = self.next_size = None
        for row in self._rows:
            self._report.checkpoints += 1
            self._check_number(row)
            sound = self._is_signed(row)
            if sound and isinstance(row.size, int) and row.size > self.size:
                self._row, self.next_size = row, row.size
                return
            if sound:
                what = "it does not cover more than the one before"
                self._report.add(
                    Problem(CHECKPOINT, str(row.number), what, None, None, f"> {self.size}", shown(row.size))
                )

    def _check_number(self, row: Row) -> None:
        if row.number != self.last + 1:
            what = f"checkpoints missing: {self.last + 1} to {row.number - 1}"
            self._report.add(Problem(CHECKPOINT, str(self.last + 1), what))
        self.last = row.number

    def _is_signed(self, row: Row) -> bool:
        """True when the signature holds, and also when there is no key to try it with."""
        if not self._keys:
            return True
        key = self._keys.get(row.key_id) if isinstance(row.key_id, str) else None
        if key is None:
            what = "it is signed with a key that was not given"
            self._report.add(
                Problem(
                    CHECKPOINT, str(row.number), what, None, None, ", ".join(self._keys), shown(row.key_id)
                )
            )
            return False
        try:
            text = signed_text(number=row.number, size=row.size, root=row.root, at=row.at)
            key.verify(base64.b64decode(row.signature, validate=True), text)
        except (InvalidSignature, TypeError, ValueError):
            self._report.add(Problem(CHECKPOINT, str(row.number), "its signature does not hold"))
            return False
        return True


def _leaf_of(text: Any) -> bytes | None:
    raw = _readable(text)
    return None if raw is None else merkle.leaf_hash(raw)


def _readable(text: Any) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        return None
