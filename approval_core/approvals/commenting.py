"""F28: comments. They decide nothing and stay as written; an edit is a new version; whoever is named with an @ is told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from approval_core import audit
from approval_core.approvals import stepping
from approval_core.approvals.models import Remark
from approval_core.approvals.participants import participants
from approval_core.approvals.rules.mentions import mentioned
from approval_core.approvals.stepping import Matter
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, Invalid, NotFound
from approval_core.inbox import service as inbox
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.store import Tx

remarks = table_of(Remark)

LONGEST_REMARK = 20_000
MOST_MENTIONS = 50

_REMARK = insert(remarks).returning(remarks.c.id)
_EARLIER = select(remarks.c.request_id, remarks.c.person_id).where(remarks.c.id == bindparam("of_remark"))


def remark(
    tx: Tx, request_id: int, *, actor: Actor, text: str, replaces_id: int | None = None, now: datetime
) -> int:
    """A comment; `replaces_id`: the version of one's own that it puts right. An account that nobody has is only text.

    NotFound("no_request" | "no_remark"); Invalid("bad_remark" | "too_many_mentions"); Forbidden("not_yours");
    Conflict("replaced"): that version has a newer one.
    """
    if not text.strip() or len(text) > LONGEST_REMARK:
        raise Invalid("bad_remark", f"a remark has 1 to {LONGEST_REMARK} characters")
    matter = stepping.lock(tx, request_id)
    if matter is None:
        raise NotFound("no_request", "there is no such request")
    if replaces_id is not None:
        _check_own(tx, request_id, replaces_id, actor)
    named = _named(tx, text)
    try:
        with tx.nested():
            remark_id: int = tx.run(
                _REMARK, request_id=request_id, person_id=actor.person_id, text=text, at=now,
                replaces_id=replaces_id, mentions=list(named),
            ).scalar()  # fmt: skip
    except IntegrityError as error:
        raise Conflict("replaced", "this comment has a newer version", id=replaces_id) from error
    for account, person_id in named.items():
        if person_id != actor.person_id:
            _tell(tx, matter, remark_id, person_id, account=account, by=actor.name, now=now)
    facts: dict[str, object] = {"text": text}
    if replaces_id is not None:
        facts["replaces"] = replaces_id
    audit.append(
        tx, chain=matter.chain, actor=actor.name, verb="remarked", thing=f"remark:{remark_id}", data=facts,
        now=now,
    )  # fmt: skip
    stepping.tell(tx, matter, "approval.remarked", remark_id=remark_id, now=now)
    return remark_id


def _check_own(tx: Tx, request_id: int, remark_id: int, actor: Actor) -> None:
    earlier = tx.run(_EARLIER, of_remark=remark_id).first()
    if earlier is None or earlier.request_id != request_id:
        raise NotFound("no_remark", "this request has no such comment", id=remark_id)
    if actor.person_id is None or earlier.person_id != actor.person_id:
        raise Forbidden("not_yours", "a comment is put right by whoever wrote it")


def _named(tx: Tx, text: str) -> dict[str, int]:
    accounts = mentioned(text)
    if len(accounts) > MOST_MENTIONS:
        raise Invalid("too_many_mentions", f"a comment names at most {MOST_MENTIONS} people")
    cards = people.persons_by_account(tx, accounts) if accounts else {}
    return {account: card.id for account, card in cards.items() if card.state == "active"}


def _tell(
    tx: Tx, matter: Matter, remark_id: int, person_id: int, *, account: str, by: str, now: datetime
) -> None:
    """Whoever had nothing to do with the request gets a copy, and may see it from now on."""
    why = {"rule": "MENTION", "zh": f"{by}在意见中提到", "en": f"named by {by} in a comment"}
    stranger = person_id not in participants(tx, matter.id)
    if not (stranger and stepping.copy_to(tx, matter, person_id, place="mention", why=why, now=now)):
        inbox.open_word(
            tx, kind="mention", ref=f"mention/{remark_id}/{person_id}", source=matter.source,
            request_id=matter.id, person_id=person_id, title=matter.title, applicant=matter.applicant,
            urgency=matter.urgency, now=now,
        )  # fmt: skip
    stepping.tell(
        tx, matter, "remark.mentioned", remark_id=remark_id, person_id=person_id, account=account, now=now
    )
