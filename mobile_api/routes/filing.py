"""`/requests`: ask for something, look at what I have to do with, take it back, hurry it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from approval_core.approvals.service import Submitted
from mobile_api import filing, lists, service
from mobile_api.attempts import Cursor, Id, Limit, Wanted, attempt, viewer_of
from mobile_api.lists import Mine
from mobile_api.queries import state_of_request
from mobile_api.schemas.fields import ReasonIn
from mobile_api.schemas.filing import (
    DifferenceOut,
    FiledOut,
    FilingIn,
    HistoryOut,
    PreviewOut,
    RequestsOut,
    ResubmitIn,
)
from mobile_api.schemas.matters import UrgedOut, UrgeOut, WithdrawIn
from mobile_api.urging import standing_of, urge
from web.bodies import problems
from web.deps import Now, StoreDep
from web.signin import ActingDep, PersonDep

router = APIRouter(prefix="/api/v1/requests", tags=["filing"])


@router.get("", responses=problems(), summary="Requests I have to do with")
async def listed(
    here: PersonDep,
    store: StoreDep,
    mine: Mine = "filed",
    type: Wanted = None,  # noqa: A002  # the office's word
    state: Wanted = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> RequestsOut:
    """`filed` by me or for me; `asked`: that wait for me; `decided` by me or in my name; `copies`: that I am informed of."""
    page = await store.aread(
        lists.my_requests, here.id, mine=mine, type_name=type, state=state, cursor=cursor, limit=limit
    )
    return RequestsOut.model_validate(page)


@router.post("", status_code=201, responses=problems(404, 409), summary="Submit a request")
async def file(body: FilingIn, here: ActingDep, store: StoreDep, now: Now) -> FiledOut:
    """422 `bad_form` names each field in `fields` (en) and `zh`; 409 `duplicate` the earlier one. With files: by a draft."""
    return filed(await store.awrite(filing.file, body, actor=here.actor, now=now))


@router.post("/{request_id}/resubmit", responses=problems(404, 409), summary="Submit again what came back")
async def resubmit(request_id: Id, body: ResubmitIn, here: ActingDep, store: StoreDep, now: Now) -> FiledOut:
    """The same request, a new revision; the way begins again. Fields that are not named stay as they are."""
    return filed(
        await attempt(
            store, state_of_request, request_id, filing.resubmit, request_id, body, viewer=viewer_of(here),
            actor=here.actor, now=now,
        )
    )  # fmt: skip


@router.post("/{request_id}/withdraw", status_code=204, responses=problems(404, 409), summary="Take it back")
async def withdraw(request_id: Id, body: WithdrawIn, here: ActingDep, store: StoreDep, now: Now) -> Response:
    """409 `decided` with who and when, where the type allows it only before that; `closed` with `revoke`: whether it can
    be revoked instead."""
    await attempt(
        store, state_of_request, request_id, service.withdraw, request_id, viewer=viewer_of(here),
        actor=here.actor, reason=body.reason, now=now,
    )  # fmt: skip
    return Response(status_code=204)


@router.post(
    "/{request_id}/revoke",
    status_code=201,
    responses=problems(404, 409),
    summary="Ask for the revocation of what was approved",
)
async def revoke(request_id: Id, body: ReasonIn, here: ActingDep, store: StoreDep, now: Now) -> FiledOut:
    """A request of its own that goes the same way; when it is approved the first one is revoked."""
    return filed(
        await attempt(
            store, state_of_request, request_id, service.revoke, request_id, viewer=viewer_of(here),
            actor=here.actor, reason=body.reason, now=now,
        )
    )  # fmt: skip


@router.get("/{request_id}/urge", responses=problems(404), summary="Whether I may hurry it, and from when")
async def urging(request_id: Id, here: PersonDep, store: StoreDep, now: Now) -> UrgeOut:
    found = await store.aread(standing_of, request_id, viewer=viewer_of(here), now=now)
    return UrgeOut.model_validate(found)


@router.post("/{request_id}/urge", responses=problems(404, 409), summary="Hurry those who hold it")
async def hurry(request_id: Id, here: ActingDep, store: StoreDep, now: Now) -> UrgedOut:
    """409 `urge_too_soon` with `next_at`."""
    done = await attempt(
        store, state_of_request, request_id, urge, request_id, viewer=viewer_of(here), actor=here.actor,
        now=now,
    )  # fmt: skip
    return UrgedOut(number=done.number, path=done.path, told=len(done.told), next_at=done.next_at)


@router.get("/{request_id}/rest", responses=problems(404), summary="What still comes, from where it stands")
async def rest(request_id: Id, here: PersonDep, store: StoreDep, now: Now) -> PreviewOut:
    return await store.aread(filing.rest_of, request_id, viewer=viewer_of(here), now=now)


@router.get("/{request_id}/history", responses=problems(404), summary="Which field became what, and by whom")
async def history(request_id: Id, here: PersonDep, store: StoreDep, now: Now) -> HistoryOut:
    found = await store.aread(filing.history, request_id, viewer=viewer_of(here), now=now)
    return HistoryOut.model_validate({"items": found})


@router.get("/{request_id}/difference", responses=problems(404), summary="A revision against the one before")
async def difference(
    request_id: Id,
    here: PersonDep,
    store: StoreDep,
    now: Now,
    revision: Annotated[int | None, Query(ge=2, le=2**31 - 1)] = None,
) -> DifferenceOut:
    found = await store.aread(
        filing.difference, request_id, revision=revision, viewer=viewer_of(here), now=now
    )
    return DifferenceOut.model_validate(found)


def filed(done: Submitted) -> FiledOut:
    return FiledOut(id=done.request_id, warnings=list(done.warnings))
