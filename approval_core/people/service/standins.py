"""Who is away, and who may decide meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, select, update

from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.people.actor import Actor
from approval_core.people.models import absences, delegations, persons, secretaries
from approval_core.people.queries.proposals import Period, propose, ties_in
from approval_core.people.rules import delegations as rules
from approval_core.people.rules import fields
from approval_core.people.rules.delegations import Tie, closes_a_loop
from approval_core.people.service import ledger
from approval_core.people.service.authority import ABSENCE_ADMINS, ADMINS, speaks_for
from approval_core.store import Tx
from approval_core.timers import set_timer


def delegate(
    tx: Tx,
    from_id: int,
    to_id: int,
    *,
    types: Sequence[str] = (),
    ceiling: Decimal | None = None,
    reason: str = "",
    valid_from: datetime,
    valid_to: datetime,
    absence_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """`from_id` lets `to_id` decide in his name, up to `ceiling` if one is set. Refused: to oneself, to one's
    secretary, with someone who has left, in a circle; and by anybody but the giver or an administrator."""
    giver, taker = ledger.serving(tx, from_id), ledger.serving(tx, to_id)
    speaks_for(tx, actor, from_id, admins=ADMINS, now=now)
    _check(from_id, to_id, valid_from, valid_to, now)
    ceiling_fen = rules.fen(ceiling)
    new = Tie(from_id, to_id, valid_from, valid_to, frozenset(types))
    ledger.one_at_a_time(tx, persons)
    _no_secretary(tx, from_id, to_id, taker.account, now)
    if closes_a_loop(new, ties_in(tx, Period(valid_from, valid_to))):
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
        ceiling_fen=ceiling_fen,
        absence_id=absence_id,
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
        ceiling=None if ceiling_fen is None else str(rules.yuan(ceiling_fen)),
        valid_from=valid_from.isoformat(),
        valid_to=valid_to.isoformat(),
    )
    return ledger.watched(tx, from_id, "delegation", delegation_id, valid_from, valid_to)


def _check(from_id: int, to_id: int, valid_from: datetime, valid_to: datetime, now: datetime) -> None:
    if from_id == to_id:
        raise Invalid("self", "Nobody can delegate to himself.")
    ledger.period(valid_from, valid_to)
    if valid_to <= now:
        raise Invalid("bad_period", "The period is over.")


def _no_secretary(tx: Tx, giver_id: int, taker_id: int, account: str, now: datetime) -> None:
    tie = select(secretaries.c.id).where(
        secretaries.c.leader_id == giver_id,
        secretaries.c.person_id == taker_id,
        ledger.unended(secretaries, now),
    )
    if tx.execute(tie).first() is not None:
        raise Conflict("secretary", f"{account} is the giver's secretary and never decides for him.")


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
    speaks_for(tx, actor, found.from_id, admins=ADMINS, now=now)
    _revoke(tx, delegation_id, found.from_id, found.to_id, actor=actor, now=now)


def _revoke(tx: Tx, delegation_id: int, giver_id: int, taker_id: int, *, actor: Actor, now: datetime) -> None:
    tx.execute(update(delegations).where(delegations.c.id == delegation_id).values(revoked_at=now))
    giver, taker = ledger.person(tx, giver_id), ledger.person(tx, taker_id)
    ledger.note(tx, actor, "delegation.revoked", f"person:{giver.account}", now, to=taker.account)
    set_timer(tx, ledger.STANDING, f"{giver_id}:delegation:{delegation_id}:1", now)


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
    """Entered by himself, the personnel office or a system of ours. `queries.proposal_for` then proposes a proxy."""
    if kind not in fields.ABSENCE_KINDS:
        raise Invalid("bad_kind", "There is no such kind of absence.", known=list(fields.ABSENCE_KINDS))
    who = ledger.serving(tx, person_id)
    speaks_for(tx, actor, person_id, admins=ABSENCE_ADMINS, clients=True, now=now)
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
    return ledger.watched(tx, person_id, "absence", absence_id, valid_from, valid_to)


def come_back(tx: Tx, absence_id: int, *, actor: Actor, now: datetime) -> None:
    """Back before the planned end; an absence that has not begun is called off. What was delegated for it ends too."""
    found = tx.execute(select(absences).where(absences.c.id == absence_id, absences.c.valid_to > now)).first()
    if found is None:
        raise NotFound("no_absence", "There is no such absence, or it is over.")
    speaks_for(tx, actor, found.person_id, admins=ABSENCE_ADMINS, clients=True, now=now)
    end = max(found.valid_from, now)
    tx.execute(update(absences).where(absences.c.id == absence_id).values(valid_to=end))
    who = ledger.person(tx, found.person_id)
    ledger.note(tx, actor, "person.back", f"person:{who.account}", now, absence_id=absence_id)
    set_timer(tx, ledger.STANDING, f"{found.person_id}:absence:{absence_id}:1", end)
    given = select(delegations.c.id, delegations.c.to_id).where(*_given_for(absence_id, now))
    for row in tx.execute(given.order_by(delegations.c.id)).all():
        _revoke(tx, row.id, found.person_id, row.to_id, actor=actor, now=now)


def activate_proxy(tx: Tx, absence_id: int, *, to_id: int | None = None, actor: Actor, now: datetime) -> int:
    """The proposed proxy of an absence, or another one, from its beginning to its end; the delegation's id (F37)."""
    found = tx.execute(select(absences).where(absences.c.id == absence_id, absences.c.valid_to > now)).first()
    if found is None:
        raise NotFound("no_absence", "There is no such absence, or it is over.")
    speaks_for(tx, actor, found.person_id, admins=ADMINS, now=now)
    if tx.execute(select(delegations.c.id).where(*_given_for(absence_id, now))).first() is not None:
        raise Conflict("already_there", "A proxy is named for this absence.")
    types: Sequence[str] = ()
    ceiling: Decimal | None = None
    if to_id is None:
        proposed = propose(tx, found.person_id, Period(found.valid_from, found.valid_to), now=now)
        if proposed is None:
            raise Conflict("no_proposal", "There is nobody to propose; name somebody.")
        to_id, types, ceiling = proposed.taker_id, proposed.types, proposed.ceiling
    return delegate(
        tx,
        found.person_id,
        to_id,
        types=types,
        ceiling=ceiling,
        reason=REASONS[found.kind],
        valid_from=found.valid_from,
        valid_to=found.valid_to,
        absence_id=absence_id,
        actor=actor,
        now=now,
    )


REASONS = {
    "leave": "休假期间代办",
    "travel": "出差期间代办",
    "training": "培训期间代办",
    "sick": "病假期间代办",
}


def _given_for(absence_id: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        delegations.c.absence_id == absence_id,
        delegations.c.revoked_at.is_(None),
        delegations.c.valid_to > now,
    )
