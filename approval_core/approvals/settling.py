"""A step is settled: whoever is still asked there is not asked any more, and the request goes on, back or to its end."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import bindparam, exists, or_, select, update

from approval_core.approvals import activating, compensating, opening, returning, stepping, votes, walking
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Decision, Request, Step, Task
from approval_core.approvals.rules import moves
from approval_core.columns import table_of
from approval_core.store import Row

requests, steps, tasks, decisions = table_of(Request), table_of(Step), table_of(Task), table_of(Decision)

#: What a verdict reads of a step, beside the request's columns.
STEP_PARTS = (
    steps.c.mode,
    steps.c.threshold,
    steps.c.collect_all,
    steps.c.on_reject.label("step_on_reject"),
    steps.c.token_id,
    steps.c.block,
    steps.c.parent_task_id,
    steps.c.placed,
    steps.c.sms.label("step_sms"),
    steps.c.floor.label("step_floor"),
    steps.c.revision.label("step_revision"),
)
_STEP_OF_TASK = (
    select(*STEP_PARTS, requests.c.on_reject, steps.c.id.label("step_id"), tasks.c.id.label("task_id"))
    .select_from(
        tasks.join(steps, steps.c.id == tasks.c.step_id).join(requests, requests.c.id == tasks.c.request_id)
    )
    .where(tasks.c.id == bindparam("of_task"))
)
_REOPEN = (
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"), tasks.c.state == "waiting")
    .values(state="open", opened_at=bindparam("at"), closed_at=None, revision=tasks.c.revision + 1)
    .returning(tasks.c.id, tasks.c.person_id, tasks.c.revision)
)
_SPOKEN = (
    select(decisions.c.id)
    .where(decisions.c.step_id == bindparam("of_step"))
    .where(or_(decisions.c.state == "held", decisions.c.state == "effective"))
    .limit(1)
)
_added = steps.alias("added")
#: asked, in hold, or waiting for those whom he brought in
_BUSY = (
    select(tasks.c.id)
    .where(tasks.c.step_id == bindparam("of_step"))
    .where(
        or_(
            tasks.c.state == "open",
            exists().where(decisions.c.task_id == tasks.c.id, decisions.c.state == "held"),
            exists().where(_added.c.parent_task_id == tasks.c.id, _added.c.state == "active"),
        )
    )
    .limit(1)
)
_DISPLACE = (
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"), tasks.c.state == "waiting")
    .values(state="over", closed_at=bindparam("at"))
)
_AFTER = (
    select(steps.c.id, steps.c.mode)
    .select_from(tasks.join(steps, steps.c.id == tasks.c.after_step_id))
    .where(tasks.c.id == bindparam("of_task"), steps.c.state == "waiting")
)
_BEGIN_STEP = (
    update(steps).where(steps.c.id == bindparam("of_step")).values(state="active", opened_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision, as far as its effect needs it: the step it was taken in, and what that step is."""

    decision_id: int | None  #: None: somebody left, nobody decided
    task_id: int
    step_id: int
    token_id: int | None
    mode: str
    threshold: int | None
    collect_all: bool
    on_reject: str
    parent_task_id: int | None
    placed: str | None
    verdict: str
    target: str | None
    resume: str | None


def verdict_of(
    row: Row, decision_id: int | None, *, verdict: str, target: str | None = None, resume: str | None = None
) -> Verdict:
    """`row`: a decision or task with its step and request, as `deciding` reads them."""
    return Verdict(
        decision_id, row.task_id, row.step_id, row.token_id, row.mode, row.threshold, row.collect_all,
        row.step_on_reject or row.on_reject, row.parent_task_id, row.placed, verdict, target, resume,
    )  # fmt: skip


def settle(journey: Journey, decision: Verdict, settled: moves.Outcome, *, alone: bool) -> str:
    """The request's state afterwards. `alone`: nobody else was asked in this step."""
    tx, matter, now = journey.tx, journey.matter, journey.now
    stepping.settle_step(tx, decision.step_id, settled, now=now)
    if not alone:
        stepping.end_tasks(tx, matter, decision.step_id, decision_id=decision.decision_id, now=now)
    if decision.parent_task_id is not None:
        return _added_settled(journey, decision, settled)
    if settled == "approved":
        assert decision.token_id is not None  # noqa: S101  # only an added step has none
        if not walking.passed(journey, decision.token_id):
            stepping.touch(tx, matter, now=now)
            return "pending"
        return finish(journey, "approved")
    return _refused(journey, decision, settled)


