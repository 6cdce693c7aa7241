"""F17: what came back is submitted again, the same request with a new revision of its form (重新提交)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from approval_core.approvals import contents, refusals, stepping
from approval_core.approvals.filing import Checked, refuse_unchosen, summary
from approval_core.approvals.journey import applicant_facts
from approval_core.approvals.models import Request
from approval_core.approvals.rules.papers import check_attached, with_digests
from approval_core.approvals.rules.route import Content
from approval_core.approvals.stepping import Matter
from approval_core.approvals.submitting import Submitted, revise
from approval_core.clock import OFFICE_ZONE
from approval_core.columns import table_of
from approval_core.definitions import queries as definitions
from approval_core.definitions.rules.document import TypeDocument
from approval_core.definitions.rules.forms import check_form, subject
from approval_core.errors import Conflict, Forbidden, Invalid, NotFound
from approval_core.files import queries as files
from approval_core.files.rules.stored import Stored
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.store import Row, Tx

requests = table_of(Request)

_WHOSE = select(requests.c.applicant_id, requests.c.submitter_id).where(
    requests.c.id == bindparam("of_request")
)


@dataclass(frozen=True, slots=True)
class Resubmission:
    """The fields that say something else now; whom the applicant chooses instead; files that come, attachments that go."""

    form: Mapping[str, Any] = field(default_factory=dict)
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    papers: tuple[Stored, ...] = ()
    without: tuple[int, ...] = ()


def resubmit(tx: Tx, request_id: int, what: Resubmission, *, actor: Actor, now: datetime) -> Submitted:
    """By the applicant or whoever wrote it down: one that came back, or a pending one in which nothing is in hold. The form is
    checked against the version that the request runs on, and the route begins again; what it said before is kept.

    NotFound("no_request" | "no_attachment"); Forbidden("not_yours"); Invalid("bad_form" | "not_chosen"); Conflict("closed" |
    "held" | "expired" | "not_of_a_type").
    """
    matter = _own(tx, request_id, actor)
    if matter.type_version_id is None:
        raise Conflict("not_of_a_type", "the system that asked for it revises it")
    if matter.state not in ("pending", "returned"):
        raise refusals.closed(matter.state)
    row = contents.current(tx, request_id)
    version = definitions.version(tx, matter.type_version_id)
    form = _form(tx, matter, row, what, version.document, now=now)
    title, words = row.title, row.summary
    if matter.revokes_id is None:
        unit = applicant_facts(tx, matter.applicant_id, matter.unit_id, now=now)["unit"]
        title = subject(version.document, form, "zh", applicant=matter.applicant, unit=unit)
        words = summary(version.document, form)
    chosen = {**(row.chosen or {}), **{block: list(who) for block, who in what.chosen.items()}}
    assert matter.applicant_id is not None  # noqa: S101  # a request of a type of ours has one
    applicant = people.person_by_id(tx, matter.applicant_id, now=now)
    refuse_unchosen(tx, Checked(version, applicant, matter.unit_id, form, title), chosen, now=now)
    done = revise(
        tx, request_id, content=Content(title, words, form), papers=what.papers, without=what.without,
        chosen=chosen or None, actor=actor, now=now,
    )  # fmt: skip
    if done.created:
        stepping.tell(tx, matter, "request.resubmitted", revision=matter.revision + 1, by=actor.name, now=now)
    return done


def _own(tx: Tx, request_id: int, actor: Actor) -> Matter:
    matter = stepping.lock(tx, request_id)
    if matter is None:
        raise NotFound("no_request", "there is no such request")
    whose = tx.run(_WHOSE, of_request=request_id).one()
    if actor.person_id is None or actor.person_id not in (whose.applicant_id, whose.submitter_id):
        raise Forbidden("not_yours", "only the applicant, or who submitted for him, submits it again")
    return matter


def _form(
    tx: Tx, matter: Matter, row: Row, what: Resubmission, document: TypeDocument, *, now: datetime
) -> dict[str, Any]:
    """A revocation repeats the form of what it takes back."""
    if matter.revokes_id is not None:
        if what.form or what.papers or what.without:
            raise Invalid("bad_form", "a revocation has the form of what it revokes", fields={}, zh={})
        return dict(row.form)
    there = [one for one in files.of_request(tx, row.id) if one.kind == "content"]
    numbers = {one.id: one.sha256 for one in there}
    before = {one.name: row.form.get(one.name) for one in document.form.fields}
    wanted = with_digests(document, {**before, **what.form}, numbers)
    facts = applicant_facts(tx, matter.applicant_id, matter.unit_id, now=now)
    form = check_form(document, wanted, applicant=facts, today=now.astimezone(OFFICE_ZONE).date())
    stay = {one.sha256 for one in there if one.id not in what.without}
    check_attached(document, form, stay | {one.sha256 for one in what.papers})
    return form
