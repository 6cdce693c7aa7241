"""Whoever loses an open task by no decision of his is told: a word on his list, and an SMS where one had asked him."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from approval_core.approvals.models import Task
from approval_core.approvals.stepping import Matter
from approval_core.columns import table_of
from approval_core.inbox import service as inbox
from approval_core.notices import service as notices
from approval_core.store import Tx

tasks = table_of(Task)

_OPEN = (
    select(tasks.c.id, tasks.c.person_id, tasks.c.revision)
    .where(tasks.c.request_id == bindparam("of_request"), tasks.c.state == "open")
    .order_by(tasks.c.id)
)


@dataclass(frozen=True, slots=True)
class Lost:
    """A task that went away from somebody."""

    id: int
    person_id: int
    revision: int


def open_tasks(tx: Tx, request_id: int) -> list[Lost]:
    return [Lost(*row) for row in tx.run(_OPEN, of_request=request_id)]


def losers(tx: Tx, request_id: int, before: Iterable[Lost]) -> list[Lost]:
    """Those of `before` whose task is not open any more."""
    still = {one.id for one in open_tasks(tx, request_id)}
    return [one for one in before if one.id not in still]


def tell(
    tx: Tx,
    matter: Matter,
    lost: Iterable[Lost],
    *,
    kind: str,
    facts: dict[str, Any],
    sms: bool = True,
    now: datetime,
) -> list[int]:
    """`kind`: what became of it, as a notice names it. `sms`: False where that was seen to already. Who was told."""
    told = []
    for one in lost:
        inbox.open_word(
            tx, kind="told", ref=f"told/{one.id}/{one.revision}", source=matter.source, request_id=matter.id,
            person_id=one.person_id, title=matter.title, applicant=matter.applicant, urgency=matter.urgency,
            now=now,
        )  # fmt: skip
        if sms and matter.sms:
            notices.tell(
                tx, kind=kind, person_id=one.person_id, request_id=matter.id, task_id=one.id,
                task_revision=one.revision, facts=facts, now=now,
            )  # fmt: skip
        told.append(one.person_id)
    return told
