"""What may be asked about the SMS channel. Texts and numbers are for the person concerned, the operator's lists are masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, func, literal_column, select

from approval_core.approvals.models import Request, Task
from approval_core.columns import table_of
from approval_core.people.models import persons
from approval_core.store import Row, Tx
from sms_modem.models import inbound_outcomes, inbound_sms, outbound_sms, prompts

requests, tasks = table_of(Request), table_of(Task)

_UNASKED = (
    select(tasks.c.id, tasks.c.request_id, tasks.c.revision)
    .select_from(tasks.join(requests, requests.c.id == tasks.c.request_id))
    .where(
        tasks.c.person_id == bindparam("person"),
        tasks.c.state == literal_column("'open'"),
        requests.c.state == "pending",
        requests.c.sms.is_(True),
    )
    .order_by(tasks.c.id)
)
_ACCOUNT = select(persons.c.account).where(persons.c.id == bindparam("person"))
_UNCLEAR = (
    select(
        inbound_sms.c.person_id,
        persons.c.account,
        persons.c.name,
        func.count().label("replies"),
        func.sum(case((inbound_sms.c.verdict.in_(["UNKNOWN", "CONFLICT"]), 1), else_=0)).label("unclear"),
    )
    .select_from(inbound_sms.join(persons, persons.c.id == inbound_sms.c.person_id))
    .where(inbound_sms.c.received_at >= bindparam("since"), inbound_sms.c.verdict.is_not(None))
    .group_by(inbound_sms.c.person_id, persons.c.account, persons.c.name)
    .order_by(persons.c.account)
)
_OUTCOMES = (
    select(inbound_outcomes.c.outcome, func.count().label("count"))
    .where(inbound_outcomes.c.at >= bindparam("since"))
    .group_by(inbound_outcomes.c.outcome)
    .order_by(inbound_outcomes.c.outcome)
)
_STUCK = (
    select(
        outbound_sms.c.id,
        outbound_sms.c.recipient,
        outbound_sms.c.template,
        outbound_sms.c.category,
        outbound_sms.c.state,
        outbound_sms.c.error,
        outbound_sms.c.attempts,
        outbound_sms.c.created_at,
    )
    .where(outbound_sms.c.state.in_(["dead", "failed", "unknown", "expired"]))
    .order_by(outbound_sms.c.id.desc())
    .limit(200)
)
_PROMPTS_OF = (
    select(prompts, persons.c.account, persons.c.name)
    .join(persons, persons.c.id == prompts.c.person_id)
    .where(prompts.c.request_id == bindparam("of_request"))
    .order_by(prompts.c.id)
)
_SMS_OF = (
    select(
        outbound_sms.c.id,
        outbound_sms.c.prompt_id,
        outbound_sms.c.category,
        outbound_sms.c.state,
        outbound_sms.c.error,
        outbound_sms.c.sent_at,
    )
    .join(prompts, prompts.c.id == outbound_sms.c.prompt_id)
    .where(prompts.c.request_id == bindparam("of_request"))
    .order_by(outbound_sms.c.id)
)


@dataclass(frozen=True, slots=True)
class SmsStanding:
    """One question of a request, as a secretary sees it: asked, sent, delivered, answered. Never its code."""

    prompt_id: int
    task_id: int
    account: str
    name: str
    phone: str  #: masked
    form: str
    state: str  #: live | answered | closed
    closed_reason: str | None
    asked_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    answered_at: datetime | None
    expires_at: datetime
    #: what the queue says of the latest SMS with it: queued, leased, sent, delivered, failed, unknown, dead, expired
    sms_state: str | None
    problem: str | None
    #: how often it was sent again on demand, and how often the person was reminded
    resent: int
    reminded: int
    reminded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Readability:
    """R8: how often a person's replies could not be read."""

    account: str
    name: str
    replies: int
    unclear: int

    @property
    def share(self) -> float:
        return self.unclear / self.replies if self.replies else 0.0


@dataclass(frozen=True, slots=True)
class Stuck:
    """An SMS that will not go by itself (the dead-letter list); an operator may send it again."""

    id: int
    recipient: str
    template: str
    category: str
    state: str
    error: str | None
    attempts: int
    created_at: datetime


def unasked_tasks(tx: Tx, person_id: int) -> Sequence[Row]:
    """Open tasks of this person that may be asked by SMS: id, request_id, revision."""
    return tx.run(_UNASKED, person=person_id).all()


def account_of(tx: Tx, person_id: int) -> str:
    return str(tx.run(_ACCOUNT, person=person_id).scalar())


def sms_standing(tx: Tx, request_id: int) -> list[SmsStanding]:
    """Every question about this request, the oldest first."""
    sent: dict[int, list[Row]] = {}
    for sms in tx.run(_SMS_OF, of_request=request_id):
        sent.setdefault(sms.prompt_id, []).append(sms)
    return [_standing(row, sent.get(row.id, [])) for row in tx.run(_PROMPTS_OF, of_request=request_id)]


def _standing(asked: Row, sent: Sequence[Row]) -> SmsStanding:
    questions = [sms for sms in sent if sms.category != "reminder"]
    reminders = [sms.sent_at for sms in sent if sms.category == "reminder" and sms.sent_at is not None]
    last = questions[-1] if questions else None
    return SmsStanding(
        prompt_id=asked.id,
        task_id=asked.task_id,
        account=asked.account,
        name=asked.name,
        phone=masked(asked.phone),
        form=asked.form,
        state=asked.state,
        closed_reason=asked.closed_reason,
        asked_at=asked.created_at,
        sent_at=asked.sent_at,
        delivered_at=asked.delivered_at,
        answered_at=asked.closed_at if asked.state == "answered" else None,
        expires_at=asked.expires_at,
        sms_state=last.state if last is not None else None,
        problem=last.error if last is not None else None,
        resent=max(0, len(questions) - 1),
        reminded=len(reminders),
        reminded_at=max(reminders, default=None),
    )


def readability(tx: Tx, *, since: datetime) -> list[Readability]:
    """R8's report: the share of replies read as UNKNOWN or CONFLICT, by person."""
    rows = tx.execute(_UNCLEAR, {"since": since})
    return [Readability(row.account, row.name, int(row.replies), int(row.unclear or 0)) for row in rows]


def outcomes_since(tx: Tx, *, since: datetime) -> dict[str, int]:
    """How many SMS, or codes in them, ended in each outcome."""
    return {row["outcome"]: row["count"] for row in tx.execute(_OUTCOMES, {"since": since}).mappings()}


def stuck(tx: Tx) -> list[Stuck]:
    """Promise 12: what an operator should look at, the newest first; numbers masked."""
    return [
        Stuck(
            id=row.id,
            recipient=masked(row.recipient),
            template=row.template,
            category=row.category,
            state=row.state,
            error=row.error,
            attempts=row.attempts,
            created_at=row.created_at,
        )
        for row in tx.execute(_STUCK)
    ]


def masked(number: str) -> str:
    """+8613*****678: enough to recognise, too little to call."""
    return number if len(number) < 8 else number[:5] + "*" * (len(number) - 8) + number[-3:]
