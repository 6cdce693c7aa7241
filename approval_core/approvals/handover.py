"""F36: somebody leaves; what lies on his desk goes to another in one go, with one reason, and each item says how it went."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select

from approval_core import audit
from approval_core.approvals import at_hand, officers, overriding, stepping
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Request, Talk, Task
from approval_core.approvals.rules import rights
from approval_core.columns import table_of
from approval_core.errors import Invalid, OfficeError
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.people.queries import PersonCard
from approval_core.store import Tx

tasks, requests, talks = table_of(Task), table_of(Request), table_of(Talk)

#: in one go; a desk with more is emptied in several
MOST_ITEMS = 500

# in the order of the requests: two who clear desks at a time wait for each other and never in a circle
_ON_DESK = (
    select(tasks.c.id, tasks.c.request_id, tasks.c.state, requests.c.source_ref, requests.c.title)
    .join(requests, requests.c.id == tasks.c.request_id)
    .where(tasks.c.person_id == bindparam("of_person"), requests.c.state == "pending")
    .where(or_(tasks.c.state == "open", tasks.c.state == "waiting"))
    .order_by(tasks.c.request_id, tasks.c.id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Item:
    """One task of the desk. `code`: moved, or why it stayed, with the words for it; `new_task_id`: where it is now."""

    task_id: int
    request_id: int
    ref: str
    title: str
    was: str  #: open | waiting
    code: str
    message: str = ""
    new_task_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def moved(self) -> bool:
        return self.code == "moved"


@dataclass(frozen=True, slots=True)
class HandedOver:
    """`more`: the desk had more than one go takes."""

    items: tuple[Item, ...]
    more: bool = False


def hand_over(
    tx: Tx, from_id: int, to_id: int, *, reason: str, actor: Actor, now: datetime, most: int = MOST_ITEMS
) -> HandedOver:
    """All tasks of `from_id` that are open or wait for their turn. What cannot go to `to_id` stays, with the reason (he applied
    himself, he is kept apart, he is asked there anyway); the rest goes.

    Forbidden("no_right"); Invalid("reason_required" | "long_reason" | "bad_person" | "same_person"); NotFound("no_person").
    """
    why = officers.check(tx, actor, reason, may=rights.may_clear_desks, now=now)
    if from_id == to_id:
        raise Invalid("same_person", "a desk is handed over to somebody else")
    leaver, taker = people.person_by_id(tx, from_id, now=now), people.person_by_id(tx, to_id, now=now)
    if taker.state != "active":
        raise Invalid("bad_person", f"{taker.name} is not here any more", account=taker.account)
    rows = tx.run(_ON_DESK, of_person=from_id, most=most + 1).all()
    items = tuple(_one(tx, row, to_id, why, actor, now=now) for row in rows[:most])
    _note(tx, leaver, taker, items, why, actor, now=now)
    return HandedOver(items, len(rows) > most)


def _one(tx: Tx, row: Any, to_id: int, reason: str, actor: Actor, *, now: datetime) -> Item:
    """Either moved whole, or as it was."""
    known = (row.id, row.request_id, row.source_ref, row.title, row.state)
    try:
        with tx.nested():
            task = at_hand.find(tx, row.id)
            if not at_hand.in_time(task, now) or task.task_state not in ("open", "waiting"):
                raise at_hand.why_not(tx, row.id, task_revision=task.task_revision, verdict="", now=now)
            journey = Journey(tx, stepping.matter_of(task), now)
            new_id = overriding.move(journey, task, to_id, actor=actor, reason=reason, verb="handed_over")
    except OfficeError as refusal:
        return Item(*known, refusal.code, refusal.message, facts=refusal.data)
    return Item(*known, "moved", new_task_id=new_id)


def _note(
    tx: Tx,
    leaver: PersonCard,
    taker: PersonCard,
    items: tuple[Item, ...],
    reason: str,
    actor: Actor,
    *,
    now: datetime,
) -> None:
    """The whole of it once among the people, beside what each request says of its own task."""
    data = {
        "to": taker.account,
        "reason": reason,
        "moved": [one.task_id for one in items if one.moved],
        "stayed": [[one.task_id, one.code] for one in items if not one.moved],
    }
    thing = f"person:{leaver.id}"
    audit.append(tx, chain=f"desk:{leaver.id}", actor=actor.name, verb="desk.handed_over", thing=thing, data=data, now=now)  # fmt: skip
