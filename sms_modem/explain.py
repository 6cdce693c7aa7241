"""`pishi why PHONE [TIME]`: what an SMS was, how it was read, what was open then, what became of it and why (B6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select

from approval_core.approvals.models import Decision, Request
from approval_core.clock import OFFICE_ZONE
from approval_core.columns import table_of
from approval_core.errors import NotFound
from approval_core.people.models import persons
from approval_core.store import Row, Tx
from sms_modem.models import inbound_outcomes, inbound_sms, outbound_sms, prompts
from sms_modem.reasons import plain_outcome, plain_reason
from sms_modem.rules.reply import SIGNATURE, parse_reply

requests, decisions = table_of(Request), table_of(Decision)

_LATEST = (
    select(inbound_sms)
    .where(inbound_sms.c.sender == bindparam("number"), inbound_sms.c.received_at <= bindparam("until"))
    .order_by(inbound_sms.c.id.desc())
    .limit(1)
)
_FIRST_AFTER = (
    select(inbound_sms)
    .where(inbound_sms.c.sender == bindparam("number"), inbound_sms.c.received_at > bindparam("until"))
    .order_by(inbound_sms.c.id)
    .limit(1)
)
_ENDINGS = (
    select(inbound_outcomes)
    .where(inbound_outcomes.c.inbound_id == bindparam("sms_id"))
    .order_by(inbound_outcomes.c.position)
)
_ANSWER = select(outbound_sms).where(outbound_sms.c.id == bindparam("sms_id"))
_LIVE_THEN = (
    select(prompts, requests.c.title)
    .join(requests, requests.c.id == prompts.c.request_id)
    .where(prompts.c.phone == bindparam("number"), prompts.c.created_at <= bindparam("then"))
    .where(or_(prompts.c.closed_at.is_(None), prompts.c.closed_at >= bindparam("then")))
    .order_by(prompts.c.id)
)
_PROMPT = (
    select(prompts, requests.c.title)
    .join(requests, requests.c.id == prompts.c.request_id)
    .where(prompts.c.id == bindparam("prompt_id"))
)
_DECISIONS = (
    select(decisions, persons.c.name.label("by"))
    .join(persons, persons.c.id == decisions.c.person_id)
    .where(decisions.c.request_id == bindparam("of_request"))
    .order_by(decisions.c.id)
)
_PERSON = select(persons.c.name, persons.c.account).where(persons.c.id == bindparam("person"))


@dataclass(frozen=True, slots=True)
class LivePrompt:
    code: str
    title: str
    form: str
    sent_at: datetime | None
    expires_at: datetime
    request_id: int


@dataclass(frozen=True, slots=True)
class End:
    """One outcome, with its reason as stored and in plain words."""

    outcome: str
    reason: str
    code: str | None
    chinese: str
    english: str
    because_chinese: str
    because_english: str
    request_id: int | None = None
    title: str | None = None
    decision_id: int | None = None


@dataclass(frozen=True, slots=True)
class AnswerSent:
    template: str
    text: str
    state: str
    sent_at: datetime | None
    delivered_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class OnTheItem:
    """What else happened on the items concerned."""

    request_id: int
    by: str
    verdict: str
    channel: str
    state: str
    at: datetime
    evidence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    inbound_id: int
    phone: str
    person: str | None
    text: str
    modem: str
    received_at: datetime
    smsc_time: datetime | None
    copies: int
    state: str
    verdict: str
    codes: list[str]
    comment: str
    live_then: list[LivePrompt] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    answer: AnswerSent | None = None
    also: list[OnTheItem] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain values; moments as ISO 8601."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def why(tx: Tx, phone: str, at: datetime | None = None, *, signature: str = SIGNATURE) -> Explanation:
    """The last SMS from this number up to `at` (or the first after it). NotFound("no_sms")."""
    until = at or datetime.max.replace(tzinfo=OFFICE_ZONE, year=9000)
    row = tx.run(_LATEST, number=phone, until=until).first()
    row = row or tx.run(_FIRST_AFTER, number=phone, until=until).first()
    if row is None:
        raise NotFound("no_sms", f"no SMS from {phone} is known", phone=phone)
    reply = parse_reply(row.text, signature=signature)
    person = tx.run(_PERSON, person=row.person_id).first() if row.person_id is not None else None
    ends = [_end(tx, one) for one in tx.run(_ENDINGS, sms_id=row.id)]
    live = [_live(one) for one in tx.run(_LIVE_THEN, number=phone, then=row.received_at)]
    concerned = {one.request_id for one in ends if one.request_id is not None} or {
        one.request_id for one in live
    }
    return Explanation(
        inbound_id=row.id,
        phone=phone,
        person=None if person is None else f"{person.name} ({person.account})",
        text=row.text,
        modem=row.provider,
        received_at=row.received_at,
        smsc_time=row.smsc_time,
        copies=row.copies,
        state=row.state,
        verdict=str(reply.verdict),
        codes=list(reply.codes),
        comment=reply.comment,
        live_then=live,
        ends=ends,
        answer=_answer(tx, row.answered_by),
        also=[one for request in sorted(concerned) for one in _also(tx, request)],
    )


def _live(row: Row) -> LivePrompt:
    return LivePrompt(row.code, row.title, row.form, row.sent_at, row.expires_at, row.request_id)


def _end(tx: Tx, row: Row) -> End:
    prompt = tx.run(_PROMPT, prompt_id=row.prompt_id).first() if row.prompt_id is not None else None
    words, because = plain_outcome(row.outcome), plain_reason(row.reason)
    return End(
        outcome=row.outcome,
        reason=row.reason,
        code=row.code,
        chinese=words[0],
        english=words[1],
        because_chinese=because[0],
        because_english=because[1],
        request_id=None if prompt is None else prompt.request_id,
        title=None if prompt is None else prompt.title,
        decision_id=row.decision_id,
    )


def _answer(tx: Tx, sms_id: int | None) -> AnswerSent | None:
    row = None if sms_id is None else tx.run(_ANSWER, sms_id=sms_id).first()
    if row is None:
        return None
    return AnswerSent(row.template, row.text, row.state, row.sent_at, row.delivered_at, row.error)


def _also(tx: Tx, request_id: int) -> list[OnTheItem]:
    return [
        OnTheItem(request_id, row.by, row.verdict, row.channel, row.state, row.decided_at, row.evidence)
        for row in tx.run(_DECISIONS, of_request=request_id)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def as_text(explanation: Explanation) -> str:
    """For a terminal: each line Chinese, then English."""
    one = explanation
    lines = [
        f"短信 SMS {one.inbound_id}: {one.phone} {one.person or '未绑定 unbound'}",
        f"  收到 received {_clock(one.received_at)}, 短信中心 service centre {_clock(one.smsc_time)}, 经 through {one.modem}"
        + (f", {one.copies} 次 times" if one.copies > 1 else ""),
        f"  原文 text: {one.text!r}",
        f"  识别 read as: {one.verdict}, 编号 codes {', '.join(one.codes) or '—'}, 意见 comment {one.comment or '—'}",
        "当时可回复 live then:" if one.live_then else "当时没有待批 nothing was live then",
    ]
    lines += [
        f"  {live.code} {live.title} ({live.form}, 发出 sent {_clock(live.sent_at)}, 至 until {_clock(live.expires_at)})"
        for live in one.live_then
    ]
    lines.append("结果 outcome:" if one.ends else "尚无结果 no outcome yet")
    for end in one.ends:
        about = " ".join(part for part in (end.code, end.title) if part)
        lines.append(f"  {end.outcome} {about}".rstrip())
        lines.append(f"    {end.chinese}；{end.because_chinese}")
        lines.append(f"    {end.english}; {end.because_english} [{end.reason}]")
    lines.extend(_answer_lines(one.answer))
    lines += [
        f"事项 item {also.request_id}: {also.by} {also.verdict}, {also.channel}, {also.state}, {_clock(also.at)} ({also.evidence})"
        for also in one.also
    ]
    return "\n".join(lines)


def _answer_lines(answer: AnswerSent | None) -> Sequence[str]:
    if answer is None:
        return ("没有回复 no answer was sent",)
    state = (
        f"{answer.state}, 发出 sent {_clock(answer.sent_at)}, 送达 delivered {_clock(answer.delivered_at)}"
    )
    error = f", {answer.error}" if answer.error else ""
    return (f"回复 answer {answer.template}: {answer.text}", f"  {state}{error}")


def _clock(moment: datetime | None) -> str:
    return "—" if moment is None else f"{moment.astimezone(OFFICE_ZONE):%Y-%m-%d %H:%M:%S}"
