"""Who is away and who answers for him: my own absences and delegations, and those the personnel office enters."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response

from approval_core.clock import OFFICE_ZONE
from approval_core.people import queries as people
from approval_core.people import service
from mobile_api import absences, lists
from mobile_api.attempts import Id, InPath
from mobile_api.schemas.fields import NewOut
from mobile_api.schemas.standins import (
    AbsenceIn,
    AbsencesOut,
    AwaysOut,
    DelegationIn,
    DelegationsOut,
    NewAbsenceOut,
    ProposalOut,
    ProxyIn,
)
from web.bodies import problems
from web.deps import Now, StoreDep
from web.signin import ActingDep, PersonDep

router = APIRouter(prefix="/api/v1", tags=["absences and delegations"])


@router.get("/me/absences", responses=problems(), summary="My running and coming absences")
async def mine(here: PersonDep, store: StoreDep, now: Now) -> AbsencesOut:
    found = await store.aread(people.absences_of, here.id, now=now)
    return AbsencesOut.model_validate({"items": found})


@router.post("/me/absences", status_code=201, responses=problems(409), summary="I shall be away")
async def enter(body: AbsenceIn, here: ActingDep, store: StoreDep, now: Now) -> NewAbsenceOut:
    """The answer proposes who could decide meanwhile."""
    return await store.awrite(absences.enter, here.id, body, actor=here.actor, now=now)


@router.get("/absences", responses=problems(), summary="Who is away")
async def listed(
    here: PersonDep,  # noqa: ARG001  # the table knows who
    store: StoreDep,
    now: Now,
    day: Annotated[date | None, Query(description="That day; absent: from now on.")] = None,
) -> AwaysOut:
    start, end = (now.astimezone(OFFICE_ZONE), None) if day is None else absences.the_day(day)
    return AwaysOut.model_validate(
        {"items": absences.shown(await store.aread(people.absences_in, start, end))}
    )


@router.post(
    "/people/{account}/absences",
    status_code=201,
    responses=problems(404, 409),
    summary="Somebody will be away",
)
async def enter_for(
    account: InPath, body: AbsenceIn, here: ActingDep, store: StoreDep, now: Now
) -> NewAbsenceOut:
    return await store.awrite(absences.enter_for, account, body, actor=here.actor, now=now)


@router.post(
    "/absences/{absence_id}/end",
    status_code=204,
    responses=problems(404),
    summary="Back before the planned end",
)
async def end(absence_id: Id, here: ActingDep, store: StoreDep, now: Now) -> Response:
    """What was delegated for it ends too; one that has not begun is called off."""
    await store.awrite(service.come_back, absence_id, actor=here.actor, now=now)
    return Response(status_code=204)


@router.get(
    "/absences/{absence_id}/proposal", responses=problems(404), summary="Whom the office proposes meanwhile"
)
async def proposal(absence_id: Id, here: PersonDep, store: StoreDep, now: Now) -> ProposalOut | None:
    return await store.aread(absences.proposal_of, absence_id, actor=here.actor, now=now)


@router.post(
    "/absences/{absence_id}/proxy",
    status_code=201,
    responses=problems(404, 409),
    summary="Name the proxy of an absence",
)
async def proxy(absence_id: Id, body: ProxyIn, here: ActingDep, store: StoreDep, now: Now) -> NewOut:
    return NewOut(
        id=await store.awrite(absences.name_proxy, absence_id, to=body.to, actor=here.actor, now=now)
    )


@router.get("/me/delegations", responses=problems(), summary="Who decides for me, and for whom I do")
async def delegations(here: PersonDep, store: StoreDep, now: Now) -> DelegationsOut:
    return await store.aread(lists.my_delegations, here.id, now=now)


@router.post(
    "/me/delegations", status_code=201, responses=problems(409), summary="Let somebody decide in my name"
)
async def delegate(body: DelegationIn, here: ActingDep, store: StoreDep, now: Now) -> NewOut:
    """Refused: to my secretary, in a circle, for a time that is over."""
    return NewOut(id=await store.awrite(absences.delegate, here.id, body, actor=here.actor, now=now))


@router.post(
    "/delegations/{delegation_id}/revoke",
    status_code=204,
    responses=problems(404),
    summary="Nobody decides in my name any more",
)
async def revoke(delegation_id: Id, here: ActingDep, store: StoreDep, now: Now) -> Response:
    await store.awrite(service.revoke_delegation, delegation_id, actor=here.actor, now=now)
    return Response(status_code=204)
