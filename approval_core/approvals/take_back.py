"""F24: whoever decided last takes his decision back while nobody after him has looked at it or acted (拿回).

A decision in hold is undone. One in effect is undone as well: what it opened is closed again, the step stands as before
it, and the task is asked anew at a raised revision.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, update

from approval_core import audit
from approval_core.approvals import (
    after_a_step,
    deciding,
    opening,
    refusals,
    reopening,
    rewriting,
    stepping,
    telling,
)
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Decision, Request, Step, Task
from approval_core.approvals.settling import STEP_PARTS
from approval_core.approvals.stepping import MATTER_COLUMNS, matter_of
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, NotFound
from approval_core.people.actor import Actor, Evidence
from approval_core.store import Row, Tx

requests, steps, tasks, decisions = table_of(Request), table_of(Step), table_of(Task), table_of(Decision)

#: What those are told from whom a task went away.
KIND = "recalled"

_DECISION = (
    select(
        *MATTER_COLUMNS,
        *STEP_PARTS,
        steps.c.state.label("step_state"),
        steps.c.position.label("step_position"),
        tasks.c.position.label("task_position"),
        tasks.c.after_step_id,
        decisions.c.id.label("decision_id"),
        decisions.c.state.label("decision_state"),
        *(
            decisions.c[name]
            for name in ("step_id", "task_id", "verdict", "person_id", "on_behalf_of_id", "held_until", "settled_at")
        ),
    )
    .select_from(
        decisions.join(requests, requests.c.id == decisions.c.request_id)
        .join(steps, steps.c.id == decisions.c.step_id)
        .join(tasks, tasks.c.id == decisions.c.task_id)
    )
    .where(decisions.c.id == bindparam("of_decision"))
    .with_for_update(of=requests, key_share=True)
)  # fmt: skip
_UNDO = (
    update(decisions)
    .where(decisions.c.id == bindparam("of_decision"), decisions.c.state == "effective")
    .values(state="undone", settled_at=bindparam("at"))
)
_REOPEN = (
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"))
    .values(state="open", opened_at=bindparam("at"), closed_at=None, revision=tasks.c.revision + 1)
    .returning(tasks.c.id, tasks.c.person_id, tasks.c.revision, tasks.c.claimed_at)
)
_WAIT = _REOPEN.values(state="waiting", opened_at=None)
_BEFORE = (
    select(tasks.c.id)
    .where(tasks.c.step_id == bindparam("of_step"), tasks.c.position < bindparam("place"))
    .where(or_(tasks.c.state == "open", tasks.c.state == "waiting"))
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """`told`: the people who had the request on their lists because of the decision."""

    request_id: int
    task_id: int
    task_revision: int
    told: tuple[int, ...] = ()


def take_back(tx: Tx, decision_id: int, *, actor: Actor, evidence: Evidence, now: datetime) -> TakenBack:
    """NotFound("no_decision"); Forbidden("not_yours"); Conflict("already_undone" | "superseded" | "changed" | "sent_back");
    Conflict("seen" | "acted") with who and when; Conflict("closed") with the state, and `revoke` where the end can be revoked.
    """
    row = _find(tx, decision_id)
    if actor.person_id is None or actor.person_id not in (row.person_id, row.on_behalf_of_id):
        raise Forbidden("not_yours", "this decision is somebody else's")
    if row.decision_state == "held":
        if now < row.held_until:
            undone = deciding.undo(tx, decision_id, actor=actor, evidence=evidence, now=now)
            return TakenBack(undone.request_id, undone.task_id, undone.task_revision)
        deciding.settle(tx, decision_id, now=now)
        row = _find(tx, decision_id)
    journey = Journey(tx, matter_of(row), now)
    _refuse_ended(journey, row)
    if row.step_state == "active":
        after_a_step.refuse_seen(journey, _within(journey, row), own_step=row.step_id)
    else:
        after_a_step.refuse_decided_later(journey, row)
        after_a_step.refuse_seen(journey, reopening.behind(journey, row), own_step=row.step_id)
    return _undo(journey, row, actor, evidence)


def _find(tx: Tx, decision_id: int) -> Row:
    row = tx.run(_DECISION, of_decision=decision_id).first()
    if row is None:
        raise NotFound("no_decision", "there is no such decision")
    return row


def _refuse_ended(journey: Journey, row: Row) -> None:
    matter = journey.matter
    if row.decision_state != "effective":
        code = "already_undone" if row.decision_state == "undone" else "superseded"
        raise Conflict(code, f"the decision is {row.decision_state}", state=row.decision_state)
    if row.step_revision != matter.revision:
        raise Conflict("changed", "the content was changed since", revision=matter.revision)
    if matter.state != "pending":
        refusal = refusals.closed(matter.state)
        refusal.data["revoke"] = matter.state == "approved" and journey.policy.revoke_days is not None
        raise refusal
    if matter.expires_at is not None and matter.expires_at <= journey.now:
        raise refusals.closed("expired")
    if row.step_state not in ("active", "approved"):
        raise Conflict(
            "sent_back", "it went back by this decision; who has it now sends it on", state=row.step_state
        )


def _within(journey: Journey, row: Row) -> list[Row]:
    """Who was asked within the same step because of this decision: the next of a sequence, those added after it."""
    found = []
    if row.mode == "sequence":
        found += after_a_step.opened_in(journey, row.step_id, behind=row.task_position)
    if row.after_step_id is not None:
        found += after_a_step.opened_in(journey, row.after_step_id)
    return found


def _undo(journey: Journey, row: Row, actor: Actor, evidence: Evidence) -> TakenBack:
    tx, matter, now = journey.tx, journey.matter, journey.now
    asked = telling.open_tasks(tx, matter.id)
    tx.run(_UNDO, of_decision=row.decision_id, at=now)
    if row.step_state == "active":
        if row.mode == "sequence":
            reopening.wait_again(journey, row.step_id, behind=row.task_position)
        if row.after_step_id is not None:
            reopening.step_waits(journey, row.after_step_id)
    else:
        reopening.reopen(journey, row)
    journey = rewriting.take_back(journey, row, row.decision_id, actor)
    if _too_early(journey, row):
        task = tx.run(_WAIT, of_task=row.task_id).one()
    else:
        task = tx.run(_REOPEN, of_task=row.task_id, at=now).one()
        told_by_answer = evidence.channel == "sms" and actor.person_id == task.person_id
        opening.reopened(journey, task, block=row.block, told=not told_by_answer)
    if row.step_state != "active" and task.claimed_at is None:
        reopening.ask_the_others(journey, row.step_id, row.block)
    lost = telling.losers(tx, matter.id, asked)
    told = telling.tell(tx, matter, lost, kind=KIND, facts={"decision_id": row.decision_id}, now=now)
    stepping.touch(tx, matter, now=now)
    facts: dict[str, Any] = {
        "channel": evidence.channel, "level": evidence.level, "evidence": evidence.ref,
        "task_revision": task.revision, "taken_back": True, "told": told,
    }  # fmt: skip
    audit.append(
        tx, chain=matter.chain, actor=actor.name, verb="undone", thing=f"decision:{row.decision_id}", data=facts,
        now=now,
    )  # fmt: skip
    stepping.tell(
        tx, matter, "approval.taken_back", decision_id=row.decision_id, task_id=task.id, told=told, now=now
    )
    return TakenBack(matter.id, task.id, task.revision, tuple(told))


def _too_early(journey: Journey, row: Row) -> bool:
    """An approval carried over may stand before its turn in a sequence; taken back, its task waits for that turn."""
    if row.step_state != "active" or row.mode != "sequence":
        return False
    return journey.tx.run(_BEFORE, of_step=row.step_id, place=row.task_position).first() is not None
