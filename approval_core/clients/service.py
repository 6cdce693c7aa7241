"""The only writer of clients. A key is shown once and kept as a digest; neither keys nor secrets enter the audit."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from approval_core import audit
from approval_core.clients import rules
from approval_core.clients.models import client_keys, client_secrets, clients
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.people.actor import SYSTEM, Actor
from approval_core.store import Tx

CHAIN = "clients"


def add(
    tx: Tx,
    name: str,
    *,
    scopes: Iterable[str],
    callback_prefixes: Iterable[str] = (),
    actor: Actor = SYSTEM,
    now: datetime,
) -> str:
    """A new client; returns its key, which nothing can show again."""
    name, allowed = rules.client_name(name), rules.scopes(scopes)
    prefixes = list(dict.fromkeys(rules.callback_prefix(prefix) for prefix in callback_prefixes))
    row = {"name": name, "state": "on", "scopes": allowed, "callback_prefixes": prefixes, "created_at": now}
    try:
        with tx.nested():
            client_id = tx.execute(insert(clients).returning(clients.c.id), row).scalar_one()
    except IntegrityError as clash:
        raise Conflict("client_exists", f"There is a client {name}.", name=name) from clash
    key = _new_key(tx, client_id, now)
    _new_secret(tx, client_id, now)
    _note(tx, actor, "client.added", name, now, scopes=allowed, callback_prefixes=prefixes)
    return key


def rotate_key(tx: Tx, name: str, *, overlap: timedelta, actor: Actor = SYSTEM, now: datetime) -> str:
    """A new key; those in use until now work for `overlap` more."""
    client_id = _find(tx, name)
    end = _end_of(overlap, now)
    working = and_(client_keys.c.client_id == client_id, client_keys.c.revoked_at.is_(None))
    tx.execute(update(client_keys).where(working, _open_at(client_keys, end)).values(expires_at=end))
    key = _new_key(tx, client_id, now)
    _note(tx, actor, "client.key_rotated", name, now, old_until=end.isoformat())
    return key


def revoke(tx: Tx, name: str, *, actor: Actor = SYSTEM, now: datetime) -> int:
    """Every key of the client is dead at once; returns how many were alive. `rotate_key` opens the door again."""
    alive = and_(
        client_keys.c.client_id == _find(tx, name),
        client_keys.c.revoked_at.is_(None),
        _open_at(client_keys, now),
    )
    ended = tx.execute(update(client_keys).where(alive).values(revoked_at=now)).rowcount
    _note(tx, actor, "client.revoked", name, now, keys=ended)
    return int(ended)


def rotate_secret(tx: Tx, name: str, *, overlap: timedelta, actor: Actor = SYSTEM, now: datetime) -> str:
    """A new signing secret; callbacks carry signatures with the old one too until `overlap` is over."""
    client_id = _find(tx, name)
    end = _end_of(overlap, now)
    mine = client_secrets.c.client_id == client_id
    tx.execute(update(client_secrets).where(mine, _open_at(client_secrets, end)).values(expires_at=end))
    secret = _new_secret(tx, client_id, now)
    _note(tx, actor, "client.secret_rotated", name, now, old_until=end.isoformat())
    return secret


def pause(tx: Tx, name: str, *, actor: Actor = SYSTEM, now: datetime) -> None:
    _set_state(tx, name, "paused", actor, now)


def resume(tx: Tx, name: str, *, actor: Actor = SYSTEM, now: datetime) -> None:
    _set_state(tx, name, "on", actor, now)


def allow_callbacks(
    tx: Tx, name: str, callback_prefixes: Iterable[str], *, actor: Actor = SYSTEM, now: datetime
) -> None:
    """From now on the client's callback addresses must begin with one of these, and with no other."""
    prefixes = list(dict.fromkeys(rules.callback_prefix(prefix) for prefix in callback_prefixes))
    tx.execute(update(clients).where(clients.c.id == _find(tx, name)).values(callback_prefixes=prefixes))
    _note(tx, actor, "client.callbacks_allowed", name, now, prefixes=prefixes)


def _set_state(tx: Tx, name: str, state: str, actor: Actor, now: datetime) -> None:
    tx.execute(update(clients).where(clients.c.id == _find(tx, name)).values(state=state))
    _note(tx, actor, f"client.{state}", name, now)


def _find(tx: Tx, name: str) -> int:
    """The client, locked: two rotations come one after the other."""
    one = select(clients.c.id).where(clients.c.name == name).with_for_update(key_share=True)
    found = tx.execute(one).scalar()
    if found is None:
        raise NotFound("no_client", f"There is no client {name}.", name=name)
    return int(found)


def _end_of(overlap: timedelta, now: datetime) -> datetime:
    if overlap < timedelta(0):
        raise Invalid("bad_overlap", "An overlap cannot be negative.")
    return now + overlap


def _open_at(table: Table, moment: datetime) -> ColumnElement[bool]:
    return or_(table.c.expires_at.is_(None), table.c.expires_at > moment)


def _new_key(tx: Tx, client_id: int, now: datetime) -> str:
    key = "pk_" + secrets.token_urlsafe(32)
    tx.execute(insert(client_keys), {"client_id": client_id, "digest": rules.digest(key), "created_at": now})
    return key


def _new_secret(tx: Tx, client_id: int, now: datetime) -> str:
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    tx.execute(insert(client_secrets), {"client_id": client_id, "secret": secret, "created_at": now})
    return secret


def _note(tx: Tx, actor: Actor, verb: str, name: str, now: datetime, **data: object) -> None:
    audit.append(tx, chain=CHAIN, actor=actor.name, verb=verb, thing=f"client:{name}", data=data, now=now)
