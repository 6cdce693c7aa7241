"""A decision goes on record: its row, its entry in the trail, its event. Nothing else writes decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from approval_core import audit
from approval_core.approvals import stepping
from approval_core.approvals.models import Decision
from approval_core.approvals.stepping import Matter
from approval_core.columns import table_of
from approval_core.people.actor import Actor, Evidence
from approval_core.store import Tx

decisions = table_of(Decision)

_RECORD = insert(decisions).returning(decisions.c.id)


@dataclass(frozen=True, slots=True)
class Given:
    """What the person said, and through which door."""

    actor: Actor
    on_behalf_of: int | None
    evidence: Evidence
    verdict: str
    comment: str
    target: str | None
    resume: str | None
    #: what he wrote into the form
    form: Mapping[str, Any] | None = None


def record(
    tx: Tx,
    matter: Matter,
    *,
    step_id: int,
    task_id: int,
    task_revision: int,
    person_id: int,
    on_behalf_of_id: int | None,
    actor: str,
    evidence: Evidence,
    verdict: str,
    comment: str,
    target: str | None,
    resume: str | None,
    floor: int = 0,
    held_until: datetime | None,
    now: datetime,
) -> int:
    """Its number. `actor`: the name that stands in the trail."""
    facts: dict[str, Any] = {
        "task_id": task_id,
        "task_revision": task_revision,
        "content_hash": matter.content_hash,
        "verdict": verdict,
        "comment": comment,
        "person_id": person_id,
        "on_behalf_of_id": on_behalf_of_id,
        "channel": evidence.channel,
        "level": evidence.level,
        "floor": floor,
        "evidence": evidence.ref,
        "target": target,
        "resume": resume,
    }
    decision_id: int = tx.run(
        _RECORD,
        request_id=matter.id,
        step_id=step_id,
        state="held" if held_until else "effective",
        decided_at=now,
        held_until=held_until,
        settled_at=None if held_until else now,
        **facts,
    ).scalar()
    audit.append(
        tx,
        chain=matter.chain,
        actor=actor,
        verb="decided",
        thing=f"decision:{decision_id}",
        data=facts,
        now=now,
    )
    stepping.tell(tx, matter, "approval.decided", decision_id=decision_id, task_id=task_id, now=now)
    return decision_id
