"""The one answer to a reply: which words say what became of it. Written in the transaction that made it so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, literal_column, select

from approval_core.approvals.models import Decision, Request, Task
from approval_core.columns import table_of
from approval_core.people.models import Person
from approval_core.store import Row, Tx
from sms_modem.acting import Conversation, Done
from sms_modem.prompts import KIND
from sms_modem.rules import wording
from sms_modem.rules.outcomes import LIMIT_REACHED, Outcome
from sms_modem.rules.several import ALONE
from sms_modem.rules.situation import ClosedAs
from sms_modem.sending import Wording

requests, tasks, decisions, persons = table_of(Request), table_of(Task), table_of(Decision), table_of(Person)

_OF_STEP = (
    select(
        decisions.c.id,
        decisions.c.task_id,
        decisions.c.person_id,
        decisions.c.verdict,
        decisions.c.decided_at,
        decisions.c.comment,
        persons.c.name,
    )
    .join(persons, persons.c.id == decisions.c.person_id)
    .where(decisions.c.request_id == bindparam("of_request"))
    .where(decisions.c.step_id == bindparam("of_step"), decisions.c.state != "undone")
    .order_by(decisions.c.id.desc())
)
_HELD_ITEMS = (
    select(decisions.c.id, decisions.c.task_id, decisions.c.task_revision, requests.c.title)
    .join(requests, requests.c.id == decisions.c.request_id)
    .where(decisions.c.person_id == bindparam("person"), decisions.c.state == literal_column("'held'"))
)
_REQUEST = (
    select(requests.c.title, requests.c.summary, requests.c.applicant, requests.c.form)
    .select_from(tasks.join(requests, requests.c.id == tasks.c.request_id))
    .where(tasks.c.id == bindparam("task_id"))
)

#: T21: what is said of a code that did nothing.
_SHORT: dict[Outcome, str] = {
    Outcome.ALREADY_SAME: "已办结",
    Outcome.ALREADY_OTHER: "已办结",
    Outcome.CLOSED: "已办结",
    Outcome.EXPIRED: "已过期",
    Outcome.CHANGED: "已变更",
    Outcome.UNKNOWN_CODE: "编号有误",
    Outcome.ASKED: "编号有误",
    Outcome.LOCKED: "已暂停",
    Outcome.NOT_BY_SMS: "不宜短信办理",
    Outcome.PROVISIONAL: "须登录OA确认",
    Outcome.STALE: "早于请求",
}


def compose(tx: Tx, talk: Conversation, done: Sequence[Done]) -> Wording | None:
    """The words for everything that was done; None is silence."""
    speaking = [one for one in done if one.answer is not None]
    if not speaking:
        return None
    if len(done) > 1 and not any(one.question for one in done):
        return Wording("T21", _several(talk, [one for one in done if one in speaking or _cut_short(one)]))
    return _single(tx, talk, speaking[0])


def _several(talk: Conversation, done: Sequence[Done]) -> str:
    decided = [one for one in done if one.outcome is Outcome.DECIDED]
    verdict = str(decided[0].facts["verdict"]) if decided else "approve"
    return wording.t21(
        done=[one.code or "" for one in decided],
        verdict=verdict,
        undone=[(one.code or "", _short(one)) for one in done if one not in decided],
        signature=talk.settings.signature,
    )


def _cut_short(done: Done) -> bool:
    """Beyond the limit of R5 it asks for no answer of its own; where one is given anyway, it is named in it."""
    return done.reason.endswith(LIMIT_REACHED)


def _short(done: Done) -> str:
    return "须单独回复" if done.reason.startswith(ALONE) else _SHORT.get(done.outcome, "未识别")


def _single(tx: Tx, talk: Conversation, done: Done) -> Wording | None:
    if done.question is not None:
        return done.question.wording
    sign = talk.settings.signature
    code = done.code or ""
    match done.answer:
        case "T06":
            text = wording.t06(
                what=done.facts["what"], code=code, hold_seconds=done.facts["hold_seconds"], signature=sign
            )
        case "T07":
            text = wording.t07(what=done.facts["what"], code=code, effect=_effect(done), signature=sign)
        case "T11":
            text = wording.t11(code=code, why=wording.WHY_VOID[_why(talk, done)], signature=sign)
        case "T12" | "T12X":
            return _decided_already(tx, talk, done)
        case "T05":
            asked = talk.prompt(done.prompt_id)
            text = wording.t05(title=asked.row.title if asked else "", code=code, signature=sign)
        case "T09" | "T23":
            return _list(talk, done)
        case "T09X":
            text = wording.t09x(items=_held_items(tx, talk), signature=sign)
        case "DETAIL":
            return Wording("DETAIL", detail(tx, talk, done))
        case "T19":
            text = wording.t19(kind=KIND, signature=sign)
        case "T10" | "T13" | "T14" | "T15" | "T16":
            text = _WITH_CODE[done.answer](code=code, signature=sign)
        case _:
            text = _PLAIN[str(done.answer)](signature=sign)
    return Wording(str(done.answer), text)


_WITH_CODE: dict[str, Any] = {
    "T10": wording.t10,
    "T13": wording.t13,
    "T14": wording.t14,
    "T15": wording.t15,
    "T16": wording.t16,
}
_PLAIN: dict[str, Any] = {
    "T17": wording.t17,
    "T18": wording.t18,
    "T20": wording.t20,
    "T22": wording.t22,
    "T24": wording.t24,
    "T30": wording.t30,
}


def _effect(done: Done) -> str:
    if done.facts["effect"] == "returned":
        return wording.returned_to(done.facts["applicant"])
    return wording.NOT_PASSED


def _why(talk: Conversation, done: Done) -> ClosedAs:
    why = done.facts.get("why")
    if isinstance(why, ClosedAs):
        return why
    asked = talk.by_code(done.code)
    if done.reason == "S1" or asked is None or asked.closed_as is None:
        return ClosedAs.REPLACED
    return asked.closed_as if asked.closed_as in wording.WHY_VOID else ClosedAs.CHANGED


def _decided_already(tx: Tx, talk: Conversation, done: Done) -> Wording:
    """T12 names the winner, the person himself as 您."""
    sign, code = talk.settings.signature, done.code or ""
    who, at, verdict = done.facts.get("by"), done.facts.get("at"), done.facts.get("verdict")
    if done.facts.get("own"):
        who = "您"
    if who is None:
        found = winner(tx, talk, done.code)
        if found is None:
            return Wording("T17", wording.t17(signature=sign))
        who = "您" if found.person_id == talk.person_id else found.name
        at, verdict = found.decided_at, found.verdict
    assert isinstance(at, datetime)  # noqa: S101 — narrows the type; a decision always has its time
    if done.answer == "T12X":
        return Wording("T12X", wording.t12x(code=code, at=at, verdict=str(verdict), signature=sign))
    return Wording("T12", wording.t12(code=code, at=at, who=who, verdict=str(verdict), signature=sign))


def winner(tx: Tx, talk: Conversation, code: str | None) -> Row | None:
    """The decision that closed the item asked under this code: the person's own task first."""
    asked = talk.by_code(code)
    if asked is None:
        return None
    found = tx.run(_OF_STEP, of_request=asked.row.request_id, of_step=asked.row.step_id).all()
    return next((row for row in found if row.task_id == asked.row.task_id), found[0] if found else None)


