"""What came in is on disk before anybody reads it: whole messages, parts, and what cannot be decoded.

The same SMS handed over twice is one row (C7). Parts wait for each other; an orphan never decides (C5).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, literal_column, select, update
from sqlalchemy.exc import DataError, IntegrityError

from approval_core.errors import Invalid
from approval_core.store import Tx
from sms_modem import evidence
from sms_modem.models import inbound_parts, inbound_sms, quarantine
from sms_modem.rules.numbers import SenderKind, e164, sender_kind
from sms_modem.settling import Ending, settle
from sms_modem.transports.base import Concat, Inbound, joined


@dataclass(frozen=True, slots=True)
class Receiver:
    """Through what it came: the transport's name, its class, and our number on it."""

    name: str
    kind: str  # own_sim | provider
    number: str = ""
    part_timeout: int = 120  # seconds
    demo_prefix: str = ""


_SAME = select(inbound_sms.c.id).where(inbound_sms.c.dedupe == bindparam("key"))
_SAME_ID = select(inbound_sms.c.id).where(
    inbound_sms.c.provider == bindparam("box"), inbound_sms.c.provider_id == bindparam("their_id")
)
_COPY = (
    update(inbound_sms).where(inbound_sms.c.id == bindparam("sms_id")).values(copies=inbound_sms.c.copies + 1)
)
_INSERT = insert(inbound_sms).returning(inbound_sms.c.id)
_INSERT_PART = insert(inbound_parts)
_SAME_PART = select(inbound_parts.c.id).where(inbound_parts.c.dedupe == bindparam("key"))
_GATHERING = (
    select(inbound_sms.c.id)
    .where(
        inbound_sms.c.state == "gathering",
        inbound_sms.c.sender == bindparam("from_number"),
        inbound_sms.c.reference == bindparam("ref"),
        inbound_sms.c.total == bindparam("parts"),
        inbound_sms.c.bits == bindparam("width"),
        inbound_sms.c.received_at > bindparam("after"),
    )
    .order_by(inbound_sms.c.id.desc())
    .with_for_update()
)
_PARTS = (
    select(inbound_parts.c.number, inbound_parts.c.text)
    .where(inbound_parts.c.inbound_id == bindparam("sms_id"))
    .order_by(inbound_parts.c.number)
)
_COMPLETE = (
    update(inbound_sms)
    .where(inbound_sms.c.id == bindparam("sms_id"), inbound_sms.c.state == "gathering")
    .values(state="received", text=bindparam("whole"), dedupe=bindparam("key"))
)
_QUARANTINE = insert(quarantine)
# in the words of the partial index, so that sweeping never walks over what is settled
_UNSETTLED = inbound_sms.c.state != literal_column("'settled'")
_OVERDUE = select(inbound_sms.c.id).where(
    _UNSETTLED, inbound_sms.c.state == "gathering", inbound_sms.c.received_at <= bindparam("before")
)
_UNANSWERED = (
    select(inbound_sms.c.id)
    .where(_UNSETTLED, inbound_sms.c.state == "received", inbound_sms.c.received_at <= bindparam("before"))
    .order_by(inbound_sms.c.received_at, inbound_sms.c.id)
    .limit(200)
)


def record(
    tx: Tx, inbound: Inbound, *, transport: Receiver, provider_id: str | None = None, now: datetime
) -> int | None:
    """Keep one SMS or one part. Returns the id of a message that is whole and waits for its answer, else None."""
    sender = _sender(inbound, transport)
    if inbound.text is None:
        _keep_undecodable(tx, inbound, sender, transport, now)
        return None
    if inbound.concat is not None and inbound.concat.total > 1:
        return _keep_part(tx, inbound, inbound.concat, sender, transport, now)
    whole = readable(joined([inbound.text]))
    key = (
        _key(sender, transport.number, inbound, whole)
        if provider_id is None
        else _digest(transport.name, provider_id)
    )
    return _insert_once(
        tx, inbound, sender=sender, transport=transport, provider_id=provider_id, text=whole, key=key, now=now
    )


def record_all(tx: Tx, inbounds: list[Inbound], *, transport: Receiver, now: datetime) -> list[int]:
    """A group in one transaction, in the order of the list: what lay on a SIM, say.

    One that no column takes is put into quarantine, so that the others go on and the SIM is emptied.
    """
    found: list[int] = []
    for inbound in inbounds:
        try:
            with tx.nested():
                sms_id = record(tx, inbound, transport=transport, now=now)
        except (DataError, IntegrityError, ValueError, OverflowError) as spoilt:
            why = f"cannot be kept: {type(spoilt).__name__}"
            bare = replace(inbound, sender="", text=None, concat=None, smsc_time=None, undecodable=why)
            sms_id = record(tx, bare, transport=transport, now=now)
        if sms_id is not None:
            found.append(sms_id)
    return found


def give_up_parts(tx: Tx, *, timeout: int, now: datetime) -> int:
    """Messages whose parts did not all come in time end as PART_LOST. Returns how many."""
    lost = [row.id for row in tx.run(_OVERDUE, before=now - timedelta(seconds=timeout)).all()]
    for sms_id in lost:
        have = [row.number for row in tx.run(_PARTS, sms_id=sms_id).all()]
        settle(tx, sms_id, [Ending("PART_LOST", f"only parts {','.join(map(str, have))} came")], now=now)
    return len(lost)


def unanswered(tx: Tx, *, age: int, now: datetime) -> list[int]:
    """Whole messages without an outcome, older than `age` seconds: left over by a stop or a fault."""
    return [row.id for row in tx.run(_UNANSWERED, before=now - timedelta(seconds=age)).all()]


