"""Reads of approvals: one request as its asking system sees it, what changed, and the trail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, tuple_
from sqlalchemy.orm import aliased

from approval_core.approvals.models import Decision, Remark, Request, Step, Task
from approval_core.columns import table_of
from approval_core.errors import NotFound
from approval_core.paging import Page, decode_cursor, encode_cursor
from approval_core.people.models import Person
from approval_core.store import Row, Tx

requests, steps, tasks, decisions = table_of(Request), table_of(Step), table_of(Task), table_of(Decision)
persons, remarks = table_of(Person), table_of(Remark)
principals = aliased(persons, name="principal")

_BY_REF = select(requests).where(
    requests.c.source == bindparam("of_source"), requests.c.source_ref == bindparam("of_ref")
)
_BY_ID = select(requests).where(requests.c.id == bindparam("of_request"))
_ASKED = (
    select(
        steps.c.id.label("step_id"), steps.c.position, steps.c.mode, steps.c.threshold, steps.c.state.label("step_state"),
        tasks.c.id, tasks.c.person_id, tasks.c.state, tasks.c.weight, tasks.c.revision, tasks.c.opened_at,
        persons.c.account, persons.c.name,
    )
    .select_from(steps.join(tasks, tasks.c.step_id == steps.c.id).join(persons, persons.c.id == tasks.c.person_id))
    .where(steps.c.request_id == bindparam("of_request"), steps.c.revision == bindparam("at_revision"))
    .order_by(steps.c.position, tasks.c.position)
)  # fmt: skip
_DECIDED = (
    select(decisions, persons.c.account, persons.c.name, principals.c.account.label("for_account"))
    .select_from(
        decisions.join(persons, persons.c.id == decisions.c.person_id).outerjoin(
            principals, principals.c.id == decisions.c.on_behalf_of_id
        )
    )
    .where(decisions.c.request_id == bindparam("of_request"))
    .order_by(decisions.c.id)
)
_REMARKS = (
    select(remarks.c.id, remarks.c.text, remarks.c.at, persons.c.account)
    .select_from(remarks.outerjoin(persons, persons.c.id == remarks.c.person_id))
    .where(remarks.c.request_id == bindparam("of_request"))
    .order_by(remarks.c.id)
)
_CHANGED = (
    select(requests.c.id, requests.c.changed_at)
    .where(
        requests.c.source == bindparam("of_source"),
        tuple_(requests.c.changed_at, requests.c.id)
        > tuple_(
            bindparam("after", type_=requests.c.changed_at.type),
            bindparam("after_id", type_=requests.c.id.type),
        ),
    )
    .order_by(requests.c.changed_at, requests.c.id)
    .limit(bindparam("most"))
)
_STATES = select(requests.c.state, func.count().label("n")).group_by(requests.c.state)


@dataclass(frozen=True, slots=True)
class Asked:
    task_id: int
    account: str
    name: str
    state: str
    weight: int
    task_revision: int
    person_id: int


@dataclass(frozen=True, slots=True)
class StepView:
    position: int
    mode: str
    threshold: int | None
    state: str
    approvers: tuple[Asked, ...]


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


@dataclass(frozen=True, slots=True)
class RemarkView:
    id: int
    by: str | None
    text: str
    at: datetime


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


def by_ref(tx: Tx, source: str, ref: str) -> RequestView:
    """One request of one asking system. NotFound("no_approval") also for another system's."""
    return _view(tx, tx.run(_BY_REF, of_source=source, of_ref=ref).first())


def by_id(tx: Tx, request_id: int) -> RequestView:
    return _view(tx, tx.run(_BY_ID, of_request=request_id).first())


def id_of(tx: Tx, source: str, ref: str) -> int:
    row = tx.run(_BY_REF, of_source=source, of_ref=ref).first()
    if row is None:
        raise _missing()
    found: int = row.id
    return found


def _missing() -> NotFound:
    return NotFound("no_approval", "there is no such approval")


def _view(tx: Tx, row: Row | None) -> RequestView:
    if row is None:
        raise _missing()
    decided = tuple(_decision(found) for found in tx.run(_DECIDED, of_request=row.id))
    held = [d.held_until for d in decided if d.state == "held" and d.held_until is not None]
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
        held_until=min(held) if held else None,
        steps=_steps(tx.run(_ASKED, of_request=row.id, at_revision=row.revision).all()),
        decisions=decided,
        remarks=tuple(RemarkView(r.id, r.account, r.text, r.at) for r in tx.run(_REMARKS, of_request=row.id)),
    )


def _decision(row: Row) -> DecisionView:
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
        held_until=row.held_until,
    )


def _steps(rows: list[Row]) -> tuple[StepView, ...]:
    by_step: dict[int, list[Row]] = {}
    for row in rows:
        by_step.setdefault(row.step_id, []).append(row)
    return tuple(
        StepView(
            position=group[0].position,
            mode=group[0].mode,
            threshold=group[0].threshold,
            state=group[0].step_state,
            approvers=tuple(
                Asked(r.id, r.account, r.name, r.state, r.weight, r.revision, r.person_id) for r in group
            ),
        )
        for group in by_step.values()
    )


def changed(
    tx: Tx, source: str, *, after: datetime, after_id: int = 0, limit: int = 100
) -> Page[RequestView]:
    """Requests of one asking system that changed at or after a moment, the oldest change first.

    `next` continues exactly where the page ended. A change that was being written while the page was read may carry an
    earlier time: whoever asks by time asks with an overlap of a minute.
    """
    rows = tx.run(_CHANGED, of_source=source, after=after, after_id=after_id, most=limit + 1).all()
    shown = rows[:limit]
    more = encode_cursor(shown[-1].changed_at, shown[-1].id) if len(rows) > limit else None
    return Page(items=[by_id(tx, row.id) for row in shown], next=more)


def changed_cursor(cursor: str) -> tuple[datetime, int]:
    """Invalid("bad_cursor") for anything that `changed` did not hand out."""
    at, request_id = decode_cursor(cursor, datetime, int)
    return at, request_id


def counts_by_state(tx: Tx) -> dict[str, int]:
    return {row.state: row.n for row in tx.run(_STATES)}
