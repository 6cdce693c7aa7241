"""F42: the whole way of a request before it is submitted, and the rest of it while it runs. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select

from approval_core.approvals import filing
from approval_core.approvals.filing import Filing
from approval_core.approvals.foreseeing import Walk, inner
from approval_core.approvals.foreseen import Expected, Preview, StepAhead
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Request, Step, Task, Token
from approval_core.approvals.past import InThought
from approval_core.approvals.rules import blocks
from approval_core.approvals.rules.blocks import Block
from approval_core.approvals.stepping import MATTER_COLUMNS, matter_of
from approval_core.columns import table_of
from approval_core.errors import NotFound
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.people.models import persons
from approval_core.people.queries import Candidate
from approval_core.store import Row, Tx

requests, tokens, steps, tasks = table_of(Request), table_of(Token), table_of(Step), table_of(Task)

_MATTER = select(*MATTER_COLUMNS).where(requests.c.id == bindparam("of_request"))
_TOKENS = (
    select(
        tokens.c.id, tokens.c.parent_id, tokens.c.sequence, tokens.c.at, tokens.c.state, tokens.c.parked_by
    )
    .where(
        tokens.c.request_id == bindparam("of_request"),
        tokens.c.revision == bindparam("at_revision"),
        tokens.c.state != "cancelled",
    )
    .order_by(tokens.c.id)
)
_RUNNING = (
    select(
        steps.c.id, steps.c.token_id, steps.c.block, steps.c.state, steps.c.mode, steps.c.threshold, steps.c.sms, steps.c.floor,
        tasks.c.state.label("task_state"), tasks.c.person_id, tasks.c.weight, tasks.c.why, persons.c.account, persons.c.name,
    )
    .select_from(
        steps.outerjoin(tasks, tasks.c.step_id == steps.c.id).outerjoin(persons, persons.c.id == tasks.c.person_id)
    )
    .where(
        steps.c.request_id == bindparam("of_request"),
        steps.c.revision == bindparam("at_revision"),
        steps.c.parent_task_id.is_(None),
        steps.c.state.in_(("active", "blocked")),
    )
    .order_by(steps.c.position, tasks.c.position, tasks.c.id)
)  # fmt: skip
#: A task that still counts in its step.
_COUNTS = ("waiting", "open", "decided")


def preview(tx: Tx, filing_: Filing, *, actor: Actor, now: datetime) -> Preview:
    """What would happen if this were submitted now: refused as `filing.check` refuses it, else the whole way."""
    checked = filing.check(tx, filing_, actor=actor, now=now)
    walk = Walk(filing.journey_of(tx, checked, filing_.chosen, now=now))
    walk.sequence(blocks.ROOT)
    return Preview(
        checked.version.type, checked.version.version, checked.title, people.org_revision(tx),
        tuple(walk.entries), tuple(walk.choices),
    )  # fmt: skip


def rest_of(tx: Tx, request_id: int, *, now: datetime) -> Preview:
    """What still comes, from where the request stands: the steps that run (`running`), then the way from each of them.
    A closed request has no rest. NotFound("no_request")."""
    row = tx.run(_MATTER, of_request=request_id).first()
    if row is None:
        raise NotFound("no_request", "there is no such request")
    journey = Journey(tx, matter_of(row), now)
    rest = _Rest(journey)
    if journey.matter.state == "pending":
        rest.walk_all()
    version = None if journey.version is None else journey.version.version
    return Preview(
        journey.matter.type, version, journey.matter.title, people.org_revision(tx), tuple(rest.walk.entries),
        tuple(rest.walk.choices),
    )  # fmt: skip


class _Rest:
    """The threads of a request, each followed from where it stands to where they join."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        matter = journey.matter
        on_record = journey.past
        self.threads = journey.tx.run(_TOKENS, of_request=matter.id, at_revision=matter.revision).all()
        self.running: dict[int, list[Row]] = {}
        for row in journey.tx.run(_RUNNING, of_request=matter.id, at_revision=matter.revision):
            self.running.setdefault(row.token_id, []).append(row)
        approved = list(on_record.approvals())
        position = max((one.position for one in approved), default=0)
        spoken = {
            blocks.id_of(block): list(on_record.decided_at(blocks.id_of(block)))
            for _, block in blocks.walk(journey.route)
            if journey.policy.separate and "step" in block
        }
        self.walk = Walk(journey, InThought(spoken=spoken, approved=approved, position=position))

    def walk_all(self) -> None:
        detours = {row.parked_by for row in self.threads if row.state == "parked"}
        for row in self.threads:
            if row.id in detours and row.state == "live":
                self._here(row)  # asked once more; those who wait for it come behind
        for row in self.threads:
            if row.parent_id is None and row.id not in detours:
                self._follow(row, ())

    def _follow(self, row: Row, within: tuple[str, ...]) -> None:
        if row.state == "parked":
            self.walk.sequence(row.sequence, row.at, within, fresh=True)
        elif row.state == "live":
            stands = self._here(row, within)
            self.walk.sequence(row.sequence, row.at + (1 if stands else 0), within)
        elif row.state == "split":
            self._children(row, within)
            self.walk.sequence(row.sequence, row.at + 1, within)

    def _here(self, row: Row, within: tuple[str, ...] = ()) -> bool:
        """The step that is open at a thread. False: a condition stopped it before any step, and is asked again."""
        block = self.journey.block(row.sequence, row.at)
        found = self.running.get(row.id, [])
        if "step" not in block:
            return False
        if found:
            self.walk.entries.append(_running(block, found, within))
            self.walk.remember(block, [_candidate(one) for one in found if one.task_state in _COUNTS])
        return True

    def _children(self, row: Row, within: tuple[str, ...]) -> None:
        block = self.journey.block(row.sequence, row.at)
        inside = blocks.inside(row.sequence, row.at) + "."
        children = [
            one
            for one in self.threads
            if one.parent_id == row.id and one.sequence.startswith(inside) and one.state != "done"
        ]
        detours = {one.parked_by for one in self.threads if one.state == "parked"}
        ways = {blocks.inside(row.sequence, row.at, *way): way for way in blocks.branches(block)}
        self.walk.beside(
            block,
            [
                partial(self._follow, one, inner(block, ways[one.sequence], within))
                for one in children
                if one.id not in detours
            ],
        )


def _running(block: Block, found: Sequence[Row], within: tuple[str, ...]) -> StepAhead:
    first = found[0]
    asked = tuple(
        Expected(_candidate(one), "decided" if one.task_state == "decided" else "asked")
        for one in found
        if one.task_state in _COUNTS
    )
    return StepAhead(
        first.block, block.get("name"), within, "stops" if first.state == "blocked" else "asks", asked, first.mode,
        first.threshold, first.sms, first.floor, running=True,
    )  # fmt: skip


def _candidate(row: Row) -> Candidate:
    why: Mapping[str, Any] = row.why or {}
    return Candidate(
        row.person_id, row.account, row.name, row.weight,
        {name: str(why[name]) for name in ("rule", "zh", "en") if name in why},
        str(why.get("capacity", "named")), why.get("unit_id"),
    )  # fmt: skip
