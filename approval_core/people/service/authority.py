"""Who may speak for a person: he himself, an administrator, a system of ours. His secretary may not."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from approval_core.errors import Forbidden
from approval_core.people.actor import Actor
from approval_core.people.models import role_grants, secretaries
from approval_core.people.queries.chart import Chart, Nobody
from approval_core.people.queries.moments import holds
from approval_core.store import Tx

#: May give and revoke delegations in another's name.
ADMINS = frozenset({"system_admin"})
#: May enter and end absences as well.
ABSENCE_ADMINS = ADMINS | {"hr_clerk"}


def speaks_for(
    tx: Tx, actor: Actor, person_id: int, *, admins: Collection[str], clients: bool = False, now: datetime
) -> None:
    """`Forbidden` unless this actor may. An administrator of one unit: only for the people of it and below."""
    if actor.kind == "system" or (actor.kind == "client" and clients):
        return
    if actor.kind == "person" and actor.person_id is not None:
        if actor.person_id == person_id:
            return
        if _is_secretary(tx, actor.person_id, person_id, now):
            raise Forbidden("secretary", "A secretary prepares and reminds; this is for the leader himself.")
        if _administers(tx, actor.person_id, person_id, admins, now):
            return
    raise Forbidden("not_yours", "Only the person himself or an administrator may do this.")


def _is_secretary(tx: Tx, actor_id: int, leader_id: int, now: datetime) -> bool:
    tie = select(secretaries.c.id).where(
        secretaries.c.leader_id == leader_id, secretaries.c.person_id == actor_id, holds(secretaries, now)
    )
    return tx.execute(tie).first() is not None


def _administers(tx: Tx, actor_id: int, person_id: int, admins: Collection[str], now: datetime) -> bool:
    granted = select(role_grants.c.unit_id).where(
        role_grants.c.person_id == actor_id,
        role_grants.c.role.in_(sorted(admins)),
        holds(role_grants, now),
    )
    units = list(tx.execute(granted).scalars())
    if not units or None in units:
        return bool(units)
    chart = Chart(tx, now)
    place = chart.place_of(person_id)
    try:
        return place is not None and any(unit.id in units for unit in chart.path(place))
    except Nobody:
        return False
