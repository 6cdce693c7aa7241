"""The one place where an inbound SMS gets its outcome: exactly one, or one for each code in it (C6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, update

from approval_core.errors import Conflict
from approval_core.store import Tx
from sms_modem.models import inbound_outcomes, inbound_sms


@dataclass(frozen=True, slots=True)
class Ending:
    """What one SMS, or one code in it, came to, and why."""

    outcome: str
    reason: str
    code: str | None = None
    prompt_id: int | None = None
    decision_id: int | None = None


_CLOSE = (
    update(inbound_sms)
    .where(inbound_sms.c.id == bindparam("sms_id"), inbound_sms.c.state != "settled")
    .values(
        state="settled",
        settled_at=bindparam("at"),
        answered_by=bindparam("answer"),
        person_id=bindparam("person"),
        verdict=bindparam("reading"),
    )
)
_INSERT = insert(inbound_outcomes)


def settle(
    tx: Tx,
    sms_id: int,
    endings: Sequence[Ending],
    *,
    answered_by: int | None = None,
    person_id: int | None = None,
    verdict: str | None = None,
    now: datetime,
) -> None:
    """Conflict("already_settled") when the SMS has its outcome: whatever was done beside it rolls back."""
    closed = tx.run(
        _CLOSE, sms_id=sms_id, at=now, answer=answered_by, person=person_id, reading=verdict
    ).rowcount
    if closed != 1:
        raise Conflict("already_settled", f"inbound SMS {sms_id} has its outcome already", inbound_id=sms_id)
    for position, ending in enumerate(endings):
        tx.run(
            _INSERT,
            inbound_id=sms_id,
            position=position,
            outcome=ending.outcome,
            reason=ending.reason[:64],
            code=ending.code,
            prompt_id=ending.prompt_id,
            decision_id=ending.decision_id,
            at=now,
        )
