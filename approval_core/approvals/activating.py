"""A token reaches a block: who is asked there, or which branches it opens. People are chosen now, not at submission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from approval_core import audit
from approval_core.approvals import choosing, merging, opening, stepping
from approval_core.approvals.choosing import Choice
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Step, Task
from approval_core.approvals.rules import blocks
from approval_core.approvals.rules.blocks import Block
from approval_core.columns import table_of
from approval_core.errors import Invalid
from approval_core.people import queries as people
from approval_core.people.queries import Candidate

steps, tasks = table_of(Step), table_of(Task)

_POSITION = select(func.count()).where(
    steps.c.request_id == bindparam("of_request"), steps.c.revision == bindparam("at_revision")
)
_INSERT_STEP = insert(steps).returning(steps.c.id)
_INSERT_TASK = insert(tasks).returning(tasks.c.id)
_UNBLOCK = (
    update(steps)
    .where(steps.c.id == bindparam("of_step"), steps.c.state == "blocked")
    .values(state="active", opened_at=bindparam("at"))
)


def activate(journey: Journey, token_id: int, block: Block, *, fresh: bool = False) -> bool:
    """Asks the people of a step. True when nobody has to be asked any more and the token goes on.
    `fresh`: it was sent back to them, so that what they approved before does not count.

    Nobody found: the step is blocked and an alarm raised, unless the block names somebody else or says skip.
    """
    choice = choosing.choose(journey, block, fresh=fresh)
    if not choice.people and choice.skip:
        _note(journey, "step.skipped", block, {"why": choice.reason})
        return True
    step_id = _insert_step(journey, token_id, block, state="active" if choice.people else "blocked")
    if not choice.people:
        _note(journey, "step.blocked", block, {"why": choice.reason})
        stepping.blocked(
            journey.tx, journey.matter, step_id, block=blocks.id_of(block), why=choice.reason, now=journey.now
        )
        return False
    return ask_everybody(journey, step_id, block, choice)


def ask_everybody(journey: Journey, step_id: int, block: Block, choice: Choice) -> bool:
    """The tasks of a step that has people. True when their earlier approvals settle it at once (F10)."""
    mode = block["mode"]
    task_ids = [
        insert_task(
            journey,
            step_id,
            person_id=one.person_id,
            position=order,
            weight=one.weight,
            why=_why(journey, one),
        )
        for order, one in enumerate(choice.people, start=1)
    ]
    if choice.merged and merging.settle(journey, step_id, block, choice, task_ids):
        return True
    waiting = stepping.waiting_tasks(journey.tx, step_id)
    for task in waiting[:1] if mode == "sequence" else waiting:
        opening.open_task(journey, task)
    return False


def _why(journey: Journey, one: Candidate) -> dict[str, Any]:
    """Kept with the task: why he, in which capacity, and from which revision of the organisation that was read."""
    told = {**one.why, "capacity": one.capacity, "unit_id": choosing.answering_unit(journey, one)}
    return told if journey.policy.given else told | {"org_revision": people.org_revision(journey.tx)}


def insert_task(
    journey: Journey,
    step_id: int,
    *,
    person_id: int,
    position: int,
    weight: int = 1,
    why: Mapping[str, Any] | None = None,
    from_task_id: int | None = None,
) -> int:
    """A waiting task; its number."""
    task_id: int = journey.tx.run(
        _INSERT_TASK,
        request_id=journey.matter.id,
        step_id=step_id,
        person_id=person_id,
        position=position,
        weight=weight,
        revision=1,
        state="waiting",
        why=why,
        from_task_id=from_task_id,
        after_step_id=None,
        claimed_at=None,
        opened_at=None,
        closed_at=None,
    ).scalar()
    return task_id


def _insert_step(journey: Journey, token_id: int, block: Block, *, state: str) -> int:
    return insert_step(
        journey,
        token_id=token_id,
        block=blocks.id_of(block),
        mode=block["mode"],
        threshold=block.get("threshold"),
        state=state,
        sms=journey.policy.sms_in(block, journey.matter.amount),
        floor=journey.policy.floor_in(block),
        collect_all=bool(block.get("collect_all", False)),
        on_reject=block.get("on_reject"),
    )


def insert_step(
    journey: Journey,
    *,
    block: str,
    mode: str,
    state: str,
    sms: str,
    floor: int,
    token_id: int | None = None,
    threshold: int | None = None,
    collect_all: bool = False,
    on_reject: str | None = None,
    parent_task_id: int | None = None,
    placed: str | None = None,
) -> int:
    """One run of a step, numbered in the order in which steps are reached."""
    matter = journey.matter
    position: int = journey.tx.run(_POSITION, of_request=matter.id, at_revision=matter.revision).scalar()
    step_id: int = journey.tx.run(
        _INSERT_STEP,
        request_id=matter.id,
        revision=matter.revision,
        position=position + 1,
        token_id=token_id,
        block=block,
        mode=mode,
        threshold=threshold,
        collect_all=collect_all,
        on_reject=on_reject,
        state=state,
        sms=sms,
        floor=floor,
        parent_task_id=parent_task_id,
        placed=placed,
        opened_at=journey.now if state == "active" else None,
        settled_at=None,
    ).scalar()
    return step_id


def ask_again(journey: Journey, step_id: int, block: Block) -> bool | None:
    """A blocked step looks for its people anew. None: still nobody; else as `activate`."""
    choice = choosing.choose(journey, block)
    if not choice.people:
        return None
    journey.tx.run(_UNBLOCK, of_step=step_id, at=journey.now)
    return ask_everybody(journey, step_id, block, choice)


def ways_into(journey: Journey, token_id: int, block: Block) -> list[tuple[str, ...]] | None:
    """The sequences that run when a token reaches a block which holds some. None: a condition cannot be answered; the
    token stays, a blocked step stands for it and an alarm is raised."""
    try:
        return _ways(journey, block)
    except Invalid as error:
        why = {
            "zh": f"条件无法判断:{error.message}",
            "en": f"a condition cannot be answered: {error.message}",
        }
        step_id = insert_step(
            journey,
            token_id=token_id,
            block=blocks.id_of(block),
            mode="any",
            state="blocked",
            sms="none",
            floor=0,
        )
        stepping.blocked(
            journey.tx, journey.matter, step_id, block=blocks.id_of(block), why=why, now=journey.now
        )
        return None


def _ways(journey: Journey, block: Block) -> list[tuple[str, ...]]:
    found = choosing.ways(journey, block)
    if blocks.kind_of(block) in ("choice", "inclusive"):
        _note(
            journey, "route.chosen", block,
            {"branches": [way[1] if len(way) > 1 else way[0] for way in found.taken]},
        )  # fmt: skip
    return list(found.taken)


def send_copies(journey: Journey, rules: Sequence[Mapping[str, Any]], *, place: str) -> None:
    """F13: they are informed, and nothing waits for them."""
    for one in choosing.resolved(journey, rules, place).people:
        stepping.copy_to(
            journey.tx, journey.matter, one.person_id, place=place, why=_why(journey, one), now=journey.now
        )


def _note(journey: Journey, verb: str, block: Block, data: dict[str, Any]) -> None:
    audit.append(
        journey.tx, chain=journey.matter.chain, actor="system", verb=verb, thing=f"block:{blocks.id_of(block)}",
        data=data, now=journey.now,
    )  # fmt: skip