def finish(journey: Journey, state: str, *, decision_id: int | None = None) -> str:
    """The end: approved at the end of the route, or refused wherever it stands."""
    if state != "approved":
        walking.cancel_all(journey)
        stepping.end_everything(journey.tx, journey.matter, decision_id=decision_id, now=journey.now)
    ends = journey.policy.copies.get("end")
    if ends and state == "approved":
        activating.send_copies(journey, ends, place="end")
    stepping.close(journey.tx, journey.matter, state=state, now=journey.now)
    if state == "approved" and journey.matter.revokes_id is not None:
        compensating.take_back_the_end(journey.tx, journey.matter, journey.matter.revokes_id, now=journey.now)
    return state


def _refused(journey: Journey, decision: Verdict, settled: moves.Outcome) -> str:
    target = decision.target if settled == "returned" else None
    if settled == "rejected" and decision.on_reject == "previous":
        target = returning.previous(journey, decision.token_id)
        if target is not None:
            stepping.settle_step(journey.tx, decision.step_id, "returned", now=journey.now)
    if target is not None:
        if returning.go_back(journey, decision.token_id, target, resume=decision.resume or "replay"):
            return finish(journey, "approved")
        stepping.touch(journey.tx, journey.matter, now=journey.now)
        return "pending"
    on_reject = "return" if decision.on_reject == "previous" else decision.on_reject
    return finish(journey, moves.closing_state(settled, on_reject), decision_id=decision.decision_id)


def _added_settled(journey: Journey, decision: Verdict, settled: moves.Outcome) -> str:
    """People whom somebody added have spoken: before him, he decides now; after him, his approval counts or does not."""
    tx, parent_task_id = journey.tx, decision.parent_task_id
    parent = tx.run(_STEP_OF_TASK, of_task=parent_task_id).one()
    above = replace(
        verdict_of(parent, decision.decision_id, verdict=decision.verdict),
        target=decision.target,
        resume=decision.resume,
    )
    if settled == "returned":
        return settle(journey, above, settled, alone=False)
    if decision.placed == "after":
        outcome = votes.outcome_of(
            tx, above.step_id, above.mode, above.threshold, collect_all=above.collect_all
        )
        if outcome != "open":
            return settle(journey, above, outcome, alone=False)
        ask_the_next(journey, above)
    else:
        _back_to_asker(journey, above, parent.block)
    stepping.touch(tx, journey.matter, now=journey.now)
    return "pending"


def ask_the_next(journey: Journey, decision: Verdict) -> None:
    """The next of a sequence, when nobody before him has the word."""
    if decision.mode == "sequence" and journey.tx.run(_BUSY, of_step=decision.step_id).first() is None:
        for task in stepping.waiting_tasks(journey.tx, decision.step_id)[:1]:
            opening.open_task(journey, task)


def nobody_added(journey: Journey, row: Row) -> str:
    """Everybody who was added here is out again: the task they were added to goes on without them."""
    stepping.settle_step(journey.tx, row.step_id, "void", now=journey.now)
    return _added_settled(journey, verdict_of(row, None, verdict="approve"), "approved")


def _back_to_asker(journey: Journey, above: Verdict, block: str) -> None:
    """He decides now; where a colleague has decided meanwhile, he is asked no more, unless that is taken back."""
    if above.mode == "any" and journey.tx.run(_SPOKEN, of_step=above.step_id).first() is not None:
        journey.tx.run(_DISPLACE, of_task=above.task_id, at=journey.now)
        return
    task = journey.tx.run(_REOPEN, of_task=above.task_id, at=journey.now).first()
    if task is not None:
        opening.reopened(journey, task, block=block)


def open_added_after(journey: Journey, task_id: int) -> bool:
    """Those added after this task get theirs. False: nobody was added, or they have them."""
    step = journey.tx.run(_AFTER, of_task=task_id).first()
    if step is None:
        return False
    journey.tx.run(_BEGIN_STEP, of_step=step.id, at=journey.now)
    waiting = stepping.waiting_tasks(journey.tx, step.id)
    for task in waiting[:1] if step.mode == "sequence" else waiting:
        opening.open_task(journey, task)
    return True
