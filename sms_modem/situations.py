"""What `rules.plan` must know of one phone, read from the tables at the moment its reply is looked at.

A prompt's own state may lag behind (it follows events); so each one is judged by its task and request as they are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, literal_column, or_, select

from approval_core.approvals.models import Decision, Request, Task
from approval_core.columns import table_of
from approval_core.store import Row, Tx
from sms_modem.models import inbound_sms, prompts
from sms_modem.rules.situation import (
    ClosedAs,
    ClosedBy,
    ClosedPrompt,
    Form,
    Held,
    OpenPrompt,
    Purpose,
    Situation,
)
from sms_modem.settings import SmsSettings
from sms_modem.standing import Stance

requests, tasks, decisions = table_of(Request), table_of(Task), table_of(Decision)

REPEAT_WITHIN = timedelta(seconds=60)
#: Above this level an item may only be announced by SMS (S7).
HIGHEST_SMS_FLOOR = 2

_PROMPTS = (
    select(
        *(prompts.c[name] for name in (
            "id", "task_id", "task_revision", "request_id", "person_id", "code", "form", "bare", "floor", "state", "closed_reason",
            "closed_at", "closed_by_bare", "created_at", "sent_at", "sent_by", "expires_at",
        )),
        tasks.c.state.label("task_state"),
        tasks.c.revision.label("revision_now"),
        tasks.c.opened_at.label("task_opened_at"),
        tasks.c.closed_at.label("task_closed_at"),
        tasks.c.step_id,
        requests.c.state.label("request_state"),
        requests.c.closed_at.label("request_closed_at"),
        requests.c.title,
        requests.c.hold_seconds,
    )
    .select_from(
        prompts.join(tasks, tasks.c.id == prompts.c.task_id).join(requests, requests.c.id == prompts.c.request_id)
    )
    .where(prompts.c.phone == bindparam("number"))
    .where(or_(prompts.c.state == "live", prompts.c.closed_at > bindparam("since")))
    .order_by(prompts.c.id)
)  # fmt: skip
# put in order below: an ORDER BY id would make SQLite walk over every decision ever taken
_HELD = select(
    decisions.c.id,
    decisions.c.task_id,
    decisions.c.task_revision,
    decisions.c.verdict,
    decisions.c.decided_at,
).where(decisions.c.person_id == bindparam("person"), decisions.c.state == literal_column("'held'"))
_VERDICTS = select(decisions.c.task_id, decisions.c.step_id, decisions.c.verdict).where(
    decisions.c.request_id == bindparam("of_request"), decisions.c.step_id == bindparam("of_step"), decisions.c.state != "undone"
).order_by(decisions.c.id)  # fmt: skip
_EARLIER = (
    select(inbound_sms.c.smsc_time, inbound_sms.c.received_at)
    .where(
        inbound_sms.c.sender == bindparam("from_number"),
        inbound_sms.c.received_at >= bindparam("since"),
        inbound_sms.c.id < bindparam("before"),
        inbound_sms.c.text == bindparam("same"),
        inbound_sms.c.state != "gathering",
    )
    .order_by(inbound_sms.c.id.desc())
    .limit(20)
)


_STILL_ASKED = (
    select(prompts.c.id)
    .select_from(
        prompts.join(tasks, tasks.c.id == prompts.c.task_id).join(
            requests, requests.c.id == prompts.c.request_id
        )
    )
    .where(
        prompts.c.id == bindparam("prompt_id"),
        prompts.c.state == "live",
        tasks.c.state == "open",
        tasks.c.revision == prompts.c.task_revision,
        requests.c.state == "pending",
    )
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One prompt of a phone and what became of it."""

    row: Row
    closed_as: ClosedAs | None  #: None: still open
    closed_at: datetime
    closed_by: ClosedBy = ClosedBy.UNANSWERED

    @property
    def is_open(self) -> bool:
        return self.closed_as is None


def still_asked(tx: Tx, prompt_id: int) -> bool:
    """The question has its sense: live, and its task as it was asked."""
    return tx.run(_STILL_ASKED, prompt_id=prompt_id).scalar() is not None


def asked_of(
    tx: Tx, phone: str, *, settings: SmsSettings, person_id: int | None = None, now: datetime
) -> list[Asked]:
    """Every prompt to this phone whose code is live or still reserved, oldest first.

    `person_id`: whose the phone is now; what somebody else was asked on it is none of his (S5).
    """
    since = now - settings.code_rest_span
    found = [_judged(row) for row in tx.run(_PROMPTS, number=phone, since=since)]
    if person_id is not None:
        found = [one if one.row.person_id == person_id else _of_another(one, now) for one in found]
    return [asked for asked in found if asked.row.state == "live" or asked.closed_at > since]


def _of_another(asked: Asked, now: datetime) -> Asked:
    return Asked(asked.row, ClosedAs.REASSIGNED, now if asked.is_open else asked.closed_at, asked.closed_by)


