"""What a door asks: what stands for an account, and whose session a token is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, select

from approval_core.people.accounts.models import credentials, failures, sessions
from approval_core.people.accounts.rules import account_digest, digest, lives
from approval_core.people.models import persons, role_grants, secretaries
from approval_core.people.queries.moments import holds
from approval_core.store import Tx


@dataclass(frozen=True, slots=True)
class Standing:
    """What the door compares a password with. Of an account that nobody has, everything but the lock is empty."""

    account: str
    person_id: int | None
    name: str
    hash: str | None
    must_change: bool
    barred: bool
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that holds now, and the person as he stands now."""

    id: int
    person_id: int
    account: str
    name: str
    channel: str
    must_change: bool
    #: names of the roles granted to him, in any unit
    grants: frozenset[str]
    is_secretary: bool
    seen_at: datetime
    expires_at: datetime


_person: Select[Any] = (
    select(
        persons.c.id,
        persons.c.account,
        persons.c.name,
        credentials.c.hash,
        credentials.c.must_change,
        credentials.c.barred_at,
    )
    .select_from(persons.outerjoin(credentials, credentials.c.person_id == persons.c.id))
    .where(persons.c.state == "active")
)
_by_account = _person.where(persons.c.account == bindparam("of_account"))
_lock = select(failures.c.locked_until).where(failures.c.account_digest == bindparam("of_digest"))
_session = (
    select(
        sessions.c.id,
        sessions.c.person_id,
        sessions.c.channel,
        sessions.c.seen_at,
        sessions.c.expires_at,
        persons.c.account,
        persons.c.name,
        credentials.c.must_change,
    )
    .select_from(
        sessions.join(persons, persons.c.id == sessions.c.person_id).join(
            credentials, credentials.c.person_id == persons.c.id
        )
    )
    .where(sessions.c.token_hash == bindparam("of_token"), sessions.c.ended_at.is_(None))
    .where(persons.c.state == "active", credentials.c.barred_at.is_(None))
)
_grants = select(role_grants.c.role).where(
    role_grants.c.person_id == bindparam("of_person"), holds(role_grants)
)
_leaders = (
    select(secretaries.c.id)
    .where(secretaries.c.person_id == bindparam("of_person"), holds(secretaries))
    .limit(1)
)


def standing_of(tx: Tx, account: str, *, now: datetime) -> Standing:
    typed = account.strip().lower()
    row = tx.run(_by_account, of_account=typed).first()
    lock = tx.run(_lock, of_digest=account_digest(typed)).scalar()
    locked_until = lock if lock is not None and lock > now else None
    if row is None:
        return Standing(typed, None, "", None, False, False, locked_until)
    return Standing(
        row.account,
        row.id,
        row.name,
        row.hash,
        bool(row.must_change),
        row.barred_at is not None,
        locked_until,
    )


def session_of(tx: Tx, token: str, *, idle: timedelta, now: datetime) -> LiveSession | None:
    """None for every token that is not one of a session that holds: unknown, ended, idle too long, too old,
    its person gone or barred. Only its digest is looked up, so the time taken tells nothing of the token."""
    row = tx.run(_session, of_token=digest(token)).first()
    if row is None or not lives(seen_at=row.seen_at, expires_at=row.expires_at, idle=idle, now=now):
        return None
    return LiveSession(
        id=row.id,
        person_id=row.person_id,
        account=row.account,
        name=row.name,
        channel=row.channel,
        must_change=bool(row.must_change),
        grants=frozenset(one.role for one in tx.run(_grants, of_person=row.person_id, now=now)),
        is_secretary=tx.run(_leaders, of_person=row.person_id, now=now).first() is not None,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
    )
