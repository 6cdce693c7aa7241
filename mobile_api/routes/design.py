"""`/types` for who designs them: check, publish, retire, and running requests on another version."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from approval_core.approvals import carrying_over, migrating, replaying
from approval_core.definitions import queries as definitions
from approval_core.definitions import service
from mobile_api import designing
from mobile_api.attempts import Id, InPath, Wanted, attempt
from mobile_api.queries import state_of_request
from mobile_api.schemas.design import (
    CheckIn,
    CheckOut,
    DifferencesOut,
    MigratedOut,
    MigrateIn,
    PlanIn,
    PlanOut,
    PublishedOut,
    ReplayIn,
    RetiredOut,
    SourceOut,
    TextIn,
    VersionsOut,
)
from mobile_api.schemas.fields import ReasonIn
from web.bodies import problems
from web.deps import Now, StoreDep
from web.signin import ActingDep, PersonDep

router = APIRouter(prefix="/api/v1", tags=["design"])


@router.post(
    "/types/check", responses=problems(), summary="What is wrong with a type, before anybody uses it"
)
async def check(body: CheckIn, here: ActingDep, store: StoreDep, now: Now) -> CheckOut:  # noqa: ARG001  # a designer
    return await store.aread(designing.check, body, now=now)


@router.post("/types", status_code=201, responses=problems(409), summary="Publish a type")
async def publish(body: TextIn, here: ActingDep, store: StoreDep, now: Now) -> PublishedOut:
    """New requests run on it, running ones stay where they are. 422 `bad_definition` with `findings`, each with its place."""
    done = await store.awrite(service.publish, body.text, actor=here.actor, now=now)
    return PublishedOut.model_validate(done)


@router.get("/versions", responses=problems(), summary="Published versions, and what once was")
async def versions(
    here: PersonDep,  # noqa: ARG001  # a designer
    store: StoreDep,
    type: Wanted = None,  # noqa: A002  # the office's word
    retired: bool = False,
) -> VersionsOut:
    found = await store.aread(definitions.cards, type_name=type, retired=retired)
    return VersionsOut.model_validate({"items": found})


@router.get("/types/{type}/source", responses=problems(404), summary="The text of a type as it was published")
async def source(
    type: InPath,  # noqa: A002  # the office's word
    here: PersonDep,  # noqa: ARG001  # a designer
    store: StoreDep,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> SourceOut:
    return SourceOut(text=await store.aread(definitions.source, type, version))


@router.post("/types/{type}/retire", responses=problems(404, 409), summary="It takes no more requests")
async def retire(type: InPath, here: ActingDep, store: StoreDep, now: Now) -> RetiredOut:  # noqa: A002  # the office's word
    return RetiredOut(version=await store.awrite(service.retire, type, actor=here.actor, now=now))


@router.post("/types/{type}/migrations/plan", responses=problems(404), summary="What carrying over would do")
async def plan(type: InPath, body: PlanIn, here: ActingDep, store: StoreDep, now: Now) -> PlanOut:  # noqa: A002, ARG001  # the office's word; a designer
    """The dry run, of each request: where it would stand, who would be asked anew, or why it cannot be."""
    found = await store.aread(
        migrating.plan,
        type,
        body.to_version,
        from_version=body.from_version,
        request_ids=body.requests,
        mapping=body.mapping,
        now=now,
    )
    return PlanOut.model_validate(found)


@router.post("/types/{type}/migrations", responses=problems(404), summary="Carry running requests over")
async def migrate(type: InPath, body: MigrateIn, here: ActingDep, store: StoreDep, now: Now) -> MigratedOut:  # noqa: A002  # the office's word
    """Each in one go. One that has moved since its `mark` was given is refused, and the others go on."""
    wanted = await store.aread(designing.plan_of, type, body)
    done = []
    for one in designing.each(wanted):
        done += await store.awrite(carrying_over.apply, one, actor=here.actor, reason=body.reason, now=now)
    return MigratedOut.model_validate({"items": done})


@router.post(
    "/requests/{request_id}/migration/revert",
    status_code=204,
    responses=problems(404, 409),
    summary="Put a migrated request back",
)
async def revert(request_id: Id, body: ReasonIn, here: ActingDep, store: StoreDep, now: Now) -> Response:
    """While nobody has decided since."""
    await attempt(
        store, state_of_request, request_id, carrying_over.revert, request_id, actor=here.actor,
        reason=body.reason, now=now,
    )  # fmt: skip
    return Response(status_code=204)


@router.post(
    "/types/{type}/replay", responses=problems(), summary="Closed requests on a new text, in thought"
)
async def replay(type: InPath, body: ReplayIn, here: ActingDep, store: StoreDep) -> DifferencesOut:  # noqa: A002, ARG001  # the office's word; a designer
    """Who would have been asked, against who decided."""
    found = await store.aread(replaying.replay, type, body.text, since=body.since, limit=body.limit)
    return designing.shown(found)
