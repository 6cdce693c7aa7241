"""F31: who has looked at a request, when first, when last, by which channel (已阅). What is only to be read ends by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from approval_core.approvals import stepping
from approval_core.approvals.models import Copy, Reading
from approval_core.columns import table_of
from approval_core.errors import Forbidden, Invalid, NotFound
from approval_core.inbox import service as inbox
from approval_core.people.actor import Actor
from approval_core.people.models import Person
from approval_core.store import Tx

readings, copies, persons = table_of(Reading), table_of(Copy), table_of(Person)

CHANNELS = ("sms", "app", "web")

_MARK = (
    insert(readings)
    .values(
        request_id=bindparam("of_request"),
        person_id=bindparam("of_person"),
        channel=bindparam("by_channel"),
        first_at=bindparam("at"),
        last_at=bindparam("at"),
        times=1,
    )
    .on_conflict_do_update(
        index_elements=[readings.c.request_id, readings.c.person_id, readings.c.channel],
        set_={"last_at": bindparam("at"), "times": readings.c.times + 1},
    )
    .returning(readings.c.times)
)
_READ_COPY = (
    update(copies)
    .where(
        copies.c.request_id == bindparam("of_request"),
        copies.c.person_id == bindparam("of_person"),
        copies.c.read_at.is_(None),
    )
    .values(read_at=bindparam("at"))
)
_OF_REQUEST = (
    select(persons.c.account, persons.c.name, readings.c.channel, readings.c.first_at, readings.c.last_at, readings.c.times)
    .join(readings, readings.c.person_id == persons.c.id)
    .where(readings.c.request_id == bindparam("of_request"))
    .order_by(readings.c.first_at, persons.c.account, readings.c.channel)
)  # fmt: skip
_LAST = select(func.max(readings.c.last_at)).where(
    readings.c.request_id == bindparam("of_request"), readings.c.person_id == bindparam("of_person")
)


@dataclass(frozen=True, slots=True)
class ReadingView:
    account: str
    name: str
    channel: str
    first_at: datetime
    last_at: datetime
    times: int


def mark_read(tx: Tx, request_id: int, *, actor: Actor, channel: str, now: datetime) -> bool:
    """He has it before his eyes. True: by this channel for the first time. Whether he may see it is for the caller to know.

    The request's row is taken, so that a take-back sees the mark or the mark sees what was taken back.
    NotFound("no_request"); Forbidden("not_a_person"); Invalid("bad_channel").
    """
    if channel not in CHANNELS:
        raise Invalid("bad_channel", f"people read by {', '.join(CHANNELS)}")
    if actor.person_id is None:
        raise Forbidden("not_a_person", "only a person reads")
    if stepping.lock(tx, request_id) is None:
        raise NotFound("no_request", "there is no such request")
    times = tx.run(
        _MARK, of_request=request_id, of_person=actor.person_id, by_channel=channel, at=now
    ).scalar()
    tx.run(_READ_COPY, of_request=request_id, of_person=actor.person_id, at=now)
    inbox.close_copy(tx, request_id, actor.person_id, now=now)
    return bool(times == 1)


def reading_of(tx: Tx, request_id: int) -> list[ReadingView]:
    """Who has looked at it, the first reader first."""
    return [ReadingView(*row) for row in tx.run(_OF_REQUEST, of_request=request_id)]


def last_read(tx: Tx, request_id: int, person_id: int) -> datetime | None:
    """When this person had it before his eyes last, by any channel."""
    found: datetime | None = tx.run(_LAST, of_request=request_id, of_person=person_id).scalar()
    return found
