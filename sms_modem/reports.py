"""Status reports: which part of which SMS, delivered or not, also after a restart; and what they tell of clocks."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select, update

from approval_core import outbound
from approval_core.notices import service as notices
from approval_core.store import Row, Tx
from sms_modem import undelivered
from sms_modem.handover import SENT_AGAIN, arrived_after_all
from sms_modem.models import outbound_parts, outbound_sms, prompts
from sms_modem.rules.composing import parts_needed
from sms_modem.transports.base import StatusReport

#: A reference comes round after 256 messages; older parts are not meant.
REPORTS_COME_WITHIN = timedelta(days=4)
#: Reports from which the offset of a service centre's clock is learnt.
CLOCK_SAMPLES = 20

_OPEN_PARTS = (
    select(outbound_parts)
    .where(
        outbound_parts.c.modem == bindparam("by_modem"),
        outbound_parts.c.recipient == bindparam("number"),
        outbound_parts.c.sent_at > bindparam("since"),
        or_(outbound_parts.c.state == "sent", outbound_parts.c.state == "unknown"),
    )
    .order_by(outbound_parts.c.id.desc())
)
_REPORTED = select(outbound_parts.c.discharged_at).where(
    outbound_parts.c.modem == bindparam("by_modem"),
    outbound_parts.c.reference == bindparam("ref"),
    outbound_parts.c.recipient == bindparam("number"),
    outbound_parts.c.reported_at.is_not(None),
)
_UNKNOWN_SMS = (
    select(outbound_sms)
    .where(
        outbound_sms.c.recipient == bindparam("number"),
        outbound_sms.c.state == "unknown",
        outbound_sms.c.created_at > bindparam("since"),
    )
    .order_by(outbound_sms.c.id.desc())
    .limit(1)
)
_SMS = select(outbound_sms).where(outbound_sms.c.id == bindparam("sms_id")).with_for_update()
_PART_REPORTED = (
    update(outbound_parts)
    .where(outbound_parts.c.id == bindparam("part_id"))
    .values(state=bindparam("new_state"), reported_at=bindparam("ours"), discharged_at=bindparam("theirs"))
)
_PART_STATES = select(outbound_parts.c.state).where(outbound_parts.c.sms_id == bindparam("sms_id"))
_SETTLE = (
    update(outbound_sms)
    .where(outbound_sms.c.id == bindparam("sms_id"), outbound_sms.c.state == bindparam("old_state"))
    .values(
        state=bindparam("new_state"),
        delivered_at=bindparam("at"),
        sent_at=bindparam("sent"),
        error=bindparam("why"),
        lease_until=None,
    )
)
_PROMPT_DELIVERED = (
    update(prompts)
    .where(prompts.c.id == bindparam("prompt_id"), prompts.c.delivered_at.is_(None))
    .values(delivered_at=bindparam("at"))
)
_CLOCKS = (
    select(outbound_parts.c.sent_at, outbound_parts.c.reported_at, outbound_parts.c.discharged_at)
    .where(
        outbound_parts.c.modem == bindparam("by_modem"),
        outbound_parts.c.discharged_at.is_not(None),
        outbound_parts.c.state == "delivered",
    )
    .order_by(outbound_parts.c.id.desc())
    .limit(CLOCK_SAMPLES)
)


def report(tx: Tx, status: StatusReport, *, modem: str, now: datetime) -> int | None:
    """Believe one status report. Returns the id of the SMS it belongs to; None when it tells nothing new."""
    if status.state == "pending" or _known(tx, status, modem):
        return None
    part = _part_meant(tx, status, modem, now)
    sms: Row | None
    if part is not None:
        tx.run(_PART_REPORTED, part_id=part.id, new_state=status.state, ours=now, theirs=status.at)
        sms = tx.run(_SMS, sms_id=part.sms_id).one()
    else:
        sms = tx.run(_UNKNOWN_SMS, number=status.recipient, since=now - REPORTS_COME_WITHIN).first()
    if sms is None or sms.state not in ("sent", "unknown"):
        return None
    _settle(tx, sms, status, now)
    tx.signal(outbound.SEEN)
    return int(sms.id)


def _known(tx: Tx, status: StatusReport, modem: str) -> bool:
    """The same report again, as after a stop between its commit and its deletion: it tells of no other SMS."""
    told = tx.run(_REPORTED, by_modem=modem, ref=status.reference, number=status.recipient)
    return any(row.discharged_at == status.at for row in told)


def _part_meant(tx: Tx, status: StatusReport, modem: str, now: datetime) -> Row | None:
    """By reference and recipient; after a lost acknowledgement by the recipient alone."""
    open_parts = tx.run(
        _OPEN_PARTS, by_modem=modem, number=status.recipient, since=now - REPORTS_COME_WITHIN
    ).all()
    exact = [part for part in open_parts if part.reference == status.reference]
    guessed = [part for part in open_parts if part.state == "unknown"]
    return next(iter((*exact, *guessed)), None)


def _settle(tx: Tx, sms: Row, status: StatusReport, now: datetime) -> None:
    known = [row.state for row in tx.run(_PART_STATES, sms_id=sms.id)]
    states = set(known)
    half = sms.state == "unknown" and max(len(known), 1) < parts_needed(sms.text)
    if status.state == "failed":
        new, why, delivered = "failed", f"the network could not deliver it (status {status.status})", None
    elif half:  # of the parts that were still to leave, this tells nothing
        return
    elif states <= {"delivered"}:
        new, why, delivered = "delivered", None, now
    elif sms.state == "unknown" and "unknown" not in states:
        new, why, delivered = "sent", None, None
    else:
        return
    if why is None and sms.error == SENT_AGAIN:
        why = SENT_AGAIN  # that it arrived does not say that it arrived once
    sent_at = sms.sent_at if sms.sent_at is not None else (None if new == "failed" else now)
    changed = tx.run(
        _SETTLE, sms_id=sms.id, old_state=sms.state, new_state=new, at=delivered, sent=sent_at, why=why
    ).rowcount
    if not changed:
        return
    if sms.state == "unknown" and new != "failed":
        arrived_after_all(tx, sms, now=now)
    if new == "delivered" and sms.prompt_id is not None:
        first = tx.run(_PROMPT_DELIVERED, prompt_id=sms.prompt_id, at=now).rowcount == 1
        if first:
            undelivered.over(tx, sms.prompt_id, now=now)
    if new == "failed":
        if sms.notice_id is not None:
            notices.failed(tx, sms.notice_id, reason="not_delivered", now=now)
        undelivered.failed(tx, sms.prompt_id, reason="not_delivered", now=now)


def clock_offset(tx: Tx, modem: str) -> timedelta:
    """The service centre's clock minus ours (C9).

    An SMS is delivered after it was sent and before its report is read, which bounds the difference from both sides. Both
    clocks are believed to agree unless every value between the bounds says otherwise: reports that lay on a SIM while
    we were down must not make old replies look new.
    """
    seen = tx.run(_CLOCKS, by_modem=modem).all()
    least = max((row.discharged_at - row.reported_at for row in seen), default=timedelta())
    most = min((row.discharged_at - row.sent_at for row in seen), default=timedelta())
    return max(least, min(most, timedelta()))
