"""F35, F37: a delegation or an absence begins or ends while tasks are open: whoever may answer has them on his list."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from approval_core import outbox
from approval_core.approvals import opening, stepping
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Step, Task
from approval_core.columns import UtcDateTime, table_of
from approval_core.inbox import service as inbox
from approval_core.notices.alarms import settle_alarm
from approval_core.people import queries as people
from approval_core.people.models import delegations
from approval_core.people.rules.delegations import LONGEST_CHAIN
from approval_core.store import Tx

tasks, steps = table_of(Task), table_of(Step)

_GIVERS = select(delegations.c.from_id).where(
    delegations.c.to_id == bindparam("of_person"),
    delegations.c.revoked_at.is_(None),
    delegations.c.valid_from <= bindparam("now", type_=UtcDateTime),
    delegations.c.valid_to > bindparam("now", type_=UtcDateTime),
)
_OPEN = (
    select(tasks.c.id, tasks.c.request_id, tasks.c.person_id, tasks.c.revision, steps.c.block)
    .join(steps, steps.c.id == tasks.c.step_id)
    .where(tasks.c.person_id == bindparam("of_person"), tasks.c.state == "open")
    .order_by(tasks.c.request_id, tasks.c.id)
)


def on_standing(tx: Tx, ref: str, now: datetime) -> None:
    """The timer of `people.service`; ref "PERSON:delegation:ID:0": a delegation or an absence of his begins (0) or
    ends (1), or he has left."""
    person_id, what, number, end = ref.split(":")
    if (what, end) == ("delegation", "0"):
        outbox.emit(
            tx, "delegation.given", key=f"person:{person_id}", payload={"delegation_id": int(number)}, now=now
        )
    for one in _concerned(tx, int(person_id), now=now):
        align(tx, one, now=now)


def _concerned(tx: Tx, person_id: int, *, now: datetime) -> list[int]:
    """He himself, and whoever has given him something to answer, through as many hands as a delegation may go."""
    found, last = [person_id], [person_id]
    for _ in range(LONGEST_CHAIN):
        last = [row.from_id for one in last for row in tx.run(_GIVERS, of_person=one, now=now)]
        last = [one for one in dict.fromkeys(last) if one not in found]
        found += last
    return found


def align(tx: Tx, person_id: int, *, now: datetime) -> int:
    """His open tasks lie with exactly those who may answer them now. Returns how many tasks he has."""
    open_tasks = tx.run(_OPEN, of_person=person_id).all()
    for task in open_tasks:
        matter = stepping.lock(tx, task.request_id)
        if matter is None or matter.state != "pending":
            continue
        proxies = people.proxies_of(tx, person_id, type=matter.type, amount=matter.amount, now=now)
        wanted = {one.person_id for one in proxies} | {person_id}
        for known in inbox.holders_of_task(tx, task.id) - wanted:
            inbox.take_off(tx, task.id, known, now=now)
        if proxies or not people.is_away(tx, person_id, now=now):
            settle_alarm(tx, stepping.ABSENT, f"task:{task.id}", now=now)
        opening.to_proxies(Journey(tx, matter, now), task)
    return len(open_tasks)
