"""The way inside: an event written with the change it tells of, and the reactions that answer it later.

`emit` writes the event in the caller's transaction. `route` turns events into one delivery for each reaction.
`deliver_one` runs one reaction in its own savepoint; the reaction's writes and the mark "done" commit together,
so it happens once. Reactions touch the database only; what leaves the house goes through `outbound`.

Order. Deliveries of one key and one reaction run in the order of their events: a later one waits while an
earlier one is still due, failing and backing off included. A *dead* one does not hold up the rest: it gave up
after twelve attempts in about half an hour, and news of a matter that never comes again because of one broken
message is worse than news with a gap that the dead count reports. An operator's `retry_dead` therefore runs it
late, after its successors; reactions read the state of the matter, not only the event.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    literal_column,
    select,
    text,
    true,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, Json, UtcDateTime, table_of
from approval_core.errors import Conflict, NotFound
from approval_core.store import Tx

TOPIC = "outbox"
ATTEMPTS = 12
FIRST_PAUSE_S = 1
LONGEST_PAUSE_S = 600
LONGEST_ERROR = 2000


def _partial(name: str, *columns: str, where: str) -> Index:
    sqlite_words = where.replace("false", "0")  # as each dialect writes the condition in the statements below
    return Index(name, *columns, sqlite_where=text(sqlite_words), postgresql_where=text(where))


class Event(SQLModel, table=True):
    """Something happened. Written in the transaction that made it happen."""

    __tablename__ = "event"
    __table_args__ = (
        _partial("ix_event_unrouted", "id", where="routed = false"),
        _partial("ix_event_unrouted_key", "key", "id", where="routed = false"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    type: str = Field(sa_column=Column(String(48), nullable=False))
    #: what it is about; order holds within a key
    key: str = Field(sa_column=Column(String(100), nullable=False))
    payload: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    #: a flag and no high-water mark: events commit out of the order of their ids
    routed: bool = False


class Delivery(SQLModel, table=True):
    """One event for one reaction."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("event_id", "reaction", name="uq_delivery_event_reaction"),
        _partial("ix_delivery_due", "due_at", "id", where="state = 'due'"),
        _partial("ix_delivery_due_key", "key", "reaction", "event_id", where="state = 'due'"),
        _partial("ix_delivery_dead", "id", where="state = 'dead'"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    event_id: int = Field(sa_column=Column(BigId, ForeignKey("event.id"), nullable=False))
    key: str = Field(sa_column=Column(String(100), nullable=False))
    reaction: str = Field(sa_column=Column(String(100), nullable=False))
    #: due | done | dead
    state: str = Field(sa_column=Column(String(16), nullable=False))
    attempts: int = 0
    due_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    error: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    done_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


@dataclass(frozen=True)
class Happening:
    """What a reaction sees of an event."""

    id: int
    type: str
    key: str
    payload: dict[str, Any]
    at: datetime


#: (tx, happening, now): writes to the database only, once for each event, perhaps late
Reaction = Callable[[Tx, Happening, datetime], None]
#: event type -> {stable name -> reaction}; the one map stands in the wiring
Reactions = Mapping[str, Mapping[str, Reaction]]


@dataclass(frozen=True)
class Backlog:
    """What waits. `oldest`: since when the longest waiting delivery is due; None when nothing is."""

    unrouted: int
    due: int
    dead: int
    oldest: datetime | None


events = table_of(Event)
deliveries = table_of(Delivery)

# literals, because a partial index serves only a condition it can see while planning
_DUE: ColumnElement[str] = literal_column("'due'")
_DEAD: ColumnElement[str] = literal_column("'dead'")

_EMIT = insert(events).values(
    type=bindparam("type"),
    key=bindparam("key"),
    payload=bindparam("payload"),
    created_at=bindparam("created_at"),
    routed=False,
)
_EMIT = _EMIT.returning(events.c.id)
_UNROUTED = (
    select(events.c.id, events.c.type, events.c.key)
    .where(events.c.routed == false())
    .order_by(events.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_EARLIER = deliveries.alias("earlier")
_BEFORE = events.alias("before")
_FIRST_OF_ITS_KEY: ColumnElement[bool] = and_(
    ~exists(
        select(_EARLIER.c.id).where(
            _EARLIER.c.key == deliveries.c.key,
            _EARLIER.c.reaction == deliveries.c.reaction,
            _EARLIER.c.event_id < deliveries.c.event_id,
            _EARLIER.c.state == _DUE,
        )
    ),
    # two routers may commit out of order: an earlier event without its deliveries yet holds the later one up
    ~exists(
        select(_BEFORE.c.id).where(
            _BEFORE.c.key == deliveries.c.key,
            _BEFORE.c.id < deliveries.c.event_id,
            _BEFORE.c.routed == false(),
        )
    ),
)
_NEXT = (
    select(
        deliveries.c.id,
        deliveries.c.event_id,
        deliveries.c.reaction,
        deliveries.c.attempts,
        events.c.type,
        deliveries.c.key,
        events.c.payload,
        events.c.created_at,
    )
    .join_from(deliveries, events, events.c.id == deliveries.c.event_id)
    .where(deliveries.c.state == _DUE, deliveries.c.due_at <= bindparam("now"), _FIRST_OF_ITS_KEY)
    .order_by(deliveries.c.due_at, deliveries.c.id)
    .limit(1)
    .with_for_update(of=deliveries, skip_locked=True)
)
_NEXT_DUE = (
    select(deliveries.c.due_at)
    .where(deliveries.c.state == _DUE, _FIRST_OF_ITS_KEY)
    .order_by(deliveries.c.due_at, deliveries.c.id)
    .limit(1)
)
_DONE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"))
    .values(state="done", done_at=bindparam("at"), error=None)
)
_FAILED = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"))
    .values(
        state=bindparam("new_state"),
        attempts=bindparam("tries"),
        due_at=bindparam("again_at"),
        error=bindparam("why"),
    )
)
# the followers wait with their predecessor, so that looking for work does not walk over them each time
_POSTPONE_FOLLOWERS = (
    update(deliveries)
    .where(
        deliveries.c.key == bindparam("of_key"),
        deliveries.c.reaction == bindparam("of_reaction"),
        deliveries.c.event_id > bindparam("after_event"),
        deliveries.c.state == _DUE,
        deliveries.c.due_at < bindparam("again_at"),
    )
    .values(due_at=bindparam("again_at"))
)
_REVIVE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"), deliveries.c.state == _DEAD)
    .values(state="due", attempts=0, due_at=bindparam("at"))
)
_STATE = select(deliveries.c.state).where(deliveries.c.id == bindparam("delivery"))
_BACKLOG = select(
    select(func.count())
    .select_from(events)
    .where(events.c.routed == false())
    .scalar_subquery()
    .label("unrouted"),
    select(func.count())
    .select_from(deliveries)
    .where(deliveries.c.state == _DUE)
    .scalar_subquery()
    .label("due"),
    select(func.count())
    .select_from(deliveries)
    .where(deliveries.c.state == _DEAD)
    .scalar_subquery()
    .label("dead"),
    select(func.min(deliveries.c.due_at)).where(deliveries.c.state == _DUE).scalar_subquery().label("oldest"),
)
_PRUNE_DELIVERIES = delete(deliveries).where(
    deliveries.c.id.in_(
        select(deliveries.c.id)
        .where(deliveries.c.state == "done", deliveries.c.done_at < bindparam("before"))
        .order_by(deliveries.c.id)
        .limit(bindparam("limit"))
    )
)
_PRUNE_EVENTS = delete(events).where(
    events.c.id.in_(
        select(events.c.id)
        .where(
            events.c.routed == true(),
            events.c.created_at < bindparam("before"),
            events.c.id
            < select(
                func.max(events.c.id)
            ).scalar_subquery(),  # the newest stays: SQLite would reuse its number
            ~exists(select(deliveries.c.id).where(deliveries.c.event_id == events.c.id)),
        )
        .order_by(events.c.id)
        .limit(bindparam("limit"))
    )
)


