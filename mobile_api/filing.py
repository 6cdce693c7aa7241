"""Bodies of what is asked for, as the core takes them: accounts become persons, the code of a unit its row."""

from __future__ import annotations

from datetime import datetime

from approval_core.approvals import changes, drafts, filing, preview, resubmitting
from approval_core.approvals.changes import Difference, Written
from approval_core.approvals.drafts import DraftView, Sketch
from approval_core.approvals.filing import Filing
from approval_core.approvals.foreseen import Preview
from approval_core.approvals.resubmitting import Resubmission
from approval_core.approvals.submitting import Submitted
from approval_core.errors import Invalid
from approval_core.files import queries as files
from approval_core.files import service as keeping
from approval_core.files.queries import DraftPaper
from approval_core.files.rules.stored import Stored
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.store import Tx
from mobile_api.queries import Viewer, hidden_for, must_see, must_take_part
from mobile_api.schemas.filing import BranchAheadOut, FilingIn, FormIn, PreviewOut, ResubmitIn
from mobile_api.service import named


def file(tx: Tx, body: FilingIn, *, actor: Actor, now: datetime) -> Submitted:
    return filing.file(tx, _filing(tx, body.type, body), actor=actor, now=now)


def foresee(tx: Tx, type_name: str, body: FormIn, *, actor: Actor, now: datetime) -> PreviewOut:
    return shown(preview.preview(tx, _filing(tx, type_name, body), actor=actor, now=now))


def rest_of(tx: Tx, request_id: int, *, viewer: Viewer, now: datetime) -> PreviewOut:
    """Conditions that speak of fields which are closed to the viewer are left out: their answers would tell."""
    sight = must_see(tx, viewer, request_id, now=now)
    hidden, version = hidden_for(tx, request_id, sight)
    words = {f"form.{name}" for name in hidden}
    if version is not None and version.document.amount in hidden:
        words.add("amount")
    found = shown(preview.rest_of(tx, request_id, now=now), without=frozenset(words))
    if sight.reason == "administrator":
        found.title = ""
    return found


def shown(found: Preview, *, without: frozenset[str] = frozenset()) -> PreviewOut:
    """`without`: names in conditions whose answers are not told."""
    out = PreviewOut.model_validate(found)
    for one in out.entries:
        if isinstance(one, BranchAheadOut) and any(
            name in asked.when for asked in one.conditions for name in without
        ):
            one.conditions, one.why = [], None
    return out


def resubmit(
    tx: Tx, request_id: int, body: ResubmitIn, *, viewer: Viewer, actor: Actor, now: datetime
) -> Submitted:
    must_see(tx, viewer, request_id, now=now)
    papers: tuple[Stored, ...] = ()
    if body.draft is not None:
        papers = tuple(one.stored for one in drafts.show(tx, body.draft, actor=actor, now=now).papers)
    what = Resubmission(body.form, body.chosen, papers, tuple(body.without))
    done = resubmitting.resubmit(tx, request_id, what, actor=actor, now=now)
    if body.draft is not None:
        drafts.discard(tx, body.draft, actor=actor)
    return done


def difference(tx: Tx, request_id: int, *, revision: int | None, viewer: Viewer, now: datetime) -> Difference:
    hidden, _ = hidden_for(tx, request_id, must_take_part(tx, viewer, request_id, now=now))
    return changes.difference(tx, request_id, revision=revision, hidden=hidden)


def history(tx: Tx, request_id: int, *, viewer: Viewer, now: datetime) -> list[Written]:
    hidden, _ = hidden_for(tx, request_id, must_take_part(tx, viewer, request_id, now=now))
    return changes.history_of(tx, request_id, hidden=hidden)


def save_draft(tx: Tx, type_name: str, body: FormIn, *, actor: Actor, now: datetime) -> DraftView:
    number = drafts.save(tx, type_name, _sketch(tx, body), actor=actor, now=now)
    return drafts.show(tx, number, actor=actor, now=now)


def change_draft(tx: Tx, draft_id: int, body: FormIn, *, actor: Actor, now: datetime) -> DraftView:
    drafts.change(tx, draft_id, _sketch(tx, body), actor=actor, now=now)
    return drafts.show(tx, draft_id, actor=actor, now=now)


def copy_as_draft(tx: Tx, request_id: int, *, viewer: Viewer, actor: Actor, now: datetime) -> DraftView:
    must_see(tx, viewer, request_id, now=now)
    number = drafts.copy(tx, request_id, actor=actor, now=now)
    return drafts.show(tx, number, actor=actor, now=now)


def keep_with_draft(tx: Tx, draft_id: int, *, stored: Stored, actor: Actor, now: datetime) -> DraftPaper:
    number = keeping.keep_with_draft(tx, draft_id, stored=stored, actor=actor, now=now)
    return next(one for one in files.of_draft(tx, draft_id) if one.id == number)


def _filing(tx: Tx, type_name: str, body: FormIn) -> Filing:
    sketch = _sketch(tx, body)
    return Filing(type_name, sketch.form, sketch.applicant_id, sketch.unit_id, sketch.chosen, sketch.urgency)


def _sketch(tx: Tx, body: FormIn) -> Sketch:
    applicant_id = None if body.applicant is None else named(tx, body.applicant, field="applicant")
    return Sketch(body.form, applicant_id, _unit(tx, body.unit), body.chosen, body.urgency)


def _unit(tx: Tx, code: str | None) -> int | None:
    if code is None:
        return None
    found = people.unit_by_code(tx, code)
    if found is None:
        raise Invalid("no_unit", f"there is no unit {code}", field="unit", zh=f"没有单位{code}")
    return found
