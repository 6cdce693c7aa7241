"""Gathers a sheet from what is on record. What the viewer may not see is named by the caller and left out here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from approval_core.approvals import queries as approvals
from approval_core.approvals.filing import summary
from approval_core.approvals.models import Request
from approval_core.approvals.queries import Asked, DecisionView, RequestView, StepView
from approval_core.audit.models import checkpoints, entries
from approval_core.columns import table_of
from approval_core.definitions import queries as definitions
from approval_core.definitions.rules.forms import shown_in
from approval_core.definitions.rules.shapes import FormField
from approval_core.errors import Forbidden
from approval_core.files import queries as files
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.sheets.rules import shown_value
from approval_core.sheets.sheet import (
    FieldLine,
    FileLine,
    Opinion,
    RemarkLine,
    Sheet,
    StepBlock,
    TrailLine,
)
from approval_core.sheets.words import word
from approval_core.store import Tx

requests = table_of(Request)

TRAIL_LINES = 60
#: decisions that stand; the others are kept and struck out
STANDING = frozenset({"held", "effective", "provisional"})
LEFT = frozenset({"superseded", "void"})

_TRAIL = (
    select(entries.c.seq, entries.c.at, entries.c.actor, entries.c.verb, entries.c.hash)
    .where(entries.c.chain == bindparam("of_chain"))
    .order_by(entries.c.seq.desc())
    .limit(TRAIL_LINES)
)
_VERSION = select(requests.c.type_version_id).where(requests.c.id == bindparam("of_request"))
_LAST_LEAF = select(func.max(entries.c.leaf)).where(entries.c.chain == bindparam("of_chain"))
_FIRST_WITH = (
    select(checkpoints.c.number, checkpoints.c.size, checkpoints.c.root)
    .where(checkpoints.c.size > bindparam("leaf"))
    .order_by(checkpoints.c.number)
    .limit(1)
)


def build(
    tx: Tx,
    request_id: int,
    *,
    viewer: Actor,
    now: datetime,
    lang: str = "zh",
    labels: Mapping[str, str] | None = None,
    hidden: Collection[str] = (),
    type_name: str | None = None,
) -> Sheet:
    """The sheet as `viewer` may see it, printed `now`. NotFound("no_approval"); Forbidden for a machine.

    `hidden`: form fields that the viewer may not read; whether he may see the request at all is the caller's to know.
    `labels`, `type_name`: where the definition on which the request runs does not say it. Rendering needs no
    transaction: take the value out first.
    """
    if viewer.person_id is None:
        raise Forbidden("no_person", "a sheet is printed for a person, whose name stands on it")
    view = approvals.by_id(tx, request_id)
    card = people.person_by_id(tx, viewer.person_id)
    papers = files.of_request(tx, request_id)
    signatures = {
        one.decision_id: one.sha256 for one in papers if one.kind == "signature" and one.state == "clean"
    }
    known_name, known = _definition(tx, request_id, lang)
    shut = _shut(view, known, hidden)
    blocks, former = _opinions(view, signatures, lang)
    trail = tx.run(_TRAIL, of_chain=f"request:{request_id}").all()
    return Sheet(
        request_id=view.id,
        title=view.title,
        type_name=type_name or known_name or view.type,
        source=view.source,
        ref=view.ref,
        applicant=view.applicant,
        summary=_summary(tx, view, hidden),
        state=view.state,
        revision=view.revision,
        content_hash=view.content_hash,
        submitted_at=view.submitted_at,
        closed_at=view.closed_at,
        fields=_fields(view, known, labels or {}, hidden, lang),
        steps=blocks,
        former=former,
        remarks=tuple(RemarkLine(one.by or "—", one.text, one.at) for one in view.remarks),
        files=tuple(
            FileLine(one.name, one.size, one.sha256)
            for one in papers
            if one.kind == "content" and one.sha256 not in shut
        ),
        trail=tuple(TrailLine(row.seq, row.at, row.actor, row.verb, row.hash) for row in reversed(trail)),
        trail_left_out=trail[-1].seq - 1 if trail else 0,
        receipt=receipt_of(tx, request_id),
        printed_by=card.name,
        printed_account=card.account,
        printed_at=now,
    )


def signature_files(sheet: Sheet) -> tuple[str, ...]:
    """sha256 of the images that `render` wants, for whoever holds the folder of bytes."""
    every = [*(one for block in sheet.steps for one in block.opinions), *sheet.former]
    return tuple(dict.fromkeys(one.signature for one in every if one.signature is not None))


def receipt_of(tx: Tx, request_id: int) -> str | None:
    """Where the newest sequenced entry of the request stands in the log, and the first signed checkpoint over it."""
    leaf = tx.run(_LAST_LEAF, of_chain=f"request:{request_id}").scalar()
    if leaf is None:
        return None
    found = tx.run(_FIRST_WITH, leaf=leaf).first()
    signed = "" if found is None else f" · checkpoint {found.number} ({found.size}) · root {found.root}"
    return f"leaf {leaf}{signed}"


def _fields(
    view: RequestView,
    known: Mapping[str, FormField],
    labels: Mapping[str, str],
    hidden: Collection[str],
    lang: str,
) -> tuple[FieldLine, ...]:
    """In the order of the form; what it does not know comes after."""
    order = [*known, *labels]
    names = sorted(view.form, key=lambda name: order.index(name) if name in order else len(order))
    lines = []
    for name in names:
        field = known.get(name)
        label = labels.get(name) or (field.label.text(lang) if field else name)
        value = None if name in hidden else shown_value(_chosen(field, view.form[name], lang), lang)
        lines.append(FieldLine(label, value))
    return tuple(lines)


def _chosen(field: FormField | None, value: Any, lang: str) -> Any:
    """A choice reads as its label."""
    if field is None or not field.options:
        return value
    words = {one.value: one.label.text(lang) for one in field.options}
    if isinstance(value, list):
        return [words.get(one, one) for one in value]
    return words.get(value, value)


def _definition(tx: Tx, request_id: int, lang: str) -> tuple[str | None, dict[str, FormField]]:
    """Title and fields of the version on which the request runs; nothing for one that brought its own steps."""
    version_id = tx.run(_VERSION, of_request=request_id).scalar()
    if version_id is None:
        return None, {}
    document = definitions.version(tx, version_id).document
    return document.title.text(lang), {one.name: one for one in document.form.fields}


def _summary(tx: Tx, view: RequestView, hidden: Collection[str]) -> str:
    """Told anew where it tells of a field that is not for him."""
    if not hidden or view.type_version_id is None:
        return view.summary
    document = definitions.version(tx, view.type_version_id).document
    if not set(hidden) & set(shown_in(document, "sms")):
        return view.summary
    return summary(document, {name: value for name, value in view.form.items() if name not in hidden})


def _shut(view: RequestView, known: Mapping[str, FormField], hidden: Collection[str]) -> set[str]:
    """The files of fields that are not for him, unless a field that is names them as well."""
    named = {name: set(view.form.get(name) or ()) for name, one in known.items() if one.type == "file"}
    closed = {sha256 for name, files_of in named.items() if name in hidden for sha256 in files_of}
    return closed - {sha256 for name, files_of in named.items() if name not in hidden for sha256 in files_of}


def _opinions(
    view: RequestView, signatures: Mapping[int | None, str], lang: str
) -> tuple[tuple[StepBlock, ...], tuple[Opinion, ...]]:
    """What stands, step by step, and what no longer does. A step that was left by a return and has nothing standing is
    only in the second."""
    current = {asked.task_id for step in view.steps for asked in step.approvers}
    standing = {
        one.task_id: one for one in view.decisions if one.state in STANDING and one.task_id in current
    }
    former = tuple(
        _opinion(one, signatures) for one in view.decisions if standing.get(one.task_id) is not one
    )
    shown = [
        step
        for step in view.steps
        if step.state not in LEFT or any(asked.task_id in standing for asked in step.approvers)
    ]
    return tuple(
        _block(step, number, standing, signatures, lang) for number, step in enumerate(shown, start=1)
    ), former


def _block(
    step: StepView,
    number: int,
    standing: Mapping[int, DecisionView],
    signatures: Mapping[int | None, str],
    lang: str,
) -> StepBlock:
    opinions = tuple(
        _opinion(standing[asked.task_id], signatures) if asked.task_id in standing else _asked(asked)
        for asked in step.approvers
    )
    name = (step.name or {}).get(lang) or (word(f"placed.{step.placed}", lang) if step.placed else "")
    return StepBlock(number, name, step.mode, step.state, opinions)


def _asked(asked: Asked) -> Opinion:
    return Opinion(asked.name, asked.account, None, asked.state)


def _opinion(one: DecisionView, signatures: Mapping[int | None, str]) -> Opinion:
    return Opinion(
        one.by_name, one.by, one.verdict, one.state, one.comment, one.on_behalf_of,
        one.channel, one.level, one.at, signatures.get(one.id),
    )  # fmt: skip


def trail_of(tx: Tx, request_id: int) -> list[dict[str, Any]]:
    """Every entry of the request's chain as it was hashed, oldest first, for the archive package."""
    rows = tx.execute(
        select(entries).where(entries.c.chain == f"request:{request_id}").order_by(entries.c.seq)
    )
    names = ("seq", "at", "actor", "verb", "thing", "data", "salt", "digest", "prev_hash", "hash", "leaf")
    return [{name: getattr(row, name) for name in names} for row in rows]
