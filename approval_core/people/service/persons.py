"""Persons: hired, put into posts, given charges, secretaries and roles, and gone again."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import or_, select, update

from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.people.accounts.service import end_sessions
from approval_core.people.actor import Actor
from approval_core.people.models import (
    absences,
    assignments,
    charges,
    delegations,
    org_units,
    persons,
    phones,
    posts,
    role_grants,
    secretaries,
)
from approval_core.people.rules import fields
from approval_core.people.service import ledger
from approval_core.store import Tx
from approval_core.timers import set_timer


def hire(
    tx: Tx,
    *,
    account: str,
    emp_no: str,
    name: str,
    rank: str,
    established: bool = True,
    email: str = "",
    birthday: date | None = None,
    entered_on: date | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    account = fields.account(account)
    person_id = ledger.add(
        tx,
        persons,
        taken="person_exists",
        message=f"Account {account} or its employee number is taken.",
        account=account,
        emp_no=fields.emp_no(emp_no),
        name=fields.person_name(name),
        rank=fields.rank(rank),
        established=established,
        email=fields.email(email),
        birthday=birthday,
        entered_on=entered_on,
        state="active",
    )
    ledger.note(tx, actor, "person.hired", f"person:{account}", now, rank=rank)
    return person_id


def leave(tx: Tx, person_id: int, *, actor: Actor, now: datetime) -> None:
    """The person leaves: every tie ends at once, the number is free again, nobody acts in the name any more."""
    gone = ledger.serving(tx, person_id)
    tx.execute(update(persons).where(persons.c.id == person_id).values(state="left", left_at=now))
    for table, whose in (
        (assignments, assignments.c.person_id == person_id),
        (charges, charges.c.leader_id == person_id),
        (secretaries, or_(secretaries.c.leader_id == person_id, secretaries.c.person_id == person_id)),
        (role_grants, role_grants.c.person_id == person_id),
        (absences, absences.c.person_id == person_id),
    ):
        tx.execute(update(table).where(whose, ledger.unended(table, now)).values(valid_to=now))
    ended = tx.execute(
        update(delegations)
        .where(or_(delegations.c.from_id == person_id, delegations.c.to_id == person_id))
        .where(delegations.c.revoked_at.is_(None), delegations.c.valid_to > now)
        .values(revoked_at=now)
        .returning(delegations.c.id, delegations.c.from_id)
    ).all()
    for one in ended:
        set_timer(tx, ledger.STANDING, f"{one.from_id}:delegation:{one.id}:1", now)
    set_timer(tx, ledger.STANDING, f"{person_id}:left:0:1", now)
    tx.execute(
        update(phones)
        .where(phones.c.person_id == person_id, phones.c.state != "unbound")
        .values(state="unbound", unbound_at=now)
    )
    end_sessions(tx, person_id, why="left", now=now)
    ledger.note(tx, actor, "person.left", f"person:{gone.account}", now)


def assign(
    tx: Tx, person_id: int, post_id: int, *, kind: str = "main", sort: int = 0, actor: Actor, now: datetime
) -> int:
    """Put a person into a post. A new main post ends the earlier one; a unit has one head and one acting head."""
    if kind not in fields.ASSIGNMENT_KINDS:
        raise Invalid("bad_kind", "There is no such kind of assignment.", known=list(fields.ASSIGNMENT_KINDS))
    who, post = ledger.serving(tx, person_id), ledger.post(tx, post_id)
    unit = ledger.unit(tx, post.unit_id)
    mine = (assignments.c.person_id == person_id, ledger.unended(assignments, now))
    if tx.execute(
        select(assignments.c.id).where(*mine, assignments.c.post_id == post_id, assignments.c.kind == kind)
    ).first():
        raise Conflict(
            "already_there", f"{who.account} holds this post.", account=who.account, post=post.code
        )
    if post.is_head or kind == "acting":
        _one_head(tx, person_id, post.unit_id, acting=kind == "acting", now=now)
    if kind == "main":
        tx.execute(update(assignments).where(*mine, assignments.c.kind == "main").values(valid_to=now))
    assignment_id = ledger.add(
        tx,
        assignments,
        taken="already_there",
        message="The post is held already.",
        person_id=person_id,
        post_id=post_id,
        kind=kind,
        sort=sort,
        valid_from=now,
    )
    ledger.note(
        tx, actor, "person.assigned", f"person:{who.account}", now, post=post.code, unit=unit.code, kind=kind
    )
    return assignment_id


def _one_head(tx: Tx, person_id: int, unit_id: int, *, acting: bool, now: datetime) -> None:
    seats = assignments.join(posts, posts.c.id == assignments.c.post_id).join(
        persons, persons.c.id == assignments.c.person_id
    )
    ledger.one_at_a_time(tx, org_units, unit_id)
    role = assignments.c.kind == "acting" if acting else (posts.c.is_head & (assignments.c.kind != "acting"))
    other = tx.execute(
        select(persons.c.account)
        .select_from(seats)
        .where(posts.c.unit_id == unit_id, role, ledger.unended(assignments, now), persons.c.id != person_id)
    ).first()
    if other is not None:
        raise Conflict("head_taken", f"The unit is led by {other.account}.", account=other.account)


def end_assignment(tx: Tx, assignment_id: int, *, actor: Actor, now: datetime) -> None:
    found = tx.execute(
        select(assignments.c.person_id, assignments.c.post_id, assignments.c.kind).where(
            assignments.c.id == assignment_id, ledger.unended(assignments, now)
        )
    ).first()
    if found is None:
        raise NotFound("no_assignment", "There is no such assignment, or it has ended.")
    tx.execute(update(assignments).where(assignments.c.id == assignment_id).values(valid_to=now))
    who, post = ledger.person(tx, found.person_id), ledger.post(tx, found.post_id)
    ledger.note(tx, actor, "person.released", f"person:{who.account}", now, post=post.code, kind=found.kind)


def put_in_charge(tx: Tx, leader_id: int, unit_id: int, *, actor: Actor, now: datetime) -> int:
    """One leader in charge of a unit at a time: the earlier one's charge ends here."""
    leader, unit = ledger.serving(tx, leader_id), ledger.unit(tx, unit_id)
    tx.execute(
        update(charges).where(charges.c.unit_id == unit_id, ledger.unended(charges, now)).values(valid_to=now)
    )
    charge_id = ledger.add(
        tx,
        charges,
        taken="already_there",
        message="The charge is held already.",
        leader_id=leader_id,
        unit_id=unit_id,
        valid_from=now,
    )
    ledger.note(tx, actor, "unit.in_charge", f"unit:{unit.code}", now, leader=leader.account)
    return charge_id


