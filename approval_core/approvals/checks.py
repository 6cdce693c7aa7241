"""What the bureau's own types ask of a decision before it counts: another person (F12), words where words are due (F14)."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from approval_core.approvals import choosing
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Task
from approval_core.approvals.rules import blocks
from approval_core.columns import table_of
from approval_core.errors import Forbidden, Invalid
from approval_core.people.actor import Actor
from approval_core.store import Row

tasks = table_of(Task)

_WHY = select(tasks.c.why).where(tasks.c.id == bindparam("of_task"))


def before_deciding(journey: Journey, task: Row, actor: Actor, verdict: str, comment: str) -> None:
    """Forbidden("separated"); Invalid("comment_required")."""
    apart = choosing.separated_from(journey, task.block)
    why = journey.tx.run(_WHY, of_task=task.task_id).scalar() if apart.units else None
    unit_id = (why or {}).get("unit_id")
    if actor.person_id is not None and apart.bars(actor.person_id, unit_id):
        raise Forbidden(
            "separated", "whoever decided the other step must not decide this one", step=task.block
        )
    place = blocks.find(journey.route, task.block)
    wanted = blocks.block_at(journey.route, place).get("comment_on", ()) if place else ()
    if verdict in wanted and not comment.strip():
        raise Invalid("comment_required", f"a {verdict} needs a reason here", verdict=verdict)
