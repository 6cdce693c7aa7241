"""F10 and F11: who has approved before, or may carry out his own request, is not asked again; it goes on record as such."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, update

from approval_core import audit
from approval_core.approvals import recording, stepping, votes
from approval_core.approvals.choosing import Choice
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Task
from approval_core.approvals.rules.blocks import Block
from approval_core.columns import table_of
from approval_core.people.actor import SYSTEM, Evidence

tasks = table_of(Task)

_TAKE = (
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"))
    .values(state="decided", opened_at=bindparam("at"), closed_at=bindparam("at"))
)


def settle(journey: Journey, step_id: int, block: Block, choice: Choice, task_ids: Sequence[int]) -> bool:
    """True when that settles the step."""
    tx, matter, now = journey.tx, journey.matter, journey.now
    for one, task_id in zip(choice.people, task_ids, strict=True):
        if one.person_id in choice.merged:
            _approve(journey, step_id, task_id, one.person_id, choice.merged[one.person_id], now=now)
            if block["mode"] == "any":  # one decision closes it, this one as any other
                break
    settled = votes.outcome_of(tx, step_id, block["mode"], block.get("threshold"))
    if settled != "approved":
        return False
    stepping.settle_step(tx, step_id, settled, now=now)
    stepping.end_tasks(tx, matter, step_id, now=now)
    return True


def _approve(
    journey: Journey, step_id: int, task_id: int, person_id: int, shown: Evidence, *, now: datetime
) -> None:
    journey.tx.run(_TAKE, of_task=task_id, at=now)
    decision_id = recording.record(
        journey.tx, journey.matter, step_id=step_id, task_id=task_id, task_revision=1, person_id=person_id,
        on_behalf_of_id=None, actor=SYSTEM.name, evidence=shown, verdict="approve",
        comment="", target=None, resume=None, held_until=None, now=now,
    )  # fmt: skip
    audit.append(
        journey.tx, chain=journey.matter.chain, actor=SYSTEM.name, verb="effective",
        thing=f"decision:{decision_id}", data={"verdict": "approve", "merged": shown.ref}, now=now,
    )  # fmt: skip
