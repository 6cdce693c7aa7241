"""The only writer of credentials, counted failures and sessions. Every change is an entry of the audit chain "accounts".

Nothing here hashes a password: the rim compares outside the store and hands over what it found.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from approval_core import audit
from approval_core.errors import Conflict, NotFound
from approval_core.people.accounts.models import credentials, failures, sessions
from approval_core.people.accounts.queries import Standing
from approval_core.people.accounts.rules import account_digest, digest, lock_for
from approval_core.people.accounts.settings import AccountSettings
from approval_core.people.actor import Actor
from approval_core.people.models import persons
from approval_core.store import Tx

CHAIN = "accounts"
FORGOTTEN_AFTER = timedelta(days=1)  # counted failures of an account that nobody tries any more


@dataclass(frozen=True, slots=True)
class Knock:
    """How somebody came to the door: what a new session keeps of it."""

    channel: str = "web"
    source: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    session_id: int
    person_id: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """`why`: wrong (also: nobody has this account) | locked | barred | changed (the password was, a moment ago)."""

    why: str
    locked_until: datetime | None = None


def record_sign_in(
    tx: Tx,
    seen: Standing,
    *,
    fits: bool,
    new_hash: str | None = None,
    token: str,
    knock: Knock,
    settings: AccountSettings,
    now: datetime,
) -> SignedIn | Refused:
    """Write down what the door found. A refusal is a value: it must be kept, and an exception would undo it.

    The lock is looked at here once more, so that a right guess among many made at the same moment is worth nothing.
    """
    counted = _counted(tx, seen.account, now)
    if counted.locked_until is not None and counted.locked_until > now:
        _note(tx, seen, "sign_in.refused", now, knock, why="locked")
        return Refused("locked", counted.locked_until)
    if not fits or seen.person_id is None:
        return _one_more_failure(tx, seen, counted, knock, settings, now)
    kept = _credential(tx, seen.person_id)
    if kept is None or kept.hash != seen.hash:
        _note(tx, seen, "sign_in.refused", now, knock, why="changed")
        return Refused("changed")
    if kept.barred_at is not None or kept.state != "active":
        _note(tx, seen, "sign_in.refused", now, knock, why="barred")
        return Refused("barred")
    tx.execute(delete(failures).where(failures.c.id == counted.id))
    if new_hash is not None:
        tx.execute(update(credentials).where(credentials.c.id == kept.id).values(hash=new_hash))
    expires_at = now + settings.longest
    session_id = int(
        tx.execute(
            insert(sessions).returning(sessions.c.id),
            {
                "token_hash": digest(token),
                "person_id": seen.person_id,
                "channel": knock.channel,
                "user_agent": knock.user_agent[:200],
                "source": knock.source[:64],
                "created_at": now,
                "seen_at": now,
                "expires_at": expires_at,
                "ended_why": "",
            },
        ).scalar_one()
    )
    _note(tx, seen, "signed_in", now, knock, session=session_id)
    return SignedIn(session_id, seen.person_id, expires_at)


def record_failure(
    tx: Tx, seen: Standing, *, knock: Knock, settings: AccountSettings, now: datetime
) -> Refused:
    """A wrong password given elsewhere than at the door counts as well."""
    counted = _counted(tx, seen.account, now)
    if counted.locked_until is not None and counted.locked_until > now:
        return Refused("locked", counted.locked_until)
    return _one_more_failure(tx, seen, counted, knock, settings, now)


def set_password(
    tx: Tx,
    person_id: int,
    *,
    new_hash: str,
    must_change: bool,
    actor: Actor,
    now: datetime,
) -> None:
    """By an administrator. Every session of the person ends, and a lock for failures is over."""
    who = _person(tx, person_id)
    values = {"hash": new_hash, "must_change": must_change, "changed_at": now}
    if _credential(tx, person_id) is None:
        tx.execute(insert(credentials), {"person_id": person_id, **values})
    else:
        tx.execute(update(credentials).where(credentials.c.person_id == person_id).values(**values))
    tx.execute(delete(failures).where(failures.c.account_digest == account_digest(who.account)))
    ended = end_sessions(tx, person_id, why="password_changed", now=now)
    facts = {"must_change": must_change, "sessions_ended": ended}
    _write_down(tx, actor.name, "password.set", who.account, now, facts)


def change_password(
    tx: Tx,
    person_id: int,
    *,
    seen_hash: str | None,
    new_hash: str,
    keep_session: int,
    actor: Actor,
    now: datetime,
) -> None:
    """By the person, who has shown the old one. His other sessions end. Conflict("changed") if it was changed meanwhile."""
    who = _person(tx, person_id)
    kept = _credential(tx, person_id)
    if kept is None or kept.hash != seen_hash:
        raise Conflict("changed", "the password was changed in the meantime")
    tx.execute(
        update(credentials)
        .where(credentials.c.id == kept.id)
        .values(hash=new_hash, must_change=False, changed_at=now)
    )
    tx.execute(delete(failures).where(failures.c.account_digest == account_digest(who.account)))
    ended = end_sessions(tx, person_id, why="password_changed", but=keep_session, now=now)
    _write_down(tx, actor.name, "password.changed", who.account, now, {"sessions_ended": ended})


def bar(tx: Tx, person_id: int, *, reason: str, actor: Actor, now: datetime) -> None:
    """An administrator locks the account until he unlocks it: nobody signs in, every session ends."""
    who, kept = _person(tx, person_id), _credential(tx, person_id)
    if kept is None:
        raise NotFound("no_password", f"{who.account} has no password yet", account=who.account)
    tx.execute(update(credentials).where(credentials.c.id == kept.id).values(barred_at=now))
    ended = end_sessions(tx, person_id, why="barred", now=now)
    _write_down(
        tx, actor.name, "account.locked", who.account, now, {"reason": reason, "sessions_ended": ended}
    )


def unbar(tx: Tx, person_id: int, *, actor: Actor, now: datetime) -> None:
    """Both kinds of lock end: the administrator's and that for wrong passwords."""
    who = _person(tx, person_id)
    tx.execute(update(credentials).where(credentials.c.person_id == person_id).values(barred_at=None))
    tx.execute(delete(failures).where(failures.c.account_digest == account_digest(who.account)))
    _write_down(tx, actor.name, "account.unlocked", who.account, now, {})


