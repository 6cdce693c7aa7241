"""F41: what a plan says is done, one request at a time and each in one go; and it is put back while nobody has decided.

The entry in the record holds the whole state before: version, route, threads, steps. `revert` reads it from there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from approval_core import audit
from approval_core.approvals import opening, settling, stepping, walking
from approval_core.approvals.journey import Journey
from approval_core.approvals.migrating import Draft, draft
from approval_core.approvals.migration import Done, Item, Plan
from approval_core.approvals.models import Decision, Request, Step, Task, Token
from approval_core.approvals.rules import blocks, carrying
from approval_core.approvals.stepping import Matter
from approval_core.approvals.walking import Thread
from approval_core.audit.models import entries
from approval_core.columns import table_of
from approval_core.definitions import queries as definitions
from approval_core.definitions.queries import Version
from approval_core.errors import Conflict, Invalid, NotFound, OfficeError
from approval_core.people.actor import Actor
from approval_core.store import Tx

requests, tokens, steps, tasks, decisions = (table_of(one) for one in (Request, Token, Step, Task, Decision))

MIGRATED, REVERTED = "migrated", "migration.reverted"
_TOKEN = ("parent_id", "sequence", "at", "state", "parked_by")
_STEP = ("block", "state", "mode", "threshold", "collect_all", "on_reject", "sms", "floor")
_SETTINGS = _STEP[2:]
_REQUEST = ("type_version_id", "on_reject", "hold_seconds", "sms")

_FACTS = select(requests.c.route, *(requests.c[name] for name in _REQUEST)).where(
    requests.c.id == bindparam("of_request")
)
_PUT_REQUEST = (
    update(requests)
    .where(requests.c.id == bindparam("of_request"))
    .values(
        type_version_id=bindparam("new_version"), route=bindparam("new_route"), on_reject=bindparam("new_on_reject"),
        hold_seconds=bindparam("new_hold"), sms=bindparam("new_sms"), changed_at=bindparam("at"),
    )
)  # fmt: skip
_PUT_TOKEN = (
    update(tokens)
    .where(tokens.c.id == bindparam("of_token"))
    .values(
        parent_id=bindparam("new_parent"), sequence=bindparam("new_sequence"), at=bindparam("new_at"),
        state=bindparam("new_state"), parked_by=bindparam("new_parked"),
    )
)  # fmt: skip
_PUT_STEP = (
    update(steps)
    .where(steps.c.id == bindparam("of_step"))
    .values(
        block=bindparam("new_block"), mode=bindparam("new_mode"), threshold=bindparam("new_threshold"),
        collect_all=bindparam("new_collect_all"), on_reject=bindparam("new_on_reject"), sms=bindparam("new_sms"),
        floor=bindparam("new_floor"),
    )
)  # fmt: skip
_STEP_AGAIN = (
    update(steps)
    .where(steps.c.id == bindparam("of_step"))
    .values(state=bindparam("old_state"), settled_at=None)
)
_TASK_AGAIN = (
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"))
    .values(state=bindparam("old_state"), closed_at=None, revision=tasks.c.revision + bindparam("more"))
    .returning(tasks.c.id, tasks.c.person_id, tasks.c.revision)
)
_THREADS = (
    select(tokens.c.id, *(tokens.c[name] for name in _TOKEN))
    .where(
        tokens.c.request_id == bindparam("of_request"),
        tokens.c.revision == bindparam("at_revision"),
        tokens.c.state != "cancelled",
    )
    .order_by(tokens.c.id)
)
_NEW_STEPS = select(steps.c.id, steps.c.state).where(
    steps.c.request_id == bindparam("of_request"),
    steps.c.parent_task_id.is_(None),
    steps.c.id > bindparam("last_step"),
)
_DECIDED = select(decisions.c.id).where(
    decisions.c.request_id == bindparam("of_request"), decisions.c.id > bindparam("last_decision")
)
_ENTRY = (
    select(entries.c.seq, entries.c.verb, entries.c.data)
    .where(entries.c.chain == bindparam("of_chain"))
    .where(entries.c.verb.in_((MIGRATED, REVERTED)))
    .order_by(entries.c.seq.desc())
    .limit(1)
)


def apply(tx: Tx, plan: Plan, *, actor: Actor, reason: str, now: datetime) -> list[Done]:
    """Every request of the plan, each in one go: one that is refused changes nothing, and no other."""
    done = []
    for item in plan.items:
        try:
            with tx.nested():
                apply_one(tx, plan, item, actor=actor, reason=reason, now=now)
            done.append(Done(item.request_id, "migrated"))
        except OfficeError as refused:
            done.append(Done(item.request_id, "refused", refused.code, refused.message))
    return done


def apply_one(tx: Tx, plan: Plan, item: Item, *, actor: Actor, reason: str, now: datetime) -> None:
    """Conflict("moved") when the request is no longer as it was planned; Conflict("cannot_migrate") with the faults."""
    if not reason.strip():
        raise Invalid("no_reason", "a migration has a reason")
    if stepping.lock(tx, item.request_id) is None:
        raise NotFound("no_request", "there is no such request")
    target = definitions.version(tx, plan.to_version_id)
    found = draft(tx, item.request_id, target, plan.mapping, now=now)
    if found.item.mark != item.mark:
        raise Conflict("moved", f"{item.ref} has moved since it was planned", id=item.request_id)
    if found.item.faults:
        said = "; ".join(one.en for one in found.item.faults)
        raise Conflict("cannot_migrate", said, faults=[one.code for one in found.item.faults])
    before = _before(tx, found)
    journey = _carry(tx, found, target)
    after = _threads(tx, journey.matter)
    audit.append(
        tx, chain=journey.matter.chain, actor=actor.name, verb=MIGRATED, thing=f"request:{journey.matter.id}",
        data={
            "reason": reason, "to": target.version, "to_version_id": target.id, "mapping": dict(plan.mapping),
            "before": before, "after": after,
        },
        now=now,
    )  # fmt: skip


def _before(tx: Tx, found: Draft) -> dict[str, Any]:
    matter = found.journey.matter
    facts = tx.run(_FACTS, of_request=matter.id).one()
    version = found.journey.version
    again = [one for one in found.tasks if one.step_id in found.again]
    return {
        "version": None if version is None else version.version,
        "revision": matter.revision,
        "route": facts.route,
        **{name: getattr(facts, name) for name in _REQUEST},
        "tokens": [{"id": row.id} | {name: getattr(row, name) for name in _TOKEN} for row in found.threads],
        "steps": [
            {"id": row.id, "again": row.id in found.again} | {name: getattr(row, name) for name in _STEP}
            for row in found.steps
        ],
        "tasks": [{"id": one.id, "step": one.step_id, "state": one.state} for one in again],
        "last_step": max((row.id for row in found.steps), default=0),
        "last_decision": found.last_decision,
    }


def _threads(tx: Tx, matter: Matter) -> list[list[Any]]:
    rows = tx.run(_THREADS, of_request=matter.id, at_revision=matter.revision)
    return [[row.id, *(getattr(row, name) for name in _TOKEN)] for row in rows]


def _carry(tx: Tx, found: Draft, target: Version) -> Journey:
    """The journey on the new version, with everybody asked whom that asks."""
    matter, now = found.journey.matter, found.journey.now
    document = target.document
    for row in found.steps:  # while the old names still say which they are
        if row.id in found.again:
            stepping.settle_step(tx, row.id, "void", now=now)
            stepping.end_tasks(tx, matter, row.id, now=now)
            stepping.unblocked(tx, row.id, now=now)
    tx.run(
        _PUT_REQUEST, of_request=matter.id, new_version=target.id, new_route=target.route,
        new_on_reject=document.on_reject, new_hold=document.hold, new_sms=document.sms != "none", at=now,
    )  # fmt: skip
    locked = stepping.lock(tx, matter.id)
    assert locked is not None  # noqa: S101  # its row is ours
    journey = Journey(tx, locked, now)
    _rename_steps(found, journey)
    fresh = _replant(found, journey)
    again = {row.token_id for row in found.steps if row.id in found.again}
    ended = False
    for thread in [*(_thread(found, one) for one in found.leaves if one in again), *fresh]:
        row = walking.find(journey, thread.id)
        if row.state == "live" and not ended:
            ended = walking.advance(journey, Thread(row.id, row.parent_id, row.sequence, row.at))
    if ended:
        state = settling.finish(journey, "approved")
        stepping.tell(tx, journey.matter, "approval.closed", state=state, now=now)
    return journey


def _thread(found: Draft, token_id: int) -> Thread:
    place = found.leaves[token_id]
    return Thread(token_id, None, place.sequence, place.at)


def _rename_steps(found: Draft, journey: Journey) -> None:
    """Steps are called as in the new version; one that goes on untouched gets its settings."""
    for row in found.steps:
        values = {"block": found.names.get(row.block, row.block)} | {
            key: getattr(row, key) for key in _SETTINGS
        }
        place = found.leaves.get(row.token_id)
        if place is not None and row.state == "active" and row.id not in found.again:
            block = journey.block(place.sequence, place.at)
            if (row.mode, row.threshold) == (block["mode"], block.get("threshold")):
                values |= {
                    "collect_all": bool(block.get("collect_all", False)),
                    "on_reject": block.get("on_reject"),
                    "sms": journey.policy.sms_in(block, journey.matter.amount),
                    "floor": journey.policy.floor_in(block),
                }
        _put_step(journey.tx, row.id, values)


def _put_step(tx: Tx, step_id: int, values: Mapping[str, Any]) -> None:
    tx.run(_PUT_STEP, of_step=step_id, **{f"new_{name}": values[name] for name in ("block", *_SETTINGS)})


def _put_token(tx: Tx, token_id: int, *values: Any) -> None:
    names = ("new_parent", "new_sequence", "new_at", "new_state", "new_parked")
    tx.run(_PUT_TOKEN, of_token=token_id, **dict(zip(names, values, strict=True)))


def _replant(found: Draft, journey: Journey) -> list[Thread]:
    """The threads as the new route needs them. Returns those of branches that begin."""
    tx = journey.tx
    first = next((row for row in found.threads if row.parent_id is None), None)
    standing: dict[str, int] = {}
    kept = set(found.leaves) | {one for one in found.done.values() if one is not None}
    for sequence, at in found.tree.splits.items():
        parent = _parent(found, standing, sequence)
        if sequence == blocks.ROOT and first is not None and first.id not in kept:
            _put_token(tx, first.id, None, sequence, at, "split", None)
            standing[sequence] = first.id
            kept.add(first.id)
        else:
            standing[sequence] = walking.open_token(journey, parent, sequence, at, "split").id
    for token_id, place in found.leaves.items():
        _put_token(
            tx, token_id, _parent(found, standing, place.sequence), place.sequence, place.at, "live", None
        )
    fresh = []
    for path in found.tree.missing:
        parent = _parent(found, standing, path)
        if path not in found.done:
            fresh.append(walking.open_token(journey, parent, path))
            continue
        end, over = len(blocks.sequence_at(found.route, path)), found.done[path]
        if over is None:
            walking.open_token(journey, parent, path, end, "done")
        else:
            _put_token(tx, over, parent, path, end, "done", None)
    for row in found.threads:
        if row.id not in kept:
            _put_token(tx, row.id, row.parent_id, row.sequence, row.at, "cancelled", row.parked_by)
    return fresh


def _parent(found: Draft, standing: Mapping[str, int], sequence: str) -> int | None:
    if sequence == blocks.ROOT:
        return None
    return standing[carrying.holder_of(found.route, sequence).sequence]


def revert(tx: Tx, request_id: int, *, actor: Actor, reason: str, now: datetime) -> None:
    """Back to the version it came from, each thread and step where it was.

    NotFound("no_migration"); Conflict("decided_since" | "moved_since" | "closed").
    """
    matter = stepping.lock(tx, request_id)
    entry = tx.run(_ENTRY, of_chain=f"request:{request_id}").first()
    if matter is None or entry is None or entry.verb == REVERTED or entry.data is None:
        raise NotFound(
            "no_migration", "nothing that could be put back was done to this request", id=request_id
        )
    data = json.loads(entry.data)
    before = data["before"]
    if matter.state != "pending":
        raise Conflict("closed", f"the request is {matter.state}", state=matter.state)
    if tx.run(_DECIDED, of_request=request_id, last_decision=before["last_decision"]).first() is not None:
        raise Conflict("decided_since", "somebody has decided since; migrate it anew instead")
    if matter.revision != before["revision"] or _threads(tx, matter) != data["after"]:
        raise Conflict("moved_since", "the request has moved since; migrate it anew instead")
    for row in tx.run(_NEW_STEPS, of_request=request_id, last_step=before["last_step"]).all():
        if row.state in ("active", "blocked", "waiting"):
            stepping.settle_step(tx, row.id, "void", now=now)
            stepping.end_tasks(tx, matter, row.id, now=now)
            stepping.unblocked(tx, row.id, now=now)
    _put_back(tx, matter, before, now=now)
    audit.append(
        tx, chain=matter.chain, actor=actor.name, verb=REVERTED, thing=f"request:{request_id}",
        data={"reason": reason, "of": entry.seq, "version": before["version"]}, now=now,
    )  # fmt: skip


def _put_back(tx: Tx, matter: Matter, before: Mapping[str, Any], *, now: datetime) -> None:
    known = {one["id"]: one for one in before["tokens"]}
    for row in tx.run(_THREADS, of_request=matter.id, at_revision=matter.revision).all():
        if row.id not in known:
            _put_token(tx, row.id, row.parent_id, row.sequence, row.at, "cancelled", row.parked_by)
    for one in before["tokens"]:
        _put_token(tx, one["id"], *(one[name] for name in _TOKEN))
    for one in before["steps"]:
        _put_step(tx, one["id"], one)
    tx.run(
        _PUT_REQUEST, of_request=matter.id, new_version=before["type_version_id"], new_route=before["route"],
        new_on_reject=before["on_reject"], new_hold=before["hold_seconds"], new_sms=before["sms"], at=now,
    )  # fmt: skip
    locked = stepping.lock(tx, matter.id)
    assert locked is not None  # noqa: S101  # its row is ours
    journey = Journey(tx, locked, now)
    for one in before["steps"]:
        if one["again"]:
            _ask_as_before(journey, one, [task for task in before["tasks"] if task["step"] == one["id"]])


def _ask_as_before(journey: Journey, step: Mapping[str, Any], its: Sequence[Mapping[str, Any]]) -> None:
    tx = journey.tx
    tx.run(_STEP_AGAIN, of_step=step["id"], old_state=step["state"])
    if step["state"] == "blocked":
        stepping.blocked(tx, journey.matter, step["id"], block=step["block"], why=None, now=journey.now)
    for task in its:
        is_open = task["state"] == "open"
        row = tx.run(_TASK_AGAIN, of_task=task["id"], old_state=task["state"], more=int(is_open)).one()
        if is_open:
            opening.reopened(journey, row, block=step["block"], kind="reopened")
