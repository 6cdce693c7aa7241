"""Who hears of it beside the holder: his secretaries, else the deputies of what he heads."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from approval_core.people.models import assignments, persons, posts, secretaries
from approval_core.people.queries.moments import holds
from approval_core.store import Tx

_SECRETARIES = (
    select(secretaries.c.person_id)
    .join(persons, persons.c.id == secretaries.c.person_id)
    .where(secretaries.c.leader_id == bindparam("leader"), persons.c.state == "active", holds(secretaries))
    .order_by(secretaries.c.id)
)
_SEATS = assignments.join(posts, posts.c.id == assignments.c.post_id).join(
    persons, persons.c.id == assignments.c.person_id
)
_HEADED = (
    select(posts.c.unit_id)
    .select_from(_SEATS)
    .where(assignments.c.person_id == bindparam("leader"), posts.c.is_head, holds(assignments))
    .order_by(assignments.c.id)
)
_DEPUTIES = (
    select(assignments.c.person_id)
    .select_from(_SEATS)
    .where(posts.c.unit_id == bindparam("unit"), posts.c.is_deputy)
    .where(persons.c.state == "active", holds(assignments))
    .order_by(posts.c.sort, assignments.c.sort, assignments.c.id)
)


def watchers_of(tx: Tx, leader_id: int, *, now: datetime) -> list[int]:
    """Persons, each once; empty when there is nobody."""
    found = [row.person_id for row in tx.run(_SECRETARIES, leader=leader_id, now=now)]
    if not found:
        for unit in tx.run(_HEADED, leader=leader_id, now=now).all():
            found += [row.person_id for row in tx.run(_DEPUTIES, unit=unit.unit_id, now=now)]
    return [one for one in dict.fromkeys(found) if one != leader_id]


def is_secretary_of(tx: Tx, person_id: int, leader_id: int, *, now: datetime) -> bool:
    return any(row.person_id == person_id for row in tx.run(_SECRETARIES, leader=leader_id, now=now))
