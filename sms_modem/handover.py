"""Between the queue and the network: claim one SMS, say what became of it, believe the status reports.

A sender claims in one transaction, talks with none open, and marks in another. After a lost acknowledgement the SMS
is `unknown`: a status report settles it, never a second sending. What was in flight when we were killed is sent
again after a pause in which a report may still settle it, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, and_, bindparam, func, insert, literal_column, or_, select, update

from approval_core import outbound
from approval_core.approvals import service as approvals
from approval_core.approvals.models import Decision
from approval_core.columns import table_of
from approval_core.notices import service as notices
from approval_core.notices.models import Notice
from approval_core.store import Row, Tx
from sms_modem import undelivered
from sms_modem.models import OutboundSms, outbound_parts, outbound_sms, prompts
from sms_modem.situations import still_asked
from sms_modem.transports.base import Failed, Outcome, Outgoing, PartSent, Sent, Unknown

decisions, notice_rows = table_of(Decision), table_of(Notice)

IN_FLIGHT = "in flight when the sender stopped"
SENT_AGAIN = "in flight when the sender stopped; sent again, it may have arrived twice"

_SMS = select(outbound_sms).where(outbound_sms.c.id == bindparam("sms_id"))
_PARTS = (
    select(outbound_parts.c.number, outbound_parts.c.reference)
    .where(outbound_parts.c.sms_id == bindparam("sms_id"), outbound_parts.c.state != "unknown")
    .order_by(outbound_parts.c.number)
)
_NOTICE_STATE = select(notice_rows.c.state).where(notice_rows.c.id == bindparam("notice_id"))
_ADD_PART = insert(outbound_parts)
_HAS_PART = select(outbound_parts.c.id).where(
    outbound_parts.c.sms_id == bindparam("sms_id"), outbound_parts.c.number == bindparam("part")
)
_KNOW_PART = (
    update(outbound_parts)
    .where(outbound_parts.c.id == bindparam("part_id"))
    .values(
        reference=bindparam("ref"),
        state=bindparam("new_state"),
        sent_at=bindparam("at"),
        modem=bindparam("by_modem"),
    )
)
_PROMPT_SENT = (
    update(prompts)
    .where(prompts.c.id == bindparam("prompt_id"), prompts.c.sent_at.is_(None))
    .values(sent_at=bindparam("at"), sent_by=bindparam("by_modem"), sent_from=bindparam("number"))
)
_PROMPT_MAYBE_SENT = (
    update(prompts)
    .where(prompts.c.id == bindparam("prompt_id"), prompts.c.sent_at.is_(None))
    .values(sent_at=bindparam("at"), sent_by=bindparam("by_modem"), sent_from=bindparam("number"), bare=False)
)
_BARE_AGAIN = (
    update(prompts).where(prompts.c.id == bindparam("prompt_id"), prompts.c.form == "T01").values(bare=True)
)
_MINE = and_(outbound_sms.c.state == "leased", outbound_sms.c.leased_by == bindparam("run"))
_PUT_BACK = (
    update(outbound_sms)
    .where(outbound_sms.c.id == bindparam("sms_id"), _MINE)
    .values(
        state="queued",
        attempts=outbound_sms.c.attempts - 1,
        lease_until=None,
        leased_by=None,
        error=bindparam("why"),
    )
)
_LAPSED = (
    update(outbound_sms)
    .where(outbound_sms.c.id == bindparam("sms_id"), _MINE)
    .values(state="expired", lease_until=None, leased_by=None, error=bindparam("why"))
)
_LEFT_BEHIND = (
    update(outbound_sms)
    .where(
        outbound_sms.c.state.in_(
            [literal_column("'queued'"), literal_column("'leased'")]
        ),  # the partial index
        outbound_sms.c.state == "leased",
        func.substr(outbound_sms.c.leased_by, 1, bindparam("size", type_=Integer)) == bindparam("runs"),
        # `virtual#2` is another modem than `virtual`
        func.substr(outbound_sms.c.leased_by, bindparam("rest", type_=Integer)).not_like("%#%"),
        outbound_sms.c.leased_by != bindparam("run"),
    )
    .values(state="unknown", error=IN_FLIGHT, lease_until=None, due_at=bindparam("again_at"))
    .returning(outbound_sms.c.id, outbound_sms.c.prompt_id, outbound_sms.c.created_at)
)
_LOST = (
    update(outbound_sms)
    .where(outbound_sms.c.id == bindparam("sms_id"), outbound_sms.c.state == "unknown")
    .values(error=IN_FLIGHT, due_at=bindparam("again_at"))
)
_PERHAPS_TWICE = update(outbound_sms).where(outbound_sms.c.id == bindparam("sms_id")).values(error=SENT_AGAIN)
_SEND_AGAIN = (
    update(outbound_sms)
    .where(
        outbound_sms.c.state == literal_column("'unknown'"),
        outbound_sms.c.error == IN_FLIGHT,
        outbound_sms.c.due_at <= bindparam("now"),
        or_(outbound_sms.c.deadline.is_(None), outbound_sms.c.deadline > bindparam("now")),
    )
    .values(state="queued", error=SENT_AGAIN, leased_by=None)
)


@dataclass(frozen=True, slots=True)
class Line:
    """One run of one modem's owner: `run` names its leases."""

    modem: str
    run: str
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    outgoing: Outgoing
    category: str


