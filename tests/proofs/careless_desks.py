"""Desks that answer badly on purpose. Each has one fault of those seen in other products; the judge must find it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, select

from approval_core.approvals import service as approvals
from approval_core.approvals.models import Task
from approval_core.columns import table_of
from approval_core.errors import OfficeError
from approval_core.people.actor import Actor, Evidence
from approval_core.store import Row, Tx
from sms_modem.models import inbound_sms, prompts
from sms_modem.rules.reading import Reply, Verdict
from sms_modem.rules.reply import parse_reply
from sms_modem.settings import SmsSettings
from sms_modem.settling import Ending, settle

tasks = table_of(Task)

_INBOUND = select(inbound_sms).where(inbound_sms.c.id == bindparam("sms_id"))
_ASKED = (
    select(prompts.c.code, prompts.c.person_id, prompts.c.request_id)
    .where(prompts.c.phone == bindparam("number"), prompts.c.sent_at.is_not(None))
    .order_by(prompts.c.id.desc())
    .limit(30)
)
_OPEN = (
    select(tasks.c.id, tasks.c.revision)
    .where(tasks.c.request_id == bindparam("of_request"), tasks.c.person_id == bindparam("person"))
    .where(tasks.c.state == "open")
)
_VERDICTS = {Verdict.APPROVE: "approve", Verdict.REJECT: "reject"}

#: which of the prompts of a phone, newest first, a reply is taken to be about
Choice = Callable[[Tx, list[Row], Reply], Row | None]


def newest(tx: Tx, asked: list[Row], reply: Reply) -> Row | None:
    """The newest open item, whatever the reply names."""
    return next((one for one in asked if _open(tx, one) is not None), None)


def whatever_content(tx: Tx, asked: list[Row], reply: Reply) -> Row | None:
    """By code, but the code means the request, not what was shown."""
    return next((one for one in asked if one.code in reply.codes), None)


def nearest_code(tx: Tx, asked: list[Row], reply: Reply) -> Row | None:
    """A code with one wrong digit is taken for the one it almost is."""
    for code in reply.codes:
        for one in asked:
            if sum(a != b for a, b in zip(code, one.code, strict=False)) <= 1:
                return one
    return None


def _open(tx: Tx, prompt: Row) -> Row | None:
    return tx.run(_OPEN, of_request=prompt.request_id, person=prompt.person_id).first()


class CarelessDesk:
    """Stands where `service.answer_all` stands."""

    def __init__(self, choice: Choice, *, always_yes: bool = False, outcomes: int = 1) -> None:
        self._choice, self._always_yes, self._outcomes = choice, always_yes, outcomes

    def __call__(self, tx: Tx, ids: Sequence[int], *, settings: SmsSettings, now: datetime) -> None:
        for sms_id in ids:
            ending = self._answer(tx, tx.run(_INBOUND, sms_id=sms_id).one(), settings, now)
            if self._outcomes:
                settle(tx, sms_id, [ending] * self._outcomes, now=now)

    def _answer(self, tx: Tx, sms: Row, settings: SmsSettings, now: datetime) -> Ending:
        reply = parse_reply(sms.text, signature=settings.signature)
        chosen = self._choice(tx, tx.run(_ASKED, number=sms.sender).all(), reply)
        task = None if chosen is None else _open(tx, chosen)
        if chosen is None or task is None or reply.verdict not in _VERDICTS:
            return Ending("UNCLEAR", "careless")
        try:
            with tx.nested():
                decided = approvals.decide(
                    tx,
                    task.id,
                    actor=Actor("person", "careless", person_id=chosen.person_id),
                    evidence=Evidence("sms", 2, f"sms_inbound:{sms.id}"),
                    verdict="approve" if self._always_yes else _VERDICTS[reply.verdict],
                    task_revision=task.revision,
                    now=now,
                )
        except OfficeError as refusal:
            return Ending("CLOSED", refusal.code)
        code = next(iter(reply.codes), None)
        return Ending("DECIDED", "careless", code, None, decided.decision_id)
