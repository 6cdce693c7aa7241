"""Absences from the personnel or travel system, as a CSV file.

The first line names the columns, in any order, in English or Chinese; unknown columns are ignored:

    account  账号  required
    kind     类别  leave 休假/请假, travel 出差, training 培训, sick 病假
    from     开始  2026-05-06, or 2026-05-06 14:00
    to       结束  the same; a day without a time is the last day away

Files are UTF-8 (with or without a mark) or GB18030. A row lands as a whole or is named with line, column and reason;
the same file again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from approval_core.errors import OfficeError
from approval_core.people import service
from approval_core.people.actor import Actor
from approval_core.people.models import absences, delegations, persons
from approval_core.people.queries.proposals import Period, Proposal, propose
from approval_core.people.rules.absence_rows import AbsenceRow, read
from approval_core.people.rules.roster_rows import BadRow, flaw
from approval_core.store import Tx

__all__ = ["AbsenceReport", "BadRow", "Unproxied", "import_absences"]

_REFUSED = {
    "overlap": ("此时段已有另一条不在岗记录", "is away in that time already, by another entry"),
    "has_left": ("此人已离开", "has left the office"),
    "not_yours": ("无权登记此人的不在岗", "is not for you to enter"),
    "secretary": ("秘书不得代为登记", "is not for a secretary to enter"),
}


@dataclass(frozen=True, slots=True)
class Unproxied:
    """An absence of somebody who may be asked, without a delegation for it; whom to propose (F37)."""

    absence_id: int
    account: str
    proposal: Proposal | None


@dataclass(frozen=True, slots=True)
class AbsenceReport:
    created: int
    unchanged: int
    bad: list[BadRow]
    unproxied: list[Unproxied]


#: Ranks whose absence needs a proxy.
APPROVERS = ("R1", "R2", "R3", "R4", "R5")


def import_absences(tx: Tx, data: bytes, *, actor: Actor, now: datetime) -> AbsenceReport:
    """`Invalid` (bad_encoding, bad_heading, file_too_large) when the file as a whole cannot be read."""
    rows, bad = read(data)
    created: list[tuple[int, AbsenceRow, Any]] = []
    unchanged = 0
    for row in rows:
        who = tx.execute(select(persons.c.id, persons.c.rank).where(persons.c.account == row.account)).first()
        if who is None:
            bad.append(flaw(row.line, "account", "no_person", "没有这个账号", "there is no such account"))
        elif _stands(tx, who.id, row):
            unchanged += 1
        else:
            entered = _enter(tx, who.id, row, bad, actor=actor, now=now)
            if entered is not None:
                created.append((entered, row, who))
    open_ends = [
        Unproxied(absence_id, row.account, propose(tx, who.id, Period(row.start, row.end), now=now))
        for absence_id, row, who in created
        if who.rank in APPROVERS and row.end > now and not _delegated(tx, who.id, row)
    ]
    return AbsenceReport(len(created), unchanged, sorted(bad, key=lambda one: one.line), open_ends)


def _enter(
    tx: Tx, person_id: int, row: AbsenceRow, bad: list[BadRow], *, actor: Actor, now: datetime
) -> int | None:
    try:
        with tx.nested():
            return service.mark_absent(
                tx,
                person_id,
                kind=row.kind,
                valid_from=row.start,
                valid_to=row.end,
                actor=actor,
                now=now,
            )
    except OfficeError as refusal:
        zh, en = _REFUSED.get(refusal.code, (refusal.message, refusal.message))
        bad.append(flaw(row.line, "from" if refusal.code == "overlap" else "account", refusal.code, zh, en))
        return None


def _stands(tx: Tx, person_id: int, row: AbsenceRow) -> bool:
    same = select(absences.c.id).where(
        absences.c.person_id == person_id,
        absences.c.kind == row.kind,
        absences.c.valid_from == row.start,
        absences.c.valid_to == row.end,
    )
    return tx.execute(same).first() is not None


def _delegated(tx: Tx, person_id: int, row: AbsenceRow) -> bool:
    """One delegation of everything, from the first moment to the last."""
    whole = select(delegations.c.types, delegations.c.ceiling_fen).where(
        delegations.c.from_id == person_id,
        delegations.c.revoked_at.is_(None),
        delegations.c.valid_from <= row.start,
        delegations.c.valid_to >= row.end,
    )
    return any(not found.types and found.ceiling_fen is None for found in tx.execute(whole))
