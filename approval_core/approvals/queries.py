"""Reads of approvals: the whole of one request, or of several at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import aliased

from approval_core.approvals.models import Copy, Decision, Remark, Request, Step, Task, Token
from approval_core.approvals.rules import blocks
from approval_core.approvals.rules.blocks import Place, Route
from approval_core.columns import table_of
from approval_core.errors import NotFound
from approval_core.people import queries as people
from approval_core.people.models import Person
from approval_core.store import Row, Tx

requests, steps, tasks, decisions = table_of(Request), table_of(Step), table_of(Task), table_of(Decision)
tokens, copies = table_of(Token), table_of(Copy)
persons, remarks = table_of(Person), table_of(Remark)
principals = aliased(persons, name="principal")

_BY_REF = select(requests).where(
    requests.c.source == bindparam("of_source"), requests.c.source_ref == bindparam("of_ref")
)
_BY_ID = select(requests).where(requests.c.id == bindparam("of_request"))
_ASKED = (
    select(
        steps.c.request_id, steps.c.id.label("step_id"), steps.c.position, steps.c.mode, steps.c.threshold,
        steps.c.state.label("step_state"), steps.c.block, steps.c.placed, steps.c.parent_task_id,
        steps.c.sms,
        steps.c.floor,
        steps.c.opened_at.label("step_opened_at"), steps.c.settled_at,
        tasks.c.id, tasks.c.person_id, tasks.c.state, tasks.c.weight, tasks.c.revision, tasks.c.why, tasks.c.opened_at,
        persons.c.account, persons.c.name,
    )
    .select_from(
        steps.outerjoin(tasks, tasks.c.step_id == steps.c.id).outerjoin(persons, persons.c.id == tasks.c.person_id)
    )
    .order_by(steps.c.request_id, steps.c.position, tasks.c.position, tasks.c.id)
)  # fmt: skip
_DECIDED = (
    select(
        decisions,
        persons.c.account,
        persons.c.name,
        principals.c.account.label("for_account"),
        steps.c.revision.label("shown_revision"),
    )
    .select_from(
        decisions.join(persons, persons.c.id == decisions.c.person_id)
        .join(steps, steps.c.id == decisions.c.step_id)
        .outerjoin(principals, principals.c.id == decisions.c.on_behalf_of_id)
    )
    .order_by(decisions.c.id)
)
_REMARKS = (
    select(remarks, persons.c.account)
    .select_from(remarks.outerjoin(persons, persons.c.id == remarks.c.person_id))
    .order_by(remarks.c.id)
)

# of one request, which is what an asking system wants nearly always: compiled once
_ASKED_OF_ONE = _ASKED.where(
    steps.c.request_id == bindparam("of_request"), steps.c.revision == bindparam("at_revision")
)
_DECIDED_ON_ONE = _DECIDED.where(decisions.c.request_id == bindparam("of_request"))
_REMARKS_ON_ONE = _REMARKS.where(remarks.c.request_id == bindparam("of_request"))


_COPIES = (
    select(persons.c.account, persons.c.name, copies.c.place, copies.c.at, copies.c.read_at)
    .join(copies, copies.c.person_id == persons.c.id)
    .where(copies.c.request_id == bindparam("of_request"))
    .order_by(copies.c.id)
)
_STANDING = select(tokens.c.sequence, tokens.c.at).where(
    tokens.c.request_id == bindparam("of_request"),
    tokens.c.revision == bindparam("at_revision"),
    or_(tokens.c.state == "live", tokens.c.state == "split", tokens.c.state == "parked"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """`task_id`: 0 while the step is not reached. `why`: rule, zh, en, capacity, and the organisation's revision."""

    task_id: int
    account: str
    name: str
    state: str
    weight: int
    task_revision: int
    person_id: int
    why: dict[str, Any] | None = None
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepView:
    """`block`: its name in the route; `placed`: before, after or asked where somebody added it to the task `parent_task_id`."""

    position: int
    mode: str
    threshold: int | None
    state: str
    approvers: tuple[Asked, ...]
    block: str = ""
    name: dict[str, str] | None = None
    placed: str | None = None
    parent_task_id: int | None = None
    opened_at: datetime | None = None
    settled_at: datetime | None = None
    sms: str = "none"
    floor: int = 0


