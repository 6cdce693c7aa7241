"""Absences and delegations as they come in: accounts become persons, and whose matter it is is asked before it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from approval_core.errors import Invalid, NotFound
from approval_core.people import queries as people
from approval_core.people import service
from approval_core.people.actor import Actor
from approval_core.people.models import absences
from approval_core.people.service.authority import ABSENCE_ADMINS, speaks_for
from approval_core.store import Tx
from mobile_api.schemas.standins import AbsenceIn, AwayOut, DelegationIn, NewAbsenceOut, ProposalOut
from mobile_api.service import named, of_account


def enter(tx: Tx, person_id: int, body: AbsenceIn, *, actor: Actor, now: datetime) -> NewAbsenceOut:
    number = service.mark_absent(tx, person_id, actor=actor, now=now, **body.model_dump())
    found = people.proposal_for(tx, number, now=now)
    return NewAbsenceOut(id=number, proposal=None if found is None else ProposalOut.model_validate(found))


def enter_for(tx: Tx, account: str, body: AbsenceIn, *, actor: Actor, now: datetime) -> NewAbsenceOut:
    return enter(tx, of_account(tx, account), body, actor=actor, now=now)


def proposal_of(tx: Tx, absence_id: int, *, actor: Actor, now: datetime) -> ProposalOut | None:
    whose = tx.execute(select(absences.c.person_id).where(absences.c.id == absence_id)).scalar()
    if whose is None:
        raise NotFound("no_absence", "There is no such absence.", absence_id=absence_id)
    speaks_for(tx, actor, whose, admins=ABSENCE_ADMINS, now=now)
    found = people.proposal_for(tx, absence_id, now=now)
    return None if found is None else ProposalOut.model_validate(found)


def name_proxy(tx: Tx, absence_id: int, *, to: str | None, actor: Actor, now: datetime) -> int:
    to_id = None if to is None else named(tx, to)
    return service.activate_proxy(tx, absence_id, to_id=to_id, actor=actor, now=now)


def delegate(tx: Tx, person_id: int, body: DelegationIn, *, actor: Actor, now: datetime) -> int:
    given = body.model_dump(exclude={"to"})
    return service.delegate(tx, person_id, named(tx, body.to), actor=actor, now=now, **given)


def the_day(day: date) -> tuple[datetime, datetime]:
    try:
        return people.office_day(day)
    except OverflowError:
        raise Invalid("bad_day", f"{day} is no day of this office") from None


def shown(found: Iterable[Mapping[str, Any]]) -> list[AwayOut]:
    return [
        AwayOut.model_validate({**one, "valid_from": one["from"], "valid_to": one["to"]}) for one in found
    ]
