"""Reads of attachments. Who may see a request's files is for the caller to know: it is who may see the request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from approval_core.errors import Forbidden, NotFound
from approval_core.files.models import attachments, blobs, draft_files
from approval_core.files.rules.names import labelled
from approval_core.files.taking import Stored
from approval_core.store import Row, Tx

_ROWS = (
    select(
        attachments,
        blobs.c.state.label("blob_state"),
        blobs.c.reason.label("blob_reason"),
        blobs.c.scanned_by,
    )
    .join(blobs, blobs.c.sha256 == attachments.c.sha256)
    .order_by(attachments.c.id)
)
_OF_REQUEST = _ROWS.where(attachments.c.request_id == bindparam("of_request"))
_ONE = _ROWS.where(attachments.c.id == bindparam("of_attachment"))
_OF_DRAFT = (
    select(draft_files).where(draft_files.c.draft_id == bindparam("of_draft")).order_by(draft_files.c.id)
)
_DIGESTS = (
    select(attachments.c.name, attachments.c.sha256)
    .where(
        attachments.c.request_id == bindparam("of_request"),
        attachments.c.kind == "content",
        attachments.c.state == "clean",
    )
    .order_by(attachments.c.id)
)


@dataclass(frozen=True, slots=True)
class DraftPaper:
    id: int
    stored: Stored


@dataclass(frozen=True, slots=True)
class AttachmentView:
    id: int
    request_id: int
    name: str
    sha256: str
    size: int
    mime: str
    kind: str
    state: str  #: clean | detached | condemned
    remark_id: int | None
    decision_id: int | None
    uploaded_by: str
    at: datetime


def of_request(tx: Tx, request_id: int, *, detached: bool = False) -> list[AttachmentView]:
    """In the order they came; `detached`: also those that were taken off."""
    rows = tx.run(_OF_REQUEST, of_request=request_id).all()
    return [_view(row) for row in rows if detached or row.state != "detached"]


def by_id(tx: Tx, request_id: int, attachment_id: int) -> AttachmentView:
    """One file of that request; NotFound("no_attachment") also for another request's."""
    row = tx.run(_ONE, of_attachment=attachment_id).first()
    if row is None or row.request_id != request_id:
        raise NotFound("no_attachment", "this request has no such file", id=attachment_id)
    return _view(row)


def readable(tx: Tx, request_id: int, attachment_id: int) -> AttachmentView:
    """`by_id` for whoever is about to be given the bytes. Forbidden("file_condemned") after a bad scan."""
    found = by_id(tx, request_id, attachment_id)
    if found.state == "condemned":
        raise Forbidden(
            "file_condemned",
            "a later virus scan found something in this file; it is given to nobody",
            zh="后续病毒扫描发现问题，该文件已停止提供",
        )
    return found


def digests(tx: Tx, request_id: int) -> dict[str, str]:
    """`name#n` → sha256 of the files that are decided on: part of what the content hash covers."""
    return labelled((row.name, row.sha256) for row in tx.run(_DIGESTS, of_request=request_id))


def referred(tx: Tx, some: Sequence[str]) -> set[str]:
    """Which of these contents an attachment or a draft refers to, a detached one too; the rest may be swept."""
    wanted = list(some)
    found = tx.execute(
        select(attachments.c.sha256)
        .where(attachments.c.sha256.in_(wanted))
        .union(select(draft_files.c.sha256).where(draft_files.c.sha256.in_(wanted)))
    )
    return set(found.scalars())


def of_draft(tx: Tx, draft_id: int) -> list[DraftPaper]:
    """In the order they came. Whose draft it is, is the caller's to know."""
    return [
        DraftPaper(row.id, Stored(row.sha256, row.size, row.mime, row.name, row.scanned_by))
        for row in tx.run(_OF_DRAFT, of_draft=draft_id)
    ]


def stored_of(tx: Tx, request_id: int) -> list[Stored]:
    """The files that are decided on, as they may be taken over elsewhere; none that a scan condemned since."""
    return [
        Stored(row.sha256, row.size, row.mime, row.name, row.scanned_by)
        for row in tx.run(_OF_REQUEST, of_request=request_id)
        if row.kind == "content" and row.state == "clean" and row.blob_state == "clean"
    ]


def contents(tx: Tx, *, after: str = "", limit: int = 500) -> list[tuple[str, int]]:
    """(sha256, size) of everything that should lie in the folder, in portions."""
    rows = tx.execute(
        select(blobs.c.sha256, blobs.c.size)
        .where(blobs.c.sha256 > after)
        .order_by(blobs.c.sha256)
        .limit(limit)
    )
    return [(row.sha256, row.size) for row in rows]


def _view(row: Row) -> AttachmentView:
    state = "condemned" if row.blob_state == "condemned" else row.state
    return AttachmentView(
        row.id, row.request_id, row.name, row.sha256, row.size, row.mime, row.kind, state,
        row.remark_id, row.decision_id, row.uploaded_by, row.at,
    )  # fmt: skip
