"""Hurrying a matter: to whoever does not see it, it is not there; the rest is the core's."""

from __future__ import annotations

from datetime import datetime

from approval_core.notices import urging
from approval_core.notices.urging import Urged, UrgeStanding
from approval_core.people.actor import Actor
from approval_core.store import Tx
from mobile_api.queries import Viewer, must_see, must_take_part


def urge(tx: Tx, request_id: int, *, viewer: Viewer, actor: Actor, now: datetime) -> Urged:
    must_see(tx, viewer, request_id, now=now)
    return urging.urge(tx, request_id, actor=actor, now=now)


def standing_of(tx: Tx, request_id: int, *, viewer: Viewer, now: datetime) -> UrgeStanding:
    must_take_part(tx, viewer, request_id, now=now)
    return urging.standing(tx, request_id)
