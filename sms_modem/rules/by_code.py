"""What a reply means for one printed code: live, in hold, closed, or unknown."""

from __future__ import annotations

from datetime import datetime

from sms_modem.rules.codes import is_well_formed
from sms_modem.rules.outcomes import Outcome, which_time
from sms_modem.rules.reading import Reply, Verdict
from sms_modem.rules.several import ALONE, must_stand_alone
from sms_modem.rules.situation import ClosedAs, ClosedPrompt, Held, OpenPrompt, Purpose, Situation
from sms_modem.rules.steps import Answer, Decide, MarkRead, Step, Undo

_CHANGED = frozenset(
    {ClosedAs.CHANGED, ClosedAs.WITHDRAWN, ClosedAs.REASSIGNED, ClosedAs.UNDONE, ClosedAs.REPLACED}
)


def wrong_code(code: str, situation: Situation) -> bool:
    """S1: well formed, and neither live nor reserved. A code with a bad check digit is only a typo."""
    return not situation.knows(code) and is_well_formed(code)


def step_for_code(code: str, reply: Reply, situation: Situation, effective: datetime) -> Step | None:
    """The step for this code; None when the code is a typo and must be asked again."""
    live = [prompt for prompt in situation.open if prompt.printed_code == code]
    if live:
        return _live(max(live, key=lambda prompt: prompt.sent_at), reply, situation, effective)
    held = next((held for held in situation.held if held.code == code), None)
    if held is not None:
        return _held(held, reply)
    closed = [prompt for prompt in situation.closed if prompt.code == code]
    if closed:
        return _closed(max(closed, key=lambda prompt: prompt.closed_at), reply)
    if wrong_code(code, situation):
        return Answer(outcome=Outcome.UNKNOWN_CODE, answer="T16", code=code, reason="R3", wrong_code=True)
    return None


def _live(prompt: OpenPrompt, reply: Reply, situation: Situation, effective: datetime) -> Step:
    if effective > prompt.expires_at:
        return _say(Outcome.EXPIRED, "T10", prompt, "C9")
    if which_time(situation.smsc_time, situation.received_at, prompt.sent_at, situation.smsc_offset)[1]:
        return _say(Outcome.STALE, "T14" if prompt.purpose is Purpose.APPROVE else "T05", prompt, "R6")
    if reply.verdict is Verdict.DETAIL:
        return _say(Outcome.DETAIL, "DETAIL", prompt, "C12")
    if prompt.purpose is Purpose.READ:
        return _read_item(prompt, reply)
    match reply.verdict:
        case Verdict.APPROVE | Verdict.REJECT:
            return _decide(prompt, reply)
        case Verdict.ACK:
            return _say(Outcome.COURTESY, "T15", prompt, "R4")
    return _say(Outcome.UNCLEAR, "T14", prompt, "C10" if reply.verdict is Verdict.UNDO else "R5")


def _decide(prompt: OpenPrompt, reply: Reply) -> Step:
    approve = reply.verdict is Verdict.APPROVE
    if approve and not prompt.decidable:
        return _say(Outcome.NOT_BY_SMS, "T19", prompt, "S7")
    if must_stand_alone(prompt, reply):
        return _say(Outcome.ASKED, "T14", prompt, ALONE)
    if approve and prompt.no_conditions and reply.comment:
        return _say(Outcome.UNCLEAR, "T14", prompt, "G14 no conditions")
    provisional = prompt.floor > 2
    return Decide(
        prompt_id=prompt.prompt_id,
        task_id=prompt.task_id,
        code=prompt.code,
        verdict="approve" if approve else "reject",
        level=2,
        comment=reply.comment,
        batch=len(reply.codes) > 1,
        outcome=Outcome.PROVISIONAL if provisional else Outcome.DECIDED,
        answer="T19" if provisional else ("T06" if approve else "T07"),
        reason="C1(b)",
    )


def _read_item(prompt: OpenPrompt, reply: Reply) -> Step:
    """R4: only a courtesy word marks a 传阅 item read; a verdict on it shows once more how it is answered."""
    if reply.verdict is Verdict.ACK:
        return MarkRead(prompt_id=prompt.prompt_id, task_id=prompt.task_id, code=prompt.code, reason="R4")
    return _say(Outcome.UNCLEAR, "T05", prompt, "R4")


def _held(held: Held, reply: Reply) -> Step:
    """C10: X, or a no after one's own yes, takes it back; a yes after one's own no is told about X (R7)."""
    approved = held.verdict == "approve"
    undo = Undo(decision_id=held.decision_id, task_id=held.task_id, code=held.code, reason="C10")
    match reply.verdict:
        case Verdict.UNDO:
            return undo
        case Verdict.REJECT if approved:
            return undo
        case Verdict.APPROVE if not approved:
            return Answer(outcome=Outcome.ALREADY_OTHER, answer="T12X", code=held.code, reason="R7")
        case Verdict.APPROVE | Verdict.REJECT:
            return Answer(outcome=Outcome.ALREADY_SAME, answer="T12", code=held.code, reason="C7")
    return Answer(outcome=Outcome.CLOSED, answer="T12", code=held.code, reason="R3")


def _closed(prompt: ClosedPrompt, reply: Reply) -> Step:
    if prompt.closed_as is ClosedAs.EXPIRED:
        return _gone(Outcome.EXPIRED, "T10", prompt, "R3")
    if prompt.closed_as in _CHANGED:
        return _gone(Outcome.CHANGED, "T11", prompt, "C3" if prompt.closed_as is ClosedAs.CHANGED else "R3")
    if prompt.closed_as is ClosedAs.READ:
        return _gone(Outcome.ALREADY_SAME, None, prompt, "R4")
    said = {Verdict.APPROVE: ("approve",), Verdict.REJECT: ("reject", "return")}.get(reply.verdict)
    if said is None or prompt.verdict is None:
        return _gone(Outcome.CLOSED, "T12", prompt, "C10" if reply.verdict is Verdict.UNDO else "R3")
    same = prompt.verdict in said
    return _gone(Outcome.ALREADY_SAME if same else Outcome.ALREADY_OTHER, "T12", prompt, "C7")


def _say(outcome: Outcome, answer: str, prompt: OpenPrompt, reason: str) -> Answer:
    return Answer(outcome=outcome, answer=answer, code=prompt.code, prompt_id=prompt.prompt_id, reason=reason)


def _gone(outcome: Outcome, answer: str | None, prompt: ClosedPrompt, reason: str) -> Answer:
    return Answer(outcome=outcome, answer=answer, code=prompt.code, prompt_id=prompt.prompt_id, reason=reason)