def emit(tx: Tx, type: str, *, key: str, payload: dict[str, Any], now: datetime) -> int:  # noqa: A002  # the event's word
    """Write the event beside the change it tells of; its number."""
    number: int = tx.run(_EMIT, type=type, key=key, payload=payload, created_at=now).scalar()
    tx.signal(TOPIC)
    return number


def route(tx: Tx, reactions: Reactions, *, now: datetime, limit: int = 200) -> int:
    """Give each waiting event its deliveries; how many events it were. Any number of routers may run at once."""
    found = tx.run(_UNROUTED, limit=limit).all()
    if not found:
        return 0
    fresh = [
        {
            "event_id": event.id,
            "key": event.key,
            "reaction": name,
            "state": "due",
            "attempts": 0,
            "due_at": now,
        }
        for event in found
        for name in reactions.get(event.type, ())
    ]
    if fresh:
        tx.execute(insert(deliveries), fresh)
    tx.execute(update(events).where(events.c.id.in_([event.id for event in found])).values(routed=True))
    return len(found)


def deliver_one(tx: Tx, reactions: Reactions, *, now: datetime) -> bool:
    """Run the reaction that is due first; False when none is due.

    A failing reaction is undone alone and tried again after 1, 2, 4 … 600 seconds, twelve times, then dead.
    """
    due = tx.run(_NEXT, now=now).first()
    if due is None:
        return False
    reaction = reactions.get(due.type, {}).get(due.reaction)
    if reaction is None:
        _give_back(tx, due, error=f"no reaction is called {due.reaction!r} any more", now=now, final=True)
        return True
    happening = Happening(due.event_id, due.type, due.key, due.payload, due.created_at)
    try:
        with tx.nested():
            reaction(tx, happening, now)
    except Exception as error:  # whatever it is, it stops this delivery and no other
        if wants_repetition(error):
            raise
        _give_back(tx, due, error=described(error), now=now)
    else:
        tx.run(_DONE, delivery=due.id, at=now)
    return True


