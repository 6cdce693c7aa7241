"""F25: the flow administrator steps in. He ends a request, moves it to any step, decides in another's place, gives a task to
somebody else, or lets a blocked step look for its people again. Each with a reason on record; whoever loses a task is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from approval_core import audit, timers
from approval_core.approvals import (
    activating,
    assurance,
    at_hand,
    choosing,
    closing,
    deciding,
    handing,
    officers,
    refusals,
    settling,
    stepping,
    telling,
    walking,
)
from approval_core.approvals.deciding import Decided
from approval_core.approvals.journey import Journey
from approval_core.approvals.jumping import put_at
from approval_core.approvals.models import Decision, Step
from approval_core.approvals.recording import Given
from approval_core.approvals.rules import blocks
from approval_core.approvals.rules.blocks import Block
from approval_core.approvals.stepping import Matter
from approval_core.approvals.walking import Thread
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, NotFound
from approval_core.inbox import service as inbox
from approval_core.notices import service as notices
from approval_core.people.actor import Actor, Evidence
from approval_core.store import Row, Tx

steps, decisions = table_of(Step), table_of(Decision)

_SUPERSEDE_HELD = (
    update(decisions)
    .where(decisions.c.request_id == bindparam("of_request"), decisions.c.state == "held")
    .values(state="superseded", settled_at=bindparam("at"))
    .returning(decisions.c.id)
)
_BLOCKED = (
    select(steps.c.id, steps.c.token_id)
    .where(
        steps.c.request_id == bindparam("of_request"),
        steps.c.block == bindparam("at_block"),
        steps.c.state == "blocked",
    )
    .order_by(steps.c.id.desc())
)


def terminate(tx: Tx, request_id: int, *, actor: Actor, reason: str, now: datetime) -> None:
    """The request ends as cancelled; a decision in hold does not count. NotFound("no_request"); Conflict("closed")."""
    why = officers.check(tx, actor, reason, now=now)
    matter = _alive(tx, request_id, ("pending", "returned"))
    asked = telling.open_tasks(tx, request_id)
    _supersede_held(tx, matter, actor, now=now)
    closing.end(tx, matter, actor, "cancelled", {"reason": why}, now=now)
    told = telling.tell(tx, matter, asked, kind="cancelled", facts={"reason": why}, sms=False, now=now)
    if matter.applicant_id is not None and matter.applicant_id not in told:
        _tell_applicant(tx, matter, matter.applicant_id, now=now)
    stepping.tell(tx, matter, "approval.terminated", by=actor.name, reason=why, told=told, now=now)


def jump(tx: Tx, request_id: int, block: str, *, actor: Actor, reason: str, now: datetime) -> str:
    """The request stands at another step: back, where what was decided from there on no longer counts, or ahead, where what is
    asked now ends. Returns its state. NotFound("no_request" | "no_step"); Conflict("closed")."""
    why = officers.check(tx, actor, reason, now=now)
    matter = _alive(tx, request_id, ("pending",))
    journey = Journey(tx, matter, now)
    place = blocks.find(journey.route, block)
    if place is None or "step" not in blocks.block_at(journey.route, place):
        raise NotFound("no_step", f"the route has no step {block}", step=block)
    asked = telling.open_tasks(tx, request_id)
    ended = put_at(journey, place)
    lost = telling.losers(tx, request_id, asked)
    told = telling.tell(tx, matter, lost, kind="jumped", facts={"reason": why}, now=now)
    _note(journey, actor, "jumped", f"block:{block}", {"reason": why, "told": told})
    stepping.tell(tx, matter, "approval.jumped", block=block, by=actor.name, reason=why, told=told, now=now)
    return _goes_on(journey, ended)


def override(
    tx: Tx,
    task_id: int,
    *,
    actor: Actor,
    evidence: Evidence,
    verdict: str,
    task_revision: int,
    reason: str,
    target: str | None = None,
    resume: str | None = None,
    form: Mapping[str, Any] | None = None,
    now: datetime,
) -> Decided:
    """He decides in the place of whoever is asked; both names and the word `override` stand on record. Hold, floor,
    separation and the duty of a reason are those of any decision; below the floor he decides nothing.

    As `deciding.decide` refuses, but for "not_yours"; Forbidden("not_a_person" | "own_request" | "below_floor").
    """
    why = officers.check(tx, actor, reason, now=now)
    if actor.person_id is None:
        raise Forbidden("not_a_person", "only a person decides")
    deciding.check_words(verdict, why, target, resume)
    task = at_hand.find(tx, task_id)
    if task.applicant_id == actor.person_id:
        raise Forbidden("own_request", "nobody decides on his own request in another's place")
    at_hand.refuse_unless_open(tx, task, task_revision=task_revision, verdict=verdict, now=now)
    shown = replace(evidence, ref=f"override:{evidence.ref}"[:100])
    instead_of = None if task.person_id == actor.person_id else task.person_id
    given = Given(actor, instead_of, shown, verdict, why, target, resume, form)
    journey = Journey(tx, stepping.matter_of(task), now)
    found = deciding.weigh(journey, task, given)
    if found.kind != "final":
        raise assurance.refusal(found)
    decided = deciding.take(journey, task, given, floor=found.floor)
    _note(journey, actor, "overrode", f"task:{task_id}", {"reason": why, "decision": decided.decision_id})
    if instead_of is not None:
        lost = [telling.Lost(task_id, task.person_id, task_revision)]
        facts = {"decision_id": decided.decision_id}
        told = telling.tell(tx, journey.matter, lost, kind="elsewhere", facts=facts, now=now)
        stepping.tell(
            tx, journey.matter, "approval.overridden", decision_id=decided.decision_id, task_id=task_id, told=told, now=now
        )  # fmt: skip
    return decided


def reassign(tx: Tx, task_id: int, to_id: int, *, actor: Actor, reason: str, now: datetime) -> int:
    """The task goes to somebody else, whatever its step says about handing over. Returns the new task.

    NotFound("no_task"); Conflict("closed" | "already_asked" | …) as a decision is refused; Invalid("bad_person").
    """
    why = officers.check(tx, actor, reason, now=now)
    task = at_hand.find(tx, task_id)
    if not at_hand.in_time(task, now) or task.task_state not in ("open", "waiting"):
        raise at_hand.why_not(tx, task_id, task_revision=task.task_revision, verdict="", now=now)
    return move(Journey(tx, stepping.matter_of(task), now), task, to_id, actor=actor, reason=why)


def move(
    journey: Journey, task: Row, to_id: int, *, actor: Actor, reason: str, verb: str = "reassigned"
) -> int:
    """Whoever had it open is told."""
    new_id = handing.move(journey, task, to_id, actor=actor, reason=reason, verb=verb)
    if task.task_state == "open":
        lost = [telling.Lost(task.task_id, task.person_id, task.task_revision)]
        telling.tell(
            journey.tx, journey.matter, lost, kind="moved", facts={"reason": reason}, now=journey.now
        )
    return new_id


def ask_again(tx: Tx, request_id: int, block: str, *, actor: Actor, reason: str = "", now: datetime) -> str:
    """A blocked step looks for its people anew, a blocked choice for its branch. Returns the request's state.

    NotFound("no_request" | "not_blocked"); Conflict("closed" | "still_nobody" with the reason).
    """
    officers.check(tx, actor, reason or "—", now=now)
    matter = _alive(tx, request_id, ("pending",))
    journey = Journey(tx, matter, now)
    step = tx.run(_BLOCKED, of_request=request_id, at_block=block).first()
    if step is None:
        raise NotFound("not_blocked", f"no step {block} waits for people", block=block)
    found = journey.named_block(block)
    if found is not None and "step" not in found:
        stepping.settle_step(tx, step.id, "void", now=now)
        ended = _walk_on(journey, step.token_id)
    else:
        ended = _ask_step(journey, step, found)
    stepping.unblocked(tx, step.id, now=now)
    _note(journey, actor, "asked_again", f"block:{block}", {"reason": reason})
    return _goes_on(journey, ended)


def _ask_step(journey: Journey, step: Row, block: Block | None) -> bool:
    settled = None if block is None else activating.ask_again(journey, step.id, block)
    if settled is None:
        why = None if block is None else choosing.choose(journey, block).reason
        raise Conflict("still_nobody", "there is still nobody to ask", why=dict(why or {}))
    return settled and walking.passed(journey, step.token_id)


def _walk_on(journey: Journey, token_id: int) -> bool:
    row = walking.find(journey, token_id)
    return walking.advance(journey, Thread(row.id, row.parent_id, row.sequence, row.at))


def _goes_on(journey: Journey, ended: bool) -> str:
    """What the request has come to when its threads were moved. `ended`: the way was at its end."""
    if not ended:
        stepping.touch(journey.tx, journey.matter, now=journey.now)
        return "pending"
    state = settling.finish(journey, "approved")
    stepping.tell(journey.tx, journey.matter, "approval.closed", state=state, now=journey.now)
    return state


def _alive(tx: Tx, request_id: int, states: tuple[str, ...]) -> Matter:
    matter = stepping.lock(tx, request_id)
    if matter is None:
        raise NotFound("no_request", "there is no such request")
    if matter.state not in states:
        raise refusals.closed(matter.state)
    return matter


def _supersede_held(tx: Tx, matter: Matter, actor: Actor, *, now: datetime) -> None:
    for held in tx.run(_SUPERSEDE_HELD, of_request=matter.id, at=now).all():
        timers.cancel_timer(tx, "hold_end", str(held.id))
        audit.append(
            tx, chain=matter.chain, actor=actor.name, verb="superseded", thing=f"decision:{held.id}",
            data={"by": f"request:{matter.id}"}, now=now,
        )  # fmt: skip


def _tell_applicant(tx: Tx, matter: Matter, person_id: int, *, now: datetime) -> None:
    inbox.open_word(
        tx, kind="told", ref=f"ended/{matter.id}/{matter.revision}", source=matter.source, request_id=matter.id,
        person_id=person_id, title=matter.title, applicant=matter.applicant, urgency=matter.urgency, now=now,
    )  # fmt: skip
    if matter.sms:
        notices.tell(tx, kind="cancelled", person_id=person_id, request_id=matter.id, now=now)


def _note(journey: Journey, actor: Actor, verb: str, thing: str, data: dict[str, Any]) -> None:
    audit.append(
        journey.tx, chain=journey.matter.chain, actor=actor.name, verb=verb, thing=thing, data=data, now=journey.now
    )  # fmt: skip
