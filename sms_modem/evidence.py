"""The SMS that a decision stands on is itself on record: one entry, as soon as it has come in whole.

The entry holds a digest, not the text: the text may go on time, and its entry's with it. Each SMS is a chain of its own
("sms_inbound:17"), so that no SMS waits for another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from approval_core import audit
from approval_core.audit import Problem
from approval_core.audit.canonical import canonical, moment
from approval_core.audit.models import entries
from approval_core.store import Tx
from sms_modem.models import inbound_sms

VERB = "sms.received"
PORTION = 500

#: what came in, and never changes once the message is whole
_FACTS = (
    "provider", "transport_kind", "provider_id", "sender", "sent_to", "text", "pdu", "alphanumeric", "smsc_time", "received_at",
)  # fmt: skip
_COLUMNS = tuple(inbound_sms.c[name] for name in ("id", "state", "total", *_FACTS))
_WHOLE = select(*_COLUMNS).where(inbound_sms.c.id == bindparam("sms_id"))
_FIRST = select(entries.c.thing).where(entries.c.verb == VERB).order_by(entries.c.id).limit(1)


def facts_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is digested, as it is shown to an auditor: columns by name, times as in the trail."""
    facts = {name: row[name] for name in _FACTS}
    for name in ("smsc_time", "received_at"):
        facts[name] = None if facts[name] is None else moment(facts[name])
    return facts | {"alphanumeric": bool(row["alphanumeric"])}


def digest_of(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(facts_of(row)).encode()).hexdigest()


def keep(tx: Tx, sms_id: int, row: Mapping[str, Any], *, now: datetime) -> None:
    """Put an SMS on record, in the transaction that made it whole."""
    audit.append(
        tx,
        chain=f"sms_inbound:{sms_id}",
        actor=row["provider"],
        verb=VERB,
        thing=f"sms_inbound:{sms_id}",
        data={"digest": digest_of(row)},
        now=now,
    )


def keep_whole(tx: Tx, sms_id: int, *, now: datetime) -> None:
    """The same for a message whose last part has come."""
    row = tx.run(_WHOLE, sms_id=sms_id).one()
    keep(tx, sms_id, {column.name: getattr(row, column.name) for column in _COLUMNS}, now=now)


def inbound_problems(tx: Tx) -> Iterator[Problem]:
    """Every SMS that is not as it came in, that nobody recorded, and that was recorded and is gone.

    Messages from before the first entry of this kind have none and are passed over.
    """
    begun = tx.execute(_FIRST).scalar()
    first = None if begun is None else _number(begun)
    last = 0
    while rows := tx.execute(
        select(*_COLUMNS).where(inbound_sms.c.id > last).order_by(inbound_sms.c.id).limit(PORTION)
    ).all():
        told = entries_on(tx, [row.id for row in rows])
        for row in rows:
            if row.id in told:
                yield from _compare(row, told[row.id])
            elif first is not None and row.id > first and (row.total is None or row.text):
                # parts of which the last never came are no message
                what = "no entry of the trail tells of it"
                yield Problem("sms_inbound", f"id {row.id}", what, chain=f"sms_inbound:{row.id}")
        last = rows[-1].id
    yield from _gone(tx)


def entries_on(tx: Tx, numbers: list[int]) -> dict[int, Any]:
    """By number of the SMS, the entry that keeps it."""
    chains = [f"sms_inbound:{number}" for number in numbers]
    query = select(entries).where(entries.c.chain.in_(chains), entries.c.verb == VERB)
    return {_number(entry.thing): entry for entry in tx.execute(query)}


def _number(thing: str) -> int:
    """0 for a thing that is none; verification of the chains names it."""
    told = thing.removeprefix("sms_inbound:")
    return int(told) if told.isdecimal() and len(told) < 19 else 0


def _gone(tx: Tx) -> Iterator[Problem]:
    last = 0
    columns = (entries.c.id, entries.c.chain, entries.c.seq, entries.c.thing)
    query = select(*columns).where(entries.c.verb == VERB).order_by(entries.c.id).limit(PORTION)
    while found := tx.execute(query.where(entries.c.id > last)).all():
        told = {_number(entry.thing): entry for entry in found}
        known = set(tx.execute(select(inbound_sms.c.id).where(inbound_sms.c.id.in_(told))).scalars())
        for number in sorted(told.keys() - known - {0}):
            entry = told[number]
            yield Problem(
                "sms_inbound", f"id {number}", "recorded, and gone", chain=entry.chain, seq=entry.seq
            )
        last = found[-1].id


def _compare(row: Any, entry: Any) -> Iterator[Problem]:
    if entry.data is None:  # deleted on time, like the text
        return
    found, expected = digest_of(row._mapping), _told_digest(entry.data)
    if found != expected:
        yield Problem(
            "sms_inbound", f"id {row.id}", "it is not the SMS that came in", chain=entry.chain, seq=entry.seq,
            expected=expected, found=found,
        )  # fmt: skip


def _told_digest(data: str) -> str:
    try:
        return str(json.loads(data)["digest"])
    except (LookupError, TypeError, ValueError):
        return "no readable entry"