def _give_back(tx: Tx, due: Any, *, error: str, now: datetime, final: bool = False) -> None:
    tries = due.attempts + 1
    state = "dead" if final or tries >= ATTEMPTS else "due"
    again_at = now + pause(tries)
    tx.run(_FAILED, delivery=due.id, new_state=state, tries=tries, again_at=again_at, why=error)
    if state == "due":
        tx.run(
            _POSTPONE_FOLLOWERS,
            of_key=due.key,
            of_reaction=due.reaction,
            after_event=due.event_id,
            again_at=again_at,
        )


def next_due(tx: Tx) -> datetime | None:
    """When the next delivery may run, so that a worker knows how long to sleep; None when nothing waits."""
    moment: datetime | None = tx.run(_NEXT_DUE).scalar()
    return moment


def retry_dead(tx: Tx, delivery_id: int, now: datetime) -> None:
    """An operator's order: try a dead delivery again, from the first attempt. It runs after those it let pass."""
    if tx.run(_REVIVE, delivery=delivery_id, at=now).rowcount == 1:
        tx.signal(TOPIC)
        return
    state = tx.run(_STATE, delivery=delivery_id).scalar()
    if state is None:
        raise NotFound("no_delivery", f"there is no delivery {delivery_id}")
    raise Conflict("not_dead", f"delivery {delivery_id} is {state}, not dead", state=state)


def backlog(tx: Tx) -> Backlog:
    """The numbers an alarm looks at."""
    row = tx.run(_BACKLOG).one()
    return Backlog(unrouted=row.unrouted, due=row.due, dead=row.dead, oldest=row.oldest)


def prune(tx: Tx, before: datetime, *, limit: int = 1000) -> int:
    """Forget at most `limit` deliveries done before that moment, and as many events with no delivery left.

    Dead deliveries and their events stay until an operator has dealt with them. Call again until it gives 0.
    """
    gone = tx.run(_PRUNE_DELIVERIES, before=before, limit=limit).rowcount
    return gone + tx.run(_PRUNE_EVENTS, before=before, limit=limit).rowcount


def pause(tries: int) -> timedelta:
    """How long to wait after so many failures: 1, 2, 4 … seconds, ten minutes at most."""
    return timedelta(seconds=min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(max(tries - 1, 0), 30)))


def described(error: BaseException) -> str:
    """An error as it is kept in a row: NUL, which PostgreSQL does not store, and what is too long are cut."""
    return f"{type(error).__name__}: {error}".replace("\0", "")[:LONGEST_ERROR]


def wants_repetition(error: BaseException) -> bool:
    """True where the store itself repeats the whole work: a deadlock, a serialization failure, a lost connection."""
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in {"40001", "40P01"}
