"""The queue to the modems: what is to be said, by when, and what the networks reported of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, update

from approval_core.store import Tx
from approval_core.working_time import after_quiet_hours
from sms_modem.models import outbound_sms
from sms_modem.settings import SmsSettings

#: Lower goes first: receipts before approvals before reminders before all the rest (C10).
PRIORITY = {"otp": 0, "receipt": 0, "approval": 1, "reminder": 2, "result": 3, "notice": 3, "bulk": 9}
#: These wait for the morning.
QUIET = frozenset({"reminder", "notice", "bulk"})

_INSERT = insert(outbound_sms).returning(outbound_sms.c.id)
_TAKE_BACK = (
    update(outbound_sms)
    .where(outbound_sms.c.prompt_id == bindparam("of_prompt"), outbound_sms.c.state == "queued")
    .where(outbound_sms.c.category != "receipt")
    .values(state="expired", error=bindparam("why"))
    .returning(outbound_sms.c.id, outbound_sms.c.notice_id)
)


@dataclass(frozen=True, slots=True)
class Wording:
    """One text ready to go: which template made it and in which class it travels."""

    template: str
    text: str
    category: str = "receipt"


def say(
    tx: Tx,
    phone: str,
    wording: Wording,
    *,
    settings: SmsSettings,
    prompt_id: int | None = None,
    decision_ids: Sequence[int] = (),
    inbound_id: int | None = None,
    notice_id: int | None = None,
    deadline: datetime | None = None,
    urgent: bool = False,
    now: datetime,
) -> int:
    """Queue one SMS in this transaction; the modem hears of it after the commit."""
    seconds = settings.receipt_deadline if wording.category == "receipt" else settings.notice_deadline
    due = now
    if wording.category in QUIET and not urgent:
        due = after_quiet_hours(now, settings.quiet_from, settings.quiet_to)
    columns: dict[str, Any] = {
        "state": "queued",
        "priority": PRIORITY[wording.category],
        "due_at": due,
        "deadline": deadline or due + timedelta(seconds=seconds),
        "attempts": 0,
        "max_attempts": 8,
        "lease_until": None,
        "leased_by": None,
        "error": None,
        "sent_at": None,
        "recipient": phone,
        "text": wording.text,
        "template": wording.template,
        "category": wording.category,
        "created_at": now,
        "prompt_id": prompt_id,
        "decision_ids": list(decision_ids),
        "inbound_id": inbound_id,
        "notice_id": notice_id,
        "modem": None,
        "delivered_at": None,
    }
    sms_id: int = tx.run(_INSERT, **columns).scalar()
    tx.signal("sms")
    return sms_id


def take_back(tx: Tx, prompt_id: int, *, why: str) -> list[int]:
    """A question that has lost its sense is not asked, if it still lies in the queue. Returns the notices behind it."""
    rows = tx.run(_TAKE_BACK, of_prompt=prompt_id, why=why).all()
    return [row.notice_id for row in rows if row.notice_id is not None]
