"""What a reply means in this situation: §3.2 with C1, C6, C9, C10, C12 and S1, as a function of values.

`plan(reply, situation)` gives the steps in order: one with an outcome for each code the reply names, or one for the
whole reply, then `Harden` or `SwitchOff` if wrong codes demand it. Wherever two readings are possible it asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sms_modem.rules.by_code import step_for_code, wrong_code
from sms_modem.rules.mistyped import may_be_a_code
from sms_modem.rules.outcomes import (
    CLARIFYING,
    LIMIT_REACHED,
    SERVICE,
    SWITCHED_OFF,
    USUAL_ANSWER,
    WRONG_CODES,
    Outcome,
    answer_allowed,
    believed_time,
    service_answer_allowed,
    which_time,
)
from sms_modem.rules.reading import Reply, Verdict
from sms_modem.rules.several import doubt_in
from sms_modem.rules.situation import ClosedBy, ClosedPrompt, Form, OpenPrompt, Purpose, Situation
from sms_modem.rules.steps import Answer, Decide, Harden, MarkRead, Pause, Resume, Step, SwitchOff, Undo

#: A service centre counts in whole seconds, and its clock is only nearly known.
CLOCK_GRAIN = timedelta(seconds=2)
#: While SMS is switched off for a phone (S1) these still work: they decide nothing and show nothing.
_WHILE_OFF = frozenset({Verdict.AUTO, Verdict.HELP, Verdict.STOP, Verdict.START})


def plan(reply: Reply, situation: Situation) -> tuple[Step, ...]:
    """The steps to execute in one transaction. Never empty; exactly one outcome per code or one for the reply."""
    steps = _steps(reply, situation)
    if any(isinstance(step, SwitchOff) for step in steps):
        return tuple(steps)  # S1: whoever is switched off is told so, however much was answered before
    return tuple(_within_limits(step, situation) for step in steps)


def open_items(situation: Situation) -> tuple[OpenPrompt, ...]:
    """R2: what T09 and T23 list: decidable by SMS, handed over, current, not expired; one prompt for each task."""
    return _Scene.of(situation).decidable


def bare_allowed(
    open_prompts: Sequence[OpenPrompt],
    closed: Sequence[ClosedPrompt],
    *,
    task_id: int,
    at: datetime,
    bare_rest: timedelta,
) -> bool:
    """C1(c): nothing else is live or on its way, and nothing was closed unanswered or by a bare reply too lately.

    Asked when a prompt is composed (form T01 or T02) and once more when the reply is here.
    """
    return all(prompt.task_id == task_id for prompt in open_prompts) and not any(
        prompt.closed_by is not ClosedBy.CODE and prompt.closed_at > at - bare_rest for prompt in closed
    )


def _steps(reply: Reply, situation: Situation) -> list[Step]:
    if not situation.bound:
        return [Answer(outcome=Outcome.UNBOUND, answer=None, reason="R1")]
    if situation.repeat:
        return [Answer(outcome=Outcome.DUPLICATE, answer=None, reason="R6")]
    if reply.verdict is Verdict.AUTO:
        return [Answer(outcome=Outcome.AUTO, answer=None, reason="R5")]
    if (
        situation.off_until
        and situation.received_at < situation.off_until
        and reply.verdict not in _WHILE_OFF
    ):
        return [Answer(outcome=Outcome.LOCKED, answer="T18", reason="S1")]
    words = _service_word(reply, situation)
    if words is not None:
        return words
    scene = _Scene.of(situation)
    if reply.tail_code is not None and not situation.knows(reply.tail_code):
        return [scene.ask("R3")]
    doubt = doubt_in(reply, situation)
    if doubt is not None:
        return [scene.ask(doubt, Outcome.UNCLEAR)]
    if reply.codes:
        return _by_codes(reply, situation, scene)
    return [_without_code(reply, situation, scene)]


def _service_word(reply: Reply, situation: Situation) -> list[Step] | None:
    match reply.verdict:
        case Verdict.HELP:
            return [Answer(outcome=Outcome.HELP, answer="T22", reason="C12")]
        case Verdict.STOP:
            return [Pause()]
        case Verdict.START:
            return [Resume()]
        case Verdict.LIST:
            some = _Scene.of(situation).decidable
            return [Answer(outcome=Outcome.LIST, answer="T23" if some else "T17", reason="C12")]
    return None


@dataclass(frozen=True)
class _Scene:
    """The live prompts as one person sees them: one per task, the newest printed form counting."""

    live: tuple[OpenPrompt, ...]
    effective: datetime

    @classmethod
    def of(cls, situation: Situation) -> _Scene:
        effective = believed_time(situation.smsc_time, situation.received_at, situation.smsc_offset)
        newest: dict[int, OpenPrompt] = {}
        for prompt in sorted(situation.open, key=lambda prompt: (prompt.sent_at, prompt.prompt_id)):
            if prompt.handed_over and effective <= prompt.expires_at:
                newest[prompt.task_id] = prompt
        return cls(live=tuple(newest.values()), effective=effective)

    @property
    def decidable(self) -> tuple[OpenPrompt, ...]:
        return tuple(
            prompt
            for prompt in self.live
            if prompt.purpose is Purpose.APPROVE and prompt.decidable and _coded(prompt)
        )

    @property
    def to_read(self) -> tuple[OpenPrompt, ...]:
        return tuple(prompt for prompt in self.live if prompt.purpose is Purpose.READ)

    def ask(self, reason: str, outcome: Outcome = Outcome.ASKED) -> Answer:
        """Ask which item is meant and how to answer: T09, or the text for the only item, or T17 for none."""
        answerable = (*self.decidable, *self.to_read)
        if not answerable:
            return Answer(outcome=outcome, answer="T17", reason=reason)
        only = answerable[0] if len(answerable) == 1 else None
        if outcome is Outcome.ASKED or only is None:
            if not self.decidable:
                return self._say(outcome, "T05", self.to_read[0], reason)
            return Answer(outcome=outcome, answer="T09", reason=reason)
        usual = USUAL_ANSWER[outcome] if only.purpose is Purpose.APPROVE else "T05"
        return self._say(outcome, usual, only, reason)

    @staticmethod
    def _say(outcome: Outcome, answer: str | None, prompt: OpenPrompt, reason: str) -> Answer:
        return Answer(
            outcome=outcome, answer=answer, code=prompt.code, prompt_id=prompt.prompt_id, reason=reason
        )


def _coded(prompt: OpenPrompt) -> bool:
    return prompt.form is not Form.NOTIFY


def _by_codes(reply: Reply, situation: Situation, scene: _Scene) -> list[Step]:
    """R3: each code alone. Wrong ones are counted first, so that guesses and a hit in one SMS gain nothing (S1)."""
    wrong = sum(wrong_code(code, situation) for code in reply.codes)
    after = situation.wrong_codes + wrong
    crossed = after // WRONG_CODES > situation.wrong_codes // WRONG_CODES
    switched_off = crossed and after >= 2 * WRONG_CODES
    if not crossed:
        return [_for_code(code, reply, situation, scene) for code in reply.codes]
    steps: list[Step] = []
    for code in reply.codes:
        step = _for_code(code, reply, situation, scene)
        if switched_off:
            guess = isinstance(step, Answer) and step.wrong_code
            step = Answer(outcome=Outcome.LOCKED, answer="T18", code=code, reason="S1", wrong_code=guess)
        elif not isinstance(step, Answer) and len(code) == 4:
            step = Answer(outcome=Outcome.CHANGED, answer="T11", code=code, reason="S1")
        steps.append(step)
    steps.append(SwitchOff(until=situation.received_at + SWITCHED_OFF) if switched_off else Harden())
    return steps


def _for_code(code: str, reply: Reply, situation: Situation, scene: _Scene) -> Step:
    step = step_for_code(code, reply, situation, scene.effective)
    if step is not None:
        return step
    asked = scene.ask("S1 check digit")
    return asked if len(reply.codes) == 1 else replace(asked, code=code)  # T21 names each


def _without_code(reply: Reply, situation: Situation, scene: _Scene) -> Step:
    # what was decided after this SMS was written cannot be what it takes back
    known = tuple(held for held in situation.held if held.decided_at <= scene.effective + CLOCK_GRAIN)
    situation = replace(situation, held=known)
    match reply.verdict:
        case Verdict.CONFLICT:
            return scene.ask("R5", Outcome.CONTRADICTORY)
        case Verdict.UNDO:
            return _undo_without_code(situation)
        case Verdict.ACK:
            return _courtesy(situation, scene)
        case Verdict.APPROVE | Verdict.REJECT:
            return _bare(reply, situation, scene)
    return scene.ask("R5", Outcome.UNCLEAR)


def _undo_without_code(situation: Situation) -> Step:
    """C10: the one decision in hold, else ask."""
    if not situation.held:
        return Answer(outcome=Outcome.NOTHING_OPEN, answer="T17", reason="C10")
    if len(situation.held) > 1:
        return Answer(outcome=Outcome.ASKED, answer="T09X", reason="C10")
    held = situation.held[0]
    return Undo(decision_id=held.decision_id, task_id=held.task_id, code=held.code, reason="C10")


def _courtesy(situation: Situation, scene: _Scene) -> Step:
    """R4: marks the only open item read if it is a 传阅; beside an approval it could mean either, so ask."""
    if len(scene.live) == 1 and scene.to_read:
        prompt = scene.to_read[0]
        if which_time(situation.smsc_time, situation.received_at, prompt.sent_at, situation.smsc_offset)[1]:
            return scene.ask("R6", Outcome.STALE)
        return MarkRead(prompt_id=prompt.prompt_id, task_id=prompt.task_id, code=prompt.code, reason="R4")
    return scene.ask("R4", Outcome.COURTESY)


def _bare(reply: Reply, situation: Situation, scene: _Scene) -> Step:
    """R2 and C1(c): a bare verdict acts on the only item there is, if it was printed to be answered so."""
    approve = reply.verdict is Verdict.APPROVE
    if may_be_a_code(reply.comment):
        return scene.ask("R3")
    if not approve and any(held.verdict == "approve" for held in situation.held):
        return _bare_no_in_hold(situation, scene)
    if not scene.decidable:
        return _nothing_decidable(situation, scene)
    prompt = _printed_bare(situation, scene)
    if prompt is None:
        return scene.ask("C1(c)")
    if which_time(situation.smsc_time, situation.received_at, prompt.sent_at, situation.smsc_offset)[1]:
        return scene.ask("R6", Outcome.STALE)
    if prompt.no_conditions and reply.comment and approve:
        return scene.ask("G14 no conditions", Outcome.UNCLEAR)
    provisional = prompt.floor > 1
    return Decide(
        prompt_id=prompt.prompt_id,
        task_id=prompt.task_id,
        code=prompt.code,
        verdict="approve" if approve else "reject",
        level=1,
        comment=reply.comment,
        outcome=Outcome.PROVISIONAL if provisional else Outcome.DECIDED,
        answer="T19" if provisional else ("T06" if approve else "T07"),
        reason="C1(c)",
    )


def _bare_no_in_hold(situation: Situation, scene: _Scene) -> Step:
    """C10: a no after one's own yes takes it back only where nothing else can be meant."""
    if scene.decidable:
        return scene.ask("C10")
    if scene.live or len(situation.held) > 1:
        return Answer(outcome=Outcome.ASKED, answer="T09X", reason="C10")
    held = situation.held[0]
    return Undo(decision_id=held.decision_id, task_id=held.task_id, code=held.code, reason="C10 bare N")


