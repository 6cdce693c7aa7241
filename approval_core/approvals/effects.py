"""A decision takes effect: count, settle the step, go on from there.

Counting happens in the transaction of the write and after it, with the request's row locked, so two
decisions on one step always see each other.
"""

from __future__ import annotations

from approval_core import audit
from approval_core.approvals import settling, stepping, votes
from approval_core.approvals.journey import Journey
from approval_core.approvals.rules import moves
from approval_core.approvals.settling import Verdict


def take_effect(journey: Journey, decision: Verdict) -> str:
    """Count, advance, close. Returns the request's state afterwards."""
    tx, matter, now = journey.tx, journey.matter, journey.now
    settled, state = _count(journey, decision)
    audit.append(
        tx,
        chain=matter.chain,
        actor="system",
        verb="effective",
        thing=f"decision:{decision.decision_id}",
        data={"verdict": decision.verdict, "step": settled, "request": state},
        now=now,
    )
    stepping.tell(tx, matter, "approval.effective", decision_id=decision.decision_id, state=state, now=now)
    return _told(journey, state)


def count_again(journey: Journey, left: Verdict) -> str:
    """Somebody was taken out of a step: it may be settled by what the others said. Returns the request's state."""
    _, state = _count(journey, left)
    return _told(journey, state)


def end_step(journey: Journey, left: Verdict, settled: moves.Outcome) -> str:
    """A step ends by its time. Returns the request's state."""
    return _told(journey, settling.settle(journey, left, settled, alone=False))


def _told(journey: Journey, state: str) -> str:
    if state != "pending":
        stepping.tell(journey.tx, journey.matter, "approval.closed", state=state, now=journey.now)
    return state


def _count(journey: Journey, decision: Verdict) -> tuple[moves.Outcome, str]:
    """What the step has come to, and what that makes of the request."""
    rows = votes.rows_of(journey.tx, decision.step_id)
    settled = moves.outcome(
        decision.mode, votes.counted(rows), threshold=decision.threshold, collect_all=decision.collect_all
    )
    if settled != "open":
        return settled, settling.settle(journey, decision, settled, alone=votes.alone(rows))
    _wait_for_others(journey, decision)
    stepping.touch(journey.tx, journey.matter, now=journey.now)
    return settled, "pending"


def _wait_for_others(journey: Journey, decision: Verdict) -> None:
    """The next of a sequence gets his task; those added after an approval get theirs."""
    if decision.verdict == "approve" and settling.open_added_after(journey, decision.task_id):
        return
    settling.ask_the_next(journey, decision)
