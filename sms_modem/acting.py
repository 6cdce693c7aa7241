"""Carries out the steps of a plan, each alone: what one code does never undoes what another did.

Every step ends in a `Done`: its outcome, the template that says so, and the facts the template needs. A lost race is
no failure: the core's refusal becomes the right explanation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from approval_core.approvals import service as approvals
from approval_core.errors import Conflict, NotFound, OfficeError
from approval_core.people.actor import Actor, Evidence
from approval_core.store import Row, Tx
from sms_modem import prompts
from sms_modem.prompts import Question
from sms_modem.rules.outcomes import Outcome
from sms_modem.rules.several import ALONE
from sms_modem.rules.situation import ClosedAs
from sms_modem.rules.steps import Answer, Decide, Harden, MarkRead, Pause, Resume, Step, SwitchOff, Undo
from sms_modem.settings import SmsSettings
from sms_modem.situations import Asked
from sms_modem.standing import SIX_DIGITS_FOR, Stance


@dataclass(slots=True)
class Conversation:
    """One reply of one phone, being carried out. The phone's standing is held until the transaction ends."""

    inbound: Row
    person_id: int
    account: str
    asked: list[Asked]
    stance: Stance
    settings: SmsSettings
    now: datetime

    @property
    def actor(self) -> Actor:
        return Actor(kind="person", name=self.account, person_id=self.person_id)

    def evidence(self, level: int) -> Evidence:
        return Evidence("sms", level, f"sms_inbound:{self.inbound.id}")

    def prompt(self, prompt_id: int | None) -> Asked | None:
        return next((one for one in self.asked if one.row.id == prompt_id), None)

    def by_code(self, code: str | None) -> Asked | None:
        """The newest prompt under this code; a live one before a closed one."""
        found = [one for one in self.asked if code and one.row.code == code]
        return max(found, key=lambda one: (one.is_open, one.row.id), default=None)


@dataclass(frozen=True, slots=True)
class Done:
    """What a step came to. `facts` are what its template needs beside the code."""

    outcome: Outcome
    answer: str | None
    reason: str
    code: str | None = None
    prompt_id: int | None = None
    decision_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    #: a question that goes out with this answer, or instead of it
    question: Question | None = None


def act(tx: Tx, talk: Conversation, step: Step) -> Done | None:
    """None for what has no outcome of its own: `Harden` and `SwitchOff`."""
    match step:
        case Decide():
            return _decide(tx, talk, step)
        case Undo():
            return _undo(tx, talk, step)
        case MarkRead():
            prompts.close(tx, step.prompt_id, reason="read", now=talk.now)
            return Done(step.outcome, step.answer, step.reason, step.code, step.prompt_id)
        case Answer():
            if step.wrong_code:
                talk.stance = talk.stance.with_wrong_codes(1, talk.now)
            return Done(step.outcome, step.answer, step.reason, step.code, step.prompt_id)
        case Pause():
            talk.stance = replace(talk.stance, stopped_at=talk.now)
            return Done(step.outcome, step.answer, step.reason)
        case Resume():
            talk.stance = replace(talk.stance, stopped_at=None)
            return Done(step.outcome, step.answer, step.reason)
        case Harden():
            _harden(tx, talk)
        case SwitchOff():
            talk.stance = replace(talk.stance, off_until=step.until)
    return None


def _decide(tx: Tx, talk: Conversation, step: Decide) -> Done:
    asked = talk.prompt(step.prompt_id)
    if asked is None:
        return Done(step.outcome, step.answer, step.reason, step.code, step.prompt_id)
    try:
        with tx.nested():
            decided = approvals.decide(
                tx,
                step.task_id,
                actor=talk.actor,
                evidence=talk.evidence(step.level),
                verdict=step.verdict,
                task_revision=asked.row.task_revision,
                comment=step.comment,
                batch=step.batch,
                now=talk.now,
            )
            if decided.state == "provisional":
                return Done(Outcome.PROVISIONAL, "T19", "core: below the floor", step.code, step.prompt_id)
            prompts.answered(tx, step.prompt_id, bare=step.level < 2, now=talk.now)
    except OfficeError as refusal:
        return refused(refusal, step.code, step.prompt_id)
    task = prompts.task_of(tx, step.task_id)
    facts = {
        "what": asked.row.title,
        "hold_seconds": _hold(asked) if decided.state == "held" else 0,
        "effect": decided.effect,
        "applicant": task.applicant if task is not None else "",
        "verdict": step.verdict,
    }
    return Done(
        step.outcome, step.answer, step.reason, step.code, step.prompt_id, decided.decision_id, facts=facts
    )


