"""Who is away, and who may decide meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.people.actor import Actor
from approval_core.people.models import absences, delegations, persons
from approval_core.people.rules import fields
from approval_core.people.rules.delegations import Tie, closes_a_loop
from approval_core.people.service import ledger
from approval_core.store import Tx


def delegate(
    tx: Tx,
    from_id: int,
    to_id: int,
    *,
    types: Sequence[str] = (),
    reason: str = "",
    valid_from: datetime,
    valid_to: datetime,
    actor: Actor,
    now: datetime,
) -> int:
    """`from_id` lets `to_id` decide in his name. Refused: to oneself, with someone who has left, in a circle."""
    giver, taker = ledger.serving(tx, from_id), ledger.serving(tx, to_id)
    if from_id == to_id:
        raise Invalid("self", "Nobody can delegate to himself.")
    ledger.period(valid_from, valid_to)
    if valid_to <= now:
        raise Invalid("bad_period", "The period is over.")
    new = Tie(from_id, to_id, valid_from, valid_to, frozenset(types))
    ledger.one_at_a_time(tx, persons)
    standing = tx.execute(
        select(delegations).where(
            delegations.c.revoked_at.is_(None), ledger.overlaps(delegations, valid_from, valid_to)
        )
    )
    if closes_a_loop(
        new,
        (Tie(row.from_id, row.to_id, row.valid_from, row.valid_to, frozenset(row.types)) for row in standing),
    ):
        raise Conflict(
            "delegation_loop",
            f"{taker.account} has delegated, directly or through others, to {giver.account}.",
            giver=giver.account,
            taker=taker.account,
        )
    delegation_id = ledger.add(
        tx,
        delegations,
        taken="already_there",
        message="The delegation exists.",
        from_id=from_id,
        to_id=to_id,
        types=sorted(new.types),
        reason=fields.clean(reason, limit=500),
        valid_from=valid_from,
        valid_to=valid_to,
    )
    ledger.note(
        tx,
        actor,
        "delegation.given",
        f"person:{giver.account}",
        now,
        to=taker.account,
        types=sorted(new.types),
        valid_from=valid_from.isoformat(),
        valid_to=valid_to.isoformat(),
    )
    return delegation_id


def revoke_delegation(tx: Tx, delegation_id: int, *, actor: Actor, now: datetime) -> None:
    found = tx.execute(
        select(delegations.c.from_id, delegations.c.to_id).where(
            delegations.c.id == delegation_id,
            delegations.c.revoked_at.is_(None),
            delegations.c.valid_to > now,
        )
    ).first()
    if found is None:
        raise NotFound("no_delegation", "There is no such delegation, or it is over.")
    tx.execute(update(delegations).where(delegations.c.id == delegation_id).values(revoked_at=now))
    giver, taker = ledger.person(tx, found.from_id), ledger.person(tx, found.to_id)
    ledger.note(tx, actor, "delegation.revoked", f"person:{giver.account}", now, to=taker.account)


def mark_absent(
    tx: Tx,
    person_id: int,
    *,
    kind: str,
    valid_from: datetime,
    valid_to: datetime,
    actor: Actor,
    now: datetime,
) -> int:
    if kind not in fields.ABSENCE_KINDS:
        raise Invalid("bad_kind", "There is no such kind of absence.", known=list(fields.ABSENCE_KINDS))
    who = ledger.serving(tx, person_id)
    ledger.period(valid_from, valid_to)
    mine = (absences.c.person_id == person_id, ledger.overlaps(absences, valid_from, valid_to))
    if tx.execute(select(absences.c.id).where(*mine)).first():
        raise Conflict("overlap", f"{who.account} is away in that time already.", account=who.account)
    absence_id = ledger.add(
        tx,
        absences,
        taken="overlap",
        message="The absence exists.",
        person_id=person_id,
        kind=kind,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    ledger.note(tx, actor, "person.absent", f"person:{who.account}", now, absence_id=absence_id)
    return absence_id


def come_back(tx: Tx, absence_id: int, *, actor: Actor, now: datetime) -> None:
    """Back before the planned end; an absence that has not begun is called off."""
    found = tx.execute(select(absences).where(absences.c.id == absence_id, absences.c.valid_to > now)).first()
    if found is None:
        raise NotFound("no_absence", "There is no such absence, or it is over.")
    end = max(found.valid_from, now)
    tx.execute(update(absences).where(absences.c.id == absence_id).values(valid_to=end))
    who = ledger.person(tx, found.person_id)
    ledger.note(tx, actor, "person.back", f"person:{who.account}", now, absence_id=absence_id)
