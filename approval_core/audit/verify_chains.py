"""Checks every entry: its own hash, its link to the one before, its text, its leaf, and the end of its chain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import bindparam, exists, select, tuple_

from approval_core.audit.canonical import GENESIS, data_digest, entry_hash
from approval_core.audit.chain import TEXT_DELETED
from approval_core.audit.findings import Problem, Progress, VerifyReport, shown
from approval_core.audit.merkle import leaf_hash
from approval_core.audit.models import Entry, Head, entries, heads, leaves
from approval_core.store import Row, Tx

CHUNK = 2000

_COLUMNS = (
    select(
        *entries.c,
        heads.c.seq.label("head_seq"),
        heads.c.hash.label("head_hash"),
        leaves.c.hash.label("leaf_hash"),
        leaves.c.entry_id.label("leaf_entry"),
    )
    .outerjoin(heads, heads.c.chain == entries.c.chain)
    .outerjoin(leaves, leaves.c.position == entries.c.leaf)
    .order_by(entries.c.chain, entries.c.seq)
    .limit(CHUNK)
)
_BEGIN = _COLUMNS
_ON = _COLUMNS.where(tuple_(entries.c.chain, entries.c.seq) > tuple_(bindparam("chain"), bindparam("seq")))
_EMPTY_CHAINS = select(heads.c.chain, heads.c.seq, heads.c.hash).where(
    ~exists(select(entries.c.id).where(entries.c.chain == heads.c.chain))
)
ENTRY = Entry.__tablename__
HEAD = Head.__tablename__


def verify_chains(tx: Tx, report: VerifyReport, progress: Progress | None) -> None:
    chain: _Chain | None = None
    for row in _rows(tx):
        if chain is None or chain.name != row.chain:
            if chain is not None:
                chain.close()
            chain = _Chain(row.chain, report)
        chain.take(row)
        report.entries += 1
        if progress is not None and report.entries % CHUNK == 0:
            progress(ENTRY, report.entries)
    if chain is not None:
        chain.close()
    for head in tx.run(_EMPTY_CHAINS):
        report.add(
            Problem(
                HEAD,
                shown(head.chain),
                "the whole chain is missing",
                head.chain,
                head.seq,
                f"{head.seq} entries",
                "0",
            )
        )


def _rows(tx: Tx) -> Iterator[Row]:
    chunk = tx.run(_BEGIN).all()
    while chunk:
        yield from chunk
        chunk = tx.run(_ON, chain=chunk[-1].chain, seq=chunk[-1].seq).all()


class _Chain:
    """One chain while it is read from its first entry to its last."""

    def __init__(self, name: str, report: VerifyReport) -> None:
        self.name = name
        self._report = report
        self._next = 1
        self._prev: Any = GENESIS
        self._last: Row | None = None
        self._without_text: dict[int, Row] = {}
        report.chains += 1

    def take(self, row: Row) -> None:
        if self._is_in_place(row):
            self._check(row, "it does not follow the entry before it", self._prev, row.prev_hash)
        self._check(row, "its content is not what was hashed", _recomputed(row), row.hash)
        self._check_text(row)
        self._check_leaf(row)
        if row.verb == TEXT_DELETED:
            self._settle_deletion(row)
        self._next = row.seq + 1 if isinstance(row.seq, int) else self._next + 1
        self._prev = row.hash
        self._last = row

    def close(self) -> None:
        """The chain is read to its end: compare it with its head, and name texts that went without a record."""
        last = self._last
        assert last is not None  # noqa: S101  # a chain begins with its first row
        for row in self._without_text.values():
            self._add(row, "its text is gone and no entry says that it was deleted")
        if last.head_seq is None:
            self._report.add(
                Problem(HEAD, shown(self.name), "the head of this chain is missing", self.name, last.seq)
            )
            return
        if last.head_seq != last.seq:
            what = "entries at the end of the chain are missing, or its head was changed"
            self._report.add(
                Problem(
                    HEAD,
                    shown(self.name),
                    what,
                    self.name,
                    last.head_seq,
                    shown(last.head_seq),
                    shown(last.seq),
                )
            )
        elif last.head_hash != last.hash:
            what = "the head does not name the last entry"
            self._report.add(
                Problem(
                    HEAD, shown(self.name), what, self.name, last.seq, shown(last.hash), shown(last.head_hash)
                )
            )

    def _is_in_place(self, row: Row) -> bool:
        if row.seq == self._next:
            return True
        if isinstance(row.seq, int) and row.seq > self._next:
            gap = str(self._next) if row.seq == self._next + 1 else f"{self._next} to {row.seq - 1}"
            what = f"entries missing: seq {gap}"
            self._report.add(
                Problem(ENTRY, "missing", what, self.name, self._next, str(self._next), shown(row.seq))
            )
        else:
            self._add(row, "its place in the chain is impossible", str(self._next), shown(row.seq))
        return False

    def _check_text(self, row: Row) -> None:
        if row.data is None or row.salt is None:
            self._without_text[row.seq] = row
            if row.data is not row.salt:
                self._add(row, "only one of text and salt is there")
            return
        self._check(row, "its text is not the one that was hashed", row.digest, _digest(row))

    def _settle_deletion(self, row: Row) -> None:
        _, _, number = row.thing.partition(":") if isinstance(row.thing, str) else ("", "", "")
        if number.isdecimal() and self._without_text.pop(int(number), None) is not None:
            self._report.deleted_texts += 1
        else:
            self._add(
                row, f"it says that the text of seq {shown(number)} was deleted, and that text is there"
            )

    def _check_leaf(self, row: Row) -> None:
        if row.leaf is None:
            self._report.unsequenced += 1
        elif row.leaf_entry is None:
            self._add(row, "its leaf is not in the log", f"leaf {shown(row.leaf)}", "no leaf")
        elif row.leaf_entry != row.id:
            self._add(row, "its leaf belongs to another entry", shown(row.id), shown(row.leaf_entry))
        else:
            self._check(row, "its leaf in the log says something else", row.leaf_hash, _leaf(row.hash))

    def _check(self, row: Row, what: str, expected: Any, found: Any) -> None:
        self._report.compare(ENTRY, row.id, what, expected, found, chain=self.name, seq=row.seq)

    def _add(self, row: Row, what: str, expected: str | None = None, found: str | None = None) -> None:
        self._report.add(Problem(ENTRY, shown(row.id), what, self.name, row.seq, expected, found))


def _recomputed(row: Row) -> str:
    try:
        return entry_hash(
            chain=row.chain,
            seq=row.seq,
            prev=row.prev_hash,
            actor=row.actor,
            verb=row.verb,
            thing=row.thing,
            at=row.at,
            digest=row.digest,
        )
    except (TypeError, ValueError):  # SQLite lets a column hold a value of any type
        return "values that can be hashed"


def _digest(row: Row) -> str:
    try:
        return data_digest(row.salt, row.data)
    except (TypeError, ValueError, AttributeError):
        return "no readable salt or text"


def _leaf(text: Any) -> str:
    try:
        return leaf_hash(bytes.fromhex(text)).hex()
    except (TypeError, ValueError):
        return "no readable hash"
