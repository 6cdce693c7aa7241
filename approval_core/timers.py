"""Moments to come: reminders, deadlines, the end of a hold. One live row for each (handler, ref), one poll.

A handler runs in its own savepoint and its writes commit together with the mark "done", so a moment comes once.
A failing one is tried again after 1, 2, 4 … 600 seconds, ten times, then it is dead and an alarm counts it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Column,
    Index,
    String,
    Text,
    bindparam,
    delete,
    func,
    literal_column,
    null,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, UtcDateTime, table_of
from approval_core.errors import Conflict, NotFound
from approval_core.outbox import described, pause, wants_repetition
from approval_core.store import Tx

TOPIC = "timers"
ATTEMPTS = 10


class Timer(SQLModel, table=True):
    __tablename__ = "timer"
    __table_args__ = (
        Index(
            "uq_timer_live",
            "handler",
            "ref",
            unique=True,
            sqlite_where=text("state = 'due'"),
            postgresql_where=text("state = 'due'"),
        ),
        Index(
            "ix_timer_due",
            "due_at",
            "id",
            sqlite_where=text("state = 'due'"),
            postgresql_where=text("state = 'due'"),
        ),
        Index(
            "ix_timer_dead",
            "id",
            sqlite_where=text("state = 'dead'"),
            postgresql_where=text("state = 'dead'"),
        ),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    handler: str = Field(sa_column=Column(String(48), nullable=False))
    #: what it is about, in the handler's own terms
    ref: str = Field(sa_column=Column(String(100), nullable=False))
    due_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    #: due | done | cancelled | dead
    state: str = Field(sa_column=Column(String(16), nullable=False))
    attempts: int = 0
    error: str | None = Field(default=None, sa_column=Column(Text, nullable=True))


#: (tx, ref, now): writes to the database only; may run late, and asks the state of the matter itself
TimerHandler = Callable[[Tx, str, datetime], None]


@dataclass(frozen=True)
class Backlog:
    """What waits. `oldest`: the due time of the first one, which lies ahead when all is well."""

    due: int
    dead: int
    oldest: datetime | None


timers = table_of(Timer)

# literals, because a partial index serves only a condition it can see while planning
_LIVE = timers.c.state == literal_column("'due'")
_DEAD = timers.c.state == literal_column("'dead'")

_NEW = insert(timers).values(
    handler=bindparam("handler"), ref=bindparam("ref"), due_at=bindparam("due_at"), state="due", attempts=0
)
_SET = _NEW.on_conflict_do_update(
    index_elements=[timers.c.handler, timers.c.ref],
    index_where=text("state = 'due'"),
    set_={"due_at": _NEW.excluded.due_at, "attempts": 0, "error": null()},
)
_CANCEL = (
    update(timers)
    .where(timers.c.handler == bindparam("of_handler"), timers.c.ref == bindparam("of_ref"), _LIVE)
    .values(state="cancelled")
)
_NEXT = (
    select(timers.c.id, timers.c.handler, timers.c.ref, timers.c.attempts)
    .where(_LIVE, timers.c.due_at <= bindparam("now"))
    .order_by(timers.c.due_at, timers.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_DONE = update(timers).where(timers.c.id == bindparam("timer")).values(state="done", error=null())
_FAILED = (
    update(timers)
    .where(timers.c.id == bindparam("timer"))
    .values(
        state=bindparam("new_state"),
        attempts=bindparam("tries"),
        due_at=bindparam("again_at"),
        error=bindparam("why"),
    )
)
_NEXT_DUE = select(timers.c.due_at).where(_LIVE).order_by(timers.c.due_at, timers.c.id).limit(1)
_REVIVE = (
    update(timers)
    .where(timers.c.id == bindparam("timer"), _DEAD)
    .values(state="due", attempts=0, due_at=bindparam("at"))
)
_STATE = select(timers.c.state).where(timers.c.id == bindparam("timer"))
_BACKLOG = select(
    select(func.count()).select_from(timers).where(_LIVE).scalar_subquery().label("due"),
    select(func.count()).select_from(timers).where(_DEAD).scalar_subquery().label("dead"),
    select(func.min(timers.c.due_at)).where(_LIVE).scalar_subquery().label("oldest"),
)
_PRUNE = delete(timers).where(
    timers.c.id.in_(
        select(timers.c.id)
        .where(timers.c.state.in_([literal_column("'done'"), literal_column("'cancelled'")]))
        .where(timers.c.due_at < bindparam("before"))
        .order_by(timers.c.id)
        .limit(bindparam("limit"))
    )
)


def set_timer(tx: Tx, handler: str, ref: str, due_at: datetime) -> None:
    """Wake `handler` with `ref` at that moment. A second call moves the moment."""
    tx.run(_SET, handler=handler, ref=ref, due_at=due_at)
    tx.signal(TOPIC)


def cancel_timer(tx: Tx, handler: str, ref: str) -> None:
    """Take it back; nothing happens when none is set or it has fired."""
    tx.run(_CANCEL, of_handler=handler, of_ref=ref)


def fire_one(tx: Tx, handlers: Mapping[str, TimerHandler], *, now: datetime) -> bool:
    """Run the handler whose moment came first; False when none is due. Any number of workers may call at once."""
    due = tx.run(_NEXT, now=now).first()
    if due is None:
        return False
    handler = handlers.get(due.handler)
    if handler is None:
        why = f"no handler is called {due.handler!r} any more"
        tx.run(_FAILED, timer=due.id, new_state="dead", tries=due.attempts + 1, again_at=now, why=why)
        return True
    try:
        with tx.nested():
            tx.run(_DONE, timer=due.id)  # first, so that the handler can set the same timer anew
            handler(tx, due.ref, now)
    except Exception as error:  # whatever it is, it stops this timer and no other
        if wants_repetition(error):
            raise
        tries = due.attempts + 1
        state = "dead" if tries >= ATTEMPTS else "due"
        tx.run(
            _FAILED,
            timer=due.id,
            new_state=state,
            tries=tries,
            again_at=now + pause(tries),
            why=described(error),
        )
    return True


def next_due(tx: Tx) -> datetime | None:
    """When the next timer is due; None when none is set."""
    moment: datetime | None = tx.run(_NEXT_DUE).scalar()
    return moment


def retry_dead(tx: Tx, timer_id: int, now: datetime) -> None:
    """An operator's order: try a dead timer again, from the first attempt."""
    try:
        with tx.nested():
            revived = tx.run(_REVIVE, timer=timer_id, at=now).rowcount
    except IntegrityError as error:
        raise Conflict("timer_set_anew", f"timer {timer_id} has been set anew since it died") from error
    if revived == 1:
        tx.signal(TOPIC)
        return
    state = tx.run(_STATE, timer=timer_id).scalar()
    if state is None:
        raise NotFound("no_timer", f"there is no timer {timer_id}")
    raise Conflict("not_dead", f"timer {timer_id} is {state}, not dead", state=state)


def backlog(tx: Tx) -> Backlog:
    """The numbers an alarm looks at."""
    row = tx.run(_BACKLOG).one()
    return Backlog(due=row.due, dead=row.dead, oldest=row.oldest)


def prune(tx: Tx, before: datetime, *, limit: int = 1000) -> int:
    """Forget at most `limit` timers that fired or were cancelled and whose moment lies before; how many."""
    return tx.run(_PRUNE, before=before, limit=limit).rowcount
