"""The sole writer of attachments. The bytes lie in their place already (`taking.take`); here they become somebody's."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import (
    insert as insert_or_leave,
)  # its ON CONFLICT compiles for SQLite as well
from sqlalchemy.exc import IntegrityError

from approval_core import audit
from approval_core.approvals.models import Decision, Draft, Remark, Request
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, Invalid, NotFound
from approval_core.files import queries
from approval_core.files.models import attachments, blobs, draft_files
from approval_core.files.rules.names import clean_name
from approval_core.files.taking import Stored
from approval_core.people.actor import Actor
from approval_core.store import Row, Tx

requests, decisions, remarks = table_of(Request), table_of(Decision), table_of(Remark)
drafts = table_of(Draft)

#: of one request, comments and signatures not counted
MOST_FILES = 100
#: before anything is asked, files may come and go; later they do with a new revision of the whole content
OPEN_FOR_CONTENT = frozenset({"draft"})

_LOCK = (
    select(requests.c.id, requests.c.state).where(requests.c.id == bindparam("of_request")).with_for_update()
)
_KEEP = insert_or_leave(blobs).on_conflict_do_nothing(index_elements=[blobs.c.sha256])
_BLOB = select(blobs.c.size, blobs.c.mime, blobs.c.state).where(blobs.c.sha256 == bindparam("of_content"))
_ATTACH = insert(attachments).returning(attachments.c.id)
_DETACH = (
    update(attachments)
    .where(attachments.c.id == bindparam("of_attachment"), attachments.c.state == "clean")
    .values(state="detached", detached_at=bindparam("at_"))
)
_DRAFT_OWNER = select(drafts.c.person_id).where(drafts.c.id == bindparam("of_draft"))
_KEEP_WITH_DRAFT = insert(draft_files).returning(draft_files.c.id)
_DROP_FROM_DRAFT = delete(draft_files).where(
    draft_files.c.draft_id == bindparam("of_draft"), draft_files.c.id == bindparam("of_file")
)
_DECISION = select(
    decisions.c.request_id, decisions.c.person_id, decisions.c.state, decisions.c.content_hash
).where(decisions.c.id == bindparam("of_decision"))
_REMARK = select(remarks.c.request_id, remarks.c.person_id).where(remarks.c.id == bindparam("of_remark"))


def attach(
    tx: Tx,
    request_id: int,
    *,
    stored: Stored,
    name: str | None = None,
    kind: str = "content",
    remark_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """The attachment's id. `name`: when it is not the one the file came with.

    Content: only while the request is a draft (Conflict("not_open_for_files")): what is decided on changes with a
    revision of the whole content. A comment's file may come at any time, and belongs to a remark of the same person.
    """
    row = _locked(tx, request_id)
    if kind == "content":
        if row.state not in OPEN_FOR_CONTENT:
            raise _not_open(row)
    elif kind == "comment":
        _check_remark(tx, request_id, remark_id, actor)
    else:
        raise Invalid("bad_kind", "a file is attached as content or to a comment; a signature is signed")
    return _attach(tx, request_id, stored, name, kind=kind, remark_id=remark_id, actor=actor, now=now)


def attach_at_submission(
    tx: Tx, request_id: int, papers: Sequence[Stored], *, actor: Actor, now: datetime
) -> list[int]:
    """Files that come with the submission itself, within its transaction, whatever state the new row is in.

    For the service that inserts the request; `rules.names.labelled` gives their digests before there is a row.
    """
    _locked(tx, request_id)
    return [_attach(tx, request_id, one, None, kind="content", actor=actor, now=now) for one in papers]


def detach(tx: Tx, request_id: int, attachment_id: int, *, actor: Actor, now: datetime) -> None:
    """Takes a file off a draft. The row and the bytes stay."""
    row = _locked(tx, request_id)
    if row.state not in OPEN_FOR_CONTENT:
        raise _not_open(row)
    _detach(tx, request_id, attachment_id, actor=actor, now=now)


def detach_at_revision(
    tx: Tx, request_id: int, attachment_ids: Sequence[int], *, actor: Actor, now: datetime
) -> None:
    """Files that the new content of a request has no more, within the transaction that revises it. Earlier decisions
    saw them: rows and bytes stay. NotFound("no_attachment"); Conflict("kept")."""
    _locked(tx, request_id)
    for one in attachment_ids:
        _detach(tx, request_id, one, actor=actor, now=now)


def _detach(tx: Tx, request_id: int, attachment_id: int, *, actor: Actor, now: datetime) -> None:
    found = queries.by_id(tx, request_id, attachment_id)
    if found.kind != "content":
        raise Conflict("kept", "a comment's file and a signature stay where they are")
    if tx.run(_DETACH, of_attachment=attachment_id, at_=now).rowcount == 0:
        return  # taken off before
    _record(
        tx, request_id, attachment_id, "detached", {"sha256": found.sha256, "name": found.name}, actor, now
    )


def keep_with_draft(
    tx: Tx, draft_id: int, *, stored: Stored, name: str | None = None, actor: Actor, now: datetime
) -> int:
    """A file of a request that is still being written: nothing is on the trail yet, for nothing was asked."""
    _own_draft(tx, draft_id, actor)
    if len(queries.of_draft(tx, draft_id)) >= MOST_FILES:
        raise _too_many()
    _keep(tx, stored, now)
    number: int = tx.run(
        _KEEP_WITH_DRAFT,
        draft_id=draft_id,
        name=clean_name(name) if name is not None else stored.name,
        sha256=stored.sha256,
        size=stored.size,
        mime=stored.mime,
        scanned_by=stored.scanned_by,
        at=now,
    ).scalar()
    return number


def drop_from_draft(tx: Tx, draft_id: int, file_id: int, *, actor: Actor) -> None:
    """The row goes; bytes that nobody refers to any more are swept a day later."""
    _own_draft(tx, draft_id, actor)
    if tx.run(_DROP_FROM_DRAFT, of_draft=draft_id, of_file=file_id).rowcount == 0:
        raise NotFound("no_attachment", "this draft has no such file", id=file_id)


def sign(tx: Tx, decision_id: int, *, stored: Stored, actor: Actor, now: datetime) -> int:
    """A handwritten sign or a seal under one's own decision, bound to what was decided on.

    One per decision: Conflict("signed"). Not another person's decision, not one that was undone or superseded.
    """
    decision = tx.run(_DECISION, of_decision=decision_id).first()
    if decision is None:
        raise NotFound("no_decision", "there is no such decision", id=decision_id)
    if actor.person_id != decision.person_id:
        raise Forbidden("not_yours", "a decision is signed by who took it")
    if decision.state not in {"held", "effective"}:
        raise Conflict("not_live", f"the decision is {decision.state}", state=decision.state)
    if not stored.mime.startswith("image/"):
        raise Invalid("not_an_image", "a signature is an image", zh="签名须为图片")
    _locked(tx, decision.request_id)
    bound = binding(decision_id, decision.content_hash, stored.sha256)
    try:
        with tx.nested():
            return _attach(
                tx, decision.request_id, stored, None, kind="signature", decision_id=decision_id,
                facts={"decision": decision_id, "content_hash": decision.content_hash, "bound": bound},
                actor=actor, now=now,
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict("signed", "this decision carries a signature already") from error


def binding(decision_id: int, content_hash: str, sha256: str) -> str:
    """What ties an image to one decision on one content: anybody can compute it again from the three."""
    return hashlib.sha256(f"signature\n{decision_id}\n{content_hash}\n{sha256}".encode()).hexdigest()


def condemn(tx: Tx, sha256: str, *, reason: str, actor: Actor, now: datetime) -> int:
    """A later scan found something: these bytes are given to nobody any more. How many attachments that is."""
    changed = tx.execute(
        update(blobs)
        .where(blobs.c.sha256 == sha256, blobs.c.state == "clean")
        .values(state="condemned", reason=reason[:200], scanned_at=now)
    ).rowcount
    if not changed:
        return 0
    rows = tx.execute(
        select(attachments.c.id, attachments.c.request_id)
        .where(attachments.c.sha256 == sha256)
        .order_by(attachments.c.request_id, attachments.c.id)
    ).all()
    for row in rows:
        _record(
            tx, row.request_id, row.id, "condemned", {"sha256": sha256, "reason": reason[:200]}, actor, now
        )
    return len(rows)


def _attach(
    tx: Tx,
    request_id: int,
    stored: Stored,
    name: str | None,
    *,
    kind: str,
    actor: Actor,
    now: datetime,
    remark_id: int | None = None,
    decision_id: int | None = None,
    facts: dict[str, object] | None = None,
) -> int:
    if kind == "content" and len(queries.digests(tx, request_id)) >= MOST_FILES:
        raise _too_many()
    _keep(tx, stored, now)
    shown = clean_name(name) if name is not None else stored.name
    attachment_id: int = tx.run(
        _ATTACH,
        request_id=request_id,
        name=shown,
        sha256=stored.sha256,
        size=stored.size,
        mime=stored.mime,
        kind=kind,
        state="clean",
        remark_id=remark_id,
        decision_id=decision_id,
        uploaded_by=actor.name,
        at=now,
        detached_at=None,
    ).scalar()
    told = {"name": shown, "sha256": stored.sha256, "size": stored.size, "mime": stored.mime, "kind": kind}
    _record(tx, request_id, attachment_id, "attached", told | (facts or {}), actor, now)
    return attachment_id


def _keep(tx: Tx, stored: Stored, now: datetime) -> None:
    tx.run(
        _KEEP,
        sha256=stored.sha256,
        size=stored.size,
        mime=stored.mime,
        state="clean",
        scanned_by=stored.scanned_by,
        scanned_at=now,
        reason="",
    )
    if tx.run(_BLOB, of_content=stored.sha256).one().state == "condemned":
        raise Invalid(
            "file_condemned",
            "a virus scan found something in this very content before; it is not accepted again",
            zh="相同内容曾被病毒扫描判定有问题，不予接受",
        )


def _locked(tx: Tx, request_id: int) -> Row:
    row = tx.run(_LOCK, of_request=request_id).first()
    if row is None:
        raise NotFound("no_request", "there is no such request", id=request_id)
    return row


def _check_remark(tx: Tx, request_id: int, remark_id: int | None, actor: Actor) -> None:
    row = None if remark_id is None else tx.run(_REMARK, of_remark=remark_id).first()
    if row is None or row.request_id != request_id:
        raise NotFound("no_remark", "this request has no such comment", id=remark_id)
    if row.person_id != actor.person_id:
        raise Forbidden("not_yours", "a file is added to one's own comment")


def _own_draft(tx: Tx, draft_id: int, actor: Actor) -> None:
    """Nobody sees another person's draft, so it is not there for him."""
    owner = tx.run(_DRAFT_OWNER, of_draft=draft_id).scalar()
    if owner is None or owner != actor.person_id:
        raise NotFound("no_draft", "there is no such draft of yours", id=draft_id)


def _too_many() -> Invalid:
    return Invalid(
        "too_many_files", f"a request has at most {MOST_FILES} files", zh=f"最多{MOST_FILES}个附件"
    )


def _not_open(row: Row) -> Conflict:
    return Conflict(
        "not_open_for_files",
        f"the request is {row.state}: its files are part of what is decided on; attach to a comment instead",
        state=row.state,
        zh="事项已提交，附件不可更改；可在意见中附上文件",
    )


def _record(
    tx: Tx,
    request_id: int,
    attachment_id: int,
    verb: str,
    data: dict[str, object],
    actor: Actor,
    now: datetime,
) -> None:
    audit.append(
        tx,
        chain=f"request:{request_id}",
        actor=actor.name,
        verb=f"file.{verb}",
        thing=f"attachment:{attachment_id}",
        data=data,
        now=now,
    )
