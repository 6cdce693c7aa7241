"""F27: a question to somebody who has to do with a request. The request goes on meanwhile; the answer lands on it (沟通)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import aliased

from approval_core import audit
from approval_core.approvals import stepping
from approval_core.approvals.models import Talk
from approval_core.approvals.participants import participants
from approval_core.approvals.stepping import Matter
from approval_core.approvals.talk_ends import place_on_list
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, Invalid, NotFound
from approval_core.inbox import service as inbox
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.people.models import Person
from approval_core.store import Row, Tx

talks, persons = table_of(Talk), table_of(Person)
_asked = aliased(persons, name="asked")

LONGEST_TEXT = 5000
#: questions of one person on one request that may wait at a time
MOST_OPEN = 10
#: a request in one of these can be talked about; what has ended cannot
ALIVE = ("pending", "returned")

_INSERT = insert(talks).returning(talks.c.id)
_OPEN_OF = select(talks.c.id, talks.c.asked_id).where(
    talks.c.request_id == bindparam("of_request"),
    talks.c.asker_id == bindparam("of_person"),
    talks.c.state == "open",
)
_TALK = select(talks).where(talks.c.id == bindparam("of_talk"))
_ANSWER = (
    update(talks)
    .where(talks.c.id == bindparam("of_talk"), talks.c.state == "open")
    .values(state="answered", answer=bindparam("said"), answered_at=bindparam("at_"))
)
_OF_REQUEST = (
    select(
        talks.c.id, persons.c.account.label("asker"), _asked.c.account.label("asked"), talks.c.question, talks.c.at,
        talks.c.state, talks.c.answer, talks.c.answered_at,
    )
    .select_from(
        talks.join(persons, persons.c.id == talks.c.asker_id).join(_asked, _asked.c.id == talks.c.asked_id)
    )
    .where(talks.c.request_id == bindparam("of_request"))
    .order_by(talks.c.id)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TalkView:
    id: int
    asker: str
    asked: str
    question: str
    at: datetime
    state: str  #: open | answered | over
    answer: str | None
    answered_at: datetime | None


def ask_question(tx: Tx, request_id: int, *, to_id: int, text: str, actor: Actor, now: datetime) -> int:
    """The question's number. Both must have to do with the request; nobody's task moves.

    NotFound("no_request"); Conflict("closed" | "asked_already" | "too_many_questions"); Forbidden("not_a_participant");
    Invalid("bad_text" | "not_a_participant" | "yourself").
    """
    _check_text(text)
    matter = _alive(tx, request_id)
    involved = participants(tx, request_id)
    if actor.person_id is None or actor.person_id not in involved:
        raise Forbidden("not_a_participant", "you are no part of this matter")
    if to_id == actor.person_id:
        raise Invalid("yourself", "a question goes to somebody else")
    card = people.persons_by_id(tx, [to_id]).get(to_id)
    if to_id not in involved or card is None or card.state != "active":
        raise Invalid("not_a_participant", "only who has to do with the matter is asked", person_id=to_id)
    waiting = tx.run(_OPEN_OF, of_request=request_id, of_person=actor.person_id).all()
    if any(one.asked_id == to_id for one in waiting):
        raise Conflict("asked_already", f"{card.name} has not answered your last question yet")
    if len(waiting) >= MOST_OPEN:
        raise Conflict("too_many_questions", f"{MOST_OPEN} of your questions wait for an answer")
    talk_id: int = tx.run(
        _INSERT, request_id=request_id, asker_id=actor.person_id, asked_id=to_id, question=text, at=now,
        state="open", answer=None, answered_at=None,
    ).scalar()  # fmt: skip
    inbox.open_word(
        tx, kind="talk", ref=place_on_list(talk_id), source=matter.source, request_id=request_id, person_id=to_id,
        title=matter.title, applicant=matter.applicant, urgency=matter.urgency, now=now,
    )  # fmt: skip
    _note(tx, matter, actor, "talk.asked", talk_id, {"to": card.account, "text": text}, now=now)
    stepping.tell(tx, matter, "talk.asked", talk_id=talk_id, person_id=to_id, now=now)
    return talk_id


def answer_question(tx: Tx, talk_id: int, *, text: str, actor: Actor, now: datetime) -> None:
    """NotFound("no_talk"); Forbidden("not_yours"); Conflict("closed" | "answered"); Invalid("bad_text")."""
    _check_text(text)
    talk = _find(tx, talk_id)
    if actor.person_id != talk.asked_id:
        raise Forbidden("not_yours", "somebody else was asked")
    matter = _alive(tx, talk.request_id)
    if not tx.run(_ANSWER, of_talk=talk_id, said=text, at_=now).rowcount:
        raise Conflict("answered", "this question is answered", at=talk.answered_at)
    inbox.close_word(tx, matter.source, place_on_list(talk_id), state="done", now=now)
    inbox.open_word(
        tx, kind="told", ref=f"answer/{talk_id}", source=matter.source, request_id=matter.id,
        person_id=talk.asker_id, title=matter.title, applicant=matter.applicant, urgency=matter.urgency, now=now,
    )  # fmt: skip
    _note(tx, matter, actor, "talk.answered", talk_id, {"text": text}, now=now)
    stepping.tell(tx, matter, "talk.answered", talk_id=talk_id, person_id=talk.asker_id, now=now)


def talks_of(tx: Tx, request_id: int) -> list[TalkView]:
    """The questions about a request with their answers, the oldest first."""
    return [TalkView(*row) for row in tx.run(_OF_REQUEST, of_request=request_id)]


def _check_text(text: str) -> None:
    if not text.strip() or len(text) > LONGEST_TEXT:
        raise Invalid("bad_text", f"a question and its answer have 1 to {LONGEST_TEXT} characters")


def _find(tx: Tx, talk_id: int) -> Row:
    talk = tx.run(_TALK, of_talk=talk_id).first()
    if talk is None:
        raise NotFound("no_talk", "there is no such question", id=talk_id)
    return talk


def _alive(tx: Tx, request_id: int) -> Matter:
    matter = stepping.lock(tx, request_id)
    if matter is None:
        raise NotFound("no_request", "there is no such request")
    if matter.state not in ALIVE:
        raise Conflict("closed", f"the request is {matter.state}", state=matter.state)
    return matter


def _note(
    tx: Tx, matter: Matter, actor: Actor, verb: str, talk_id: int, data: dict[str, str], *, now: datetime
) -> None:
    audit.append(
        tx, chain=matter.chain, actor=actor.name, verb=verb, thing=f"talk:{talk_id}", data=data, now=now
    )
