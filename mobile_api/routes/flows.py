"""For the flow administrator: end a request, move it, decide in another's place, give a task to somebody else.

Each with a reason that stays on record; whoever loses a task is told.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from approval_core.approvals import service as approvals
from approval_core.notices import alarms
from mobile_api import queries, service
from mobile_api.attempts import Id, InPath, attempt
from mobile_api.schemas.acting import (
    DecidedOut,
    DeskOut,
    HandedOverOut,
    JumpIn,
    OverrideIn,
    ReassignIn,
    StateOut,
    TaskOut,
)
from mobile_api.schemas.fields import ReasonIn
from mobile_api.schemas.watching import AlarmsOut
from web.bodies import problems
from web.deps import Now, StoreDep
from web.signin import ActingDep, PersonDep

router = APIRouter(prefix="/api/v1", tags=["flows"])


@router.post(
    "/requests/{request_id}/terminate",
    status_code=204,
    responses=problems(404, 409),
    summary="End it as cancelled",
)
async def terminate(request_id: Id, body: ReasonIn, here: ActingDep, store: StoreDep, now: Now) -> Response:
    await attempt(
        store, queries.state_of_request, request_id, approvals.terminate, request_id, actor=here.actor,
        reason=body.reason, now=now,
    )  # fmt: skip
    return Response(status_code=204)


@router.post("/requests/{request_id}/jump", responses=problems(404, 409), summary="Put it at another step")
async def jump(request_id: Id, body: JumpIn, here: ActingDep, store: StoreDep, now: Now) -> StateOut:
    state = await attempt(
        store, queries.state_of_request, request_id, approvals.jump, request_id, body.block,
        actor=here.actor, reason=body.reason, now=now,
    )  # fmt: skip
    return StateOut(state=state)


@router.post(
    "/requests/{request_id}/ask-again",
    responses=problems(404, 409),
    summary="A blocked step looks for its people anew",
)
async def ask_again(request_id: Id, body: JumpIn, here: ActingDep, store: StoreDep, now: Now) -> StateOut:
    """409 `still_nobody` with the reason in `why`."""
    state = await attempt(
        store, queries.state_of_request, request_id, approvals.ask_again, request_id, body.block,
        actor=here.actor, reason=body.reason, now=now,
    )  # fmt: skip
    return StateOut(state=state)


@router.get("/requests/{request_id}/alarms", responses=problems(), summary="What is open about it")
async def alarms_of(request_id: Id, here: PersonDep, store: StoreDep) -> AlarmsOut:  # noqa: ARG001  # the table knows who
    found = await store.aread(alarms.alarms_of_request, request_id)
    return AlarmsOut.model_validate({"items": found, "next": None})


@router.post("/tasks/{task_id}/override", responses=problems(404, 409), summary="Decide in another's place")
async def override(task_id: Id, body: OverrideIn, here: ActingDep, store: StoreDep, now: Now) -> DecidedOut:
    """Both names stand on record."""
    done = await attempt(
        store, queries.state_of_task, task_id, approvals.override, task_id, actor=here.actor,
        evidence=here.evidence, now=now, **body.model_dump(),
    )  # fmt: skip
    return DecidedOut.model_validate(done)


@router.post("/tasks/{task_id}/reassign", responses=problems(404, 409), summary="Give it to somebody else")
async def reassign(task_id: Id, body: ReassignIn, here: ActingDep, store: StoreDep, now: Now) -> TaskOut:
    number = await attempt(
        store, queries.state_of_task, task_id, service.reassign, task_id, to=body.to, actor=here.actor,
        reason=body.reason, now=now,
    )  # fmt: skip
    return TaskOut(task_id=number)


@router.get("/people/{account}/desk", responses=problems(404), summary="What somebody who leaves still holds")
async def desk(account: InPath, here: PersonDep, store: StoreDep, now: Now) -> DeskOut:  # noqa: ARG001  # the table knows who
    """Tasks, posts, roles, other people's trust, his own open requests."""
    return DeskOut.model_validate(await store.aread(service.desk_of, account, now=now))


@router.post(
    "/people/{account}/hand-over",
    responses=problems(404),
    summary="All tasks of somebody who leaves go to another",
)
async def hand_over(
    account: InPath, body: ReassignIn, here: ActingDep, store: StoreDep, now: Now
) -> HandedOverOut:
    """Each item says how it went; what cannot go stays, with the reason."""
    done = await store.awrite(
        service.hand_over, account, to=body.to, actor=here.actor, reason=body.reason, now=now
    )
    return HandedOverOut.model_validate(done)
