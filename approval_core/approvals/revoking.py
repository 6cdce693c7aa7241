"""F23: the submitter takes his request back. Before the end he withdraws it; after the end he asks for its revocation, which is
a request of its own that goes the same way (撤回, 撤销)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select

from approval_core.approvals import closing, refusals, stepping
from approval_core.approvals.filing import SOURCE, next_number
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Decision, Request, Step
from approval_core.approvals.rules.route import Content, Submission
from approval_core.approvals.stepping import Matter
from approval_core.approvals.submitting import Submitted, submit
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, Invalid, NotFound
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.people.models import Person
from approval_core.store import Row, Tx
from approval_core.working_time import add_working_days

requests, steps, decisions, persons = table_of(Request), table_of(Step), table_of(Decision), table_of(Person)

LONGEST_REASON = 2000
LONGEST_TITLE = 200

_FACTS = select(
    requests.c.applicant_id, requests.c.submitter_id, requests.c.closed_at, requests.c.summary, requests.c.form,
    requests.c.chosen, requests.c.route, requests.c.revoked_by_id, requests.c.source_ref,
).where(requests.c.id == bindparam("of_request"))  # fmt: skip
_DECIDED = (
    select(decisions.c.decided_at, persons.c.name)
    .select_from(
        decisions.join(steps, steps.c.id == decisions.c.step_id).join(persons, persons.c.id == decisions.c.person_id)
    )
    .where(
        decisions.c.request_id == bindparam("of_request"),
        steps.c.revision == bindparam("at_revision"),
        decisions.c.state != "undone",
        decisions.c.channel != "system",
    )
    .order_by(decisions.c.id)
    .limit(1)
)  # fmt: skip
_REVOCATION = (
    select(requests.c.id, requests.c.source_ref, requests.c.state)
    .where(requests.c.revokes_id == bindparam("of_request"))
    .where(or_(requests.c.state == "pending", requests.c.state == "returned", requests.c.state == "approved"))
    .limit(1)
)


def withdraw_by_person(tx: Tx, request_id: int, *, actor: Actor, reason: str = "", now: datetime) -> None:
    """By the applicant or whoever wrote it down, as its type allows: until somebody has decided, or until the end. A request that
    came back to him is his to drop.

    NotFound("no_request"); Forbidden("not_yours"); Conflict("decided" with who and when | "held"); Conflict("closed") with
    `revoke` where the end can be revoked; Invalid("long_reason").
    """
    _check_reason(reason)
    matter, _, journey = _own(tx, request_id, actor, now=now)
    if matter.state not in ("pending", "returned"):
        refusal = refusals.closed(matter.state)
        refusal.data["revoke"] = matter.state == "approved" and journey.policy.revoke_days is not None
        raise refusal
    if matter.state == "pending" and journey.policy.withdraw == "before_decision":
        decided = tx.run(_DECIDED, of_request=request_id, at_revision=matter.revision).first()
        if decided is not None:
            raise Conflict(
                "decided", f"{decided.name} has decided already", by=decided.name, at=decided.decided_at
            )
    closing.withdraw(tx, request_id, actor=actor, reason=reason.strip(), now=now)


def revoke(tx: Tx, request_id: int, *, actor: Actor, reason: str, now: datetime) -> Submitted:
    """A request for the revocation of an approved one: of the same type and version, with its content, by the same way. When it
    is approved the original is revoked.

    NotFound("no_request"); Forbidden("not_yours"); Invalid("reason_required" | "long_reason"); Conflict("not_approved" |
    "not_revocable" | "too_late" with the last moment | "already_revoked" | "revocation_open" naming it).
    """
    _check_reason(reason)
    if not reason.strip():
        raise Invalid("reason_required", "say why it is to be revoked", zh="须填写撤销原因")
    matter, facts, journey = _own(tx, request_id, actor, now=now)
    _refuse_unrevocable(tx, journey, facts, now=now)
    assert journey.version is not None and facts.applicant_id is not None  # noqa: S101, PT018  # a type of ours has both
    document = journey.version.document
    applicant = people.person_by_id(tx, facts.applicant_id, now=now)
    content = Content(
        title=f"撤销:{matter.title}"[:LONGEST_TITLE],
        summary=f"撤销原因:{reason.strip()}\n{facts.summary}".rstrip(),
        form=facts.form,
    )
    submission = Submission(
        source=SOURCE,
        ref=next_number(tx, matter.type, now=now),
        type=matter.type,
        content=content,
        applicant=applicant.account,
        on_reject=matter.on_reject,
        hold_seconds=matter.hold_seconds,
        sms=matter.sms,
        urgency=matter.urgency,
        expires_at=None if document.expires is None else add_working_days(now, document.expires),
        route=facts.route,
        type_version_id=matter.type_version_id,
        unit_id=matter.unit_id,
        submitter_id=None if actor.person_id == applicant.id else actor.person_id,
        amount=matter.amount,
        chosen=facts.chosen,
        revokes_id=request_id,
    )
    return submit(tx, submission, actor=actor, now=now)


def _own(tx: Tx, request_id: int, actor: Actor, *, now: datetime) -> tuple[Matter, Row, Journey]:
    """The request's row is taken: two of these never see the same state of it."""
    matter = stepping.lock(tx, request_id)
    if matter is None:
        raise NotFound("no_request", "there is no such request")
    facts = tx.run(_FACTS, of_request=request_id).one()
    if actor.person_id is None or actor.person_id not in (facts.applicant_id, facts.submitter_id):
        raise Forbidden("not_yours", "only the applicant, or who submitted for him, takes it back")
    return matter, facts, Journey(tx, matter, now)


def _check_reason(reason: str) -> None:
    if len(reason) > LONGEST_REASON:
        raise Invalid("long_reason", f"a reason has at most {LONGEST_REASON} characters")


def _refuse_unrevocable(tx: Tx, journey: Journey, facts: Row, *, now: datetime) -> None:
    matter = journey.matter
    if matter.state != "approved":
        raise Conflict("not_approved", f"the request is {matter.state}", state=matter.state)
    days = journey.policy.revoke_days
    if days is None or matter.revokes_id is not None:
        raise Conflict("not_revocable", "what this decided stands")
    if facts.revoked_by_id is not None:
        raise Conflict("already_revoked", "it is revoked already", id=facts.revoked_by_id)
    live = tx.run(_REVOCATION, of_request=matter.id).first()
    if live is not None:
        raise Conflict(
            "revocation_open", f"its revocation {live.source_ref} runs", id=live.id, ref=live.source_ref
        )
    last = facts.closed_at + timedelta(days=days)
    if now > last:
        raise Conflict("too_late", f"it could be revoked for {days} days after its end", until=last)