def _judged(row: Row) -> Asked:
    if row.state == "live" and row.task_state == "open" and row.request_state == "pending":
        if row.task_revision == row.revision_now:
            return Asked(row, None, row.created_at)
        return Asked(row, ClosedAs.UNDONE, row.task_opened_at or row.created_at)
    if row.state == "live":
        closed_at = row.task_closed_at or row.request_closed_at or row.created_at
        return Asked(row, _closed_by_the_task(row), closed_at)
    by = ClosedBy.UNANSWERED
    if row.state == "answered":
        by = ClosedBy.BARE if row.closed_by_bare else ClosedBy.CODE
    reason = ClosedAs(row.closed_reason or "decided")
    if reason is ClosedAs.DECIDED and row.task_revision != row.revision_now:
        reason = ClosedAs.UNDONE
    return Asked(row, reason, row.closed_at or row.created_at, by)


def _closed_by_the_task(row: Row) -> ClosedAs:
    if row.task_state in ("decided", "over"):
        return ClosedAs.DECIDED if row.task_revision == row.revision_now else ClosedAs.UNDONE
    if row.task_state in ("moved", "removed"):
        return ClosedAs.REASSIGNED
    return {
        "withdrawn": ClosedAs.WITHDRAWN,
        "cancelled": ClosedAs.WITHDRAWN,
        "expired": ClosedAs.EXPIRED,
    }.get(row.request_state, ClosedAs.CHANGED)


def situation_of(
    tx: Tx,
    inbound: Row,
    asked: list[Asked],
    stance: Stance,
    *,
    person_id: int,
    codes: Collection[str],
    settings: SmsSettings,
    offset: timedelta = timedelta(),
) -> Situation:
    """`codes`: those the reply names; only for them the recorded verdict is looked up."""
    now: datetime = inbound.received_at
    return Situation(
        received_at=now,
        smsc_time=inbound.smsc_time,
        smsc_offset=offset,
        repeat=is_repeat(tx, inbound, [] if codes else asked),
        open=tuple(_open(one.row) for one in asked if one.is_open),
        closed=tuple(_closed(tx, one, codes) for one in asked if not one.is_open),
        held=held_by(tx, person_id, asked),
        bare_rest=settings.bare_rest_span,
        own_sim=inbound.transport_kind == "own_sim",
        path=inbound.provider,
        wrong_codes=len(stance.wrong_codes),
        off_until=stance.off_until,
        clarifying=len(stance.clarified),
        service_answers=len(stance.service_words),
    )


def held_by(tx: Tx, person_id: int, asked: list[Asked]) -> tuple[Held, ...]:
    """This person's decisions in hold, each with the code it was asked under ("" when it was asked elsewhere)."""
    code_of = {(one.row.task_id, one.row.task_revision): one.row.code for one in asked}
    return tuple(
        Held(
            decision_id=row.id,
            task_id=row.task_id,
            code=code_of.get((row.task_id, row.task_revision), ""),
            verdict=row.verdict,
            decided_at=row.decided_at,
        )
        for row in sorted(tx.run(_HELD, person=person_id), key=lambda row: row.id)
    )


def is_repeat(tx: Tx, inbound: Row, asked: list[Asked]) -> bool:
    """R6: the same text from the same phone within a minute, by the service centre's clock where both have it.

    Not so when a question that invites a bare answer went out in between (`asked`: those it may answer). With any rest
    between bare replies no such question can go out so soon (C1(c)); without one, as in the demo, it can.
    """
    invited = max(
        (one.row.sent_at for one in asked if one.is_open and one.row.bare and one.row.sent_at), default=None
    )
    earlier = tx.run(
        _EARLIER,
        from_number=inbound.sender,
        since=inbound.received_at - timedelta(hours=24),
        before=inbound.id,
        same=inbound.text,
    )
    for row in earlier:
        if invited is not None and invited > row.received_at:
            continue
        if row.smsc_time is not None and inbound.smsc_time is not None:
            apart = abs(inbound.smsc_time - row.smsc_time)
        else:
            apart = inbound.received_at - row.received_at
        if apart <= REPEAT_WITHIN:
            return True
    return False


def form_of(row: Row) -> Form:
    if row.form == "T19":
        return Form.NOTIFY
    return Form.BARE if row.bare else Form.CODED


def _open(row: Row) -> OpenPrompt:
    return OpenPrompt(
        prompt_id=row.id,
        task_id=row.task_id,
        code=row.code,
        sent_at=row.sent_at or row.created_at,
        expires_at=row.expires_at,
        form=form_of(row),
        purpose=Purpose.READ if row.form == "T05" else Purpose.APPROVE,
        floor=row.floor,
        decidable=row.floor <= HIGHEST_SMS_FLOOR,
        handed_over=row.sent_at is not None,
        path=row.sent_by or "",
    )


def _closed(tx: Tx, asked: Asked, codes: Collection[str]) -> ClosedPrompt:
    assert asked.closed_as is not None  # noqa: S101 — narrows the type; open ones go another way
    verdict = None
    if asked.closed_as is ClosedAs.DECIDED and asked.row.code in codes:
        verdict = _verdict(tx, asked.row)
    return ClosedPrompt(
        prompt_id=asked.row.id,
        task_id=asked.row.task_id,
        code=asked.row.code,
        closed_at=asked.closed_at,
        closed_as=asked.closed_as,
        closed_by=asked.closed_by,
        verdict=verdict,
    )


def _verdict(tx: Tx, row: Row) -> str | None:
    """The person's own, else that of the decision which closed the step."""
    found = tx.run(_VERDICTS, of_request=row.request_id, of_step=row.step_id).all()
    own = [decision.verdict for decision in found if decision.task_id == row.task_id]
    return own[-1] if own else found[-1].verdict if found else None