@dataclass(frozen=True, slots=True)
class DecisionView:
    id: int
    task_id: int
    verdict: str
    by: str
    by_name: str
    on_behalf_of: str | None
    channel: str
    level: int
    evidence: str
    comment: str
    at: datetime
    state: str
    held_until: datetime | None
    #: of the request, as it was shown to who decided
    revision: int


@dataclass(frozen=True, slots=True)
class RemarkView:
    """`replaces`: the version before it, which stays; `mentions`: the accounts it names."""

    id: int
    by: str | None
    text: str
    at: datetime
    replaces: int | None = None
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestView:
    id: int
    source: str
    ref: str
    type: str
    title: str
    summary: str
    applicant: str
    form: dict[str, Any]
    revision: int
    content_hash: str
    state: str
    on_reject: str
    hold_seconds: int
    sms: bool
    callback_url: str | None
    submitted_at: datetime
    due_at: datetime | None
    expires_at: datetime | None
    closed_at: datetime | None
    changed_at: datetime
    held_until: datetime | None
    steps: tuple[StepView, ...]
    decisions: tuple[DecisionView, ...]
    remarks: tuple[RemarkView, ...] = field(default=())
    type_version_id: int | None = None
    applicant_id: int | None = None
    amount: Decimal | None = None
    #: the account that wrote it down for the applicant
    submitter: str | None = None
    revokes_id: int | None = None
    #: the request that took this one back after its end
    revoked_by_id: int | None = None


@dataclass(frozen=True, slots=True)
class CopyView:
    account: str
    name: str
    place: str
    at: datetime
    read_at: datetime | None


def by_ref(tx: Tx, source: str, ref: str) -> RequestView:
    """One request of one asking system. NotFound("no_approval") also for another system's."""
    return views(tx, [row_of(tx, source, ref)])[0]


def by_id(tx: Tx, request_id: int) -> RequestView:
    """For the office itself; never for an asking system's question."""
    row = tx.run(_BY_ID, of_request=request_id).first()
    if row is None:
        raise NotFound("no_approval", f"there is no approval {request_id}", id=request_id)
    return views(tx, [row])[0]


def copies_of(tx: Tx, request_id: int) -> list[CopyView]:
    """Who is informed of it, and who has read it."""
    return [CopyView(*row) for row in tx.run(_COPIES, of_request=request_id)]


def row_of(tx: Tx, source: str, ref: str) -> Row:
    row = tx.run(_BY_REF, of_source=source, of_ref=ref).first()
    if row is None:
        raise NotFound("no_approval", "there is no such approval of yours", ref=ref)
    return row


def views(tx: Tx, rows: Sequence[Any]) -> list[RequestView]:
    """The whole of some requests, in three statements however many they are. `rows`: of the table, in any order."""
    if not rows:
        return []
    asked, decided, remarked = _of_one(tx, rows[0]) if len(rows) == 1 else _of_several(tx, rows)
    their_steps = _steps(asked)
    their_decisions: dict[int, list[DecisionView]] = defaultdict(list)
    for found in decided:
        their_decisions[found.request_id].append(_decision(found))
    their_remarks: dict[int, list[RemarkView]] = defaultdict(list)
    for found in remarked:
        their_remarks[found.request_id].append(
            RemarkView(
                found.id, found.account, found.text, found.at, found.replaces_id, tuple(found.mentions)
            )
        )
    return [
        _view(
            row,
            [*their_steps[row.id], *_ahead(tx, row, their_steps[row.id])],
            their_decisions[row.id],
            their_remarks[row.id],
            None if row.submitter_id is None else people.person_by_id(tx, row.submitter_id).account,
        )
        for row in rows
    ]


def _ahead(tx: Tx, row: Any, reached: Sequence[StepView]) -> list[StepView]:
    """The steps that were not reached, in the order of the route; whom they will ask is known where an account is named."""
    if not _may_go_on(row.route):
        return []
    found: dict[str, blocks.Block] = {}
    if row.type_version_id is None and all("step" in block for block in row.route):
        known = {step.block for step in reached}
        found = {block["step"]: block for block in row.route if block["step"] not in known}
    elif row.state == "pending":
        for token in tx.run(_STANDING, of_request=row.id, at_revision=row.revision):
            for block in blocks.ahead(row.route, Place(token.sequence, token.at)):
                if "step" in block:
                    found[block["step"]] = block
    named = [
        rule["account"] for block in found.values() for rule in block["approvers"] if rule["rule"] == "USER"
    ]
    cards = people.persons_by_account(tx, named) if named else {}
    return [
        StepView(
            position,
            block["mode"],
            block.get("threshold"),
            "waiting",
            _named(block, cards),
            name,
            block.get("name"),
        )
        for position, (name, block) in enumerate(found.items(), start=len(reached) + 1)
    ]


