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
from sms_modem.models import inbound_outcomes, inbound_sms, outbound_sms

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
