"""Writes entries: each chain is a list in which every entry carries the hash of the one before.

A chain per matter ("request:17"), not one for the house: one chain would make every decision wait for every other.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, null, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from approval_core.audit.canonical import GENESIS, canonical, data_digest, entry_hash, moment
from approval_core.audit.models import entries, heads
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.store import Tx

#: the verb of the entry that says a text was taken away
TEXT_DELETED = "audit.text_deleted"

_HEAD = select(heads.c.seq, heads.c.hash).where(heads.c.chain == bindparam("chain")).with_for_update()
_BEGIN = (
    insert(heads)
    .values(chain=bindparam("chain"), seq=bindparam("seq"), hash=bindparam("hash"))
    .on_conflict_do_nothing(index_elements=[heads.c.chain])
)
_ADVANCE = (
    update(heads)
    .where(heads.c.chain == bindparam("of_chain"))
    .values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))
)
_WRITE = (
    insert(entries)
    .values(
        chain=bindparam("chain"),
        seq=bindparam("seq"),
        prev_hash=bindparam("prev_hash"),
        hash=bindparam("hash"),
        actor=bindparam("actor"),
        verb=bindparam("verb"),
        thing=bindparam("thing"),
        at=bindparam("at"),
        digest=bindparam("digest"),
        salt=bindparam("salt"),
        data=bindparam("data"),
    )
    .returning(entries.c.id)
)
_FIND = (
    select(entries.c.chain, entries.c.seq, entries.c.verb, entries.c.data)
    .where(entries.c.id == bindparam("entry"))
    .with_for_update()
)
_TAKE_AWAY = update(entries).where(entries.c.id == bindparam("entry")).values(data=null(), salt=null())


def append(
    tx: Tx, *, chain: str, actor: str, verb: str, thing: str, data: dict[str, Any], now: datetime
) -> int:
    """The next entry of a chain, in the transaction of what it tells; its number.

    Appends to one chain wait for each other until the commit: lock the matter first, write its proof last.
    """
    at = moment(now)
    text = canonical(data)
    salt = os.urandom(16).hex()
    digest = data_digest(salt, text)
    while True:
        head = tx.run(_HEAD, chain=chain).first()
        seq, prev = (head.seq + 1, head.hash) if head is not None else (1, GENESIS)
        link = entry_hash(
            chain=chain, seq=seq, prev=prev, actor=actor, verb=verb, thing=thing, at=at, digest=digest
        )
        if head is not None:
            tx.run(_ADVANCE, of_chain=chain, new_seq=seq, new_hash=link)
            break
        if tx.run(_BEGIN, chain=chain, seq=seq, hash=link).rowcount == 1:
            break
        # somebody else began this chain in between: build on theirs
    number: int = tx.run(
        _WRITE,
        chain=chain,
        seq=seq,
        prev_hash=prev,
        hash=link,
        actor=actor,
        verb=verb,
        thing=thing,
        at=at,
        digest=digest,
        salt=salt,
        data=text,
    ).scalar()
    return number


def redact(tx: Tx, entry_id: int, *, actor: str, reason: str, now: datetime) -> int:
    """Take an entry's text away for good; the chain still verifies. The number of the entry that says so.

    NotFound("no_entry"), Conflict("already_deleted"), Invalid("not_deletable") for the record of a deletion.
    """
    entry = tx.run(_FIND, entry=entry_id).first()
    if entry is None:
        raise NotFound("no_entry", f"there is no audit entry {entry_id}")
    if entry.verb == TEXT_DELETED:
        raise Invalid("not_deletable", "the record of a deletion stays")
    if entry.data is None:
        raise Conflict("already_deleted", f"the text of entry {entry_id} is deleted already")
    tx.run(_TAKE_AWAY, entry=entry_id)
    return append(
        tx,
        chain=entry.chain,
        actor=actor,
        verb=TEXT_DELETED,
        thing=f"entry:{entry.seq}",
        data={"reason": reason},
        now=now,
    )
