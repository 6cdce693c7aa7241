"""Decide, undo within the hold, and the end of the hold. Each is one compare-and-set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update

from approval_core import audit, timers
from approval_core.approvals import (
    assurance,
    at_hand,
    checks,
    effects,
    opening,
    recording,
    returning,
    rewriting,
    stepping,
)
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Decision, Request, Step, Task
from approval_core.approvals.recording import Given
from approval_core.approvals.rules import moves
from approval_core.approvals.rules.floor import Judgement
from approval_core.approvals.settling import STEP_PARTS, verdict_of
from approval_core.approvals.stepping import MATTER_COLUMNS, matter_of
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, Invalid, NotFound
from approval_core.inbox import service as inbox
from approval_core.notices import service as notices
from approval_core.people.actor import Actor, Evidence
from approval_core.store import Row, Tx

requests, steps, tasks, decisions = table_of(Request), table_of(Step), table_of(Task), table_of(Decision)

#: A receipt that cannot be handed over keeps the hold open this long at most.
RECEIPT_WAIT = timedelta(minutes=10)
LONGEST_COMMENT = 2000

_TAKE = (
    update(tasks)
    .where(
        tasks.c.id == bindparam("of_task"), tasks.c.state == "open", tasks.c.revision == bindparam("shown")
    )
    .values(state="decided", closed_at=bindparam("at"))
)
_DISPLACE = (
    update(tasks)
    .where(tasks.c.step_id == bindparam("of_step"), tasks.c.state == "open")
    .values(state="over", closed_at=bindparam("at"))
    .returning(tasks.c.id, tasks.c.person_id, tasks.c.revision, tasks.c.opened_at)
)
_DECISION = (
    select(
        *MATTER_COLUMNS,
        requests.c.state.label("request_state"),
        *STEP_PARTS,
        decisions.c.id.label("decision_id"),
    )
    .add_columns(
        *(
            decisions.c[name]
            for name in (
                "step_id",
                "task_id",
                "verdict",
                "target",
                "resume",
                "person_id",
                "on_behalf_of_id",
                "held_until",
            )
        )
    )
    .add_columns(decisions.c.state.label("decision_state"))
    .select_from(
        decisions.join(requests, requests.c.id == decisions.c.request_id).join(
            steps, steps.c.id == decisions.c.step_id
        )
    )
    .where(decisions.c.id == bindparam("of_decision"))
    .with_for_update(of=requests, key_share=True)
)
_UNDO = (
    update(decisions)
    .where(
        decisions.c.id == bindparam("of_decision"),
        decisions.c.state == "held",
        decisions.c.held_until > bindparam("at"),
    )
    .values(state="undone", settled_at=bindparam("at"))
)
_SETTLE = (
    update(decisions)
    .where(
        decisions.c.id == bindparam("of_decision"),
        decisions.c.state == "held",
        decisions.c.held_until <= bindparam("at"),
    )
    .values(state="effective", settled_at=bindparam("at"))
)
_REOPEN = (
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"))
    .values(state="open", opened_at=bindparam("at"), closed_at=None, revision=tasks.c.revision + 1)
    .returning(tasks.c.id, tasks.c.person_id, tasks.c.revision, tasks.c.claimed_at)
)
_REOPEN_DISPLACED = (
    update(tasks)
    .where(tasks.c.step_id == bindparam("of_step"), tasks.c.state == "over")
    .values(state="open", opened_at=bindparam("at"), closed_at=None, revision=tasks.c.revision + 1)
    .returning(tasks.c.id, tasks.c.person_id, tasks.c.revision)
)
_SHORTEN = (
    update(decisions)
    .where(
        decisions.c.id == bindparam("of_decision"),
        decisions.c.state == "held",
        decisions.c.held_until > bindparam("until"),
    )
    .values(held_until=bindparam("until"))
)


@dataclass(frozen=True, slots=True)
class Decided:
    decision_id: int
    request_id: int
    state: str  #: held | effective | provisional (then `decision_id` is that of the provisional one)
    held_until: datetime | None
    verdict: str
    effect: str  #: approved | rejected | returned, as this one verdict would have it
    #: provisional: the ways that would make it final, the least demanding first
    step_up: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Undone:
    request_id: int
    task_id: int
    task_revision: int


def decide(
    tx: Tx,
    task_id: int,
    *,
    actor: Actor,
    evidence: Evidence,
    verdict: str,
    task_revision: int,
    comment: str = "",
    target: str | None = None,
    resume: str | None = None,
    form: Mapping[str, Any] | None = None,
    batch: bool = False,
    now: datetime,
) -> Decided:
    """One person's verdict on his task, for the revision he was shown. The first one counts.

    A return goes to the applicant, or to the earlier step `target`, from where it goes on as `resume` says (replay | back).
    `form`: the fields that he writes (F39); it is the content with them that he decides on.
    Below the floor of its step it is provisional: it takes nothing until he confirms it in a surer way. `batch`: said
    together with others.
    NotFound("no_task" | "no_step"); Forbidden("not_yours" | "separated" | "not_by_sms" | "alone" …);
    Invalid("bad_verdict" | "bad_target" | "long_comment" | "comment_required" | "bad_form" with the fields);
    Conflict("already_decided" with the winner | "changed" | "closed" with the state | "not_yet" | "not_before_you").
    """
    check_words(verdict, comment, target, resume)
    journey, task, on_behalf_of = at_hand.open_task(
        tx, task_id, actor=actor, task_revision=task_revision, verdict=verdict, now=now
    )
    given = Given(actor, on_behalf_of, evidence, verdict, comment, target, resume, form)
    found = weigh(journey, task, given, batch=batch)
    if found.kind == "provisional":
        number = assurance.keep(journey, task, given, found)
        effect = moves.effect_of(verdict, task.step_on_reject or journey.matter.on_reject)
        ways = tuple(str(way) for way in found.step_up)
        return Decided(number, journey.matter.id, "provisional", None, verdict, effect, ways)
    return take(journey, task, given, floor=found.floor)


def weigh(journey: Journey, task: Row, given: Given, *, batch: bool = False) -> Judgement:
    """What the bureau's own rules say of it, and whether it is final: nothing is written yet."""
    if not journey.policy.given:
        checks.before_deciding(journey, task, given.actor, given.verdict, given.comment)
    if given.target is not None:
        returning.check_target(journey, task.token_id, given.target)
    return assurance.weigh(journey, task, given, batch=batch)


