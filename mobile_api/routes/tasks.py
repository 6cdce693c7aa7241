"""`/tasks/…`, `/decisions/…`: decide, hand on, bring others in, take from the pool; and what of it can be taken back.

A refusal for what happened meanwhile (409) says how things stand now, in `current`.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from approval_core.approvals import adding, batch, handing
from approval_core.approvals import service as approvals
from approval_core.approvals.batch import Item
from mobile_api import queries, service
from mobile_api.attempts import Id, attempt
from mobile_api.schemas.acting import (
    AddedOut,
    AddIn,
    AnswersOut,
    BatchIn,
    DecidedOut,
    DecideIn,
    OnTaskIn,
    RemoveIn,
    StateOut,
    TakenBackOut,
    TaskOut,
    TransferIn,
    UndoneOut,
)
from web.bodies import problems
from web.deps import Now, StoreDep
from web.signin import ActingDep

router = APIRouter(prefix="/api/v1", tags=["tasks"])


@router.post("/tasks/{task_id}/decide", responses=problems(404, 409), summary="Approve, reject or return")
async def decide(task_id: Id, body: DecideIn, here: ActingDep, store: StoreDep, now: Now) -> DecidedOut:
    """409 `already_decided` names the winner (`by`, `at`, `channel`, `verdict`); `changed`: look again first;
    `not_before_you`: `possible` are the steps a return may go to."""
    done = await attempt(
        store, queries.state_of_task, task_id, approvals.decide, task_id, actor=here.actor,
        evidence=here.evidence, now=now, **body.model_dump(),
    )  # fmt: skip
    return DecidedOut.model_validate(done)


@router.post("/tasks:decide-batch", responses=problems(), summary="Several tasks, one word")
async def decide_batch(body: BatchIn, here: ActingDep, store: StoreDep, now: Now) -> AnswersOut:
    """Each is decided for itself and has its own answer; what is too weighty for a batch says `alone`."""
    items = [Item(one.task_id, one.task_revision) for one in body.items]
    done = await store.awrite(
        batch.decide_batch, items, actor=here.actor, evidence=here.evidence, verdict=body.verdict,
        comment=body.comment, now=now,
    )  # fmt: skip
    return AnswersOut.model_validate({"items": done})


@router.post("/tasks/{task_id}/transfer", responses=problems(404, 409), summary="Hand it to somebody else")
async def transfer(task_id: Id, body: TransferIn, here: ActingDep, store: StoreDep, now: Now) -> TaskOut:
    """He decides it, and I am out."""
    number = await attempt(
        store, queries.state_of_task, task_id, service.transfer, task_id, actor=here.actor, now=now,
        **body.model_dump(),
    )  # fmt: skip
    return TaskOut(task_id=number)


@router.post("/tasks/{task_id}/add", responses=problems(404, 409), summary="Bring others in")
async def add(task_id: Id, body: AddIn, here: ActingDep, store: StoreDep, now: Now) -> AddedOut:
    """`before` me, `after` me, `beside` me, or `asked` for an opinion; as far as the step allows it."""
    done = await attempt(
        store, queries.state_of_task, task_id, service.add, task_id, actor=here.actor, now=now,
        **body.model_dump(),
    )  # fmt: skip
    return AddedOut.model_validate(done)


@router.post(
    "/tasks/{task_id}/remove", responses=problems(404, 409), summary="Take somebody out whom I brought in"
)
async def remove(task_id: Id, body: RemoveIn, here: ActingDep, store: StoreDep, now: Now) -> StateOut:
    """While he has not acted. TASK is his."""
    state = await attempt(
        store, queries.state_of_task, task_id, adding.remove, task_id, actor=here.actor, reason=body.reason,
        now=now,
    )  # fmt: skip
    return StateOut(state=state)


@router.post(
    "/tasks/{task_id}/claim", status_code=204, responses=problems(404, 409), summary="Take it from the pool"
)
async def claim(task_id: Id, body: OnTaskIn, here: ActingDep, store: StoreDep, now: Now) -> Response:
    await attempt(
        store, queries.state_of_task, task_id, handing.claim, task_id, actor=here.actor,
        task_revision=body.task_revision, now=now,
    )  # fmt: skip
    return Response(status_code=204)


@router.post(
    "/tasks/{task_id}/release", status_code=204, responses=problems(404, 409), summary="Put it back there"
)
async def release(task_id: Id, body: OnTaskIn, here: ActingDep, store: StoreDep, now: Now) -> Response:
    await attempt(
        store, queries.state_of_task, task_id, handing.release, task_id, actor=here.actor,
        task_revision=body.task_revision, now=now,
    )  # fmt: skip
    return Response(status_code=204)


@router.post("/decisions/{decision_id}/undo", responses=problems(404, 409), summary="Undo my held decision")
async def undo(decision_id: Id, here: ActingDep, store: StoreDep, now: Now) -> UndoneOut:
    done = await attempt(
        store, queries.state_of_decision, decision_id, approvals.undo, decision_id, actor=here.actor,
        evidence=here.evidence, now=now,
    )  # fmt: skip
    return UndoneOut.model_validate(done)


@router.post(
    "/decisions/{decision_id}/take-back",
    responses=problems(404, 409),
    summary="Take my decision back after its hold",
)
async def take_back(decision_id: Id, here: ActingDep, store: StoreDep, now: Now) -> TakenBackOut:
    """While nobody after me has looked at it or acted: 409 `seen`, `acted` with who and when."""
    done = await attempt(
        store, queries.state_of_decision, decision_id, approvals.take_back, decision_id, actor=here.actor,
        evidence=here.evidence, now=now,
    )  # fmt: skip
    return TakenBackOut(
        request_id=done.request_id,
        task_id=done.task_id,
        task_revision=done.task_revision,
        told=len(done.told),
    )
