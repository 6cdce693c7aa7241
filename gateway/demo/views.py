"""What the page shows: a phone's conversation, the system's approvals, one approval's trail and proof. Reads only."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from approval_core import audit
from approval_core.approvals import queries as approvals
from approval_core.approvals.models import Decision, Request
from approval_core.approvals.queries import RequestView
from approval_core.audit.models import Entry
from approval_core.columns import table_of
from approval_core.store import Row, Tx
from gateway.intake.models import OutboundCallback
from gateway.trail import office_problems
from sms_modem.models import inbound_outcomes, inbound_sms, outbound_sms, prompts
from sms_modem.reasons import OUTCOMES
from sms_modem.transports.virtual_radio import Handset

requests, decisions = table_of(Request), table_of(Decision)
entries, callbacks = table_of(Entry), table_of(OutboundCallback)

LATEST = 40

_CAME = (
    select(
        outbound_sms.c.id,
        outbound_sms.c.text,
        outbound_sms.c.state,
        outbound_sms.c.template,
        outbound_sms.c.sent_at,
    )
    .where(outbound_sms.c.recipient == bindparam("number"), outbound_sms.c.sent_at.is_not(None))
    .order_by(outbound_sms.c.id.desc())
    .limit(LATEST)
)
_WENT = (
    select(inbound_sms.c.id, inbound_sms.c.text, inbound_sms.c.received_at, inbound_sms.c.copies)
    .where(inbound_sms.c.sender == bindparam("number"), inbound_sms.c.state != "gathering")
    .order_by(inbound_sms.c.id.desc())
    .limit(LATEST)
)
_OUTCOMES = select(inbound_outcomes.c.outcome, inbound_outcomes.c.code).where(
    inbound_outcomes.c.inbound_id == bindparam("of_inbound")
)
_LIVE_CODES = (
    select(prompts.c.code)
    .where(prompts.c.phone == bindparam("number"), prompts.c.state == "live", prompts.c.sent_at.is_not(None))
    .order_by(prompts.c.id.desc())
    .limit(100)
)
_HELD_CODES = (
    select(prompts.c.code)
    .join(decisions, decisions.c.task_id == prompts.c.task_id)
    .where(decisions.c.task_revision == prompts.c.task_revision, decisions.c.state == "held")
    .where(prompts.c.phone == bindparam("number"), prompts.c.state == "answered")
    .order_by(prompts.c.id.desc())
    .limit(2)
)
_LATEST_REQUESTS = (
    select(
        requests.c.source_ref,
        requests.c.title,
        requests.c.applicant,
        requests.c.state,
        requests.c.submitted_at,
    )
    .where(requests.c.source == bindparam("of_source"))
    .order_by(requests.c.id.desc())
    .limit(12)
)
_TRAIL = (
    select(
        entries.c.seq,
        entries.c.actor,
        entries.c.verb,
        entries.c.thing,
        entries.c.at,
        entries.c.data,
        entries.c.hash,
        entries.c.leaf,
    )
    .where(entries.c.chain == bindparam("of_chain"))
    .order_by(entries.c.seq)
)
_CALLBACKS = (
    select(
        callbacks.c.message_id,
        callbacks.c.type,
        callbacks.c.state,
        callbacks.c.attempts,
        callbacks.c.answered,
        callbacks.c.error,
    )
    .where(callbacks.c.request_id == bindparam("of_request"))
    .order_by(callbacks.c.id)
)


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    words: dict[str, str]


@dataclass(frozen=True, slots=True)
class Bubble:
    """One text on a phone's screen. `mine`: this phone sent it; then `outcomes` says what the office made of it."""

    mine: bool
    text: str
    at: datetime
    state: str
    outcomes: tuple[Outcome, ...] = ()


def conversation(tx: Tx, number: str, handset: Handset | None) -> list[Bubble]:
    """From the office's own record, so that it is there after a restart; plus what is still in the air."""
    bubbles = [Bubble(False, row.text, row.sent_at, row.state) for row in tx.run(_CAME, number=number)]
    received = tx.run(_WENT, number=number).all()
    for row in received:
        outcomes = tuple(_outcome(found.outcome) for found in tx.run(_OUTCOMES, of_inbound=row.id))
        bubbles.append(Bubble(True, row.text, row.received_at, "received", outcomes))
    if handset is not None:
        sent = handset.sent[-LATEST:]
        known = Counter[str]()
        for (
            row
        ) in received:  # a copy of the very same SMS is one row; before this handset's first is another life
            if sent and row.received_at >= sent[0].at:
                known[row.text] += row.copies
        for heard in reversed(sent):
            known[heard.text] -= 1
            if known[heard.text] < 0:
                bubbles.append(Bubble(True, heard.text, heard.at, "in_the_air"))
    return sorted(bubbles, key=lambda bubble: bubble.at)[-LATEST:]


def _outcome(name: str) -> Outcome:
    chinese, english = OUTCOMES[name]
    return Outcome(name, {"zh": chinese, "en": english})


@dataclass(frozen=True, slots=True)
class Suggestions:
    """`asked`: how many questions this phone may answer now; `texts`: answers that name a code which counts."""

    asked: int
    texts: list[str]


def suggestions(tx: Tx, number: str) -> Suggestions:
    """X for what can still be taken back, Y and N for the newest questions, one Y for the two newest together."""
    asked = [row.code for row in tx.run(_LIVE_CODES, number=number)]
    texts = [f"X{row.code}" for row in tx.run(_HELD_CODES, number=number)]
    texts += [f"{letter}{code}" for code in asked[:2] for letter in "YN"]
    if len(asked) > 1:
        texts.append(f"Y{asked[0]} {asked[1]}")
    return Suggestions(len(asked), texts)


def latest(tx: Tx, source: str) -> list[Row]:
    return tx.run(_LATEST_REQUESTS, of_source=source).all()


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the trail as it is shown."""

    seq: int
    actor: str
    verb: str
    at: datetime
    facts: dict[str, Any]
    hash: str
    leaf: int | None


@dataclass(frozen=True, slots=True)
class Trail:
    view: RequestView
    links: list[Link]
    callbacks: list[Row]
    checkpoint_size: int | None
    checkpoint_root: str | None


def trail(tx: Tx, source: str, ref: str) -> Trail:
    """NotFound("no_approval") for a ref the asking system never used."""
    view = approvals.by_ref(tx, source, ref)
    links = [_link(row) for row in tx.run(_TRAIL, of_chain=f"request:{view.id}")]
    checkpoint = audit.last_checkpoint(tx)
    return Trail(
        view,
        links,
        tx.run(_CALLBACKS, of_request=view.id).all(),
        checkpoint.size if checkpoint else None,
        checkpoint.root if checkpoint else None,
    )


def _link(row: Row) -> Link:
    facts = {} if row.data is None else json.loads(row.data)
    return Link(row.seq, row.actor, row.verb, datetime.fromisoformat(row.at), facts, row.hash, row.leaf)


@dataclass(frozen=True, slots=True)
class Verification:
    entries: int
    leaves: int
    problems: list[str] = field(default_factory=list)


def verification(tx: Tx) -> Verification:
    """The same check as `pishi audit verify`, over everything."""
    report = audit.verify(tx, facts=office_problems)
    return Verification(report.entries, report.leaves, [str(problem) for problem in report.problems])
