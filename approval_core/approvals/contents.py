"""What is decided on, revision by revision: its hash with the files in it, what it said before, which field became what."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select

from approval_core.approvals.content_models import ContentRevision, FieldChange
from approval_core.approvals.models import Request
from approval_core.approvals.rules.content import content_hash, fields_of
from approval_core.columns import table_of
from approval_core.files import queries as files
from approval_core.people.actor import Actor
from approval_core.store import Row, Tx

requests, revisions, changes = table_of(Request), table_of(ContentRevision), table_of(FieldChange)

_CONTENT = select(
    requests.c.id,
    requests.c.type,
    requests.c.title,
    requests.c.summary,
    requests.c.applicant,
    requests.c.form,
    requests.c.route,
    requests.c.chosen,
    requests.c.salts,
    requests.c.content_hash,
    requests.c.state,
    requests.c.revision,
    requests.c.submitted_at,
).where(requests.c.id == bindparam("of_request"))
_KEEP = insert(revisions)
_CHANGED = insert(changes).returning(changes.c.id)


@dataclass(frozen=True, slots=True)
class Writing:
    """Who wrote, in which step and with which decision."""

    actor: Actor
    block: str | None = None
    decision_id: int | None = None


def current(tx: Tx, request_id: int) -> Row:
    """The content of a request as it is; LookupError without one."""
    return tx.run(_CONTENT, of_request=request_id).one()


def whole(
    type: str,  # noqa: A002 — the office's word
    title: str,
    summary: str,
    applicant: str,
    form: Mapping[str, Any],
    papers: Mapping[str, str],
) -> dict[str, Any]:
    """Every field that the hash covers."""
    return fields_of(type=type, title=title, summary=summary, applicant=applicant, form=form, papers=papers)


def salted(fields: Mapping[str, Any], kept: Mapping[str, str] | None = None) -> dict[str, Any]:
    """`salts` and `content_hash` for the row. `kept`: salts of fields that say what they said before."""
    salts = {name: (kept or {}).get(name) or secrets.token_hex(16) for name in fields}
    return {"salts": salts, "content_hash": content_hash(fields, salts)}


def keep(tx: Tx, row: Row, *, actor: Actor, now: datetime) -> None:
    """Another revision takes its place. `row`: as `current` reads it, its files still as they were."""
    tx.run(
        _KEEP, request_id=row.id, revision=row.revision, title=row.title, summary=row.summary, form=row.form,
        papers=files.digests(tx, row.id), salts=row.salts, content_hash=row.content_hash, at=now, by=actor.name,
    )  # fmt: skip


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The fields that say something else, those that are new or gone as well, in the order of the form."""
    return [name for name in {**before, **after} if before.get(name) != after.get(name)]


def note(
    tx: Tx,
    request_id: int,
    revision: int,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    writing: Writing,
    *,
    now: datetime,
) -> None:
    """F40: old and new of every field that says something else, and who wrote it."""
    for name in differing(before, after):
        tx.run(
            _CHANGED, request_id=request_id, revision=revision, field=name, old=before.get(name),
            new=after.get(name), person_id=writing.actor.person_id, block=writing.block,
            decision_id=writing.decision_id, at=now,
        )  # fmt: skip