def _nothing_decidable(situation: Situation, scene: _Scene) -> Step:
    if scene.to_read:
        return scene.ask("R2", Outcome.UNCLEAR)
    if scene.live:
        prompt = scene.live[0]
        return Answer(outcome=Outcome.NOT_BY_SMS, answer="T19", prompt_id=prompt.prompt_id, reason="S7")
    late = [prompt for prompt in situation.open if scene.effective > prompt.expires_at]
    if len(late) == 1:
        return Answer(
            outcome=Outcome.EXPIRED, answer="T10", code=late[0].code, prompt_id=late[0].prompt_id, reason="C9"
        )
    return Answer(outcome=Outcome.NOTHING_OPEN, answer="T17", reason="R2")


def _printed_bare(situation: Situation, scene: _Scene) -> OpenPrompt | None:
    """The prompt a bare verdict may act on: printed as T01, on this same path of our own, and nothing else about."""
    task_id = scene.decidable[0].task_id
    if not situation.own_sim or len(scene.live) != 1:
        return None
    if not bare_allowed(
        situation.open,
        situation.closed,
        task_id=task_id,
        at=situation.received_at,
        bare_rest=situation.bare_rest,
    ):
        return None
    return next(
        (
            prompt
            for prompt in situation.open
            if prompt.form is Form.BARE
            and prompt.path == situation.path
            and prompt.decidable
            and prompt.handed_over
            and scene.effective <= prompt.expires_at
        ),
        None,
    )


def _within_limits(step: Step, situation: Situation) -> Step:
    if isinstance(step, Harden | SwitchOff) or step.answer is None:
        return step
    limited = (step.outcome in CLARIFYING and not answer_allowed(situation.clarifying)) or (
        step.outcome in SERVICE and not service_answer_allowed(situation.service_answers)
    )
    return replace(step, answer=None, reason=f"{step.reason}, {LIMIT_REACHED}") if limited else step
