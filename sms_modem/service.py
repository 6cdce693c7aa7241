"""What becomes of a reply. Decision, trail, event, outcome and answer commit together or not at all (R7)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from approval_core.connections import TransactionLostError
from approval_core.notices import service as notices
from approval_core.people import queries as people
from approval_core.store import Row, Tx
from sms_modem import prompts, queries, receipts, sending, situations, standing
from sms_modem.acting import Conversation, Done, act
from sms_modem.models import inbound_sms
from sms_modem.recording import Receiver, record, record_all
from sms_modem.reports import clock_offset
from sms_modem.rules import wording
from sms_modem.rules.outcomes import CLARIFYING, SERVICE, Outcome
from sms_modem.rules.plan import plan
from sms_modem.rules.reply import parse_reply
from sms_modem.rules.steps import Answer, SwitchOff
from sms_modem.sending import Wording
from sms_modem.settings import SmsSettings
from sms_modem.settling import Ending, settle

__all__ = ["Receiver", "answer", "answer_all", "record", "record_all"]

log = logging.getLogger(__name__)

#: A reply that fails so often by a fault of ours gets its outcome without being carried out.
MOST_FAULTS = 5

_TAKE = select(inbound_sms).where(inbound_sms.c.id == bindparam("sms_id")).with_for_update()
_FAULT = (
    update(inbound_sms)
    .where(inbound_sms.c.id == bindparam("sms_id"), inbound_sms.c.state == "received")
    .values(faults=inbound_sms.c.faults + 1, fault=bindparam("what"))
    .returning(inbound_sms.c.faults, inbound_sms.c.sender)
)


def answer(tx: Tx, inbound_id: int, *, settings: SmsSettings, now: datetime) -> None:
    """Read one recorded SMS, carry it out, store its outcome and queue its answer. A settled one is left alone."""
    inbound = tx.run(_TAKE, sms_id=inbound_id).first()
    if inbound is None or inbound.state != "received":
        return
    person = None if inbound.alphanumeric else people.person_by_phone(tx, inbound.sender, now=now)
    if person is None or person[1] != "bound":
        why = "R1: nobody's number" if person is None else f"R1: the number is {person[1]}"
        settle(tx, inbound_id, [Ending(Outcome.UNBOUND, why)], now=now)
        return
    stance = standing.take(tx, inbound.sender, now=now)
    asked = situations.asked_of(tx, inbound.sender, settings=settings, person_id=person[0], now=now)
    talk = Conversation(inbound, person[0], queries.account_of(tx, person[0]), asked, stance, settings, now)
    reply = parse_reply(inbound.text, signature=settings.signature)
    situation = situations.situation_of(
        tx,
        inbound,
        asked,
        stance,
        person_id=person[0],
        codes=reply.codes,
        settings=settings,
        offset=clock_offset(tx, inbound.provider),
    )
    steps = plan(reply, situation)
    done = [one for one in (act(tx, talk, step) for step in steps) if one is not None]
    if any(isinstance(step, SwitchOff) for step in steps):
        log.error("SMS switched off for a phone after wrong codes", extra={"inbound": inbound_id})
    if any(isinstance(step, Answer) and step.reason == "C1(c)" for step in steps) and _never_sent_by(talk):
        log.error("a bare reply through a box that asked nothing", extra={"inbound": inbound_id})
    if any(one.outcome is Outcome.RESUMED for one in done):
        _ask_again(tx, talk)
    _say(tx, talk, done, reading=str(reply.verdict))


def _never_sent_by(talk: Conversation) -> bool:
    """S4: the box through which this came has sent none of the live questions."""
    return not any(one.is_open and one.row.sent_by == talk.inbound.provider for one in talk.asked)


def _say(tx: Tx, talk: Conversation, done: Sequence[Done], *, reading: str) -> None:
    """One answer for all of it, counted against the limits, and the outcomes."""
    words = receipts.compose(tx, talk, done)
    questions = [one.question for one in done if one.question is not None]
    answered_by = None
    if words is not None:
        answered_by = sending.say(
            tx,
            talk.inbound.sender,
            words,
            settings=talk.settings,
            prompt_id=questions[0].prompt_id if questions else None,
            decision_ids=[
                one.decision_id for one in done if one.outcome is Outcome.DECIDED and one.decision_id
            ],
            inbound_id=talk.inbound.id,
            now=talk.now,
        )
        talk.stance = _counted(talk, done)
    for question in questions[1:]:  # several were taken back: the first stands in the answer itself
        prompts.ask(tx, question, talk.inbound.sender, settings=talk.settings, now=talk.now)
    standing.keep(tx, talk.stance)
    endings = [Ending(one.outcome, one.reason, one.code, one.prompt_id, one.decision_id) for one in done]
    settle(
        tx,
        talk.inbound.id,
        endings,
        answered_by=answered_by,
        person_id=talk.person_id,
        verdict=reading,
        now=talk.now,
    )


def _counted(talk: Conversation, done: Sequence[Done]) -> standing.Stance:
    """R5 and C12: an answer that only asks or explains, or that serves a word, is used up."""
    said = [one.outcome for one in done if one.answer is not None]
    if all(outcome in CLARIFYING for outcome in said):
        return talk.stance.with_clarifying(talk.now)
    if all(outcome in SERVICE for outcome in said):
        return talk.stance.with_service_word(talk.now)
    return talk.stance


def _ask_again(tx: Tx, talk: Conversation) -> None:
    """Whoever wants approvals by SMS again is asked what he was not asked meanwhile."""
    live = {one.row.task_id for one in talk.asked if one.is_open}
    for task in queries.unasked_tasks(tx, talk.person_id):
        if task.id not in live:
            notices.tell(
                tx,
                kind="request",
                person_id=talk.person_id,
                request_id=task.request_id,
                task_id=task.id,
                task_revision=task.revision,
                now=talk.now,
            )


def answer_all(tx: Tx, inbound_ids: Sequence[int], *, settings: SmsSettings, now: datetime) -> None:
    """Several, each in its own savepoint: a fault of ours in one never touches the others, and loses nothing."""
    for inbound_id in inbound_ids:
        try:
            with tx.nested():
                answer(tx, inbound_id, settings=settings, now=now)
        except IntegrityError as fault:
            _note_fault(tx, inbound_id, fault, settings=settings, now=now)
        except (DBAPIError, TransactionLostError):
            raise  # the store repeats the whole work, or gives up; the sweep comes by again
        except Exception as fault:  # noqa: BLE001  # whatever it is, the SMS must keep its place and be told so
            _note_fault(tx, inbound_id, fault, settings=settings, now=now)


def _note_fault(tx: Tx, inbound_id: int, fault: Exception, *, settings: SmsSettings, now: datetime) -> None:
    """R7: told once that it is not yet in effect (T20); tried again by the sweep; given up with an outcome."""
    log.error("a reply could not be carried out", extra={"inbound": inbound_id}, exc_info=fault)
    row: Row | None = tx.run(_FAULT, sms_id=inbound_id, what=type(fault).__name__).first()
    if row is None:
        return
    bound = people.person_by_phone(tx, row.sender, now=now)
    if row.faults == 1 and bound is not None and bound[1] == "bound":
        words = Wording("T20", wording.t20(signature=settings.signature))
        sending.say(tx, row.sender, words, settings=settings, now=now)
    if row.faults >= MOST_FAULTS:
        settle(tx, inbound_id, [Ending(Outcome.UNCLEAR, f"fault of ours: {type(fault).__name__}")], now=now)
