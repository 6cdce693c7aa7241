"""What lies at a person's hand in one matter: his own tasks, and those he may answer in another's name; what each allows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from approval_core.approvals import assurance, at_hand
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Task
from approval_core.approvals.queries import Asked, RequestView, StepView
from approval_core.approvals.returning import returnable
from approval_core.approvals.stepping import matter_of
from approval_core.columns import table_of
from approval_core.definitions.rules.forms import rights
from approval_core.people import queries as people
from approval_core.store import Row, Tx
from mobile_api.hiding import is_step

tasks = table_of(Task)
_CLAIMED = select(tasks.c.claimed_at).where(tasks.c.id == bindparam("of_task"))


def mine_of(tx: Tx, view: RequestView, person_id: int, *, now: datetime) -> list[dict[str, Any]]:
    if view.state != "pending":
        return []
    found = []
    for step in view.steps:
        for one in step.approvers:
            if one.state == "open" and _may_answer(tx, view, one, person_id, now):
                found.append(_at_hand(tx, step, one, person_id, now=now))
    return found


def _may_answer(tx: Tx, view: RequestView, one: Asked, person_id: int, now: datetime) -> bool:
    return one.person_id == person_id or people.may_act_for(
        tx, person_id, one.person_id, type=view.type, amount=view.amount, now=now
    )


def _at_hand(tx: Tx, step: StepView, one: Asked, person_id: int, *, now: datetime) -> dict[str, Any]:
    task = at_hand.read(tx, one.task_id)
    journey = Journey(tx, matter_of(task), now)
    block = journey.named_block(step.block) or {}
    document = None if journey.version is None else journey.version.document
    known = document is not None and is_step(document, step.block)
    return {
        "task_id": one.task_id,
        "task_revision": one.task_revision,
        "block": step.block,
        "on_behalf_of": None if one.person_id == person_id else one.account,
        "rights": rights(document, step.block) if document is not None and known else {},
        "returnable": returnable(journey, task.token_id),
        "transfer": bool(block.get("transfer", True)),
        "add": bool((block.get("add") or {}).get("from")),
        "claim": bool(block.get("claim", False)),
        "claimed": tx.run(_CLAIMED, of_task=one.task_id).scalar() is not None,
        "comment_on": list(block.get("comment_on", ())),
        "provisional": _provisional(tx, journey.matter.id, one.task_id, person_id),
    }


def _provisional(tx: Tx, request_id: int, task_id: int, person_id: int) -> Row | None:
    said = [
        one
        for one in assurance.open_of(tx, request_id)
        if one.task_id == task_id and one.person_id == person_id
    ]
    return said[-1] if said else None