def sign_out(tx: Tx, session_id: int, *, why: str = "signed_out", actor: Actor, now: datetime) -> None:
    live = (sessions.c.id == session_id, sessions.c.ended_at.is_(None))
    ended = tx.execute(update(sessions).where(*live).values(ended_at=now, ended_why=why)).rowcount
    if ended:
        _write_down(tx, actor.name, "signed_out", actor.name, now, {"session": session_id, "why": why})


def end_sessions(tx: Tx, person_id: int, *, why: str, but: int | None = None, now: datetime) -> int:
    """How many ended. Written down by whoever asks for it."""
    live = sessions.c.person_id == person_id, sessions.c.ended_at.is_(None)
    ending = update(sessions).where(*live)
    if but is not None:
        ending = ending.where(sessions.c.id != but)
    return int(tx.execute(ending.values(ended_at=now, ended_why=why)).rowcount)


def seen_again(tx: Tx, session_id: int, *, now: datetime) -> None:
    live = sessions.c.id == session_id, sessions.c.ended_at.is_(None), sessions.c.seen_at < now
    tx.execute(update(sessions).where(*live).values(seen_at=now))


def _one_more_failure(
    tx: Tx, seen: Standing, counted: Row[Any], knock: Knock, settings: AccountSettings, now: datetime
) -> Refused:
    failed, locks, until = counted.failed + 1, counted.locks, None
    if failed >= settings.failures:
        until = now + lock_for(locks, timedelta(minutes=settings.lock_minutes))
        failed, locks = 0, locks + 1
    tx.execute(
        update(failures)
        .where(failures.c.id == counted.id)
        .values(failed=failed, locks=locks, locked_until=until, last_at=now)
    )
    if until is None:
        _note(tx, seen, "sign_in.failed", now, knock, in_a_row=failed)
        return Refused("wrong")
    _note(tx, seen, "sign_in.locked", now, knock, until=until.isoformat(), locks=locks)
    return Refused("locked", until)


def _counted(tx: Tx, account: str, now: datetime) -> Row[Any]:
    """The row of this account name, made when there is none, and held until the end of the work."""
    of_account = select(failures).where(failures.c.account_digest == account_digest(account))
    found = tx.execute(of_account.with_for_update()).first()
    if found is not None:
        return found
    over = failures.c.locked_until.is_(None) | (failures.c.locked_until <= now)
    tx.execute(delete(failures).where(failures.c.last_at < now - FORGOTTEN_AFTER, over))
    try:
        with tx.nested():
            first = {"account_digest": account_digest(account), "failed": 0, "locks": 0, "last_at": now}
            tx.execute(insert(failures), first)
    except IntegrityError:
        pass  # somebody else knocks under the same name at this moment
    return tx.execute(of_account.with_for_update()).one()


def _credential(tx: Tx, person_id: int) -> Row[Any] | None:
    found = select(credentials, persons.c.state).join(persons, persons.c.id == credentials.c.person_id)
    return tx.execute(
        found.where(credentials.c.person_id == bindparam("of_person")).with_for_update(of=credentials),
        {"of_person": person_id},
    ).first()


def _person(tx: Tx, person_id: int) -> Row[Any]:
    found = tx.execute(select(persons.c.account, persons.c.state).where(persons.c.id == person_id)).first()
    if found is None:
        raise NotFound("no_person", "There is no such person.", person_id=person_id)
    if found.state != "active":
        raise Conflict("has_left", f"{found.account} has left the office.", account=found.account)
    return found


def _note(tx: Tx, seen: Standing, verb: str, now: datetime, knock: Knock, **facts: Any) -> None:
    """Who signs in is the actor only once he has; a name that nobody has is not written down."""
    account = seen.account if seen.person_id is not None else "unknown"
    actor = account if verb == "signed_in" else "somebody"
    _write_down(
        tx, actor, verb, account, now, facts | {"channel": knock.channel, "source": knock.source[:64]}
    )


def _write_down(tx: Tx, actor: str, verb: str, account: str, now: datetime, facts: dict[str, Any]) -> None:
    audit.append(tx, chain=CHAIN, actor=actor, verb=verb, thing=f"account:{account}", data=facts, now=now)
