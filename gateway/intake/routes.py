"""`/systems/v1/approvals`: other systems ask, look, change and take back."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator

from gateway.intake import queries, service
from gateway.intake.door import ApprovalsCaller, Caller, IdempotencyKey
from gateway.intake.schemas import (
    ApprovalIn,
    ApprovalOut,
    ChangesOut,
    RevisionIn,
    WithdrawalIn,
)
from gateway.intake.service import Answer, Asked
from gateway.settings import Settings
from web.bodies import Incoming
from web.deps import Now, StoreDep
from web.texts import clean


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    said = {
        400: "The body cannot be read.",
        401: "No key, or no live one.",
        403: "The key does not have the scope.",
        404: "No such approval of yours.",
        409: "The state does not allow it, or the ref or key stands for another request.",
        413: "The body is larger than 1 MB.",
        422: "The request cannot be used as it is; `code` and `detail` say why.",
        503: "Try again after `Retry-After`.",
    }
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
    return {
        status: {"description": said[status], "content": content}
        for status in (400, 401, 403, 413, 422, 503, *statuses)
    }


router = APIRouter(prefix="/systems/v1/approvals", tags=["approvals"])
RefInPath = Annotated[str, Path(min_length=1, max_length=200), AfterValidator(clean)]


@router.post(
    "", status_code=201, response_model=ApprovalOut, responses=_problems(409), summary="Ask for an approval"
)
async def submit(
    request: Request,
    body: ApprovalIn,
    caller: ApprovalsCaller,
    key: IdempotencyKey,
    store: StoreDep,
    now: Now,
) -> Response:
    settings = cast(Settings, request.app.state.settings)
    asked = _asked("POST", "", caller, key, body)
    prefixes = caller.card.callback_prefixes
    answer = await store.awrite(
        service.submit, asked, body, prefixes=prefixes, default_hold=settings.default_hold, now=now
    )
    return _sent(answer)


@router.get("", response_model=ChangesOut, responses=_problems(), summary="What changed, for lost callbacks")
async def changes(
    caller: ApprovalsCaller,
    store: StoreDep,
    now: Now,
    changed_after: Annotated[
        str | None,
        Query(max_length=2000, description="An RFC 3339 time with its zone, or `next` of the last answer."),
        AfterValidator(lambda text: None if text is None else clean(text)),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ChangesOut:
    return await store.aread(queries.changes, caller.card.name, after=changed_after, limit=limit, now=now)


@router.get(
    "/{ref:path}", response_model=ApprovalOut, responses=_problems(404), summary="One approval as it stands"
)
async def show(ref: RefInPath, caller: ApprovalsCaller, store: StoreDep) -> ApprovalOut:
    return await store.aread(queries.approval, caller.card.name, ref)


@router.put(
    "/{ref:path}",
    response_model=ApprovalOut,
    responses=_problems(404, 409),
    summary="New content, asked anew",
)
async def revise(
    ref: RefInPath, body: RevisionIn, caller: ApprovalsCaller, key: IdempotencyKey, store: StoreDep, now: Now
) -> Response:
    asked = _asked("PUT", ref, caller, key, body)
    return _sent(await store.awrite(service.revise, asked, ref, body, now=now))


@router.post(
    "/{ref:path}/withdraw", response_model=ApprovalOut, responses=_problems(404, 409), summary="Take it back"
)
async def withdraw(
    ref: RefInPath,
    caller: ApprovalsCaller,
    key: IdempotencyKey,
    store: StoreDep,
    now: Now,
    body: WithdrawalIn | None = None,
) -> Response:
    given = body or WithdrawalIn()
    asked = _asked("POST withdraw", ref, caller, key, given)
    return _sent(await store.awrite(service.withdraw, asked, ref, given, now=now))


def _asked(method: str, ref: str, caller: Caller, key: str | None, body: Incoming) -> Asked:
    return Asked(caller.actor, key, service.fingerprint(method, ref, body.model_dump(mode="json")))


def _sent(answer: Answer) -> Response:
    headers = {"Idempotent-Replayed": "true"} if answer.replayed else {}
    return Response(answer.body, answer.status, headers, "application/json")
