"""Where a phone stands: what it used up of our patience, and whether it wants to be left alone.

Taking the row is also the lock of a phone: replies of one phone and questions to it happen one after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from approval_core.store import Row, Tx
from sms_modem.models import standings

HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
#: How long a phone gets six digits after guessing (S1).
SIX_DIGITS_FOR = timedelta(hours=72)

_TAKE = select(standings).where(standings.c.phone == bindparam("number")).with_for_update()
_READ = select(standings).where(standings.c.phone == bindparam("number"))
_OPEN = insert(standings)
_KEEP = (
    update(standings)
    .where(standings.c.phone == bindparam("number"))
    .values(
        wrong_codes=bindparam("wrong"),
        clarified=bindparam("asked"),
        service_words=bindparam("served"),
        six_digits_until=bindparam("six"),
        off_until=bindparam("off"),
        stopped_at=bindparam("stopped"),
    )
)


@dataclass(frozen=True, slots=True)
class Stance:
    """The row as a value. Moments are epoch seconds."""

    phone: str
    wrong_codes: tuple[float, ...] = ()
    clarified: tuple[float, ...] = ()
    service_words: tuple[float, ...] = ()
    six_digits_until: datetime | None = None
    off_until: datetime | None = None
    stopped_at: datetime | None = None

    def at(self, now: datetime) -> Stance:
        """Without what is too old to count."""
        return replace(
            self,
            wrong_codes=_since(self.wrong_codes, now - DAY),
            clarified=_since(self.clarified, now - HOUR),
            service_words=_since(self.service_words, now - DAY),
        )

    def with_wrong_codes(self, count: int, now: datetime) -> Stance:
        return replace(self, wrong_codes=(*self.wrong_codes, *[now.timestamp()] * count))

    def with_clarifying(self, now: datetime) -> Stance:
        return replace(self, clarified=(*self.clarified, now.timestamp()))

    def with_service_word(self, now: datetime) -> Stance:
        return replace(self, service_words=(*self.service_words, now.timestamp()))

    def wants_six_digits(self, now: datetime) -> bool:
        return self.six_digits_until is not None and now < self.six_digits_until


def take(tx: Tx, phone: str, *, now: datetime) -> Stance:
    """The standing of this phone, its row locked until the end of the transaction; a new one where there is none."""
    row = tx.run(_TAKE, number=phone).first()
    if row is None:
        try:
            with tx.nested():
                tx.run(
                    _OPEN,
                    phone=phone,
                    wrong_codes=[],
                    clarified=[],
                    service_words=[],
                    six_digits_until=None,
                    off_until=None,
                    stopped_at=None,
                )
        except IntegrityError:  # another transaction opened it first
            pass
        row = tx.run(_TAKE, number=phone).one()
    return _stance(row).at(now)


def read(tx: Tx, phone: str, *, now: datetime) -> Stance:
    """The same without the lock."""
    row = tx.run(_READ, number=phone).first()
    return Stance(phone) if row is None else _stance(row).at(now)


def keep(tx: Tx, stance: Stance) -> None:
    tx.run(
        _KEEP,
        number=stance.phone,
        wrong=list(stance.wrong_codes),
        asked=list(stance.clarified),
        served=list(stance.service_words),
        six=stance.six_digits_until,
        off=stance.off_until,
        stopped=stance.stopped_at,
    )


def _stance(row: Row) -> Stance:
    return Stance(
        phone=row.phone,
        wrong_codes=tuple(row.wrong_codes),
        clarified=tuple(row.clarified),
        service_words=tuple(row.service_words),
        six_digits_until=row.six_digits_until,
        off_until=row.off_until,
        stopped_at=row.stopped_at,
    )


def _since(moments: Sequence[float], start: datetime) -> tuple[float, ...]:
    return tuple(moment for moment in moments if moment > start.timestamp())
