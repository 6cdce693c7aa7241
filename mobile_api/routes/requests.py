"""`/requests/…`, `/tasks/…`, `/decisions/…`: look at a matter and act on it.

An action is one call of `_act` with the service that does it; a refusal for what happened meanwhile (409) then says
how things stand now, in `current`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Response

from approval_core.approvals import service as approvals
from approval_core.audit.reading import read_as_auditor
from approval_core.errors import Conflict
from approval_core.store import Tx
from mobile_api import queries, service
from mobile_api.queries import Viewer
from mobile_api.schemas import DecidedOut, DecideIn, RemarkIn, RequestOut, UndoneOut, WithdrawIn
from web.bodies import problems
from web.deps import Now, StoreDep
from web.signin import ActingDep, PersonDep, PersonHere

T = TypeVar("T")
router = APIRouter(prefix="/api/v1", tags=["approvals"])
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/requests/{request_id}", responses=problems(404), summary="One request as it stands")
async def show(request_id: Id, here: PersonDep, store: StoreDep, now: Now) -> RequestOut:
    shown = await store.aread(queries.request_for, request_id, viewer=_viewer(here), now=now)
    if shown.sight == "auditor":
        await store.awrite(
            read_as_auditor,
            actor=here.actor,
            thing=f"request:{request_id}",
            data={"session": here.session.id},
            now=now,
        )
    return shown


@router.post("/tasks/{task_id}/decide", responses=problems(404, 409), summary="Approve, reject or return")
async def decide(task_id: Id, body: DecideIn, here: ActingDep, store: StoreDep, now: Now) -> DecidedOut:
    """409 `already_decided` names the winner (`by`, `at`, `channel`, `verdict`); `changed`: look again first."""
    done = await _act(
        store,
        queries.state_of_task,
        task_id,
        store.awrite(
            approvals.decide, task_id, actor=here.actor, evidence=here.evidence, **body.model_dump(), now=now
        ),
    )
    return DecidedOut.model_validate(done)


@router.post("/decisions/{decision_id}/undo", responses=problems(404, 409), summary="Undo my held decision")
async def undo(decision_id: Id, here: ActingDep, store: StoreDep, now: Now) -> UndoneOut:
    done = await _act(
        store,
        queries.state_of_decision,
        decision_id,
        store.awrite(approvals.undo, decision_id, actor=here.actor, evidence=here.evidence, now=now),
    )
    return UndoneOut.model_validate(done)


@router.post(
    "/requests/{request_id}/remarks", status_code=204, responses=problems(404, 409), summary="Say something"
)
async def remark(request_id: Id, body: RemarkIn, here: ActingDep, store: StoreDep, now: Now) -> Response:
    await store.awrite(
        service.remark, request_id, viewer=_viewer(here), actor=here.actor, text=body.text, now=now
    )
    return Response(status_code=204)


@router.post(
    "/requests/{request_id}/withdraw", status_code=204, responses=problems(404, 409), summary="Take it back"
)
async def withdraw(request_id: Id, body: WithdrawIn, here: ActingDep, store: StoreDep, now: Now) -> Response:
    await _act(
        store,
        queries.state_of_request,
        request_id,
        store.awrite(
            service.withdraw, request_id, viewer=_viewer(here), actor=here.actor, reason=body.reason, now=now
        ),
    )
    return Response(status_code=204)


def _viewer(here: PersonHere) -> Viewer:
    return Viewer(here.id, here.roles)


async def _act(
    store: StoreDep, state_of: Callable[[Tx, int], dict[str, Any] | None], number: int, doing: Awaitable[T]
) -> T:
    """What was done; a Conflict goes on with `current`."""
    try:
        return await doing
    except Conflict as refusal:
        refusal.data["current"] = await store.aread(state_of, number)
        raise
