"""F32: a request that is being written: kept, gone on with, begun from an old one, and submitted. Only its owner sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from approval_core.approvals import contents, filing
from approval_core.approvals.filing import Filing
from approval_core.approvals.models import Draft, Request
from approval_core.approvals.rules.content import canonical
from approval_core.approvals.rules.papers import file_fields, named_in, with_digests
from approval_core.approvals.submitting import Submitted
from approval_core.columns import table_of
from approval_core.definitions import queries as definitions
from approval_core.definitions.rules.document import TypeDocument
from approval_core.definitions.rules.field_values import Unfit, stored
from approval_core.definitions.rules.forms import FORM_BYTES
from approval_core.errors import Conflict, Forbidden, Invalid, NotFound
from approval_core.files import queries as file_queries
from approval_core.files import service as files
from approval_core.files.queries import DraftPaper
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.store import Row, Tx

drafts, requests = table_of(Draft), table_of(Request)

#: of one person
MOST = 200

_INSERT = insert(drafts).returning(drafts.c.id)
_UPDATE = (
    update(drafts)
    .where(drafts.c.id == bindparam("of_draft"))
    .values(
        applicant_id=bindparam("new_applicant_id"),
        unit_id=bindparam("new_unit_id"),
        form=bindparam("new_form"),
        chosen=bindparam("new_chosen"),
        urgency=bindparam("new_urgency"),
        changed_at=bindparam("at"),
    )
)
_DELETE = delete(drafts).where(drafts.c.id == bindparam("of_draft"))
_ONE = select(drafts).where(drafts.c.id == bindparam("of_draft")).with_for_update()
_READ = select(drafts).where(drafts.c.id == bindparam("of_draft"))
_MINE = (
    select(drafts)
    .where(drafts.c.person_id == bindparam("of_person"))
    .order_by(drafts.c.changed_at.desc(), drafts.c.id.desc())
)
_HOW_MANY = select(func.count()).where(drafts.c.person_id == bindparam("of_person"))
_OLD = select(
    requests.c.type,
    requests.c.type_version_id,
    requests.c.applicant_id,
    requests.c.submitter_id,
    requests.c.chosen,
    requests.c.urgency,
    requests.c.revokes_id,
).where(requests.c.id == bindparam("of_request"))


@dataclass(frozen=True, slots=True)
class Sketch:
    """What has been filled in so far; any of it may be missing. A `file` field names the draft's files by their number."""

    form: Mapping[str, Any] = field(default_factory=dict)
    applicant_id: int | None = None  #: whom it is for, when that is somebody else
    unit_id: int | None = None
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    urgency: int = 0


@dataclass(frozen=True, slots=True)
class DraftView:
    id: int
    type: str
    applicant_id: int
    applicant: str
    unit_id: int | None
    form: dict[str, Any]
    chosen: dict[str, Any]
    urgency: int
    changed_at: datetime
    papers: tuple[DraftPaper, ...] = ()
    #: the type takes no more requests
    retired: bool = False


def save(tx: Tx, type_name: str, sketch: Sketch, *, actor: Actor, now: datetime) -> int:
    """Its number. NotFound("no_type"); Forbidden("not_a_person" | "not_for_him"); Invalid("no_route" | "bad_form" | "not_your_unit"
    | "bad_urgency" | "bad_choice"); Conflict("too_many_drafts")."""
    values = _checked(tx, type_name, sketch, actor, now=now)
    if tx.run(_HOW_MANY, of_person=actor.person_id).scalar() >= MOST:
        raise Conflict("too_many_drafts", f"a person keeps at most {MOST} drafts", zh=f"草稿最多{MOST}份")
    draft_id: int = tx.run(
        _INSERT, person_id=actor.person_id, type=type_name, changed_at=now, **values
    ).scalar()
    return draft_id


def change(tx: Tx, draft_id: int, sketch: Sketch, *, actor: Actor, now: datetime) -> None:
    """The whole of it anew, but for its files. NotFound("no_draft"); else as `save`."""
    row = _own(tx, draft_id, actor)
    values = _checked(tx, row.type, sketch, actor, now=now)
    tx.run(_UPDATE, of_draft=draft_id, at=now, **{f"new_{name}": value for name, value in values.items()})


def show(tx: Tx, draft_id: int, *, actor: Actor, now: datetime) -> DraftView:
    """NotFound("no_draft") also for another person's."""
    return _view(
        tx,
        _owned(tx.run(_READ, of_draft=draft_id).first(), draft_id, actor),
        tuple(file_queries.of_draft(tx, draft_id)),
        now=now,
    )


def mine(tx: Tx, *, actor: Actor, now: datetime) -> list[DraftView]:
    """What this person is writing, the one touched last first; without the files."""
    if actor.person_id is None:
        return []
    return [_view(tx, row, (), now=now) for row in tx.run(_MINE, of_person=actor.person_id).all()]


def discard(tx: Tx, draft_id: int, *, actor: Actor) -> None:
    """Its files go with it. NotFound("no_draft")."""
    _own(tx, draft_id, actor)
    tx.run(_DELETE, of_draft=draft_id)


def submit(tx: Tx, draft_id: int, *, actor: Actor, now: datetime) -> Submitted:
    """The request; its files are the draft's, and the draft is gone. As `filing.file`; refused, the draft stays as it is."""
    row = _own(tx, draft_id, actor)
    papers = file_queries.of_draft(tx, draft_id)
    version = definitions.current(tx, row.type)
    form = row.form
    if version is not None:
        form = with_digests(version.document, form, {one.id: one.stored.sha256 for one in papers})
    what = Filing(
        type=row.type, form=form, applicant_id=row.applicant_id, unit_id=row.unit_id, chosen=row.chosen,
        urgency=row.urgency, papers=tuple(one.stored for one in papers),
    )  # fmt: skip
    submitted = filing.file(tx, what, actor=actor, now=now)
    tx.run(_DELETE, of_draft=draft_id)
    return submitted


