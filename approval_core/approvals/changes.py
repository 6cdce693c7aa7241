"""What changed in a request: one revision against the one before (F17), and every field with who wrote it (F40).

What a viewer may not see stays closed to him: he is told that the field changed, and in a difference its digests.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from approval_core.approvals import contents
from approval_core.approvals.content_models import ContentRevision, FieldChange
from approval_core.approvals.models import Request
from approval_core.approvals.rules import blocks
from approval_core.approvals.rules.content import field_digest
from approval_core.approvals.rules.papers import file_fields, named_in
from approval_core.columns import table_of
from approval_core.definitions import queries as definitions
from approval_core.definitions.rules.document import TypeDocument
from approval_core.definitions.rules.field_values import shown
from approval_core.definitions.rules.forms import shown_in
from approval_core.errors import NotFound
from approval_core.files import queries as files
from approval_core.people.models import Person
from approval_core.store import Row, Tx

requests, persons = table_of(Request), table_of(Person)
revisions, field_changes = table_of(ContentRevision), table_of(FieldChange)

_VERSION = select(requests.c.type_version_id, requests.c.route).where(
    requests.c.id == bindparam("of_request")
)
_EARLIER = select(revisions).where(
    revisions.c.request_id == bindparam("of_request"), revisions.c.revision == bindparam("at_revision")
)
_HISTORY = (
    select(field_changes, persons.c.account, persons.c.name)
    .select_from(field_changes.outerjoin(persons, persons.c.id == field_changes.c.person_id))
    .where(field_changes.c.request_id == bindparam("of_request"))
    .order_by(field_changes.c.id)
)

TITLE = {"zh": "标题", "en": "Title"}
SUMMARY = {"zh": "摘要", "en": "Summary"}
FILES = {"zh": "附件", "en": "Attachments"}


@dataclass(frozen=True, slots=True)
class Content:
    """One revision. `fields`: everything that the hash covers."""

    revision: int
    fields: Mapping[str, Any]
    salts: Mapping[str, str]
    papers: Mapping[str, str]
    content_hash: str


@dataclass(frozen=True, slots=True)
class Change:
    """`name`: `title`, `summary`, `files`, or a field of the form. Values as they are stored, and in words by language.
    Hidden: neither, but the digests."""

    name: str
    label: Mapping[str, str]
    old: Any = None
    new: Any = None
    old_words: Mapping[str, str] = field(default_factory=dict)
    new_words: Mapping[str, str] = field(default_factory=dict)
    hidden: bool = False
    old_digest: str | None = None
    new_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """From the revision before to `revision`."""

    revision: int
    old_hash: str
    new_hash: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """One field that got another value. `by` None: an asking system; `block` None: the applicant, not an approver."""

    id: int
    revision: int
    change: Change
    by: str | None
    by_name: str | None
    block: str | None
    step: Mapping[str, str] | None
    decision_id: int | None
    at: datetime


def difference(
    tx: Tx, request_id: int, *, revision: int | None = None, hidden: Collection[str] = ()
) -> Difference:
    """Of the current revision, or of an earlier one. `hidden`: the fields that the viewer may not see.
    NotFound("no_request" | "no_revision": there is none before it)."""
    document, _ = _about(tx, request_id)
    row = contents.current(tx, request_id)
    wanted = row.revision if revision is None else revision
    old, new = _content(tx, row, wanted - 1), _content(tx, row, wanted)
    if old is None or new is None:
        raise NotFound("no_revision", f"there is nothing before revision {wanted}", revision=wanted)
    closed = {f"form.{name}" for name in hidden}
    if document is not None and set(hidden) & set(shown_in(document, "sms")):
        closed.add("summary")
    found = [
        _compared(document, name, old, new, closed)
        for name in contents.differing(old.fields, new.fields)
        if not name.startswith("file.")
    ]
    found += _files_compared(document, old, new, hidden)
    return Difference(wanted, old.content_hash, new.content_hash, tuple(found))


def history_of(tx: Tx, request_id: int, *, hidden: Collection[str] = ()) -> list[Written]:
    """Every field that ever got another value, the first change first. `hidden`: as for `difference`."""
    document, route = _about(tx, request_id)
    found = []
    for row in tx.run(_HISTORY, of_request=request_id):
        label = _label(document, row.field)
        change = (
            Change(row.field, label, hidden=True)
            if row.field in hidden
            else _told(document, row.field, label, row.old, row.new)
        )
        found.append(
            Written(
                row.id, row.revision, change, row.account, row.name, row.block, _step(route, row.block),
                row.decision_id, row.at,
            )
        )  # fmt: skip
    return found


def _about(tx: Tx, request_id: int) -> tuple[TypeDocument | None, blocks.Route]:
    row = tx.run(_VERSION, of_request=request_id).first()
    if row is None:
        raise NotFound("no_request", "there is no such request", id=request_id)
    number = row.type_version_id
    return None if number is None else definitions.version(tx, number).document, row.route


def _content(tx: Tx, row: Row, revision: int) -> Content | None:
    """`row`: the request with its content as it is now."""
    if revision == row.revision:
        one, papers = row, files.digests(tx, row.id)
    else:
        found = tx.run(_EARLIER, of_request=row.id, at_revision=revision).first()
        if found is None:
            return None
        one, papers = found, found.papers
    whole = contents.whole(row.type, one.title, one.summary, row.applicant, one.form, papers)
    return Content(revision, whole, one.salts, papers, one.content_hash)


def _compared(
    document: TypeDocument | None, name: str, old: Content, new: Content, closed: Collection[str]
) -> Change:
    plain = name.removeprefix("form.")
    label = {"title": TITLE, "summary": SUMMARY}.get(name) or _label(document, plain)
    if name in closed:
        return Change(plain, label, hidden=True, old_digest=_digest(old, name), new_digest=_digest(new, name))
    in_document = document if name.startswith("form.") else None
    return _told(in_document, plain, label, old.fields.get(name), new.fields.get(name))


def _digest(content: Content, name: str) -> str | None:
    return field_digest(content.salts[name], content.fields[name]) if name in content.fields else None


def _told(document: TypeDocument | None, name: str, label: Mapping[str, str], old: Any, new: Any) -> Change:
    return Change(name, label, old, new, _words(document, name, old), _words(document, name, new))


def _words(document: TypeDocument | None, name: str, value: Any) -> dict[str, str]:
    found = None if document is None else document.field(name)
    if found is None:
        said = "" if value is None else str(value)
        return {"zh": said, "en": said}
    return {"zh": shown(found, value, "zh"), "en": shown(found, value, "en")}


def _label(document: TypeDocument | None, name: str) -> Mapping[str, str]:
    found = None if document is None else document.field(name)
    return {"zh": name, "en": name} if found is None else {"zh": found.label.zh, "en": found.label.en}


def _files_compared(
    document: TypeDocument | None, old: Content, new: Content, hidden: Collection[str]
) -> list[Change]:
    """By their names, one of which may stand for several; those of a hidden field are not named."""
    if old.papers == new.papers:
        return []
    fields = [] if document is None else file_fields(document)
    shut = {
        one for name in fields if name in hidden for side in (old, new)
        for one in named_in({name: side.fields.get(f"form.{name}")}, name)
    }  # fmt: skip
    before, after = (
        {label: sha256 for label, sha256 in side.papers.items() if sha256 not in shut} for side in (old, new)
    )
    if before == after:
        return [Change("files", FILES, hidden=True)]
    return [_told(None, "files", FILES, before, after)]


def _step(route: blocks.Route, block: str | None) -> Mapping[str, str] | None:
    place = None if block is None else blocks.find(route, block)
    return None if place is None else blocks.block_at(route, place).get("name")
