"""The way outside: rows that a sender leases, talks about with nobody waiting, and marks.

A sender leases in one short transaction, talks with no transaction open, and marks in another. What it holds
when it dies comes back when the lease ends: to the queue, or, where the model says `at_most_once`, to the state
`unknown`, because the other side may have got it; only a person or a status report settles that.

Of a row past its deadline nothing is ever sent. Attempts are counted when they begin, so that a row which kills
its sender each time ends as dead too.

States: queued | leased | sent | delivered | failed (refused for good) | unknown | dead (gave up) | expired.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar

from sqlalchemy import (
    ColumnElement,
    Index,
    Select,
    Table,
    Text,
    Update,
    and_,
    bindparam,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
    update,
)
from sqlmodel import Field, SQLModel

from approval_core.columns import UtcDateTime, table_of
from approval_core.errors import Conflict, NotFound
from approval_core.outbox import LONGEST_ERROR, pause
from approval_core.store import Tx

LIVE = "state IN ('queued', 'leased')"
#: the topic of whatever a person may be looking at
SEEN = "changed"
RESENDABLE = ("dead", "failed", "unknown", "expired")


class Outbound(SQLModel):
    """The columns every outgoing row has. A table that mixes it in adds `outbound_indexes(its name)`."""

    #: True: after a lost acknowledgement the row is `unknown` and never sent again blindly (an SMS)
    at_most_once: ClassVar[bool] = False
    #: the signal that wakes this table's sender; none when empty
    topic: ClassVar[str] = ""

    state: str = Field(default="queued", max_length=16, nullable=False)
    priority: int = 100  #: lower goes first
    due_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    deadline: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    attempts: int = 0
    max_attempts: int = 8
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    leased_by: str | None = Field(default=None, max_length=100, nullable=True)
    error: str | None = Field(default=None, sa_type=Text, nullable=True)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


def outbound_indexes(table: str) -> tuple[Index, Index, Index]:
    """What leasing needs, however many rows lie sent: the queue in its order, leases by end, deadlines."""

    def partial(name: str, *columns: str, where: str) -> Index:
        return Index(f"ix_{table}_{name}", *columns, sqlite_where=text(where), postgresql_where=text(where))

    return (
        partial("due", "priority", "due_at", "id", where=LIVE),
        partial("lease", "lease_until", where="lease_until IS NOT NULL"),
        partial("deadline", "deadline", where=f"{LIVE} AND deadline IS NOT NULL"),
    )


@dataclass(frozen=True)
class Swept:
    """Rows whose lease or deadline had ended, by the state they got."""

    queued: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)
    expired: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class _Statements:
    ended: Select[Any]
    overdue: Select[Any]
    next: Select[Any]
    take: Update
    next_due: Select[Any]
    fail: Update
    held: Select[Any]
    unknown: Update


def _live(table: Table) -> ColumnElement[bool]:
    # in the words of the partial indexes: a bound value would hide it from the planner
    return table.c.state.in_([literal_column("'queued'"), literal_column("'leased'")])


@lru_cache(maxsize=64)
def _statements(table: Table) -> _Statements:
    row = table.c
    queued = and_(_live(table), row.state == literal_column("'queued'"))
    leased = and_(_live(table), row.state == literal_column("'leased'"))
    this = row.id == bindparam("row_id")
    return _Statements(
        ended=select(row.id, row.attempts, row.max_attempts)
        .where(leased, row.lease_until.is_not(None), row.lease_until <= bindparam("now"))
        .with_for_update(skip_locked=True),
        overdue=select(row.id)
        .where(queued, row.deadline.is_not(None), row.deadline <= bindparam("now"))
        .with_for_update(skip_locked=True),
        next=select(row.id)
        .where(
            queued,
            row.due_at <= bindparam("now"),
            or_(row.deadline.is_(None), row.deadline > bindparam("now")),
        )
        .order_by(row.priority, row.due_at, row.id)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True),
        take=update(table)
        .where(this)
        .values(
            state="leased",
            leased_by=bindparam("by"),
            lease_until=bindparam("until"),
            attempts=row.attempts + 1,
        ),
        next_due=select(
            select(func.min(row.due_at)).where(queued).scalar_subquery().label("queued"),
            select(func.min(row.lease_until))
            .where(leased, row.lease_until.is_not(None))
            .scalar_subquery()
            .label("leased"),
        ),
        held=select(row.attempts, row.max_attempts).where(this, _held_by(table)).with_for_update(),
        fail=update(table)
        .where(this, _held_by(table))
        .values(
            state=bindparam("new_state"),
            due_at=bindparam("again_at"),
            error=bindparam("why"),
            lease_until=null(),
            leased_by=null(),
        ),
        unknown=update(table)
        .where(this, leased, row.leased_by == bindparam("by"))
        .values(state="unknown", error=bindparam("why"), lease_until=null()),
    )


def _held_by(table: Table) -> ColumnElement[bool]:
    """Leased by this sender; or left as unknown by it, when its report comes late but tells the truth."""
    return and_(
        table.c.leased_by == bindparam("by"), or_(table.c.state == "leased", table.c.state == "unknown")
    )


@lru_cache(maxsize=256)
def _mark_sent(table: Table, extra: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in extra}
    values |= {"state": "sent", "sent_at": bindparam("at"), "lease_until": null(), "error": null()}
    return update(table).where(table.c.id == bindparam("row_id"), _held_by(table)).values(values)


def sweep(tx: Tx, model: type[Outbound], *, now: datetime) -> Swept:
    """Take back ended leases and close what is past its deadline; which rows it were.

    `lease` sweeps by itself; a sender that must tell somebody calls this first, in the same transaction.
    """
    table = table_of(model)
    statements = _statements(table)
    swept = Swept()
    for row in tx.run(statements.ended, now=now):
        if model.at_most_once:
            swept.unknown.append(row.id)
        elif row.attempts >= row.max_attempts:
            swept.dead.append(row.id)
        else:
            swept.queued.append(row.id)
    why = "the sender's lease ended without a word from it"
    _set(tx, table, swept.unknown, state="unknown", error=why, lease_until=None)
    _set(tx, table, swept.dead, state="dead", error=why, lease_until=None, leased_by=None)
    _set(tx, table, swept.queued, state="queued", error=why, lease_until=None, leased_by=None)
    swept.expired.extend(row.id for row in tx.run(statements.overdue, now=now))
    _set(tx, table, swept.expired, state="expired")
    return swept


def _set(tx: Tx, table: Table, ids: list[int], **values: Any) -> None:
    if ids:
        tx.execute(update(table).where(table.c.id.in_(ids)).values(**values))


def lease(
    tx: Tx,
    model: type[Outbound],
    *,
    by: str,
    now: datetime,
    seconds: int,
    limit: int,
    where: ColumnElement[bool] | None = None,
) -> list[int]:
    """At most `limit` rows that are due, for this sender alone until `now + seconds`: priority, due time, number.

    `by` names one run of one sender (host, process and start, say): two that share a name share their leases.
    """
    sweep(tx, model, now=now)
    statements = _statements(table_of(model))
    if where is None:
        ids = [row.id for row in tx.run(statements.next, now=now, limit=limit)]
    else:
        ids = list(tx.execute(statements.next.where(where), {"now": now, "limit": limit}).scalars())
    until = now + timedelta(seconds=seconds)
    for row_id in ids:
        tx.run(statements.take, row_id=row_id, by=by, until=until)
    return ids


def mark_sent(
    tx: Tx, /, model: type[Outbound], row_id: int, *, by: str, now: datetime, **columns: Any
) -> bool:
    """The other side has it. False when the row is no longer this sender's, and then nothing changes."""
    tx.signal(SEEN)
    statement = _mark_sent(table_of(model), tuple(sorted(columns)))
    values = {f"new_{name}": value for name, value in columns.items()}
    return tx.run(statement, row_id=row_id, by=by, at=now, **values).rowcount == 1