def copy(tx: Tx, request_id: int, *, actor: Actor, now: datetime) -> int:
    """A draft that begins as a request of his own: the fields that there still are and that still fit, and the files.
    NotFound("no_request" | "no_type"); Forbidden("not_yours"); Conflict("not_of_a_type" | "a_revocation" | "too_many_drafts").
    """
    row = tx.run(_OLD, of_request=request_id).first()
    if row is None:
        raise NotFound("no_request", "there is no such request", id=request_id)
    if actor.person_id is None or actor.person_id not in (row.applicant_id, row.submitter_id):
        raise Forbidden("not_yours", "only one's own request is copied")
    if row.type_version_id is None:
        raise Conflict("not_of_a_type", "another system asked for it: ask there again")
    if row.revokes_id is not None:
        raise Conflict("a_revocation", "a revocation is asked for at the request it takes back")
    document = _document(tx, row.type)
    old = contents.current(tx, request_id).form
    form = {name: value for name, value in old.items() if _still_fits(document, name, value)}
    for_whom = None if row.applicant_id == actor.person_id else row.applicant_id
    plain = {name: value for name, value in form.items() if name not in file_fields(document)}
    sketch = Sketch(plain, for_whom, None, row.chosen or {}, row.urgency)
    draft_id = save(tx, row.type, sketch, actor=actor, now=now)
    numbers = _copy_files(tx, request_id, draft_id, actor, now=now)
    named = {
        name: [numbers[one] for one in named_in(form, name) if one in numbers]
        for name in file_fields(document)
        if form.get(name)
    }
    if named:
        change(
            tx, draft_id, Sketch({**plain, **named}, for_whom, None, sketch.chosen, row.urgency), actor=actor,
            now=now,
        )  # fmt: skip
    return draft_id


def _copy_files(tx: Tx, request_id: int, draft_id: int, actor: Actor, *, now: datetime) -> dict[str, int]:
    """SHA-256 → the number in the draft; what a scan condemned since stays behind."""
    return {
        one.sha256: files.keep_with_draft(tx, draft_id, stored=one, actor=actor, now=now)
        for one in file_queries.stored_of(tx, request_id)
    }


def _checked(tx: Tx, type_name: str, sketch: Sketch, actor: Actor, *, now: datetime) -> dict[str, Any]:
    document = _document(tx, type_name)
    what = Filing(type=type_name, form=sketch.form, applicant_id=sketch.applicant_id, unit_id=sketch.unit_id)
    applicant = filing.applicant_of(tx, what, actor, now=now)
    if sketch.unit_id is not None and sketch.unit_id not in applicant.unit_ids:
        raise Invalid("not_your_unit", f"{applicant.name} has no post in that unit", units=applicant.units)
    if not 0 <= sketch.urgency <= 2:
        raise Invalid("bad_urgency", "urgency is 0 ordinary, 1 urgent or 2 extra urgent")
    chosen = {block: list(who) for block, who in sketch.chosen.items()}
    if len(chosen) > MOST or len(canonical(chosen)) > FORM_BYTES // 8:
        raise Invalid("bad_choice", "so many people are not chosen in one request")
    unknown = [str(name)[:60] for name in sketch.form if document.field(name) is None]
    if unknown or len(canonical(dict(sketch.form))) > FORM_BYTES // 4:
        en, zh = (
            ("there is no such field", "没有此字段") if unknown else ("the form is too large", "表单内容过大")
        )
        names = unknown or ["form"]
        raise Invalid("bad_form", en, fields=dict.fromkeys(names, en), zh=dict.fromkeys(names, zh))
    return {
        "applicant_id": applicant.id, "unit_id": sketch.unit_id, "form": dict(sketch.form),
        "chosen": chosen, "urgency": sketch.urgency,
    }  # fmt: skip


def _document(tx: Tx, type_name: str) -> TypeDocument:
    version = definitions.current(tx, type_name)
    if version is None:
        raise NotFound("no_type", f"there is no request type {type_name}", type=type_name)
    if version.document.given:
        raise Invalid("no_route", f"{type_name} is for other systems: they bring their own steps")
    return version.document


def _still_fits(document: TypeDocument, name: str, value: Any) -> bool:
    found = document.field(name)
    if found is None or value is None:
        return False
    try:
        return stored(found, value) is not None
    except Unfit:
        return False


def _own(tx: Tx, draft_id: int, actor: Actor) -> Row:
    return _owned(tx.run(_ONE, of_draft=draft_id).first(), draft_id, actor)


def _owned(row: Row | None, draft_id: int, actor: Actor) -> Row:
    if row is None or row.person_id != actor.person_id:
        raise NotFound("no_draft", "there is no such draft of yours", id=draft_id)
    return row


def _view(tx: Tx, row: Row, papers: tuple[DraftPaper, ...], *, now: datetime) -> DraftView:
    applicant = people.person_by_id(tx, row.applicant_id, now=now)
    return DraftView(
        row.id, row.type, row.applicant_id, applicant.account, row.unit_id, row.form, row.chosen, row.urgency,
        row.changed_at, papers, definitions.current(tx, row.type) is None,
    )  # fmt: skip