def take(journey: Journey, task: Row, given: Given, *, floor: int) -> Decided:
    """Whoever decides, the task is taken for him by compare-and-set, and it goes on record."""
    tx, now = journey.tx, journey.now
    if not tx.run(_TAKE, of_task=task.task_id, shown=task.task_revision, at=now).rowcount:
        raise at_hand.why_not(
            tx, task.task_id, task_revision=task.task_revision, verdict=given.verdict, now=now
        )
    written = rewriting.write(journey, task, given)
    if written is None:
        return _record(journey, task, given, floor)
    decided = _record(written.journey, task, given, floor)
    rewriting.note(written, decided.decision_id, given.actor)
    return decided


def check_words(verdict: str, comment: str, target: str | None, resume: str | None) -> None:
    if verdict not in moves.VERDICTS:
        raise Invalid("bad_verdict", f"a verdict is one of {', '.join(moves.VERDICTS)}")
    if len(comment) > LONGEST_COMMENT:
        raise Invalid("long_comment", f"a comment has at most {LONGEST_COMMENT} characters")
    if target is not None and verdict != "return":
        raise Invalid("bad_target", "only a return names a step")
    if resume is not None and (target is None or resume not in returning.RESUME):
        raise Invalid("bad_target", f"after a return to a step it goes on by {' or '.join(returning.RESUME)}")


def _record(journey: Journey, task: Row, given: Given, floor: int) -> Decided:
    tx, matter, now = journey.tx, journey.matter, journey.now
    hold = timedelta(seconds=matter.hold_seconds)
    late = RECEIPT_WAIT if given.evidence.channel == "sms" else timedelta()
    held_until = None if not hold else now + hold + late
    assert given.actor.person_id is not None  # noqa: S101  # `_capacity` lets only persons through
    inbox.decided(tx, task.task_id, by=given.actor.person_id, now=now)
    if not journey.policy.given:
        stepping.rest(tx, matter, task.task_id, task.task_revision, reason="decided", now=now)
    decision_id = recording.record(
        tx, matter, step_id=task.step_id, task_id=task.task_id, task_revision=task.task_revision,
        person_id=given.actor.person_id, on_behalf_of_id=given.on_behalf_of, actor=given.actor.name,
        evidence=given.evidence, verdict=given.verdict, comment=given.comment, target=given.target,
        resume=given.resume, floor=floor, held_until=held_until, now=now,
    )  # fmt: skip
    if floor > 1:  # with a lower one nothing was ever provisional
        assurance.confirmed(
            tx, task.task_id, decision_id, by=given.actor.person_id, verdict=given.verdict, now=now
        )
    if task.mode == "any":
        stepping.displaced(
            tx, matter, tx.run(_DISPLACE, of_step=task.step_id, at=now), decision_id=decision_id, now=now
        )
    if held_until:
        timers.set_timer(tx, "hold_end", str(decision_id), held_until)
        stepping.touch(tx, matter, now=now)
    else:
        effects.take_effect(
            journey,
            verdict_of(task, decision_id, verdict=given.verdict, target=given.target, resume=given.resume),
        )
    effect = moves.effect_of(given.verdict, task.step_on_reject or matter.on_reject)
    return Decided(
        decision_id, matter.id, "held" if held_until else "effective", held_until, given.verdict, effect
    )