def readable(text: str) -> str:
    """As the database takes it: NUL is a separator in the grammar, and so is what stands in for it."""
    return text.replace("\x00", "\ufffd")


def _sender(inbound: Inbound, transport: Receiver) -> str:
    """A number as E.164 where it is one; anything else as it came, cut to the column, and nobody's."""
    raw = readable(inbound.sender).strip()[:40]
    if inbound.alphanumeric or sender_kind(raw) is not SenderKind.NUMBER:
        return raw
    try:
        return e164(raw, demo_prefix=transport.demo_prefix or None)
    except Invalid:
        return raw


def _digest(*values: str) -> str:
    return hashlib.sha256("\x1f".join(values).encode("utf-8", "replace")).hexdigest()


def _key(sender: str, number: str, inbound: Inbound, text: str) -> str:
    if inbound.smsc_time is None:
        return _digest("pdu", sender, number, inbound.pdu)
    return _digest("sms", sender, number, inbound.smsc_time.isoformat(), text)


def _columns(inbound: Inbound, sender: str, transport: Receiver, now: datetime) -> dict[str, Any]:
    return {
        "provider": transport.name,
        "transport_kind": transport.kind,
        "provider_id": None,
        "sender": sender,
        "sent_to": transport.number,
        "text": "",
        "pdu": readable(inbound.pdu),
        "alphanumeric": inbound.alphanumeric,
        "smsc_time": inbound.smsc_time,
        "received_at": now,
        "copies": 1,
        "state": "received",
        "reference": None,
        "total": None,
        "bits": None,
        "faults": 0,
        "fault": None,
        "person_id": None,
        "verdict": None,
        "settled_at": None,
        "answered_by": None,
    }


def _insert_once(
    tx: Tx,
    inbound: Inbound,
    *,
    sender: str,
    transport: Receiver,
    provider_id: str | None,
    text: str,
    key: str,
    now: datetime,
) -> int | None:
    seen = tx.run(_SAME, key=key).scalar()
    if seen is None and provider_id is not None:
        seen = tx.run(_SAME_ID, box=transport.name, their_id=provider_id).scalar()
    if seen is None:
        columns = _columns(inbound, sender, transport, now)
        columns.update(provider_id=provider_id, text=text, dedupe=key)
        try:
            with tx.nested():
                sms_id: int = tx.run(_INSERT, **columns).scalar()
        except IntegrityError:  # another process was handed the same SMS at the same moment
            seen = tx.run(_SAME, key=key).scalar()
        else:
            evidence.keep(tx, sms_id, columns, now=now)
            return sms_id
    tx.run(_COPY, sms_id=seen)
    return None


def _keep_undecodable(tx: Tx, inbound: Inbound, sender: str, transport: Receiver, now: datetime) -> None:
    key = _digest("undecodable", transport.name, inbound.pdu)
    sms_id = _insert_once(
        tx, inbound, sender=sender, transport=transport, provider_id=None, text="", key=key, now=now
    )
    if sms_id is None:
        return
    why = readable(inbound.undecodable or "unknown")
    tx.run(
        _QUARANTINE,
        inbound_id=sms_id,
        provider=transport.name,
        pdu=readable(inbound.pdu),
        reason=why,
        received_at=now,
    )
    settle(tx, sms_id, [Ending("UNDECODABLE", why)], now=now)


def _keep_part(
    tx: Tx, inbound: Inbound, concat: Concat, sender: str, transport: Receiver, now: datetime
) -> int | None:
    key = _digest("part", transport.name, inbound.pdu or repr(inbound))
    if tx.run(_SAME_PART, key=key).scalar() is not None:
        return None
    text = readable(inbound.text or "")
    sms_id = _gathering(tx, concat, sender, transport, now)
    if sms_id is not None:
        known = {part.number: part.text for part in tx.run(_PARTS, sms_id=sms_id).all()}
        if known.get(concat.number) == text:  # repeated by the network under another time stamp
            return None
        if concat.number in known:  # another message under the same reference: never mix the two
            settle(tx, sms_id, [Ending("PART_LOST", "another message took its reference")], now=now)
            sms_id = None
    if sms_id is None:
        columns = _columns(inbound, sender, transport, now)
        columns.update(state="gathering", dedupe=_digest("gathering", key))
        columns.update(reference=concat.reference, total=concat.total, bits=concat.bits)
        sms_id = int(tx.run(_INSERT, **columns).scalar())
    tx.run(
        _INSERT_PART,
        inbound_id=sms_id,
        number=concat.number,
        text=text,
        pdu=readable(inbound.pdu),
        dedupe=key,
        received_at=now,
    )
    return _complete(tx, sms_id, concat.total, sender, transport, now)


def _gathering(tx: Tx, concat: Concat, sender: str, transport: Receiver, now: datetime) -> int | None:
    found: int | None = tx.run(
        _GATHERING,
        from_number=sender,
        ref=concat.reference,
        parts=concat.total,
        width=concat.bits,
        after=now - timedelta(seconds=transport.part_timeout),
    ).scalar()
    return found


def _complete(tx: Tx, sms_id: int, total: int, sender: str, transport: Receiver, now: datetime) -> int | None:
    """With the last part there, the whole text is one SMS like any other."""
    parts = tx.run(_PARTS, sms_id=sms_id).all()
    if [part.number for part in parts] != list(range(1, total + 1)):
        return None
    whole = readable(joined([part.text for part in parts]))
    tx.run(
        _COMPLETE,
        sms_id=sms_id,
        whole=whole,
        key=_digest("parts", str(sms_id), sender, transport.number, whole),
    )
    evidence.keep_whole(tx, sms_id, now=now)
    return sms_id