def claim(tx: Tx, line: Line, *, seconds: int, pause: int, now: datetime) -> Claimed | None:
    """The next SMS for this modem, its lease running. Questions that lost their sense on the way are not asked."""
    _sweep(tx, pause=pause, now=now)
    while True:
        found = outbound.lease(tx, OutboundSms, by=line.run, now=now, seconds=seconds, limit=1)
        if not found:
            return None
        sms = tx.run(_SMS, sms_id=found[0]).one()
        if _lost_its_sense(tx, sms):
            tx.run(_LAPSED, sms_id=sms.id, run=line.run, why="no longer true when its turn came")
            if sms.notice_id is not None:
                notices.dropped(tx, sms.notice_id, reason="closed before it left", now=now)
            continue
        done = tuple(PartSent(part.number, part.reference) for part in tx.run(_PARTS, sms_id=sms.id))
        minutes = None if sms.deadline is None else max(5, int((sms.deadline - now).total_seconds() // 60))
        outgoing = Outgoing(
            id=sms.id, to=sms.recipient, text=sms.text, parts_done=done, valid_minutes=minutes
        )
        return Claimed(outgoing, sms.category)


def _sweep(tx: Tx, *, pause: int, now: datetime) -> None:
    """Leases that ended without a word, and what is past its deadline: nobody is told a lie about either."""
    swept = outbound.sweep(tx, OutboundSms, now=now)
    for sms_id in swept.unknown:
        tx.run(_LOST, sms_id=sms_id, again_at=now + timedelta(seconds=pause))
    for sms_id in (*swept.dead, *swept.expired):
        sms = tx.run(_SMS, sms_id=sms_id).one()
        if sms.notice_id is not None:
            notices.failed(tx, sms.notice_id, reason="past_deadline", now=now)
        if sms_id in swept.dead:
            undelivered.failed(tx, sms.prompt_id, reason="not_sent", now=now)


def _lost_its_sense(tx: Tx, sms: Row) -> bool:
    if sms.notice_id is not None and tx.run(_NOTICE_STATE, notice_id=sms.notice_id).scalar() == "dropped":
        return True
    if sms.decision_ids and _taken_back(tx, sms.decision_ids):
        return True
    if sms.prompt_id is None or sms.category == "receipt":
        return False
    return not still_asked(tx, sms.prompt_id)


def _taken_back(tx: Tx, decision_ids: Sequence[int]) -> bool:
    """A receipt of nothing but decisions that were taken back while it waited is no longer true."""
    states = tx.execute(select(decisions.c.state).where(decisions.c.id.in_(decision_ids))).scalars()
    return set(states) == {"undone"}


def handed_over(tx: Tx, sms_id: int, outcome: Outcome, line: Line, *, now: datetime) -> str:
    """What the transport said of one SMS. Returns the state it has then."""
    sms = tx.run(_SMS, sms_id=sms_id).one()
    for part in outcome.parts:
        _know_part(tx, sms, part.index, part.reference, "sent", line, now)
    match outcome:
        case Sent():
            if not outbound.mark_sent(tx, OutboundSms, sms_id, by=line.run, now=now, modem=line.modem):
                return str(sms.state)
            if sms.error == SENT_AGAIN:
                tx.run(_PERHAPS_TWICE, sms_id=sms_id)
            _with_the_network(tx, sms, line.modem, line.number, now=now)
            return "sent"
        case Unknown():
            _know_part(tx, sms, outcome.part, outcome.expected_reference, "unknown", line, now)
            outbound.mark_unknown(tx, OutboundSms, sms_id, by=line.run, now=now, error=outcome.reason)
            _maybe_with_the_network(tx, sms.prompt_id, line, now)
            return "unknown"
        case Failed(line=True):
            tx.run(_PUT_BACK, sms_id=sms_id, run=line.run, why=outcome.reason)
            return "queued"
    return _failed(tx, sms, outcome, line, now)


def _failed(tx: Tx, sms: Row, outcome: Failed, line: Line, now: datetime) -> str:
    why = outcome.reason if outcome.code is None else f"{outcome.reason} ({outcome.code})"
    state = outbound.mark_failed(
        tx, OutboundSms, sms.id, by=line.run, now=now, error=why, permanent=outcome.permanent
    )
    if state in ("failed", "dead"):
        if sms.notice_id is not None:
            notices.failed(tx, sms.notice_id, reason=outcome.reason, now=now)
        undelivered.failed(tx, sms.prompt_id, reason="not_sent", now=now)
    return state


def _know_part(
    tx: Tx, sms: Row, number: int, reference: int | None, state: str, line: Line, now: datetime
) -> None:
    known = tx.run(_HAS_PART, sms_id=sms.id, part=number).scalar()
    if known is not None:
        tx.run(_KNOW_PART, part_id=known, ref=reference, new_state=state, at=now, by_modem=line.modem)
        return
    tx.run(
        _ADD_PART,
        sms_id=sms.id,
        number=number,
        reference=reference,
        modem=line.modem,
        recipient=sms.recipient,
        sent_at=now,
        state=state,
        reported_at=None,
        discharged_at=None,
    )


def _with_the_network(tx: Tx, sms: Row, modem: str | None, number: str | None, *, now: datetime) -> None:
    """From here a prompt can be answered, a notice is told, and the hold of a receipt's decisions counts (C10)."""
    if sms.prompt_id is not None:
        tx.run(_PROMPT_SENT, prompt_id=sms.prompt_id, at=now, by_modem=modem, number=number)
    for decision_id in sms.decision_ids:
        approvals.receipt_handed_over(tx, decision_id, at=now)
    if sms.notice_id is not None:
        notices.handed_over(tx, sms.notice_id, now=now)


def arrived_after_all(tx: Tx, sms: Row, *, now: datetime) -> None:
    """A report has settled an `unknown` SMS: everything that follows from its hand-over follows now."""
    if sms.prompt_id is not None and sms.template == "T01":
        tx.run(_BARE_AGAIN, prompt_id=sms.prompt_id)  # it did arrive, and it says that Y is enough
    _with_the_network(tx, sms, sms.modem, None, now=now)


def _maybe_with_the_network(tx: Tx, prompt_id: int | None, line: Line, now: datetime) -> None:
    """The person may have it: the code counts, a bare Y does not."""
    if prompt_id is not None:
        tx.run(_PROMPT_MAYBE_SENT, prompt_id=prompt_id, at=now, by_modem=line.modem, number=line.number)


def take_over(tx: Tx, line: Line, *, pause: int, now: datetime) -> Sequence[int]:
    """At the start of a run: what earlier runs of this modem held when they died is unknown. Returns the ids."""
    runs = f"{line.modem}#"
    left = tx.run(
        _LEFT_BEHIND,
        runs=runs,
        size=len(runs),
        rest=len(runs) + 1,
        run=line.run,
        again_at=now + timedelta(seconds=pause),
    ).all()
    for (
        row
    ) in left:  # nobody knows when it left; a reply typed while we were down is not older than the question
        _maybe_with_the_network(tx, row.prompt_id, line, row.created_at)
    return [row.id for row in left]


def send_again(tx: Tx, *, now: datetime) -> int:
    """What no report has settled in its pause goes out again, marked as perhaps doubled. Returns how many."""
    count = tx.run(_SEND_AGAIN, now=now).rowcount
    if count:
        tx.signal("sms")
    return count
