"""Alarms: what nobody may overlook. Raised by anything, looked at by people, settled when its cause is gone.

One is live for each kind and thing. Raised again it only counts; the event `alarm.raised` tells of the first time.
Acknowledged means that somebody looks after it, settled that it is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from approval_core import audit, outbox
from approval_core.columns import table_of
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.notices.models import Alarm
from approval_core.paging import Page, decode_cursor, encode_cursor
from approval_core.people.actor import Actor
from approval_core.store import Row, Tx

alarms = table_of(Alarm)

LONGEST_NOTE = 2000

_LIVE = alarms.c.settled_at.is_(None)
_NEW = insert(alarms).values(
    kind=bindparam("of_kind"),
    thing=bindparam("of_thing"),
    request_id=bindparam("of_request"),
    facts=bindparam("now_known"),
    raised_at=bindparam("at"),
    last_at=bindparam("at"),
    times=1,
    note="",
)
_RAISE = _NEW.on_conflict_do_update(
    index_elements=[alarms.c.kind, alarms.c.thing],
    index_where=text("settled_at IS NULL"),
    set_={"last_at": _NEW.excluded.last_at, "facts": _NEW.excluded.facts, "times": alarms.c.times + 1},
).returning(alarms.c.id, alarms.c.times)
_SETTLE = (
    update(alarms)
    .where(alarms.c.kind == bindparam("of_kind"), alarms.c.thing == bindparam("of_thing"), _LIVE)
    .values(settled_at=bindparam("at"))
    .returning(alarms.c.id, alarms.c.times)
)
_ONE = select(alarms).where(alarms.c.id == bindparam("alarm_id"))
_TAKE = _ONE.with_for_update()
_ACKNOWLEDGE = (
    update(alarms)
    .where(alarms.c.id == bindparam("alarm_id"))
    .values(acknowledged_at=bindparam("at"), acknowledged_by=bindparam("who"), note=bindparam("words"))
)
_OF_REQUEST = (
    select(alarms).where(alarms.c.request_id == bindparam("of_request"), _LIVE).order_by(alarms.c.id)
)
_COUNTS = (
    select(alarms.c.kind, func.count().label("number"))
    .where(_LIVE)
    .group_by(alarms.c.kind)
    .order_by(alarms.c.kind)
)


@dataclass(frozen=True, slots=True)
class AlarmCard:
    """An alarm as it is shown. `facts` are for the reader's words; they name nobody who must not be named."""

    id: int
    kind: str
    thing: str
    request_id: int | None
    facts: dict[str, Any]
    raised_at: datetime
    last_at: datetime
    times: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str
    settled_at: datetime | None


def raise_alarm(
    tx: Tx,
    kind: str,
    thing: str,
    *,
    facts: dict[str, Any] | None = None,
    request_id: int | None = None,
    now: datetime,
) -> int:
    """The live alarm of that kind about that thing, a new one or the one that stands; its id."""
    row = tx.run(
        _RAISE, of_kind=kind, of_thing=thing, of_request=request_id, now_known=facts or {}, at=now
    ).one()
    if row.times == 1:
        _note(tx, row.id, "system", "alarm.raised", {"kind": kind, "thing": thing, "facts": facts or {}}, now)
        payload = {"alarm_id": row.id, "kind": kind, "thing": thing, "request_id": request_id}
        outbox.emit(tx, "alarm.raised", key=_chain(row.id), payload=payload, now=now)
    return int(row.id)


def settle_alarm(tx: Tx, kind: str, thing: str, *, now: datetime) -> bool:
    """Its cause is gone. False: none was live."""
    row = tx.run(_SETTLE, of_kind=kind, of_thing=thing, at=now).first()
    if row is None:
        return False
    _note(tx, row.id, "system", "alarm.settled", {"times": row.times}, now)
    return True


def acknowledge(tx: Tx, alarm_id: int, *, actor: Actor, note: str = "", now: datetime) -> None:
    """Somebody looks after it. NotFound("no_alarm"); Conflict("already_acknowledged" | "settled"); Invalid("bad_note")."""
    words = note.strip()
    if len(words) > LONGEST_NOTE:
        raise Invalid("bad_note", f"a note has at most {LONGEST_NOTE} characters")
    row = tx.run(_TAKE, alarm_id=alarm_id).first()
    if row is None:
        raise NotFound("no_alarm", f"there is no alarm {alarm_id}")
    if row.settled_at is not None:
        raise Conflict("settled", f"alarm {alarm_id} is over", at=row.settled_at)
    if row.acknowledged_at is not None:
        raise Conflict(
            "already_acknowledged",
            f"{row.acknowledged_by} looks after alarm {alarm_id} already",
            by=row.acknowledged_by,
            at=row.acknowledged_at,
        )
    tx.run(_ACKNOWLEDGE, alarm_id=alarm_id, at=now, who=actor.name, words=words)
    _note(tx, alarm_id, actor.name, "alarm.acknowledged", {"note": words}, now)


def alarm(tx: Tx, alarm_id: int) -> AlarmCard:
    row = tx.run(_ONE, alarm_id=alarm_id).first()
    if row is None:
        raise NotFound("no_alarm", f"there is no alarm {alarm_id}")
    return _card(row)


def open_alarms(
    tx: Tx, *, kind: str | None = None, unseen: bool = False, cursor: str | None = None, limit: int = 50
) -> Page[AlarmCard]:
    """Those not settled, the newest first. `unseen`: only those that nobody has acknowledged."""
    wanted = select(alarms).where(_LIVE)
    if kind is not None:
        wanted = wanted.where(alarms.c.kind == kind)
    if unseen:
        wanted = wanted.where(alarms.c.acknowledged_at.is_(None))
    if cursor is not None:
        (last,) = decode_cursor(cursor, int)
        wanted = wanted.where(alarms.c.id < last)
    rows: Sequence[Row] = tx.execute(wanted.order_by(alarms.c.id.desc()).limit(limit + 1)).all()  # type: ignore[assignment]  # columns as attributes either way
    cards = [_card(row) for row in rows[:limit]]
    return Page(cards, encode_cursor(cards[-1].id) if len(rows) > limit else None)


def alarms_of_request(tx: Tx, request_id: int) -> list[AlarmCard]:
    """What is open about this request, the oldest first."""
    return [_card(row) for row in tx.run(_OF_REQUEST, of_request=request_id)]


def open_counts(tx: Tx) -> dict[str, int]:
    """How many are open, by kind."""
    return {str(row.kind): int(row.number) for row in tx.run(_COUNTS)}


def _card(row: Row) -> AlarmCard:
    return AlarmCard(**{name: getattr(row, name) for name in AlarmCard.__slots__})


def _chain(alarm_id: int) -> str:
    return f"alarm:{alarm_id}"


def _note(tx: Tx, alarm_id: int, actor: str, verb: str, data: dict[str, Any], now: datetime) -> None:
    thing = _chain(alarm_id)
    audit.append(tx, chain=thing, actor=actor, verb=verb, thing=thing, data=data, now=now)
