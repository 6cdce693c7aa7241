"""Holds the rows of decisions and the content of requests against the trail: what says something else is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from approval_core.approvals.models import Decision, Request
from approval_core.approvals.rules.content import content_hash, fields_of
from approval_core.audit import Problem
from approval_core.audit.canonical import moment
from approval_core.audit.models import Entry
from approval_core.columns import table_of
from approval_core.files import queries as files
from approval_core.store import Tx

decisions, requests, entries = table_of(Decision), table_of(Request), table_of(Entry)

PORTION = 500

#: What the entry `decided` repeats of the row.
_TOLD = (
    "task_id", "task_revision", "content_hash", "verdict", "comment", "person_id", "on_behalf_of_id", "channel", "level", "floor", "evidence",
    "target", "resume",
)  # fmt: skip
_COLUMNS = (
    decisions.c.id,
    decisions.c.request_id,
    decisions.c.state,
    decisions.c.decided_at,
    *(decisions.c[name] for name in _TOLD),
)
#: The last of these verbs on a decision is its state.
_STATE_OF = {"decided": "held", "effective": "effective", "undone": "undone", "superseded": "superseded"}


def record_problems(tx: Tx) -> Iterator[Problem]:
    """Everything that this page of the office can be held to."""
    yield from decision_problems(tx)
    yield from request_problems(tx)


def decision_problems(tx: Tx) -> Iterator[Problem]:
    """Every decision without its entry, every one that differs from it, every entry without its decision."""
    last = 0
    while rows := tx.execute(
        select(*_COLUMNS).where(decisions.c.id > last).order_by(decisions.c.id).limit(PORTION)
    ).all():
        trail = _trail(tx, {f"request:{row.request_id}" for row in rows})
        for row in rows:
            own = [
                one for one in trail.get(f"decision:{row.id}", []) if one.chain == f"request:{row.request_id}"
            ]
            yield from _compare(row, own)
        last = rows[-1].id
    yield from _orphans(tx)


def _trail(tx: Tx, chains: set[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    statement = select(
        entries.c.chain, entries.c.seq, entries.c.verb, entries.c.thing, entries.c.data, entries.c.at
    )
    for entry in tx.execute(
        statement.where(entries.c.chain.in_(chains)).order_by(entries.c.chain, entries.c.seq)
    ):
        for thing in _things(entry):
            found.setdefault(thing, []).append(entry)
    return found


def _things(entry: Any) -> list[str]:
    """New content supersedes several decisions with one entry."""
    if entry.verb == "superseded" and entry.thing.startswith("request:") and entry.data is not None:
        return [f"decision:{number}" for number in json.loads(entry.data)["decisions"]]
    return [entry.thing] if entry.verb in _STATE_OF else []


def _compare(row: Any, trail: list[Any]) -> Iterator[Problem]:
    first = next((entry for entry in trail if entry.verb == "decided"), None)
    if first is None:
        yield Problem(
            "decision", f"id {row.id}", "no entry of the trail tells of it", chain=f"request:{row.request_id}"
        )
        return
    if first.at != moment(row.decided_at):
        yield Problem(
            "decision", f"id {row.id}", "decided_at is not what was recorded", chain=first.chain, seq=first.seq,
            expected=first.at, found=moment(row.decided_at),
        )  # fmt: skip
    if first.data is not None:  # a text deleted on time can no longer be compared
        told = json.loads(first.data)
        for name in _TOLD:
            if name in told and told[name] != getattr(row, name):  # an older entry tells less
                yield Problem(
                    "decision", f"id {row.id}", f"{name} is not what was recorded", chain=first.chain, seq=first.seq,
                    expected=repr(told.get(name)), found=repr(getattr(row, name)),
                )  # fmt: skip
    last = trail[-1]
    if _STATE_OF[last.verb] != row.state:
        yield Problem(
            "decision", f"id {row.id}", "state is not what was recorded", chain=last.chain, seq=last.seq,
            expected=_STATE_OF[last.verb], found=row.state,
        )  # fmt: skip


def _orphans(tx: Tx) -> Iterator[Problem]:
    last = 0
    while found := tx.execute(
        select(entries.c.id, entries.c.chain, entries.c.seq, entries.c.thing)
        .where(entries.c.verb == "decided", entries.c.id > last)
        .order_by(entries.c.id)
        .limit(PORTION)
    ).all():
        numbers = {int(entry.thing.removeprefix("decision:")): entry for entry in found}
        known = set(tx.execute(select(decisions.c.id).where(decisions.c.id.in_(numbers))).scalars())
        for number, entry in numbers.items():
            if number not in known:
                yield Problem(
                    "decision", f"id {number}", "recorded, and gone", chain=entry.chain, seq=entry.seq
                )
        last = found[-1].id


_CONTENT = (
    requests.c.id, requests.c.type, requests.c.title, requests.c.summary, requests.c.applicant, requests.c.form,
    requests.c.salts, requests.c.content_hash, requests.c.revision,
)  # fmt: skip


def request_problems(tx: Tx) -> Iterator[Problem]:
    """Every request whose content, hash or revision is not what was submitted last, and every one that is gone."""
    last = 0
    while rows := tx.execute(
        select(*_CONTENT).where(requests.c.id > last).order_by(requests.c.id).limit(PORTION)
    ).all():
        told = _last_told(tx, [f"request:{row.id}" for row in rows])
        for row in rows:
            yield from _compare_content(row, files.digests(tx, row.id), told.get(f"request:{row.id}"))
        last = rows[-1].id
    yield from _gone(tx)


def _last_told(tx: Tx, chains: list[str]) -> dict[str, Any]:
    """By chain, the last entry that names a revision and its content hash."""
    found: dict[str, Any] = {}
    statement = select(entries.c.chain, entries.c.seq, entries.c.data).where(
        entries.c.chain.in_(chains), entries.c.verb.in_(["submitted", "revised", "fields.changed"])
    )
    for entry in tx.execute(statement.order_by(entries.c.chain, entries.c.seq)):
        found[entry.chain] = entry
    return found


def _compare_content(row: Any, papers: dict[str, str], told: Any) -> Iterator[Problem]:
    where = f"id {row.id}"
    if told is None:
        yield Problem("request", where, "no entry of the trail tells of it", chain=f"request:{row.id}")
        return
    fields = fields_of(
        type=row.type, title=row.title, summary=row.summary, applicant=row.applicant, form=row.form, papers=papers
    )  # fmt: skip
    shown = (
        content_hash(fields, row.salts) if fields.keys() <= row.salts.keys() else "a field without its salt"
    )
    if shown != row.content_hash:
        yield Problem(
            "request", where, "the content is not what its hash says", chain=told.chain, seq=told.seq,
            expected=row.content_hash, found=shown,
        )  # fmt: skip
    if told.data is None:  # its text was deleted on time
        return
    recorded = json.loads(told.data)
    for name in ("content_hash", "revision"):
        if recorded[name] != getattr(row, name):
            yield Problem(
                "request", where, f"{name} is not what was recorded", chain=told.chain, seq=told.seq,
                expected=str(recorded[name]), found=str(getattr(row, name)),
            )  # fmt: skip


def _gone(tx: Tx) -> Iterator[Problem]:
    last = 0
    while found := tx.execute(
        select(entries.c.id, entries.c.chain, entries.c.seq)
        .where(entries.c.verb == "submitted", entries.c.id > last)
        .order_by(entries.c.id)
        .limit(PORTION)
    ).all():
        numbers = {int(entry.chain.removeprefix("request:")): entry for entry in found}
        known = set(tx.execute(select(requests.c.id).where(requests.c.id.in_(numbers))).scalars())
        for number, entry in numbers.items():
            if number not in known:
                yield Problem(
                    "request", f"id {number}", "recorded, and gone", chain=entry.chain, seq=entry.seq
                )
        last = found[-1].id
