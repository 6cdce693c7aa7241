"""What an auditor may do: read everything, change nothing, and every reading is itself an entry (chain "auditors")."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import select

from approval_core.audit.canonical import moment
from approval_core.audit.chain import append
from approval_core.audit.models import entries
from approval_core.errors import Forbidden, Invalid
from approval_core.paging import Page, decode_cursor, encode_cursor
from approval_core.people.actor import Actor
from approval_core.people.models import persons, role_grants
from approval_core.people.queries.moments import holds
from approval_core.store import Tx

CHAIN = "auditors"
READ = "audit.read"
#: roles that may read everything; they give no other right
ROLES = ("auditor", "audit_admin")
MOST = 1000


def read_as_auditor(
    tx: Tx, *, actor: Actor, thing: str, now: datetime, data: dict[str, Any] | None = None
) -> int:
    """The check and the entry before a reading, in one transaction with it; the number of the entry.

    Forbidden("not_an_auditor"). `thing`: what is read, "request:17"; `data`: how it was asked for.
    """
    if actor.person_id is None or not is_auditor(tx, actor.person_id, now=now):
        raise Forbidden("not_an_auditor", "only an auditor reads this")
    return note_reading(tx, actor=actor.name, thing=thing, now=now, data=data)


def is_auditor(tx: Tx, person_id: int, *, now: datetime) -> bool:
    granted = (
        select(role_grants.c.id)
        .join(persons, persons.c.id == role_grants.c.person_id)
        .where(
            role_grants.c.person_id == person_id,
            role_grants.c.role.in_(ROLES),
            holds(role_grants, now),
            persons.c.state == "active",
        )
    )
    return tx.execute(granted.limit(1)).first() is not None


def note_reading(
    tx: Tx, *, actor: str, thing: str, now: datetime, verb: str = READ, data: dict[str, Any] | None = None
) -> int:
    """The entry alone: for the operator, who has the database anyway."""
    return append(tx, chain=CHAIN, actor=actor, verb=verb, thing=thing, data=data or {}, now=now)


def find_entries(
    tx: Tx,
    *,
    chain: str | None = None,
    person: str | None = None,
    verb: str | None = None,
    thing: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[dict[str, Any]]:
    """Entries in the order they were written, by chain, person (account), verb, thing and period (since ≤ at < until).

    Invalid("bad_cursor" | "bad_limit").
    """
    if not 1 <= limit <= MOST:
        raise Invalid("bad_limit", f"a page holds 1 to {MOST} entries")
    query = select(entries)
    for column, value in (("chain", chain), ("actor", person), ("verb", verb), ("thing", thing)):
        if value is not None:
            query = query.where(entries.c[column] == value)
    if since is not None:
        query = query.where(entries.c.at >= moment(since))
    if until is not None:
        query = query.where(entries.c.at < moment(until))
    if after is not None:
        (last,) = decode_cursor(after, int)
        query = query.where(entries.c.id > last)
    rows = tx.execute(query.order_by(entries.c.id).limit(limit + 1)).all()
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return Page([_shown(row) for row in rows[:limit]], more)


def _shown(row: Any) -> dict[str, Any]:
    names = ("id", "chain", "seq", "at", "actor", "verb", "thing", "hash", "leaf")
    return {name: getattr(row, name) for name in names} | {
        "data": None if row.data is None else json.loads(row.data)
    }
