"""Ends that are nobody's decision: withdrawn by the asking side, expired, overdue."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from approval_core import audit, timers
from approval_core.approvals import stepping, walking
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Decision
from approval_core.approvals.submitting import refuse_while_held
from approval_core.columns import table_of
from approval_core.errors import Conflict, NotFound
from approval_core.people.actor import SYSTEM, Actor
from approval_core.store import Tx

decisions = table_of(Decision)

_HELD = select(decisions.c.held_until).where(
    decisions.c.request_id == bindparam("of_request"), decisions.c.state == "held"
)


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
    end(tx, matter, actor, "withdrawn", {"reason": reason}, now=now)


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
    end(tx, matter, SYSTEM, "expired", {}, now=now)
    return True


def time_over(journey: Journey) -> bool:
    """F34: a task has waited too long and its step says close. False: a decision in hold comes first."""
    if journey.tx.run(_HELD, of_request=journey.matter.id).first() is not None:
        return False
    end(journey.tx, journey.matter, SYSTEM, "expired", {"why": "timeout"}, now=journey.now)
    return True


def end(
    tx: Tx, matter: stepping.Matter, actor: Actor, state: str, data: dict[str, str], *, now: datetime
) -> None:
    """Nobody is asked any more, whatever the reason."""
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