def _may_go_on(route: Route) -> bool:
    return len(route) > 1 or "step" not in route[0]


def _named(block: blocks.Block, cards: dict[str, people.PersonCard]) -> tuple[Asked, ...]:
    rules = [rule for rule in block["approvers"] if rule["rule"] == "USER" and rule["account"] in cards]
    return tuple(
        Asked(0, card.account, card.name, "waiting", rule.get("weight", 1), 1, card.id)
        for rule in rules
        for card in (cards[rule["account"]],)
    )


def _of_one(tx: Tx, row: Any) -> tuple[Sequence[Any], ...]:
    asked = tx.run(_ASKED_OF_ONE, of_request=row.id, at_revision=row.revision)
    decided = tx.run(_DECIDED_ON_ONE, of_request=row.id)
    return asked.all(), decided.all(), tx.run(_REMARKS_ON_ONE, of_request=row.id).all()


def _of_several(tx: Tx, rows: Sequence[Any]) -> tuple[Sequence[Any], ...]:
    ids = [row.id for row in rows]
    current = or_(*(and_(steps.c.request_id == row.id, steps.c.revision == row.revision) for row in rows))
    asked = tx.execute(_ASKED.where(current))
    decided = tx.execute(_DECIDED.where(decisions.c.request_id.in_(ids)))
    return asked.all(), decided.all(), tx.execute(_REMARKS.where(remarks.c.request_id.in_(ids))).all()


def _view(
    row: Any,
    its_steps: list[StepView],
    its_decisions: list[DecisionView],
    its_remarks: list[RemarkView],
    submitter: str | None,
) -> RequestView:
    held = [one.held_until for one in its_decisions if one.state == "held" and one.held_until is not None]
    return RequestView(
        id=row.id,
        source=row.source,
        ref=row.source_ref,
        type=row.type,
        title=row.title,
        summary=row.summary,
        applicant=row.applicant,
        form=row.form,
        revision=row.revision,
        content_hash=row.content_hash,
        state=row.state,
        on_reject=row.on_reject,
        hold_seconds=row.hold_seconds,
        sms=row.sms,
        callback_url=row.callback_url,
        submitted_at=row.submitted_at,
        due_at=row.due_at,
        expires_at=row.expires_at,
        closed_at=row.closed_at,
        changed_at=row.changed_at,
        held_until=max(held) if held and row.state == "pending" else None,
        steps=tuple(its_steps),
        decisions=tuple(its_decisions),
        remarks=tuple(its_remarks),
        type_version_id=row.type_version_id,
        applicant_id=row.applicant_id,
        amount=row.amount,
        submitter=submitter,
        revokes_id=row.revokes_id,
        revoked_by_id=row.revoked_by_id,
    )


def _decision(row: Any) -> DecisionView:
    return DecisionView(
        id=row.id,
        task_id=row.task_id,
        verdict=row.verdict,
        by=row.account,
        by_name=row.name,
        on_behalf_of=row.for_account,
        channel=row.channel,
        level=row.level,
        evidence=row.evidence,
        comment=row.comment,
        at=row.decided_at,
        state=row.state,
        held_until=row.held_until if row.state == "held" else None,
        revision=row.shown_revision,
    )


def _steps(rows: Sequence[Any]) -> dict[int, list[StepView]]:
    """By request; `rows` come in the order of steps and tasks. A blocked step has nobody."""
    found: dict[int, list[StepView]] = defaultdict(list)
    for _, group in groupby(rows, key=attrgetter("step_id")):
        asked = list(group)
        one = asked[0]
        approvers = tuple(
            Asked(r.id, r.account, r.name, r.state, r.weight, r.revision, r.person_id, r.why, r.opened_at)
            for r in asked
            if r.id is not None
        )
        step = StepView(
            one.position, one.mode, one.threshold, one.step_state, approvers, one.block, None, one.placed,
            one.parent_task_id, one.step_opened_at, one.settled_at, one.sms, one.floor,
        )  # fmt: skip
        found[one.request_id].append(step)
    return found