def mark_failed(
    tx: Tx, model: type[Outbound], row_id: int, *, by: str, now: datetime, error: str, permanent: bool = False
) -> str:
    """The other side certainly did not take it. The state it has then: `queued` (again after 1, 2, 4 … 600 s),
    `dead` after `max_attempts`, `failed` when `permanent`; unchanged when the row is no longer this sender's."""
    tx.signal(SEEN)
    table = table_of(model)
    statements = _statements(table)
    row = tx.run(statements.held, row_id=row_id, by=by).first()
    if row is None:
        return _state(tx, table, row_id)
    state = "failed" if permanent else "dead" if row.attempts >= row.max_attempts else "queued"
    again_at = now + pause(row.attempts)
    tx.run(statements.fail, row_id=row_id, by=by, new_state=state, again_at=again_at, why=_kept(error))
    return state


def mark_unknown(tx: Tx, model: type[Outbound], row_id: int, *, by: str, now: datetime, error: str) -> bool:  # noqa: ARG001  # one shape with its sisters
    """Nobody knows whether the other side has it. It is not sent again unless a person says so."""
    tx.signal(SEEN)
    statement = _statements(table_of(model)).unknown
    return tx.run(statement, row_id=row_id, by=by, why=_kept(error)).rowcount == 1


def resend(
    tx: Tx, model: type[Outbound], row_id: int, *, now: datetime, deadline: datetime | None = None
) -> None:
    """An operator's order: back to the queue from dead, failed, unknown or expired, with all attempts again.

    Conflict("past_deadline") when its deadline is over and no new one is given; Conflict("not_resendable").
    """
    table = table_of(model)
    row = tx.execute(
        select(table.c.state, table.c.deadline).where(table.c.id == row_id).with_for_update()
    ).first()
    if row is None:
        raise NotFound("no_outbound", f"there is no row {row_id} in {table.name}")
    if row.state not in RESENDABLE:
        raise Conflict("not_resendable", f"row {row_id} of {table.name} is {row.state}", state=row.state)
    valid = deadline or row.deadline
    if valid is not None and valid <= now:
        raise Conflict(
            "past_deadline", f"row {row_id} of {table.name} was to be sent before {valid}", deadline=valid
        )
    _set(
        tx,
        table,
        [row_id],
        state="queued",
        attempts=0,
        due_at=now,
        deadline=valid,
        error=None,
        leased_by=None,
        lease_until=None,
    )
    if model.topic:
        tx.signal(model.topic)


def next_due(tx: Tx, model: type[Outbound], *, where: ColumnElement[bool] | None = None) -> datetime | None:
    """When a sender should look again: the next due row or end of a lease; None when nothing waits."""
    table = table_of(model)
    if where is None:
        row: Iterable[Any] = tx.run(_statements(table).next_due).one()
    else:
        queued = select(func.min(table.c.due_at)).where(
            _live(table), table.c.state == literal_column("'queued'"), where
        )
        leased = select(func.min(table.c.lease_until)).where(_live(table), where)
        row = [tx.execute(queued).scalar(), tx.execute(leased).scalar()]
    return min((moment for moment in row if moment is not None), default=None)


def _state(tx: Tx, table: Table, row_id: int) -> str:
    state: str | None = tx.execute(select(table.c.state).where(table.c.id == row_id)).scalar()
    if state is None:
        raise NotFound("no_outbound", f"there is no row {row_id} in {table.name}")
    return state


def _kept(error: str) -> str:
    return error.replace("\0", "")[:LONGEST_ERROR]