def name_secretary(tx: Tx, leader_id: int, person_id: int, *, actor: Actor, now: datetime) -> int:
    leader, who = ledger.serving(tx, leader_id), ledger.serving(tx, person_id)
    if leader_id == person_id:
        raise Invalid("self", "Nobody is his own secretary.")
    held = (secretaries.c.leader_id == leader_id, secretaries.c.person_id == person_id)
    if tx.execute(select(secretaries.c.id).where(*held, ledger.unended(secretaries, now))).first():
        raise Conflict("already_there", f"{who.account} is this leader's secretary.", account=who.account)
    tie_id = ledger.add(
        tx,
        secretaries,
        taken="already_there",
        message="The tie exists.",
        leader_id=leader_id,
        person_id=person_id,
        valid_from=now,
    )
    ledger.note(tx, actor, "secretary.named", f"person:{leader.account}", now, secretary=who.account)
    return tie_id


def grant_role(
    tx: Tx, person_id: int, *, role: str, unit_id: int | None = None, actor: Actor, now: datetime
) -> int:
    """A role in one unit, or without a unit in the whole office."""
    who, role = ledger.serving(tx, person_id), fields.required(role, limit=48)
    unit = ledger.unit(tx, unit_id).code if unit_id is not None else None
    same_unit = role_grants.c.unit_id.is_(None) if unit_id is None else role_grants.c.unit_id == unit_id
    held = (role_grants.c.person_id == person_id, role_grants.c.role == role, same_unit)
    if tx.execute(select(role_grants.c.id).where(*held, ledger.unended(role_grants, now))).first():
        raise Conflict("already_there", f"{who.account} has this role.", account=who.account)
    grant_id = ledger.add(
        tx,
        role_grants,
        taken="already_there",
        message="The role is granted.",
        person_id=person_id,
        role=role,
        unit_id=unit_id,
        valid_from=now,
    )
    ledger.note(tx, actor, "role.granted", f"person:{who.account}", now, role=role, unit=unit)
    return grant_id


def revoke_role(tx: Tx, grant_id: int, *, actor: Actor, now: datetime) -> None:
    found = tx.execute(
        select(role_grants.c.person_id, role_grants.c.role).where(
            role_grants.c.id == grant_id, ledger.unended(role_grants, now)
        )
    ).first()
    if found is None:
        raise NotFound("no_role", "There is no such grant, or it has ended.")
    tx.execute(update(role_grants).where(role_grants.c.id == grant_id).values(valid_to=now))
    who = ledger.person(tx, found.person_id)
    ledger.note(tx, actor, "role.revoked", f"person:{who.account}", now, role=found.role)
