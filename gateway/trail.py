"""What an operator may look at: a matter with its trail, what waits to go out, the proof. Reads only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from approval_core import audit
from approval_core.approvals.models import Decision, Request
from approval_core.approvals.proof import record_problems
from approval_core.audit.canonical import key_id
from approval_core.audit.models import entries
from approval_core.clock import OFFICE_ZONE
from approval_core.columns import table_of
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.store import Tx
from gateway.intake.models import OutboundCallback
from gateway.intake.queries import approval_by_id
from gateway.settings import DEMO_SECRET, Settings, known_secret
from gateway.wiring import QUEUES
from gateway.worker import checkpoint_key, sm2_key
from sms_modem.evidence import inbound_problems
from sms_modem.explain import as_text, why
from sms_modem.models import OutboundSms
from sms_modem.rules.numbers import e164

requests, decisions = table_of(Request), table_of(Decision)

GIVEN_UP = ("dead", "failed", "unknown", "expired")
#: queue → its address and its subject, as columns of the table
SHOWN = {
    "sms": (table_of(OutboundSms).c.recipient, table_of(OutboundSms).c.template),
    "callbacks": (table_of(OutboundCallback).c.url, table_of(OutboundCallback).c.message_id),
}


def matter(tx: Tx, ref: str, source: str | None) -> dict[str, Any]:
    """One approval with its trail. NotFound("no_approval"), Conflict("which_source")."""
    found = find(tx, ref, source)
    view = approval_by_id(tx, found.id).model_dump(mode="json")
    return {"source": found.source, **view, "trail": trail(tx, found.id)}


def find(tx: Tx, ref: str, source: str | None) -> Any:
    """`id` and `source`, by the asking system's number, else by ours. NotFound("no_approval"), Conflict("which_source")."""
    query = select(requests.c.id, requests.c.source).where(requests.c.source_ref == ref)
    if source is not None:
        query = query.where(requests.c.source == source)
    found: Sequence[Any] = tx.execute(query).all()
    if not found and ref.isascii() and ref.isdigit() and len(ref) < 19:
        found = tx.execute(select(requests.c.id, requests.c.source).where(requests.c.id == int(ref))).all()
    if not found:
        raise NotFound("no_approval", f"there is no approval {ref}")
    if len(found) > 1:
        names = ", ".join(sorted(row.source for row in found))
        raise Conflict("which_source", f"{names} use {ref}: give --source")
    return found[0]


def trail(tx: Tx, request_id: int) -> list[dict[str, Any]]:
    """The entries of its chain, in their order."""
    query = select(entries).where(entries.c.chain == f"request:{request_id}").order_by(entries.c.seq)
    return [
        {
            "seq": row.seq,
            "at": row.at,
            "actor": row.actor,
            "verb": row.verb,
            "thing": row.thing,
            "data": None if row.data is None else json.loads(row.data),
            "hash": row.hash,
        }
        for row in tx.execute(query)
    ]


def latest(tx: Tx, state: str | None, limit: int) -> list[dict[str, Any]]:
    columns = ("id", "source", "state", "title", "applicant", "revision", "submitted_at", "changed_at")
    query = select(requests.c.source_ref.label("ref"), *(requests.c[name] for name in columns))
    if state is not None:
        query = query.where(requests.c.state == state)
    return [dict(row._mapping) for row in tx.execute(query.order_by(requests.c.id.desc()).limit(limit))]


def outgoing(tx: Tx, queue: str, dead: bool, limit: int) -> list[dict[str, Any]]:
    """What is not sent; with `dead` only what needs an operator."""
    table = table_of(QUEUES[queue])
    to, subject = SHOWN[queue]
    columns = ("id", "state", "attempts", "max_attempts", "due_at", "deadline", "error", "created_at")
    query = select(*(table.c[name] for name in columns), to.label("to"), subject.label("subject"))
    wanted = table.c.state.in_(GIVEN_UP) if dead else table.c.state.not_in(["sent", "delivered"])
    return [
        dict(row._mapping) for row in tx.execute(query.where(wanted).order_by(table.c.id.desc()).limit(limit))
    ]


def proof(tx: Tx, settings: Settings, witnessed: Mapping[int, str] | None = None) -> audit.VerifyReport:
    """The whole proof, and what the office holds against it. Signatures are checked where the key is known."""
    key = signing_key(tx, settings)
    keys = [] if key is None else [key.public_key()]
    second = sm2_key(settings.sm2_key_file)
    sm2 = [] if second is None else [second.public]
    return audit.verify(tx, public_key=keys, sm2=sm2, witnessed=witnessed, facts=office_problems)


def office_problems(tx: Tx) -> Iterator[audit.Problem]:
    """Every row of the office that is not what the trail says."""
    yield from record_problems(tx)
    yield from inbound_problems(tx)


def signing_key(tx: Tx, settings: Settings) -> Ed25519PrivateKey | None:
    """The key that signs this office's checkpoints, where it is known here."""
    own = known_secret(settings)
    if own is not None:
        return checkpoint_key(own)
    last, demo = audit.last_checkpoint(tx), checkpoint_key(DEMO_SECRET)
    return demo if last is not None and last.key_id == key_id(demo.public_key().public_bytes_raw()) else None


def entry_of_decision(tx: Tx, decision_id: int) -> int:
    """The entry that told of a decision when it was taken. NotFound("no_decision")."""
    request = select(decisions.c.request_id).where(decisions.c.id == decision_id)
    number = tx.execute(request).scalar()
    told = select(entries.c.id).where(
        entries.c.chain == f"request:{number}",
        entries.c.verb == "decided",
        entries.c.thing == f"decision:{decision_id}",
    )
    found = tx.execute(told).scalar()
    if found is None:
        raise NotFound("no_decision", f"the trail tells of no decision {decision_id}")
    return int(found)


def explanation(
    tx: Tx, phone: str, time: str | None, settings: Settings, now: datetime
) -> tuple[dict[str, Any], list[str]]:
    """What became of a phone's SMS: facts, and the same in sentences."""
    number = e164(phone, demo_prefix=settings.sms_rules.demo_prefix)
    at = None if time is None else moment(time, now)
    found = why(tx, number, at, signature=settings.sms.signature)
    return found.as_json(), as_text(found).splitlines()


def nothing_to_explain(nothing: NotFound) -> dict[str, Any]:
    """The object of `explanation` for a phone that never wrote: a script asks for `inbound_id` and gets null."""
    return {
        "inbound_id": None,
        "phone": nothing.data["phone"],
        "ends": [],
        "chinese": "没有收到过该号码的短信",
        "english": nothing.message,
    }


def moment(text: str, now: datetime) -> datetime:
    """`2026-05-06T09:30`, with a zone or in the office's; or `09:30` of today."""
    today = now.astimezone(OFFICE_ZONE)
    full = f"{today:%Y-%m-%d}T{text}" if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text) else text
    try:
        found = datetime.fromisoformat(re.sub(r"T(\d):", r"T0\1:", full))
    except ValueError:
        raise Invalid("bad_time", f"{text!r} is no time; write 2026-05-06T09:30 or 09:30") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=OFFICE_ZONE)
