"""Takes, revises and withdraws approvals for other systems; keeps the first answer for a replay.

Sole writer of `idempotency` and `outbound_callback`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from approval_core import outbound
from approval_core.approvals import queries as views
from approval_core.approvals import service as approvals
from approval_core.approvals.service import Content, StepPlan, Submission
from approval_core.clients.rules import callback_allowed
from approval_core.columns import table_of
from approval_core.errors import Conflict, Invalid
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.store import Row, Tx
from gateway.intake import queries
from gateway.intake.models import Idempotency, OutboundCallback
from gateway.intake.schemas import ApprovalIn, ApprovalOut, RevisionIn, StepIn, WithdrawalIn

answers, callbacks = table_of(Idempotency), table_of(OutboundCallback)

TYPES = frozenset({"GENERIC"})
KEY_LIFE = timedelta(days=7)

_CLAIM = insert(answers)
_FIRST = select(answers.c.fingerprint, answers.c.status, answers.c.body).where(
    answers.c.client_id == bindparam("of_client"), answers.c.key == bindparam("of_key")
)
_FILL = (
    update(answers)
    .where(answers.c.client_id == bindparam("of_client"), answers.c.key == bindparam("of_key"))
    .values(status=bindparam("new_status"), body=bindparam("new_body"))
)
_CALLBACK = insert(callbacks).returning(callbacks.c.id)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: the bytes of the first answer, on every replay."""

    status: int
    body: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of another system: who, under which Idempotency-Key, and what exactly (method, address, body)."""

    actor: Actor
    key: str | None
    fingerprint: str

    @property
    def client_id(self) -> int:
        if self.actor.client_id is None:
            raise ValueError("only a client calls the systems API")
        return self.actor.client_id


def fingerprint(method: str, address: str, body: dict[str, Any]) -> str:
    told = json.dumps(
        [method, address, body], sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str
    )
    return hashlib.sha256(told.encode()).hexdigest()


def submit(
    tx: Tx, asked: Asked, body: ApprovalIn, *, prefixes: Collection[str], default_hold: int, now: datetime
) -> Answer:
    """201 with the view. Invalid("unknown_type" | "unknown_approver" | …), Conflict("ref_conflict"), `key_reused`."""

    def work() -> Answer:
        if body.type not in TYPES:
            raise Invalid(
                "unknown_type", f"there is no request type {body.type}", type=body.type, known=sorted(TYPES)
            )
        if body.callback_url is not None and not callback_allowed(body.callback_url, prefixes):
            raise Invalid(
                "callback_not_allowed",
                "callback_url is under none of your registered prefixes",
                prefixes=list(prefixes),
            )
        submitted = approvals.submit(
            tx, _submission(asked.actor.name, body, default_hold), actor=asked.actor, now=now
        )
        name = f"ref:{body.ref}"
        if not submitted.created:
            return _first_answer(tx, asked.client_id, name) or _said(
                201, queries.approval(tx, asked.actor.name, body.ref)
            )
        view = queries.approval_by_id(tx, submitted.request_id)
        answer = _said(201, view.model_copy(update={"warnings": list(submitted.warnings)}))
        tx.run(
            _CLAIM,
            client_id=asked.client_id,
            key=name,
            fingerprint=asked.fingerprint,
            status=201,
            body=answer.body,
            created_at=now,
        )
        return answer

    return _once(tx, asked, work, now=now)


def revise(tx: Tx, asked: Asked, ref: str, body: RevisionIn, *, now: datetime) -> Answer:
    """200 with the view at its new revision. Conflict("held" | "closed"), Invalid("cannot_change")."""

    def work() -> Answer:
        row = views.row_of(tx, asked.actor.name, ref)
        _refuse_other_changes(tx, row, body)
        plan = _plan(body.steps) if body.steps is not None else None
        content = Content(
            body.title,
            row.summary if body.summary is None else body.summary,
            row.form if body.form is None else body.form,
        )
        approvals.revise(tx, row.id, content=content, plan=plan, actor=asked.actor, now=now)
        return _said(200, queries.approval_by_id(tx, row.id))

    return _once(tx, asked, work, now=now)


#: what a revision may repeat but not change → the column it must equal
_FIXED = {
    "ref": "source_ref",
    "type": "type",
    "on_reject": "on_reject",
    "hold": "hold_seconds",
    "sms": "sms",
    "callback_url": "callback_url",
    "due": "due_at",
    "expires": "expires_at",
    "urgency": "urgency",
}


def _refuse_other_changes(tx: Tx, row: Row, body: RevisionIn) -> None:
    other = [
        name for name, column in _FIXED.items() if getattr(body, name) not in (None, getattr(row, column))
    ]
    if body.applicant is not None and body.applicant != row.applicant:
        card = people.person_by_account(tx, body.applicant)
        if card is None or card.id != row.applicant_id:
            other.append("applicant")
    if other:
        raise Invalid(
            "cannot_change",
            f"{', '.join(other)} cannot change with the content; withdraw it and submit anew under another ref",
            fields=other,
        )


def withdraw(tx: Tx, asked: Asked, ref: str, body: WithdrawalIn, *, now: datetime) -> Answer:
    """200 with the view; withdrawn already is the same answer. Conflict("held" | "closed")."""

    def work() -> Answer:
        row = views.row_of(tx, asked.actor.name, ref)
        if row.state != "withdrawn":
            approvals.withdraw(tx, row.id, actor=asked.actor, reason=body.reason, now=now)
        return _said(200, queries.approval_by_id(tx, row.id))

    return _once(tx, asked, work, now=now)


def call_back(
    tx: Tx,
    *,
    client_id: int,
    view: ApprovalOut,
    type: str,  # noqa: A002  # Standard Webhooks' word
    message_id: str,
    max_attempts: int,
    now: datetime,
) -> None:
    """Queue one message for the asking system; its body is fixed here."""
    if view.callback_url is None:
        return
    body = {"type": type, "timestamp": now.isoformat(), "data": view.model_dump(mode="json")}
    tx.run(
        _CALLBACK,
        client_id=client_id,
        request_id=view.id,
        message_id=message_id,
        type=type,
        url=view.callback_url,
        body=json.dumps(body, ensure_ascii=False),
        answered=None,
        created_at=now,
        state="queued",
        priority=100,
        due_at=now,
        deadline=None,
        attempts=0,
        max_attempts=max_attempts,
        lease_until=None,
        leased_by=None,
        error=None,
        sent_at=None,
    )
    tx.signal(OutboundCallback.topic)


def resend_callback(tx: Tx, callback_id: int, *, now: datetime) -> None:
    """An operator's order. NotFound, Conflict("not_resendable")."""
    outbound.resend(tx, OutboundCallback, callback_id, now=now)


