"""Checks the second signatures on checkpoints: each stands on a checkpoint that is there, and holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import bindparam, select

from approval_core.audit.canonical import signed_text
from approval_core.audit.findings import Problem, VerifyReport, shown
from approval_core.audit.models import Cosignature, checkpoints, cosignatures
from approval_core.audit.sm2 import ALGORITHM, Sm2Public
from approval_core.store import Row, Tx

CHUNK = 2000
COSIGNATURE = str(Cosignature.__tablename__)
LOWEST = -(2**63)

_ROWS = (
    select(
        *cosignatures.c,
        checkpoints.c.number.label("checkpoint"),
        checkpoints.c.size,
        checkpoints.c.root,
        checkpoints.c.at,
    )
    .outerjoin(checkpoints, checkpoints.c.number == cosignatures.c.number)
    .where(cosignatures.c.number > bindparam("after"))
    .order_by(cosignatures.c.number, cosignatures.c.algorithm)
    .limit(CHUNK)
)


def verify_cosignatures(tx: Tx, report: VerifyReport, keys: Iterable[Sm2Public]) -> None:
    """Without keys their places alone are checked."""
    known = {key.key_id: key for key in keys}
    for row in _rows(tx):
        report.cosignatures += 1
        for what in _faults(row, known):
            report.add(Problem(COSIGNATURE, f"{row.number}/{shown(row.algorithm)}", what))


def _rows(tx: Tx) -> Iterator[Row]:
    chunk = tx.run(_ROWS, after=LOWEST).all()  # one kind only, so a portion never cuts a checkpoint in two
    while chunk:
        yield from chunk
        chunk = tx.run(_ROWS, after=chunk[-1].number).all()


def _faults(row: Row, known: dict[str, Sm2Public]) -> Iterator[str]:
    if row.checkpoint is None:
        yield "its checkpoint is missing"
    elif row.algorithm != ALGORITHM:
        yield "there is no such kind of signature"
    elif known:
        key = known.get(row.key_id)
        if key is None:
            yield "it is signed with a key that was not given"
        elif not _holds(row, key):
            yield "its signature does not hold"


def _holds(row: Row, key: Sm2Public) -> bool:
    try:
        text = signed_text(number=row.number, size=row.size, root=row.root, at=row.at)
    except (TypeError, ValueError):
        return False
    return key.holds(text, row.signature)
