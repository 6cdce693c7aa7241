"""A request comes in, or comes again with new content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from approval_core import audit, timers
from approval_core.approvals import activating, contents, settling, stepping, walking
from approval_core.approvals.contents import Writing
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Decision, Request
from approval_core.approvals.rules import route
from approval_core.approvals.rules.route import Content, StepPlan, Submission
from approval_core.approvals.stepping import Matter
from approval_core.columns import table_of
from approval_core.definitions.rules.known_names import amount_of
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.files import queries as file_queries
from approval_core.files import service as files
from approval_core.files.rules.names import labelled
from approval_core.files.rules.stored import Stored
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.people.queries import PersonCard
from approval_core.store import Row, Tx

requests, decisions = table_of(Request), table_of(Decision)

#: So many approvers are read one by one: that statement is compiled once, one over a list each time anew.
FEW = 6

_EARLIER = select(requests.c.id, requests.c.fingerprint).where(
    requests.c.source == bindparam("of_source"), requests.c.source_ref == bindparam("of_ref")
)
_INSERT_REQUEST = insert(requests).returning(requests.c.id)
_REVISE = (
    update(requests)
    .where(requests.c.id == bindparam("of_request"))
    .values(
        title=bindparam("new_title"),
        summary=bindparam("new_summary"),
        form=bindparam("new_form"),
        amount=bindparam("new_amount"),
        chosen=bindparam("new_chosen"),
        route=bindparam("new_route"),
        salts=bindparam("new_salts"),
        content_hash=bindparam("new_hash"),
        revision=requests.c.revision + 1,
        state="pending",
        closed_at=None,
        changed_at=bindparam("at"),
    )
)
_SUPERSEDE = (
    update(decisions)
    .where(decisions.c.request_id == bindparam("of_request"), decisions.c.state == "effective")
    .values(state="superseded")
    .returning(decisions.c.id)
)
_HELD = select(decisions.c.id, decisions.c.held_until).where(
    decisions.c.request_id == bindparam("of_request"), decisions.c.state == "held"
)


@dataclass(frozen=True, slots=True)
class Submitted:
    request_id: int
    created: bool  #: False: the same submission was taken before
    warnings: tuple[str, ...] = ()


def submit(tx: Tx, submission: Submission, *, actor: Actor, now: datetime) -> Submitted:
    """Takes a request, opens its first step and says who is to be told. The same submission again: the first request.

    Invalid with the place of the fault (`unknown_approver` names them); Conflict("ref_conflict") for another submission
    under a ref that is taken.
    """
    route.check(submission)
    fingerprint = route.fingerprint(submission)
    earlier = _earlier(tx, submission, fingerprint)
    if earlier is not None:
        return earlier
    cards = _approvers(tx, submission.steps)
    applicant = people.person_by_account(tx, submission.applicant)
    try:
        with tx.nested():
            request_id = _insert(tx, submission, fingerprint, applicant, now=now)
    except IntegrityError:
        # the same ref arrived on another line a moment before
        earlier = _earlier(tx, submission, fingerprint)
        if earlier is None:
            raise
        return earlier
    _start(tx, _locked(tx, request_id), actor, "submitted", submission.papers, now=now)
    return Submitted(request_id, True, phone_warnings(submission.sms, cards))


def _earlier(tx: Tx, submission: Submission, fingerprint: str) -> Submitted | None:
    row = tx.run(_EARLIER, of_source=submission.source, of_ref=submission.ref).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise Conflict(
            "ref_conflict", "another request was submitted under this ref", ref=submission.ref, id=row.id
        )
    return Submitted(row.id, False, phone_warnings(submission.sms, _approvers(tx, submission.steps)))


def phone_warnings(sms: bool, cards: dict[str, PersonCard]) -> tuple[str, ...]:
    """One sentence for every approver who is to be asked by SMS and has no bound number."""
    if not sms:
        return ()
    return tuple(
        f"{account} has no bound phone: no SMS will be sent"
        for account, card in cards.items()
        if card.phone is None
    )


def _approvers(tx: Tx, plan: tuple[StepPlan, ...]) -> dict[str, PersonCard]:
    accounts = list(dict.fromkeys(account for step in plan for account, _ in step.approvers))
    cards = _cards(tx, accounts)
    unknown = [account for account in accounts if account not in cards or cards[account].state != "active"]
    if unknown:
        raise Invalid("unknown_approver", f"no such approver: {', '.join(unknown)}", approvers=unknown)
    return cards


def _cards(tx: Tx, accounts: list[str]) -> dict[str, PersonCard]:
    if len(accounts) > FEW:
        return people.persons_by_account(tx, accounts)
    found = {account: people.person_by_account(tx, account) for account in accounts}
    return {account: card for account, card in found.items() if card is not None}


def _salted(type_name: str, content: Content, applicant: str, papers: dict[str, str]) -> dict[str, Any]:
    return contents.salted(
        contents.whole(type_name, content.title, content.summary, applicant, content.form, papers)
    )


def _insert(
    tx: Tx, submission: Submission, fingerprint: str, applicant: PersonCard | None, *, now: datetime
) -> int:
    applicant_name = applicant.name if applicant else submission.applicant
    request_id: int = tx.run(
        _INSERT_REQUEST,
        source=submission.source,
        source_ref=submission.ref,
        type=submission.type,
        title=submission.content.title,
        summary=submission.content.summary,
        form=submission.content.form,
        applicant=applicant_name,
        applicant_id=applicant.id if applicant else None,
        type_version_id=submission.type_version_id,
        unit_id=submission.unit_id,
        submitter_id=submission.submitter_id,
        amount=submission.amount,
        chosen=submission.chosen,
        revokes_id=submission.revokes_id,
        route=_route_of(submission),
        revision=1,
        fingerprint=fingerprint,
        urgency=submission.urgency,
        state="pending",
        on_reject=submission.on_reject,
        hold_seconds=submission.hold_seconds,
        sms=submission.sms,
        callback_url=submission.callback_url,
        submitted_at=now,
        due_at=submission.due_at,
        expires_at=submission.expires_at,
        closed_at=None,
        changed_at=now,
        **_salted(submission.type, submission.content, applicant_name, submission.digests),
    ).scalar()
    return request_id


def _route_of(submission: Submission) -> list[Any]:
    return route.blocks_of(submission.steps) if submission.route is None else submission.route


def _locked(tx: Tx, request_id: int) -> Matter:
    matter = stepping.lock(tx, request_id)
    if matter is None:
        raise NotFound("no_request", "there is no such request")
    return matter


def _start(
    tx: Tx, matter: Matter, actor: Actor, verb: str, papers: Sequence[Stored] = (), *, now: datetime
) -> None:
    audit.append(
        tx,
        chain=matter.chain,
        actor=actor.name,
        verb=verb,
        thing=f"request:{matter.id}",
        data={
            "revision": matter.revision,
            "content_hash": matter.content_hash,
            "source": matter.source,
            "ref": matter.source_ref,
        },
        now=now,
    )
    if papers:
        files.attach_at_submission(tx, matter.id, papers, actor=actor, now=now)
    if matter.expires_at is not None:
        timers.set_timer(tx, "expiry", str(matter.id), matter.expires_at)
    if matter.due_at is not None:
        timers.set_timer(tx, "deadline", str(matter.id), matter.due_at)
    stepping.tell(tx, matter, f"approval.{verb}", revision=matter.revision, now=now)
    journey = Journey(tx, matter, now)
    starts = journey.policy.copies.get("start")
    if starts:
        activating.send_copies(journey, starts, place="start")
    if walking.start(journey):  # every step of the route was skipped or carried out already
        state = settling.finish(journey, "approved")
        stepping.tell(tx, matter, "approval.closed", state=state, now=now)


def refuse_while_held(tx: Tx, matter: Matter) -> None:
    held = tx.run(_HELD, of_request=matter.id).first()
    if held is not None:
        raise Conflict(
            "held", "a decision is in hold; ask again when the hold is over", held_until=held.held_until
        )


def revise(
    tx: Tx,
    request_id: int,
    *,
    content: Content,
    plan: tuple[StepPlan, ...] | None = None,
    papers: Sequence[Stored] = (),
    without: Sequence[int] = (),
    chosen: dict[str, Any] | None = None,
    actor: Actor,
    now: datetime,
) -> Submitted:
    """New content: revision + 1, earlier decisions superseded, the route starts again, everybody is asked anew. The content
    before it is kept. `papers` come to the files, `without` are taken off; `chosen` None: as it was.

    Content equal to the current one changes nothing. Conflict("held" | "closed" | "expired"); a returned request comes back by
    this.
    """
    matter = _locked(tx, request_id)
    if matter.state not in ("pending", "returned"):
        raise Conflict("closed", f"the request is {matter.state}", state=matter.state)
    if matter.expires_at is not None and matter.expires_at <= now:
        raise Conflict("expired", "its time is over: submit it anew", expires_at=matter.expires_at)
    current = contents.current(tx, request_id)
    cards: dict[str, PersonCard] = {}
    route_now = current.route
    if plan is not None:
        route.check_steps(plan)
        cards = _approvers(tx, plan)
        route_now = route.blocks_of(plan)
    elif matter.type_version_id is None:
        cards = _approvers(tx, route.plan_of(route_now))
    same = not papers and not without and chosen in (None, current.chosen)
    if matter.state == "pending" and same and _unchanged(current, content, route_now):
        return Submitted(request_id, False, phone_warnings(matter.sms, cards))
    refuse_while_held(tx, matter)
    _end_what_runs(tx, matter, actor, now=now)
    version = Journey(tx, matter, now).version
    contents.keep(tx, current, actor=actor, now=now)
    contents.note(tx, request_id, matter.revision + 1, current.form, content.form, Writing(actor), now=now)
    files.detach_at_revision(tx, request_id, without, actor=actor, now=now)
    salted = _salted(matter.type, content, matter.applicant, _papers_then(tx, request_id, papers))
    tx.run(
        _REVISE,
        of_request=request_id,
        new_title=content.title,
        new_summary=content.summary,
        new_form=content.form,
        new_amount=None if version is None else amount_of(version.document, content.form),
        new_chosen=current.chosen if chosen is None else chosen,
        new_route=route_now,
        new_salts=salted["salts"],
        new_hash=salted["content_hash"],
        at=now,
    )
    matter = _locked(tx, request_id)
    _start(tx, matter, actor, "revised", papers, now=now)
    return Submitted(request_id, True, phone_warnings(matter.sms, cards))


def _end_what_runs(tx: Tx, matter: Matter, actor: Actor, *, now: datetime) -> None:
    """Nothing of the content before is asked any more, and nothing that was decided on it counts."""
    stepping.void_open_tasks(tx, matter, kind="changed", now=now)
    walking.cancel_all(Journey(tx, matter, now))
    superseded = [row.id for row in tx.run(_SUPERSEDE, of_request=matter.id)]
    if superseded:
        audit.append(
            tx, chain=matter.chain, actor=actor.name, verb="superseded", thing=f"request:{matter.id}",
            data={"decisions": superseded}, now=now,
        )  # fmt: skip


def _papers_then(tx: Tx, request_id: int, papers: Sequence[Stored]) -> dict[str, str]:
    """The files of the new content, as they will be labelled: those that stay, then those that come."""
    stay = [
        (one.name, one.sha256) for one in file_queries.of_request(tx, request_id) if one.kind == "content"
    ]
    return labelled([*stay, *((one.name, one.sha256) for one in papers)])


def _unchanged(current: Row, content: Content, route_now: list[Any]) -> bool:
    shown = (current.title, current.summary, current.form, current.route)
    return shown == (content.title, content.summary, content.form, route_now)
