"""Holds what the office has on record against what the world outside knows, and names everything that differs."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from approval_core.approvals.models import Decision, Request
from approval_core.columns import table_of
from approval_core.inbox.models import ToDo
from approval_core.store import Tx
from gateway.intake.models import OutboundCallback
from sms_modem.handover import SENT_AGAIN
from sms_modem.models import inbound_outcomes, inbound_sms, outbound_sms
from tests.proofs.killing.ledger import SOURCE, CalledBack, Ledger, Typed

requests, decisions, todos, callbacks = map(table_of, (Request, Decision, ToDo, OutboundCallback))

#: What a reply by code may come to here: it decides, or it is the same again.
EXPECTED = frozenset({"DECIDED", "DUPLICATE", "ALREADY_SAME"})
STATE = {"approve": "approved", "reject": "rejected"}


def findings(tx: Tx, ledger: Ledger) -> list[str]:
    """Empty when nothing was lost, nothing done twice, and nothing done too early."""
    rows = {row.source_ref: row for row in tx.execute(select(requests).where(requests.c.source == SOURCE))}
    return [
        *_asked(rows, ledger),
        *_decided(tx, rows, ledger),
        *_heard(tx, ledger),
        *_spoken(tx, ledger),
        *_called_back(tx, rows, ledger),
    ]


def _asked(rows: dict[str, Any], ledger: Ledger) -> Iterator[str]:
    for ref, asked in ledger.asked.items():
        if asked.answer is None:
            yield f"{ref}: never answered"
        elif ref not in rows:
            yield f"{ref}: answered 201 and lost"
        elif rows[ref].id != asked.answer["id"]:
            yield f"{ref}: answered as {asked.answer['id']}, kept as {rows[ref].id}"
    for ref in rows.keys() - ledger.asked.keys():
        yield f"{ref}: nobody asked for it"


def _decided(tx: Tx, rows: dict[str, Any], ledger: Ledger) -> Iterator[str]:
    meant = {typed.ref: typed for typed in reversed(ledger.typed)}  # the first of each
    made: dict[int, list[Any]] = defaultdict(list)
    for row in tx.execute(select(decisions).order_by(decisions.c.id)):
        made[row.request_id].append(row)
    left = Counter(
        row.request_id for row in tx.execute(select(todos.c.request_id).where(todos.c.state == "open"))
    )
    senders = {f"sms_inbound:{row.id}": row for row in tx.execute(select(inbound_sms))}
    for ref, row in rows.items():
        if ref not in meant:
            yield f"{ref}: the question never reached the phone"
            continue
        typed, found = meant[ref], made[row.id]
        if len(found) != 1:
            yield f"{ref}: {len(found)} decisions"
        for decision in found:
            evidence = senders.get(decision.evidence)
            kept = (decision.verdict, decision.comment, decision.channel, decision.state)
            if kept != (typed.verdict, typed.comment, "sms", "effective"):
                yield f"{ref}: he said {typed.verdict} {typed.comment!r}, on record is {kept}"
            if evidence is None or (evidence.sender, evidence.text) != (typed.phone, typed.text):
                yield f"{ref}: the decision does not rest on what he sent"
        if row.state != STATE[typed.verdict]:
            yield f"{ref}: he said {typed.verdict}, it is {row.state}"
        if left[row.id]:
            yield f"{ref}: {left[row.id]} to-dos are still open"


def _heard(tx: Tx, ledger: Ledger) -> Iterator[str]:
    """Each SMS from a handset is one row with one outcome, and one of them decided."""
    sent = Counter((typed.phone, typed.text) for typed in ledger.typed)
    rows = tx.execute(select(inbound_sms)).all()
    kept = Counter((row.sender, row.text) for row in rows)
    for (phone, text), count in (sent - kept).items():
        yield f"{phone} {text[:9]}: {count} replies lost"
    for (phone, text), count in (kept - sent).items():
        yield f"{phone} {text[:9]}: {count} replies too many"
    ends: dict[int, list[Any]] = defaultdict(list)
    for ending in tx.execute(select(inbound_outcomes)):
        ends[ending.inbound_id].append(ending)
    deciding: Counter[tuple[str, str]] = Counter()
    for row in rows:
        outcomes = [one.outcome for one in ends[row.id]]
        if row.state != "settled" or len(outcomes) != 1 or outcomes[0] not in EXPECTED:
            yield f"{row.sender} {row.text[:9]}: {row.state} as {outcomes}"
        deciding[row.sender, row.text] += outcomes.count("DECIDED")
    for (phone, text), count in deciding.items():
        if count != 1:
            yield f"{phone} {text[:9]}: decided {count} times"


def _admitted(row: Any, told: int) -> int:
    """How many further copies of this SMS were said to be possible.

    The log says so at each start; a second kill between the mark and the log line leaves only the mark on the row,
    which stands for every attempt after the first.
    """
    return max(told, row.attempts - 1) if row.error == SENT_AGAIN else told


def _spoken(tx: Tx, ledger: Ledger) -> Iterator[str]:
    """Every SMS is on its handset once; doubled only what was in flight at a kill and was said to be."""
    rows: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in tx.execute(select(outbound_sms).order_by(outbound_sms.c.id)):
        rows[row.recipient, row.text].append(row)
    shown = Counter((phone, one.text) for phone, inbox in ledger.phones.items() for one in inbox)
    told = Counter(number for start in ledger.in_flight for number in start)
    doubled = 0
    for (phone, text), found in rows.items():
        on_air = shown.pop((phone, text), 0)
        certain = sum(row.state in ("sent", "delivered") for row in found)
        if on_air < certain:
            yield f"{phone} {text[:40]}: {certain} sent, {on_air} on the phone"
        extra = on_air - len(found)
        if extra > sum(_admitted(row, told[row.id]) for row in found):
            yield f"{phone} {text[:40]}: {on_air} on the phone from {len(found)} rows, never said to be in doubt"
        elif extra > 0 and not any(row.error == SENT_AGAIN or told[row.id] > 1 for row in found):
            yield f"{phone} {text[:40]}: twice on the phone, and no row says so"
        doubled += max(0, extra)
        yield from _odd_state(text, found, on_air)
    for (phone, text), count in shown.items():
        yield f"{phone} {text[:40]}: {count} on the phone and none on record"
    if doubled > ledger.kills:
        yield f"{doubled} SMS doubled at {ledger.kills} kills"
    for start in ledger.in_flight:
        if len(start) > 1:
            yield f"several SMS of one modem in flight at once: {start}"
    answers = Counter(
        row.inbound_id for found in rows.values() for row in found if row.inbound_id is not None
    )
    for inbound, count in answers.items():
        if count > 1:
            yield f"inbound {inbound}: answered {count} times"


def _odd_state(text: str, found: Sequence[Any], on_air: int) -> Iterator[str]:
    for row in found:
        in_time = row.state in ("sent", "delivered")
        if not in_time and not (row.state == "expired" and on_air >= len(found)):
            yield f"SMS {row.id} {text[:40]}: ended as {row.state} ({row.error})"


def _called_back(tx: Tx, rows: dict[str, Any], ledger: Ledger) -> Iterator[str]:
    by_ref: dict[str, list[CalledBack]] = defaultdict(list)
    for one in ledger.called_back:
        by_ref[one.ref].append(one)
    meant = {typed.ref: typed for typed in reversed(ledger.typed)}
    receipts = {
        (row.sender, row.text): (row.sender, row.answer)
        for row in tx.execute(
            select(inbound_sms.c.sender, inbound_sms.c.text, outbound_sms.c.text.label("answer"))
            .join(outbound_sms, outbound_sms.c.inbound_id == inbound_sms.c.id)
            .where(outbound_sms.c.template.in_(["T06", "T07"]))
        )
    }
    for ref, asked in ledger.asked.items():
        got = by_ref.pop(ref, [])
        if not any(one.taken for one in got):
            yield f"{ref}: never called back"
        yield from _one_message(ref, got)
        typed = meant.get(ref)
        if typed is None:
            continue
        yield from _tells(ref, typed, got)
        receipt = receipts.get((typed.phone, typed.text))
        yield from _not_too_early(ref, asked.hold, receipt, got, ledger)
    for ref in by_ref:
        yield f"{ref}: called back, and nobody asked"
    ids = {row.source_ref: row.id for row in rows.values()}
    kept = Counter(row.request_id for row in tx.execute(select(callbacks.c.request_id)))
    sent = Counter(
        row.request_id
        for row in tx.execute(select(callbacks.c.request_id).where(callbacks.c.state == "sent"))
    )
    for ref, number in ids.items():
        if (kept[number], sent[number]) != (1, 1):
            yield f"{ref}: {kept[number]} callbacks on record, {sent[number]} of them sent"


def _one_message(ref: str, got: Sequence[CalledBack]) -> Iterator[str]:
    messages = {one.message_id for one in got}
    if len(messages) > 1:
        yield f"{ref}: called back under {len(messages)} ids, {sorted(messages)}"
    if len({one.body for one in got}) > len(messages):
        yield f"{ref}: one id with several bodies"
    if {one.type for one in got} - {"approval.effective"}:
        yield f"{ref}: called back with {sorted({one.type for one in got})}"


def _tells(ref: str, typed: Typed, got: Sequence[CalledBack]) -> Iterator[str]:
    for one in got:
        told = json.loads(one.body)["data"]
        verdicts = [decision["verdict"] for decision in told["decisions"]]
        if (told["state"], verdicts) != (STATE[typed.verdict], [typed.verdict]):
            yield f"{ref}: he said {typed.verdict}, the callback says {told['state']} {verdicts}"


def _not_too_early(
    ref: str, hold: int, receipt: tuple[str, str] | None, got: Sequence[CalledBack], ledger: Ledger
) -> Iterator[str]:
    """Not before the receipt was on the phone for as long as the hold.

    A handset dates an SMS a moment before the gateway knows that it is out, never after.
    """
    if not hold or not got:
        return
    phone, text = receipt or ("", "")
    came = [one.at for one in ledger.phones.get(phone, []) if one.text == text]
    if not came:
        yield f"{ref}: called back, and there is no receipt"
        return
    early = min(came) + timedelta(seconds=hold) - min(one.at for one in got)
    if early > timedelta():
        yield f"{ref}: called back {early.total_seconds():.3f} s before its hold was over"