def _find(tx: Tx, decision_id: int) -> Row:
    row = tx.run(_DECISION, of_decision=decision_id).first()
    if row is None:
        raise NotFound("no_decision", "there is no such decision")
    return row


def undo(tx: Tx, decision_id: int, *, actor: Actor, evidence: Evidence, now: datetime) -> Undone:
    """Takes a held decision back. It stays on record; its task opens at a raised revision, so the old code is void.

    Forbidden("not_yours"); Conflict("already_undone" | "hold_over").
    """
    row = _find(tx, decision_id)
    if actor.person_id is None or actor.person_id not in (row.person_id, row.on_behalf_of_id):
        raise Forbidden("not_yours", "this decision is somebody else's")
    if row.decision_state == "undone":
        raise Conflict("already_undone", "the decision was taken back before")
    if not tx.run(_UNDO, of_decision=decision_id, at=now).rowcount:
        raise Conflict(
            "hold_over", "the decision is in effect and can no longer be taken back", state=row.decision_state
        )
    matter = matter_of(row)
    timers.cancel_timer(tx, "hold_end", str(decision_id))
    journey = rewriting.take_back(Journey(tx, matter, now), row, decision_id, actor)
    matter = journey.matter
    task = tx.run(_REOPEN, of_task=row.task_id, at=now).one()
    # by SMS the answer to the X carries the new code itself, to whoever sent the X
    told = evidence.channel != "sms" or actor.person_id != task.person_id
    opening.reopened(journey, task, block=row.block, told=told)
    alone = row.mode != "any" or task.claimed_at is not None
    others = [] if alone else _reopen_displaced(journey, row)
    stepping.touch(tx, matter, now=now)
    audit.append(
        tx,
        chain=matter.chain,
        actor=actor.name,
        verb="undone",
        thing=f"decision:{decision_id}",
        data={
            "channel": evidence.channel,
            "level": evidence.level,
            "evidence": evidence.ref,
            "task_revision": task.revision,
        },
        now=now,
    )
    stepping.tell(
        tx,
        matter,
        "approval.undone",
        decision_id=decision_id,
        task_id=task.id,
        displaced=others,
        now=now,
    )
    return Undone(matter.id, task.id, task.revision)


def _reopen_displaced(journey: Journey, decision: Row) -> list[int]:
    """Whose tasks the decision had closed is asked again. Returns the tasks."""
    others = journey.tx.run(_REOPEN_DISPLACED, of_step=decision.step_id, at=journey.now).all()
    for other in others:
        # "decided by another", where it has not left yet, is no longer true
        notices.drop_for_task(journey.tx, other.id, reason="reopened", now=journey.now)
        opening.reopened(journey, other, block=decision.block, kind="reopened")
    return [other.id for other in others]


def receipt_handed_over(tx: Tx, decision_id: int, *, at: datetime) -> None:
    """The hold counts from here; it only ever becomes shorter than decided + 10 min + hold."""
    row = _find(tx, decision_id)
    until = at + timedelta(seconds=row.hold_seconds)
    if tx.run(_SHORTEN, of_decision=decision_id, until=until).rowcount:
        timers.set_timer(tx, "hold_end", str(decision_id), until)
        stepping.touch(tx, matter_of(row), now=at)


def settle(tx: Tx, decision_id: int, *, now: datetime) -> bool:
    """The end of the hold. False when there is nothing to do: undone, settled before, or not yet over."""
    row = tx.run(_DECISION, of_decision=decision_id).first()
    if row is None or row.decision_state != "held":
        return False
    if row.held_until > now:
        timers.set_timer(tx, "hold_end", str(decision_id), row.held_until)
        return False
    if not tx.run(_SETTLE, of_decision=decision_id, at=now).rowcount:
        return False
    effective = verdict_of(row, decision_id, verdict=row.verdict, target=row.target, resume=row.resume)
    effects.take_effect(Journey(tx, matter_of(row), now), effective)
    return True
