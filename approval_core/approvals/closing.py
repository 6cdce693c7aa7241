"""Ends that are nobody's decision: withdrawn by the asking side, expired, overdue; and remarks."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, select

from approval_core import audit, timers
from approval_core.approvals import stepping, walking
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Decision, Remark
from approval_core.approvals.submitting import refuse_while_held
from approval_core.columns import table_of
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.people.actor import SYSTEM, Actor
from approval_core.store import Tx

decisions, remarks = table_of(Decision), table_of(Remark)

LONGEST_REMARK = 20_000

_HELD = select(decisions.c.held_until).where(
    decisions.c.request_id == bindparam("of_request"), decisions.c.state == "held"
)
_REMARK = insert(remarks).returning(remarks.c.id)


def _live(tx: Tx, request_id: int, *, states: tuple[str, ...] = ("pending",)) -> stepping.Matter:
    matter = stepping.lock(tx, request_id)
    if matter is None:
        raise NotFound("no_request", "there is no such request")
    if matter.state not in states:
        raise Conflict("closed", f"the request is {matter.state}", state=matter.state)
    return matter


def withdraw(tx: Tx, request_id: int, *, actor: Actor, reason: str = "", now: datetime) -> None:
    """The asking side takes its request back. Conflict("held" | "closed")."""
    matter = _live(tx, request_id, states=("pending", "returned"))
    refuse_while_held(tx, matter)
    _end(tx, matter, actor, "withdrawn", {"reason": reason}, now=now)


def expire(tx: Tx, request_id: int, *, now: datetime) -> bool:
    """The end of a request's time. Never consent; a decision taken in time keeps its hold and counts. False: nothing to do."""
    matter = stepping.lock(tx, request_id)
    if matter is None or matter.state != "pending" or matter.expires_at is None:
        return False
    held = tx.run(_HELD, of_request=request_id).first()
    # a hold whose end is late, its timer failing, is looked at again and not waited for in a circle
    again = max(held.held_until, now) + timedelta(seconds=1) if held else matter.expires_at
    if held or again > now:
        timers.set_timer(tx, "expiry", str(request_id), again)
        return False
    _end(tx, matter, SYSTEM, "expired", {}, now=now)
    return True


def _end(
    tx: Tx, matter: stepping.Matter, actor: Actor, state: str, data: dict[str, str], *, now: datetime
) -> None:
    stepping.void_open_tasks(tx, matter, kind=state, now=now)
    walking.cancel_all(Journey(tx, matter, now))
    stepping.close(tx, matter, state=state, now=now)
    audit.append(
        tx, chain=matter.chain, actor=actor.name, verb=state, thing=f"request:{matter.id}", data=data, now=now
    )
    stepping.tell(tx, matter, f"approval.{state}", now=now)
    stepping.tell(tx, matter, "approval.closed", state=state, now=now)


def overdue(tx: Tx, request_id: int, *, now: datetime) -> bool:
    """The deadline passed: said once on the record and as an event, decides nothing. False: nothing to do."""
    matter = stepping.lock(tx, request_id)
    if matter is None or matter.state != "pending" or matter.due_at is None or matter.due_at > now:
        return False
    audit.append(
        tx, chain=matter.chain, actor="system", verb="overdue", thing=f"request:{matter.id}", data={}, now=now
    )
    stepping.tell(tx, matter, "approval.overdue", now=now)
    return True


def remark(tx: Tx, request_id: int, *, actor: Actor, text: str, now: datetime) -> int:
    """A comment that decides nothing; it stays as written. NotFound("no_request"); Invalid("bad_remark")."""
    if not text.strip() or len(text) > LONGEST_REMARK:
        raise Invalid("bad_remark", f"a remark has 1 to {LONGEST_REMARK} characters")
    matter = stepping.lock(tx, request_id)
    if matter is None:
        raise NotFound("no_request", "there is no such request")
    remark_id: int = tx.run(
        _REMARK, request_id=request_id, person_id=actor.person_id, text=text, at=now
    ).scalar()
    audit.append(
        tx,
        chain=matter.chain,
        actor=actor.name,
        verb="remarked",
        thing=f"remark:{remark_id}",
        data={"text": text},
        now=now,
    )
    stepping.tell(tx, matter, "approval.remarked", remark_id=remark_id, now=now)
    return remark_id
