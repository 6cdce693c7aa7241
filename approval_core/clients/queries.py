"""Who is calling, and with what are his callbacks signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select

from approval_core.clients.models import client_keys, client_secrets, clients
from approval_core.clients.rules import digest
from approval_core.columns import UtcDateTime
from approval_core.errors import Forbidden, NotFound
from approval_core.store import Tx


@dataclass(frozen=True, slots=True)
class ClientCard:
    id: int
    name: str
    scopes: tuple[str, ...]
    callback_prefixes: tuple[str, ...]
    state: str = "on"


_NOW = bindparam("now", type_=UtcDateTime)
_card = select(clients.c.id, clients.c.name, clients.c.scopes, clients.c.callback_prefixes, clients.c.state)
_by_digest = (
    _card.join(client_keys, client_keys.c.client_id == clients.c.id)
    .where(client_keys.c.digest == bindparam("digest"), clients.c.state == "on")
    .where(client_keys.c.revoked_at.is_(None))
    .where(or_(client_keys.c.expires_at.is_(None), client_keys.c.expires_at > _NOW))
)
_by_id = _card.where(clients.c.id == bindparam("client_id"))


def authenticate(tx: Tx, key: str, *, now: datetime) -> ClientCard:
    """The client of a live key. One answer, `Forbidden("bad_key")`, for every key that is not:
    unknown, expired, revoked, paused. Only its digest is looked up, so the time taken tells nothing of the key."""
    row = tx.run(_by_digest, digest=digest(key), now=now).first()
    if row is None:
        raise Forbidden("bad_key", "The key is not valid.")
    return _as_card(row)


def has(card: ClientCard, scope: str) -> bool:
    return scope in card.scopes


def client_by_id(tx: Tx, client_id: int) -> ClientCard:
    row = tx.run(_by_id, client_id=client_id).first()
    if row is None:
        raise NotFound("no_client", "There is no such client.", client_id=client_id)
    return _as_card(row)


def client_by_name(tx: Tx, name: str) -> ClientCard:
    row = tx.execute(_card.where(clients.c.name == name)).first()
    if row is None:
        raise NotFound("no_client", f"There is no client {name}.", name=name)
    return _as_card(row)


def all_clients(tx: Tx) -> list[ClientCard]:
    return [_as_card(row) for row in tx.execute(_card.order_by(clients.c.name))]


def live_secrets(tx: Tx, client_name: str, now: datetime) -> list[str]:
    """The secrets a callback is signed with, the newest first."""
    card = client_by_name(tx, client_name)
    rows = tx.execute(
        select(client_secrets.c.secret)
        .where(client_secrets.c.client_id == card.id)
        .where(or_(client_secrets.c.expires_at.is_(None), client_secrets.c.expires_at > now))
        .order_by(client_secrets.c.id.desc())
    )
    return list(rows.scalars())


def secret(tx: Tx, name: str) -> str:
    """The current signing secret."""
    card = client_by_name(tx, name)
    newest = select(client_secrets.c.secret).where(client_secrets.c.client_id == card.id)
    return str(tx.execute(newest.order_by(client_secrets.c.id.desc()).limit(1)).scalar_one())


def _as_card(row: Any) -> ClientCard:
    return ClientCard(row.id, row.name, tuple(row.scopes), tuple(row.callback_prefixes), row.state)
