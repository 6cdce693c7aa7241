"""F30: several items, one word. Each is decided for itself and has its own answer; nothing is all or nothing by accident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approval_core.approvals.deciding import Decided, decide
from approval_core.errors import Invalid, OfficeError
from approval_core.people.actor import Actor, Evidence
from approval_core.store import Tx

MOST = 100


@dataclass(frozen=True, slots=True)
class Item:
    task_id: int
    task_revision: int  #: what he was shown


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one item: a decision, or the refusal that it would have got alone."""

    task_id: int
    decided: Decided | None = None
    code: str = ""
    message: str = ""
    facts: dict[str, Any] | None = None


def decide_batch(
    tx: Tx,
    items: Sequence[Item],
    *,
    actor: Actor,
    evidence: Evidence,
    verdict: str,
    comment: str = "",
    now: datetime,
) -> list[Answer]:
    """In the order given; an item above its batch floor is refused and named (`alone`). Invalid("bad_batch")."""
    numbers = [one.task_id for one in items]
    if not 1 <= len(items) <= MOST or len(set(numbers)) < len(numbers):
        raise Invalid("bad_batch", f"name 1 to {MOST} items, each once")
    return [_one(tx, item, actor, evidence, verdict, comment, now) for item in items]


def _one(
    tx: Tx, item: Item, actor: Actor, evidence: Evidence, verdict: str, comment: str, now: datetime
) -> Answer:
    try:
        with tx.nested():
            decided = decide(
                tx, item.task_id, actor=actor, evidence=evidence, verdict=verdict, task_revision=item.task_revision,
                comment=comment, batch=True, now=now,
            )  # fmt: skip
    except OfficeError as refusal:
        return Answer(item.task_id, None, refusal.code, refusal.message, refusal.data)
    return Answer(item.task_id, decided)