#: Announced only, or to be read: no Y or N belongs to it, so no list of what waits for one shows it.
_NOT_ANSWERED_YN = ("T19", "T05")


def items(talk: Conversation) -> list[tuple[str, str]]:
    """(code, title) of what this phone may answer now, the newest code of each task."""
    newest: dict[int, tuple[str, str]] = {}
    for one in talk.asked:
        row = one.row
        if (
            one.is_open
            and row.sent_at is not None
            and row.form not in _NOT_ANSWERED_YN
            and talk.now <= row.expires_at
        ):
            newest[row.task_id] = (row.code, row.title)
    return list(newest.values())


def _list(talk: Conversation, done: Done) -> Wording:
    open_items, sign = items(talk), talk.settings.signature
    if not open_items:
        return Wording("T17", wording.t17(signature=sign))
    if done.answer == "T23":
        return Wording("T23", wording.t23(items=open_items, signature=sign))
    return Wording("T09", wording.t09(items=open_items, signature=sign))


def _held_items(tx: Tx, talk: Conversation) -> list[tuple[str, str]]:
    code_of = {(one.row.task_id, one.row.task_revision): one.row.code for one in talk.asked}
    held = sorted(tx.run(_HELD_ITEMS, person=talk.person_id), key=lambda row: row.id)
    return [(code_of.get((row.task_id, row.task_revision), ""), row.title) for row in held]


def detail(tx: Tx, talk: Conversation, done: Done) -> str:
    """C12: what may be shown by SMS, uncut in at most five parts; the form never is."""
    asked = talk.prompt(done.prompt_id)
    row = None if asked is None else tx.run(_REQUEST, task_id=asked.row.task_id).first()
    fields = [] if row is None else [("事项", row.title), ("申请人", row.applicant), ("摘要", row.summary)]
    parts = wording.detail_parts(
        [(label, value) for label, value in fields if value],
        office_phone=talk.settings.office_phone,
        whole=row is not None and not row.form,
        signature=talk.settings.signature,
    )
    return "".join(parts)
