"""What every change of people does alike: find the row or say it is not there, insert one, write it down."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, insert, or_, select
from sqlalchemy.exc import IntegrityError

from approval_core import audit
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.people.actor import Actor
from approval_core.people.models import org_units, persons, posts
from approval_core.store import Tx
from approval_core.timers import set_timer


def note(tx: Tx, actor: Actor, verb: str, thing: str, now: datetime, **data: Any) -> None:
    audit.append(tx, chain="people", actor=actor.name, verb=verb, thing=thing, data=data, now=now)


def add(tx: Tx, table: Table, *, taken: str, message: str, **values: Any) -> int:
    """Insert one row and return its id; a unique value already used is `Conflict(taken)` and harms nothing else."""
    try:
        with tx.nested():
            return int(tx.execute(insert(table).returning(table.c.id), values).scalar_one())
    except IntegrityError as clash:
        raise Conflict(taken, message) from clash


def person(tx: Tx, person_id: int) -> Row[Any]:
    found = tx.execute(select(persons).where(persons.c.id == person_id)).first()
    if found is None:
        raise NotFound("no_person", "There is no such person.", person_id=person_id)
    return found


def serving(tx: Tx, person_id: int) -> Row[Any]:
    """The person, who must not have left and does not leave before this change is done."""
    one_at_a_time(tx, persons, person_id)
    found = person(tx, person_id)
    if found.state != "active":
        raise Conflict("has_left", f"{found.account} has left the office.", account=found.account)
    return found


def unit(tx: Tx, unit_id: int) -> Row[Any]:
    found = tx.execute(select(org_units).where(org_units.c.id == unit_id)).first()
    if found is None:
        raise NotFound("no_unit", "There is no such unit.", unit_id=unit_id)
    return found


def one_at_a_time(tx: Tx, table: Table, row_id: int | None = None) -> None:
    """Rules over several rows are checked by one change after the other: each takes this row first.
    Without an id, the oldest row of the table."""
    first = select(table.c.id).order_by(table.c.id).limit(1)
    one = first if row_id is None else first.where(table.c.id == row_id)
    tx.execute(one.with_for_update(key_share=True))


def post(tx: Tx, post_id: int) -> Row[Any]:
    found = tx.execute(select(posts).where(posts.c.id == post_id)).first()
    if found is None:
        raise NotFound("no_post", "There is no such post.", post_id=post_id)
    return found


def unended(table: Table, now: datetime) -> ColumnElement[bool]:
    """Holds now or will: not yet at its end."""
    return or_(table.c.valid_to.is_(None), table.c.valid_to > now)


def overlaps(table: Table, start: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(table.c.valid_from < end, table.c.valid_to > start)


def period(start: datetime, end: datetime) -> None:
    if start >= end:
        raise Invalid("bad_period", "The end must come after the beginning.")


#: The timer that fires when somebody's standing changes; whoever owns the tasks handles it.
STANDING = "standing"


def watched(tx: Tx, person_id: int, what: str, row_id: int, start: datetime, end: datetime) -> int:
    """A delegation or an absence will be looked at when it begins and when it ends. Returns its row."""
    for place, moment in enumerate((start, end)):
        set_timer(tx, STANDING, f"{person_id}:{what}:{row_id}:{place}", moment)
    return row_id
