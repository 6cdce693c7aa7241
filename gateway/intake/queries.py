"""An approval as its own system sees it. Every read starts from `source`: another system's approval is not there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, or_, select

from approval_core.approvals.models import Decision, Request, Step, Task
from approval_core.columns import table_of
from approval_core.errors import Invalid, NotFound
from approval_core.paging import decode_cursor, encode_cursor
from approval_core.people.models import Person
from approval_core.people.queries import persons_by_account
from approval_core.store import Row, Tx
from gateway.intake.schemas import ApprovalOut, ApproverOut, ChangesOut, DecisionOut, StepOut

requests, steps, tasks, decisions = table_of(Request), table_of(Step), table_of(Task), table_of(Decision)
people = table_of(Person)
deputies = people.alias("principal")

#: A change may commit this much later than the time it bears; so long a page's end is looked at again.
LATE_COMMIT = timedelta(seconds=10)
MOST_SEEN = 40

_BY_REF = select(requests).where(
    requests.c.source == bindparam("of_source"), requests.c.source_ref == bindparam("of_ref")
)
_BY_ID = select(requests).where(requests.c.id == bindparam("of_id"))


def approval(tx: Tx, source: str, ref: str) -> ApprovalOut:
    return views(tx, [request_row(tx, source, ref)])[0]


def approval_by_id(tx: Tx, request_id: int) -> ApprovalOut:
    """For a callback and the operator; never for a system's question."""
    row = tx.run(_BY_ID, of_id=request_id).first()
    if row is None:
        raise NotFound("no_approval", f"there is no approval {request_id}")
    return views(tx, [row])[0]


def request_row(tx: Tx, source: str, ref: str) -> Row:
    row = tx.run(_BY_REF, of_source=source, of_ref=ref).first()
    if row is None:
        raise NotFound("no_approval", "there is no such approval of yours", ref=ref)
    return row


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
        items=views(tx, page),
        next=encode_cursor(changed_at, last_id, " ".join(shown)),
        more=len(fresh) > limit,
    )


def views(tx: Tx, rows: Sequence[Any]) -> list[ApprovalOut]:
    """The whole of some requests, in four statements however many they are."""
    ids = [row.id for row in rows]
    if not ids:
        return []
    their_steps, their_decisions = _steps(tx, rows), _decisions(tx, ids)
    missing = _without_phone(tx, rows, their_steps)
    return [_view(row, their_steps[row.id], their_decisions[row.id], missing) for row in rows]


def phone_warnings(accounts: Iterable[str], missing: set[str]) -> list[str]:
    return [
        f"{account} has no bound phone: no SMS will be sent" for account in accounts if account in missing
    ]


def _view(
    row: Any, its_steps: list[StepOut], its_decisions: list[DecisionOut], missing: set[str]
) -> ApprovalOut:
    held = [one.held_until for one in its_decisions if one.state == "held" and one.held_until]
    accounts = dict.fromkeys(one.account for step in its_steps for one in step.approvers)
    return ApprovalOut(
        id=row.id,
        ref=row.source_ref,
        type=row.type,
        title=row.title,
        summary=row.summary,
        applicant=row.applicant,
        form=row.form,
        state=row.state,
        held_until=max(held) if held and row.state == "pending" else None,
        revision=row.revision,
        on_reject=row.on_reject,
        hold=row.hold_seconds,
        sms=row.sms,
        callback_url=row.callback_url,
        due=row.due_at,
        expires=row.expires_at,
        submitted_at=row.submitted_at,
        changed_at=row.changed_at,
        closed_at=row.closed_at,
        steps=its_steps,
        decisions=its_decisions,
        warnings=phone_warnings(accounts, missing) if row.sms else [],
    )


def _steps(tx: Tx, rows: Sequence[Any]) -> dict[int, list[StepOut]]:
    current = or_(*(and_(steps.c.request_id == row.id, steps.c.revision == row.revision) for row in rows))
    query = (
        select(
            steps.c.request_id, steps.c.id, steps.c.position, steps.c.mode, steps.c.threshold, steps.c.state,
            tasks.c.weight, tasks.c.state.label("task_state"), people.c.account, people.c.name,
        )
        .select_from(steps.outerjoin(tasks, tasks.c.step_id == steps.c.id).outerjoin(people, people.c.id == tasks.c.person_id))
        .where(current)
        .order_by(steps.c.request_id, steps.c.position, tasks.c.position)
    )  # fmt: skip
    found: dict[int, list[StepOut]] = defaultdict(list)
    last_step = 0
    for row in tx.execute(query):
        if row.id != last_step:
            last_step = row.id
            found[row.request_id].append(
                StepOut(
                    position=row.position,
                    mode=row.mode,
                    threshold=row.threshold,
                    state=row.state,
                    approvers=[],
                )
            )
        if row.account is not None:
            found[row.request_id][-1].approvers.append(
                ApproverOut(account=row.account, name=row.name, weight=row.weight, state=row.task_state)
            )
    return found


def _decisions(tx: Tx, ids: list[int]) -> dict[int, list[DecisionOut]]:
    joined = (
        decisions.join(people, people.c.id == decisions.c.person_id)
        .join(steps, steps.c.id == decisions.c.step_id)
        .outerjoin(deputies, deputies.c.id == decisions.c.on_behalf_of_id)
    )
    query = (
        select(
            decisions,
            people.c.account,
            deputies.c.account.label("principal"),
            steps.c.revision.label("shown"),
        )
        .select_from(joined)
        .where(decisions.c.request_id.in_(ids))
        .order_by(decisions.c.id)
    )
    found: dict[int, list[DecisionOut]] = defaultdict(list)
    for row in tx.execute(query):
        found[row.request_id].append(
            DecisionOut(
                verdict=row.verdict,
                by=row.account,
                on_behalf_of=row.principal,
                channel=row.channel,
                comment=row.comment,
                at=row.decided_at,
                state=row.state,
                held_until=row.held_until if row.state == "held" else None,
                revision=row.shown,
            )
        )
    return found


def _without_phone(tx: Tx, rows: Sequence[Any], their_steps: dict[int, list[StepOut]]) -> set[str]:
    by_sms = [row.id for row in rows if row.sms]
    accounts = {one.account for number in by_sms for step in their_steps[number] for one in step.approvers}
    if not accounts:
        return set()
    return {
        account for account, card in persons_by_account(tx, sorted(accounts)).items() if card.phone is None
    }


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
