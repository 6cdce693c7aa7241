"""An approval as its own system sees it. Every read starts from `source`: another system's approval is not there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select

from approval_core.approvals import queries as approvals
from approval_core.approvals.models import Request
from approval_core.approvals.queries import DecisionView, RequestView, StepView
from approval_core.approvals.service import phone_warnings
from approval_core.columns import table_of
from approval_core.errors import Invalid
from approval_core.paging import decode_cursor, encode_cursor
from approval_core.people.queries import PersonCard, persons_by_account
from approval_core.store import Tx
from gateway.intake.schemas import ApprovalOut, ApproverOut, ChangesOut, DecisionOut, StepOut

requests = table_of(Request)

#: A change may commit this much later than the time it bears; so long a page's end is looked at again.
LATE_COMMIT = timedelta(seconds=10)
MOST_SEEN = 40


def approval(tx: Tx, source: str, ref: str) -> ApprovalOut:
    return _shown(tx, [approvals.by_ref(tx, source, ref)])[0]


def approval_by_id(tx: Tx, request_id: int) -> ApprovalOut:
    """For a callback and the operator; never for a system's question."""
    return _shown(tx, [approvals.by_id(tx, request_id)])[0]


def changes(tx: Tx, source: str, *, after: str | None, limit: int, now: datetime) -> ChangesOut:
    """Approvals in the order (changed_at, id) after a time or a cursor.

    Nothing is lost to a change that commits a little late, and nothing comes twice: near the present the cursor
    keeps its place before that span and the names of what it has shown in it.
    """
    changed_at, last_id, seen = _place(after)
    query = (
        select(requests)
        .where(
            requests.c.source == source,
            or_(
                requests.c.changed_at > changed_at,
                and_(requests.c.changed_at == changed_at, requests.c.id > last_id),
            ),
        )
        .order_by(requests.c.changed_at, requests.c.id)
        .limit(limit + len(seen) + 1)
    )
    found = tx.execute(query).all()
    fresh = [row for row in found if _mark(row) not in seen]
    page = fresh[:limit]
    covered = seen | {_mark(row) for row in page}
    shown: list[str] = []
    for row in found:
        if _mark(row) not in covered:
            break
        if row.changed_at <= now - LATE_COMMIT:
            changed_at, last_id, shown = row.changed_at, row.id, []
        else:
            shown.append(_mark(row))
    if len(shown) > MOST_SEEN:  # too many at once to be named: go on behind them
        changed_at, last_id, shown = page[-1].changed_at, page[-1].id, []
    return ChangesOut(
        items=_shown(tx, approvals.views(tx, page)),
        next=encode_cursor(changed_at, last_id, " ".join(shown)),
        more=len(fresh) > limit,
    )


def _shown(tx: Tx, views: Sequence[RequestView]) -> list[ApprovalOut]:
    by_sms = {account for view in views if view.sms for account in _accounts(view)}
    cards = persons_by_account(tx, sorted(by_sms))
    return [_approval(view, phone_warnings(view.sms, _of(view, cards))) for view in views]


def _of(view: RequestView, cards: dict[str, PersonCard]) -> dict[str, PersonCard]:
    return {account: cards[account] for account in _accounts(view) if account in cards}


def _approval(view: RequestView, warnings: Sequence[str]) -> ApprovalOut:
    return ApprovalOut(
        id=view.id,
        ref=view.ref,
        type=view.type,
        title=view.title,
        summary=view.summary,
        applicant=view.applicant,
        form=view.form,
        state=view.state,
        held_until=view.held_until,
        revision=view.revision,
        on_reject=view.on_reject,
        hold=view.hold_seconds,
        sms=view.sms,
        callback_url=view.callback_url,
        due=view.due_at,
        expires=view.expires_at,
        submitted_at=view.submitted_at,
        changed_at=view.changed_at,
        closed_at=view.closed_at,
        steps=[_step(one) for one in view.steps],
        decisions=[_decision(one) for one in view.decisions],
        warnings=list(warnings),
    )


def _step(view: StepView) -> StepOut:
    approvers = [
        ApproverOut(account=one.account, name=one.name, weight=one.weight, state=one.state)
        for one in view.approvers
    ]
    return StepOut(
        position=view.position,
        mode=view.mode,
        threshold=view.threshold,
        state=view.state,
        approvers=approvers,
    )


def _decision(view: DecisionView) -> DecisionOut:
    return DecisionOut(
        verdict=view.verdict,
        by=view.by,
        on_behalf_of=view.on_behalf_of,
        channel=view.channel,
        comment=view.comment,
        at=view.at,
        state=view.state,
        held_until=view.held_until,
        revision=view.revision,
    )


def _accounts(view: RequestView) -> list[str]:
    return list(dict.fromkeys(one.account for step in view.steps for one in step.approvers))


def _mark(row: Any) -> str:
    return f"{row.id}:{int(row.changed_at.timestamp() * 1_000_000):x}"


def _place(after: str | None) -> tuple[datetime, int, set[str]]:
    if after is None:
        return datetime(1970, 1, 1, tzinfo=UTC), 0, set()
    moment = _as_time(after)
    if moment is not None:
        return moment, 0, set()
    changed_at, last_id, seen = decode_cursor(after, datetime, int, str)
    return changed_at, last_id, set(seen.split()[: MOST_SEEN + 1])


def _as_time(text: str) -> datetime | None:
    if len(text) < 10 or text[4:5] != "-" or text[7:8] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        if moment.tzinfo is None:
            raise ValueError("no zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(
            "bad_time", "changed_after is an RFC 3339 time with its zone, or `next` of the last page"
        ) from None