def forget_old_keys(tx: Tx, *, now: datetime) -> int:
    """Idempotency keys live a week; the first answer for a ref lives with its approval."""
    old = delete(answers).where(answers.c.created_at < now - KEY_LIFE, answers.c.key.like("key:%"))
    return tx.execute(old).rowcount


def _once(tx: Tx, asked: Asked, work: Callable[[], Answer], *, now: datetime) -> Answer:
    """Runs `work` unless this client's key was answered before. Two at the same moment: the second waits, then replays."""
    if asked.key is None:
        return work()
    name = f"key:{asked.key}"
    try:
        with tx.nested():
            tx.run(
                _CLAIM,
                client_id=asked.client_id,
                key=name,
                fingerprint=asked.fingerprint,
                status=0,
                body="",
                created_at=now,
            )
    except IntegrityError:
        row = tx.run(_FIRST, of_client=asked.client_id, of_key=name).one()
        if row.fingerprint != asked.fingerprint:
            raise Conflict("key_reused", "this Idempotency-Key was used for another request") from None
        return Answer(row.status, row.body, replayed=True)
    answer = work()
    tx.run(_FILL, of_client=asked.client_id, of_key=name, new_status=answer.status, new_body=answer.body)
    return answer


def _first_answer(tx: Tx, client_id: int, name: str) -> Answer | None:
    row = tx.run(_FIRST, of_client=client_id, of_key=name).first()
    return Answer(row.status, row.body, replayed=True) if row is not None else None


def _said(status: int, view: ApprovalOut) -> Answer:
    return Answer(status, view.model_dump_json())


def _plan(steps: list[StepIn]) -> tuple[StepPlan, ...]:
    return tuple(StepPlan(step.weighted, step.mode, step.threshold) for step in steps)


def _submission(source: str, body: ApprovalIn, default_hold: int) -> Submission:
    return Submission(
        source=source,
        ref=body.ref,
        type=body.type,
        content=Content(body.title, body.summary, body.form),
        applicant=body.applicant,
        steps=_plan(body.steps),
        on_reject=body.on_reject,
        hold_seconds=default_hold if body.hold is None else body.hold,
        sms=body.sms,
        callback_url=body.callback_url,
        urgency=body.urgency,
        due_at=body.due,
        expires_at=body.expires,
    )
