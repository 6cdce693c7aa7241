"""F41: running requests on another version of their type. First the plan, which writes nothing: where each thread will
stand, whom that asks anew, what is lost. `carrying` does what the plan says, and puts it back.

A step that somebody has begun (decided, handed over, added to) is finished by those who are asked. One that nobody has
touched is asked by the new version's rules where these name others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from approval_core.approvals import choosing
from approval_core.approvals.choosing import Choice
from approval_core.approvals.journey import Journey
from approval_core.approvals.migration import Anew, Fault, Item, Plan, Stand
from approval_core.approvals.models import Decision, Request, Step, Task, Token
from approval_core.approvals.past import OnRecord, Past, Spoken
from approval_core.approvals.rules import blocks, carrying
from approval_core.approvals.rules.blocks import Block, Place, Route
from approval_core.approvals.rules.carrying import Tree
from approval_core.approvals.stepping import MATTER_COLUMNS, Matter, matter_of
from approval_core.audit.canonical import canonical
from approval_core.columns import table_of
from approval_core.definitions import queries as definitions
from approval_core.definitions.queries import Version
from approval_core.errors import NotFound
from approval_core.people import queries as people
from approval_core.store import Row, Tx

requests, tokens, steps, tasks, decisions = (table_of(one) for one in (Request, Token, Step, Task, Decision))

#: Requests in one plan.
MOST = 10_000

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
_STEPS = (
    select(
        steps.c.id, steps.c.token_id, steps.c.block, steps.c.state, steps.c.mode, steps.c.threshold, steps.c.collect_all,
        steps.c.on_reject, steps.c.sms, steps.c.floor,
    )
    .where(
        steps.c.request_id == bindparam("of_request"),
        steps.c.revision == bindparam("at_revision"),
        steps.c.parent_task_id.is_(None),
    )
    .order_by(steps.c.id)
)  # fmt: skip
_TASKS = (
    select(
        tasks.c.id, tasks.c.step_id, tasks.c.person_id, tasks.c.state, tasks.c.revision, tasks.c.from_task_id,
        tasks.c.claimed_at, steps.c.parent_task_id,
    )
    .join(steps, steps.c.id == tasks.c.step_id)
    .where(steps.c.request_id == bindparam("of_request"), steps.c.revision == bindparam("at_revision"))
    .order_by(tasks.c.id)
)  # fmt: skip
_LAST_DECISION = select(decisions.c.id, decisions.c.state).where(
    decisions.c.request_id == bindparam("of_request")
).order_by(decisions.c.id)  # fmt: skip


@dataclass(slots=True)
class Draft:
    """All that `carrying` needs of one request, worked out from its rows."""

    item: Item
    journey: Journey
    route: Route
    names: Mapping[str, str] = field(default_factory=dict)
    threads: Sequence[Row] = ()
    steps: Sequence[Row] = ()
    tasks: Sequence[Row] = ()
    leaves: Mapping[int, Place] = field(default_factory=dict)
    tree: Tree = field(default_factory=Tree)
    done: Mapping[str, int | None] = field(default_factory=dict)
    again: frozenset[int] = frozenset()
    last_decision: int = 0


@dataclass(frozen=True, slots=True)
class Renamed:
    """The record, asked by the names of the new version."""

    record: Past
    old_names: Mapping[str, str]

    def decided_at(self, block: str) -> Sequence[Spoken]:
        return self.record.decided_at(self.old_names[block]) if block in self.old_names else ()

    def approvals(self) -> Sequence[Any]:
        return self.record.approvals()


def plan(
    tx: Tx,
    type_name: str,
    to_version: int,
    *,
    from_version: int | None = None,
    request_ids: Sequence[int] | None = None,
    mapping: Mapping[str, str] | None = None,
    now: datetime,
) -> Plan:
    """The dry run: the requests named, else all that run on `from_version` (or on any other version).

    NotFound("no_type"); Invalid("bad_mapping"). What cannot be carried over is a fault of its item.
    """
    target = definitions.numbered(tx, type_name, to_version)
    given = dict(mapping or {})
    if from_version is not None:
        carrying.check_mapping(definitions.numbered(tx, type_name, from_version).route, target.route, given)
    ids = list(request_ids) if request_ids is not None else _running(tx, type_name, from_version, target.id)
    items = tuple(draft(tx, one, target, given, now=now).item for one in ids)
    return Plan(type_name, to_version, target.id, given, items)


def _running(tx: Tx, type_name: str, from_version: int | None, target_id: int) -> list[int]:
    wanted = select(requests.c.id).where(
        requests.c.type == type_name, requests.c.state == "pending", requests.c.type_version_id.is_not(None),
        requests.c.type_version_id != target_id,
    )  # fmt: skip
    if from_version is not None:
        version = definitions.numbered(tx, type_name, from_version)
        wanted = wanted.where(requests.c.type_version_id == version.id)
    return list(tx.execute(wanted.order_by(requests.c.id).limit(MOST)).scalars())


def draft(tx: Tx, request_id: int, target: Version, mapping: Mapping[str, str], *, now: datetime) -> Draft:
    """One request worked out. NotFound("no_request")."""
    row = tx.run(_MATTER, of_request=request_id).first()
    if row is None:
        raise NotFound("no_request", f"there is no request {request_id}", id=request_id)
    matter = matter_of(row)
    journey = Journey(tx, matter, now)
    at = {"of_request": matter.id, "at_revision": matter.revision}
    threads, its_steps, its_tasks = (tx.run(one, **at).all() for one in (_TOKENS, _STEPS, _TASKS))
    decided = tx.run(_LAST_DECISION, of_request=matter.id).all()
    item = Item(matter.id, matter.source_ref, matter.title, mark_of(matter, threads, its_steps, its_tasks))
    found = Draft(
        item, journey, target.route, threads=threads, steps=its_steps, tasks=its_tasks,
        last_decision=decided[-1].id if decided else 0,
    )  # fmt: skip
    faults = _faults(matter, threads, target, held=any(one.state == "held" for one in decided))
    if faults:
        found.item = replace(item, faults=faults)
        return found
    return _worked_out(found, target, mapping)


def mark_of(
    matter: Matter, threads: Sequence[Row], its_steps: Sequence[Row], its_tasks: Sequence[Row]
) -> str:
    """Changes whenever anything about the request moves."""
    seen = [
        [matter.state, matter.revision, matter.type_version_id],
        [[one.id, one.parent_id, one.sequence, one.at, one.state, one.parked_by] for one in threads],
        [[one.id, one.block, one.state] for one in its_steps],
        [[one.id, one.person_id, one.state, one.revision] for one in its_tasks],
    ]
    return hashlib.sha256(canonical(seen).encode()).hexdigest()


def _faults(matter: Matter, threads: Sequence[Row], target: Version, *, held: bool) -> tuple[Fault, ...]:
    found = []
    if matter.state != "pending":
        found.append(Fault("closed", "", f"申请已结束（{matter.state}）", f"the request is {matter.state}"))
    if matter.type != target.type or matter.type_version_id is None:
        found.append(
            Fault("other_type", "", f"不是 {target.type} 的申请", f"it is no request of type {target.type}")
        )
    elif matter.type_version_id == target.id:
        found.append(Fault("there_already", "", "已在该版本上", "it runs on that version already"))
    if held:
        found.append(
            Fault("held", "", "有意见在可撤销期内", "a decision is in hold; ask again when the hold is over")
        )
    if any(one.state == "parked" for one in threads):
        found.append(
            Fault(
                "detour",
                "",
                "退回补办中，待其完成",
                "a step is asked once more after a return; wait until it has spoken",
            )
        )
    return tuple(found)


def _worked_out(found: Draft, target: Version, mapping: Mapping[str, str]) -> Draft:
    journey = found.journey
    old = journey.route
    found.names = carrying.carried(old, target.route, mapping)
    faults, leaves, stands = [], {}, []
    for row in found.threads:
        if row.state != "live":
            continue
        block = blocks.id_of(journey.block(row.sequence, row.at))
        place = blocks.find(target.route, found.names[block]) if block in found.names else None
        if place is None:
            faults.append(
                Fault(
                    "lost",
                    block,
                    f"新版本没有与环节 {block} 对应的环节",
                    f"the new version has no counterpart of {block}",
                )
            )
            continue
        leaves[row.id] = place
        stands.append(Stand(row.id, block, found.names[block]))
    if not faults:
        found.leaves, found.tree = leaves, carrying.tree_of(target.route, leaves)
        if found.tree.clash is not None:
            two = [one.block for one in stands if one.token_id in found.tree.clash]
            names = "、".join(two)
            faults.append(
                Fault(
                    "clash", two[0], f"{names} 在新版本中不再并行", f"{names} no longer run beside each other"
                )
            )
    if faults:
        found.item = replace(found.item, stands=tuple(stands), faults=tuple(faults))
        return found
    _whom(found, target, stands)
    return found


def _whom(found: Draft, target: Version, stands: Sequence[Stand]) -> None:
    """Which steps go on, and which are asked anew; which branches begin."""
    thought = new_journey(found, target)
    running = {one.token_id: one for one in found.steps if one.state in ("active", "blocked")}
    kept, anew, begun, again = [], [], [], set()
    for stand in stands:
        step = running.get(stand.token_id)
        block = blocks.block_at(target.route, found.leaves[stand.token_id])
        if step is not None and "step" not in block:  # stopped by a condition, which is asked again
            again.add(step.id)
            begun.append(stand.to)
            continue
        if step is None or _begun(found, step):
            kept.append(stand.to)
            continue
        choice = choosing.choose(thought, block)
        before = [one for one in found.tasks if one.step_id == step.id]
        if _same(step, block, choice, {one.person_id for one in before}):
            kept.append(stand.to)
            continue
        again.add(step.id)
        accounts = tuple(_accounts(found.journey.tx, [one.person_id for one in before]))
        why = None if choice.people else choice.reason
        anew.append(Anew(stand.to, tuple(one.account for one in choice.people), accounts, why))
    found.again = frozenset(again)
    found.done = _done_branches(found)
    approved = {found.names.get(one.block) for one in found.steps if one.state == "approved"}
    ahead = [found.leaves[one.token_id] for one in stands]
    found.item = replace(
        found.item,
        stands=tuple(stands),
        kept=tuple(kept),
        anew=tuple(anew),
        begun=(*begun, *(path for path in found.tree.missing if path not in found.done)),
        forgotten=tuple(
            dict.fromkeys(
                one.block for one in found.steps if one.state == "approved" and one.block not in found.names
            )
        ),
        passed_over=tuple(
            blocks.id_of(block)
            for place, block in blocks.walk(target.route)
            if "step" in block
            and block["step"] not in approved
            and any(blocks.precedes(target.route, place, one) for one in ahead)
        ),
    )


def new_journey(found: Draft, target: Version) -> Journey:
    """The request as it will be on the new version, in thought."""
    journey = Journey(found.journey.tx, found.journey.matter, found.journey.now)
    journey.version, journey.route, journey.content = target, target.route, found.journey.content
    record = OnRecord(journey.tx, journey.matter)
    journey.past = Renamed(record, {new: old for old, new in found.names.items()})
    return journey


def _begun(found: Draft, step: Row) -> bool:
    """Somebody has decided in it, handed his task on, claimed it, or had others added."""
    its = [one for one in found.tasks if one.step_id == step.id]
    numbers = {one.id for one in its}
    touched = any(
        one.state in ("decided", "moved", "removed")
        or one.from_task_id is not None
        or one.claimed_at is not None
        for one in its
    )
    return touched or any(one.parent_task_id in numbers for one in found.tasks)


def _same(step: Row, block: Block, choice: Choice, before: set[int]) -> bool:
    asked = {one.person_id for one in choice.people}
    as_before = (step.mode, step.threshold) == (block["mode"], block.get("threshold"))
    return step.state == "active" and as_before and asked == before and not choice.merged


def _accounts(tx: Tx, person_ids: Sequence[int]) -> list[str]:
    return [one.account for one in people.persons_by_id(tx, person_ids).values()]


def _done_branches(found: Draft) -> dict[str, int | None]:
    """Branches without a thread that are over: the old branch of that name is done, or all its steps are approved.
    With the old thread, where there is one."""
    approved = {found.names.get(one.block) for one in found.steps if one.state == "approved"}
    old_names = {new: old for old, new in found.names.items()}
    done: dict[str, int | None] = {}
    for path in found.tree.missing:
        holder = blocks.id_of(blocks.block_at(found.route, carrying.holder_of(found.route, path)))
        branch = path.split(".")[-1]
        place = blocks.find(found.journey.route, old_names[holder]) if holder in old_names else None
        old_path = None if place is None else blocks.inside(place.sequence, place.at, "branches", branch)
        thread = next(
            (one for one in found.threads if one.sequence == old_path and one.state == "done"), None
        )
        inside = [block["step"] for _, block in blocks.walk(found.route, path) if "step" in block]
        if thread is not None or (inside and all(one in approved for one in inside)):
            done[path] = None if thread is None else thread.id
    return done
