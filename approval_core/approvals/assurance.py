"""B4: a decision is held against the floor of its step. Below it, it is provisional: on record, reserving nothing, until the
same person confirms it in a surer way; where the way itself is closed, it is refused with the ways that are open."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, case, insert, select, update

from approval_core import audit
from approval_core.approvals import at_hand, paper_reading, stepping
from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Provisional
from approval_core.approvals.recording import Given
from approval_core.approvals.rules.floor import Judgement, Stakes, judge, risk_of
from approval_core.columns import BigId, table_of
from approval_core.errors import Forbidden
from approval_core.store import Row, Tx

provisionals = table_of(Provisional)

_INSERT = insert(provisionals).returning(provisionals.c.id)
_REPLACE = (
    update(provisionals)
    .where(
        provisionals.c.task_id == bindparam("of_task"),
        provisionals.c.person_id == bindparam("of_person"),
        provisionals.c.state == "open",
    )
    .values(state="replaced", closed_at=bindparam("at"))
)
_CLOSE = (
    update(provisionals)
    .where(provisionals.c.task_id == bindparam("of_task"), provisionals.c.state == "open")
    .values(
        state=case(
            (
                (provisionals.c.person_id == bindparam("by", type_=BigId))
                & (provisionals.c.verdict == bindparam("said", type_=provisionals.c.verdict.type)),
                "confirmed",
            ),
            else_="void",
        ),
        closed_at=bindparam("at"),
        decision_id=bindparam("decision"),
    )
)
_OPEN = (
    select(provisionals)
    .where(provisionals.c.request_id == bindparam("of_request"), provisionals.c.state == "open")
    .order_by(provisionals.c.id)
)


def stakes_of(journey: Journey, task: Row, person_id: int | None) -> Stakes:
    """`task`: with its step, as `at_hand` reads it; `person_id`: who would decide it. What an asking system brings has the
    least stakes."""
    policy = journey.policy
    if policy.given:
        return Stakes(step_floor=task.step_floor, sms=task.step_sms)
    block = journey.named_block(task.block) or {}
    return Stakes(
        type_floor=policy.floor,
        step_floor=task.step_floor,
        amount=journey.matter.amount,
        sms_limit=policy.sms_limit,
        batch_limit=policy.batch_limit,
        sms=task.step_sms,
        sms_reject_ok=bool(block.get("sms_reject_ok", False)),
        unread_attachment=person_id is not None and bool(paper_reading.unread(journey, person_id)),
    )


def stakes_of_task(tx: Tx, task_id: int, person_id: int, *, now: datetime) -> Stakes:
    """For whoever asks by a channel: may he answer this there at all? NotFound("no_task")."""
    task = at_hand.read(tx, task_id)
    return stakes_of(Journey(tx, stepping.matter_of(task), now), task, person_id)


def weigh(journey: Journey, task: Row, said: Given, *, batch: bool) -> Judgement:
    """Final or provisional; Forbidden with the reason (`not_by_sms`, `alone`, …) and the ways up when it counts for nothing."""
    found = judge(
        channel=said.evidence.channel,
        level=said.evidence.level,
        stakes=stakes_of(journey, task, said.actor.person_id),
        verdict=said.verdict,
        risk=risk_of(said.evidence.signs),
        batch=batch,
    )
    if found.kind == "refused":
        raise refusal(found)
    return found


def refusal(found: Judgement) -> Forbidden:
    """Why it does not count, and the ways that would."""
    return Forbidden(
        found.reason, found.why.en, zh=found.why.zh, level=found.level, floor=found.floor,
        step_up=[str(way) for way in found.step_up],
    )  # fmt: skip


def keep(journey: Journey, task: Row, said: Given, found: Judgement) -> int:
    """Puts a provisional decision on record. It takes nothing and stops nobody."""
    tx, matter, now = journey.tx, journey.matter, journey.now
    tx.run(_REPLACE, of_task=task.task_id, of_person=said.actor.person_id, at=now)
    facts = {
        "task_id": task.task_id, "task_revision": task.task_revision, "content_hash": matter.content_hash,
        "person_id": said.actor.person_id, "on_behalf_of_id": said.on_behalf_of, "verdict": said.verdict,
        "comment": said.comment, "target": said.target, "resume": said.resume, "channel": said.evidence.channel,
        "level": found.level, "floor": found.floor, "evidence": said.evidence.ref,
    }  # fmt: skip
    provisional_id: int = tx.run(
        _INSERT, request_id=matter.id, step_id=task.step_id, state="open", at=now, closed_at=None,
        decision_id=None, **facts,
    ).scalar()  # fmt: skip
    audit.append(
        tx, chain=matter.chain, actor=said.actor.name, verb="provisional", thing=f"provisional:{provisional_id}",
        data=facts, now=now,
    )  # fmt: skip
    stepping.tell(
        tx, matter, "approval.provisional", task_id=task.task_id, provisional_id=provisional_id,
        person_id=said.actor.person_id, verdict=said.verdict, level=found.level, floor=found.floor,
        step_up=[str(way) for way in found.step_up], now=now,
    )  # fmt: skip
    stepping.touch(tx, matter, now=now)
    return provisional_id


def confirmed(tx: Tx, task_id: int, decision_id: int, *, by: int, verdict: str, now: datetime) -> None:
    """The task is decided: who said the same before has confirmed it, what others said provisionally counts no more."""
    tx.run(_CLOSE, of_task=task_id, by=by, said=verdict, decision=decision_id, at=now)


def open_of(tx: Tx, request_id: int) -> list[Row]:
    """Provisional decisions that wait for their confirmation."""
    return tx.run(_OPEN, of_request=request_id).all()