def _hold(asked: Asked) -> int:
    return int(asked.row.hold_seconds)


def _undo(tx: Tx, talk: Conversation, step: Undo) -> Done:
    """T27 carries the new code: it is the fresh prompt itself (C10)."""
    try:
        with tx.nested():
            undone = approvals.undo(
                tx, step.decision_id, actor=talk.actor, evidence=talk.evidence(2), now=talk.now
            )
    except OfficeError as refusal:
        return refused(refusal, step.code, None, decision_id=step.decision_id)
    prompts.taken_back(tx, undone.task_id, undone.task_revision)
    task = prompts.task_of(tx, undone.task_id)
    if task is None:
        raise NotFound("no_task", "the task of the decision is gone", task_id=undone.task_id)
    question = prompts.draft(
        tx,
        task,
        person_id=talk.person_id,
        stance=talk.stance,
        settings=talk.settings,
        after_undo=True,
        now=talk.now,
    )
    return Done(
        step.outcome,
        step.answer,
        step.reason,
        step.code,
        question.prompt_id,
        step.decision_id,
        question=question,
    )


def _harden(tx: Tx, talk: Conversation) -> None:
    """S1: every live four-digit code of this phone is void, and each question goes out again with six digits."""
    talk.stance = replace(talk.stance, six_digits_until=talk.now + SIX_DIGITS_FOR)
    for one in talk.asked:
        task = prompts.task_of(tx, one.row.task_id)
        if not one.is_open or len(one.row.code) != 4 or one.row.form == "T19":
            continue
        if task is None or not prompts.can_be_asked(task, one.row.task_revision):
            continue
        prompts.close(tx, one.row.id, reason="replaced", now=talk.now)
        question = prompts.draft(
            tx, task, person_id=talk.person_id, stance=talk.stance, settings=talk.settings, now=talk.now
        )
        prompts.ask(tx, question, talk.stance.phone, settings=talk.settings, now=talk.now)


#: Core's "closed": what the phone is told about a request in this state.
_CLOSED = {
    "expired": (Outcome.EXPIRED, "T10", None),
    "withdrawn": (Outcome.CHANGED, "T11", ClosedAs.WITHDRAWN),
    "cancelled": (Outcome.CHANGED, "T11", ClosedAs.WITHDRAWN),
    "returned": (Outcome.CHANGED, "T11", ClosedAs.CHANGED),
}


def refused(
    refusal: OfficeError, code: str, prompt_id: int | None, *, decision_id: int | None = None
) -> Done:
    """Somebody was faster, or the matter has moved: the outcome and the answer that say so (C8)."""
    reason = f"core: {refusal.code}"
    if isinstance(refusal, Conflict):
        match refusal.code:
            case "already_decided":
                same = bool(refusal.data.get("same"))
                outcome = Outcome.ALREADY_SAME if same else Outcome.ALREADY_OTHER
                winner = {name: refusal.data[name] for name in ("by", "at", "verdict", "own")}
                return Done(outcome, "T12", reason, code, prompt_id, facts=winner)
            case "hold_over":
                return Done(Outcome.CLOSED, "T12", reason, code, prompt_id, decision_id)
            case "already_undone":
                return _void(reason, code, prompt_id, ClosedAs.UNDONE)
            case "changed":
                return _void(reason, code, prompt_id, ClosedAs.CHANGED)
            case "closed" if refusal.data.get("state") in _CLOSED:
                outcome, answer, why = _CLOSED[str(refusal.data["state"])]
                return Done(outcome, answer, reason, code, prompt_id, facts={"why": why})
        return Done(Outcome.CLOSED, "T12", reason, code, prompt_id)
    match refusal.code:
        case "alone":
            return Done(Outcome.ASKED, "T14", ALONE, code, prompt_id)
        case "not_by_sms" | "not_on_a_phone" | "no_level":
            return Done(Outcome.NOT_BY_SMS, "T19", reason, code, prompt_id)
    return _void(reason, code, prompt_id, ClosedAs.REASSIGNED)


def _void(reason: str, code: str, prompt_id: int | None, why: ClosedAs) -> Done:
    return Done(Outcome.CHANGED, "T11", reason, code, prompt_id, facts={"why": why})
