"""What was decided earlier on a request, as choosing people needs it (F10, F12): from the record, or in thought."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import bindparam, or_, select

from approval_core.approvals.models import Decision, Step, Task
from approval_core.approvals.stepping import Matter
from approval_core.columns import table_of
from approval_core.store import Tx

steps, tasks, decisions = table_of(Step), table_of(Task), table_of(Decision)

_DECIDED_AT = (
    select(decisions.c.person_id, decisions.c.on_behalf_of_id, tasks.c.why)
    .select_from(
        decisions.join(steps, steps.c.id == decisions.c.step_id).join(
            tasks, tasks.c.id == decisions.c.task_id
        )
    )
    .where(
        steps.c.request_id == bindparam("of_request"),
        steps.c.revision == bindparam("at_revision"),
        steps.c.block == bindparam("at_block"),
        or_(decisions.c.state == "held", decisions.c.state == "effective"),
    )
)
_APPROVED_BEFORE = (
    select(decisions.c.id, decisions.c.person_id, decisions.c.level, steps.c.position)
    .select_from(decisions.join(steps, steps.c.id == decisions.c.step_id))
    .where(
        steps.c.request_id == bindparam("of_request"),
        steps.c.revision == bindparam("at_revision"),
        steps.c.state == "approved",
        decisions.c.state == "effective",
        decisions.c.verdict == "approve",
    )
    .order_by(steps.c.position, decisions.c.id)
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """Whoever decided a step: himself, the one he decided for, and the unit he spoke for."""

    persons: frozenset[int]
    unit_id: int | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval of a step that is passed; `shown`: what stands for it (`decision:17`)."""

    person_id: int
    level: int
    position: int
    shown: str


class Past(Protocol):
    def decided_at(self, block: str) -> Sequence[Spoken]:
        """Those who have decided this block."""

    def approvals(self) -> Sequence[Approval]:
        """Of all steps that are passed, in their order."""


@dataclass(frozen=True, slots=True)
class OnRecord:
    tx: Tx
    matter: Matter

    def decided_at(self, block: str) -> list[Spoken]:
        rows = self.tx.run(
            _DECIDED_AT, of_request=self.matter.id, at_revision=self.matter.revision, at_block=block
        )
        return [
            Spoken(
                frozenset({row.person_id, row.on_behalf_of_id or row.person_id}),
                row.why.get("unit_id") if row.why else None,
            )
            for row in rows
        ]

    def approvals(self) -> list[Approval]:
        rows = self.tx.run(_APPROVED_BEFORE, of_request=self.matter.id, at_revision=self.matter.revision)
        return [Approval(row.person_id, row.level, row.position, f"decision:{row.id}") for row in rows]


@dataclass(slots=True)
class InThought:
    """What will have been decided when everybody approves. `sure`: otherwise who may have decided, one of several."""

    sure: bool = True
    spoken: dict[str, list[Spoken]] = field(default_factory=dict)
    approved: list[Approval] = field(default_factory=list)
    position: int = 0

    def decided_at(self, block: str) -> Sequence[Spoken]:
        return self.spoken.get(block, ())

    def approvals(self) -> Sequence[Approval]:
        return self.approved

    def copy(self) -> InThought:
        spoken = {block: list(found) for block, found in self.spoken.items()}
        return InThought(self.sure, spoken, list(self.approved), self.position)

    def add(self, block: str, spoken: Iterable[Spoken], approved: Iterable[Approval]) -> None:
        self.spoken.setdefault(block, []).extend(spoken)
        for one in approved:
            self.approved.append(one)
            self.position = max(self.position, one.position)

    def join(self, before: InThought, others: Iterable[InThought]) -> None:
        """What branches beside each other have added to what was `before` them."""
        for other in others:
            for block, found in other.spoken.items():
                fresh = found[len(before.spoken.get(block, ())) :]
                self.spoken.setdefault(block, []).extend(fresh)
            self.approved += other.approved[len(before.approved) :]
            self.position = max(self.position, other.position)
