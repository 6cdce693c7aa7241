"""`/requests/ID`: one matter as I may see it, and what is said about it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from approval_core.approvals import talking
from mobile_api import queries, service, types
from mobile_api.attempts import Id, attempt, viewer_of
from mobile_api.reading import readings_of, talks_of
from mobile_api.routes.auditing import noted
from mobile_api.schemas.fields import NewOut
from mobile_api.schemas.filing import FormOut
from mobile_api.schemas.matters import (
    AnswerIn,
    QuestionIn,
    ReadingsOut,
    RemarkIn,
    RequestOut,
    TalksOut,
)
from web.bodies import problems
from web.deps import Now, StoreDep
from web.signin import ActingDep, PersonDep

router = APIRouter(prefix="/api/v1", tags=["matters"])


@router.get("/requests/{request_id}", responses=problems(404), summary="One request as it stands")
async def show(request_id: Id, here: PersonDep, store: StoreDep, now: Now) -> RequestOut:
    shown = await store.aread(queries.request_for, request_id, viewer=viewer_of(here), now=now)
    if shown.sight == "auditor":
        await noted(store, here, f"request:{request_id}", now)
    return shown


@router.get(
    "/requests/{request_id}/form", responses=problems(404), summary="Its form with labels and my rights"
)
async def form(request_id: Id, here: PersonDep, store: StoreDep, now: Now) -> FormOut:
    """Of the version that it runs on, whatever was published since."""
    return await store.aread(types.form_of_request, request_id, viewer=viewer_of(here), now=now)


@router.post(
    "/requests/{request_id}/remarks", status_code=201, responses=problems(404, 409), summary="Say something"
)
async def remark(request_id: Id, body: RemarkIn, here: ActingDep, store: StoreDep, now: Now) -> NewOut:
    """It decides nothing and stays as written; with `replaces` it is a newer version of my own."""
    number = await attempt(
        store, queries.state_of_request, request_id, service.remark, request_id, viewer=viewer_of(here),
        actor=here.actor, text=body.text, replaces=body.replaces, now=now,
    )  # fmt: skip
    return NewOut(id=number)


@router.get("/requests/{request_id}/talks", responses=problems(404), summary="Questions and answers about it")
async def talks(request_id: Id, here: PersonDep, store: StoreDep, now: Now) -> TalksOut:
    found = await store.aread(talks_of, request_id, viewer=viewer_of(here), now=now)
    return TalksOut.model_validate({"items": found})


@router.post(
    "/requests/{request_id}/talks",
    status_code=201,
    responses=problems(404, 409),
    summary="Ask somebody about it",
)
async def ask(request_id: Id, body: QuestionIn, here: ActingDep, store: StoreDep, now: Now) -> NewOut:
    """Somebody who has to do with it. The request goes on meanwhile."""
    number = await attempt(
        store, queries.state_of_request, request_id, service.ask, request_id, viewer=viewer_of(here),
        actor=here.actor, to=body.to, text=body.text, now=now,
    )  # fmt: skip
    return NewOut(id=number)


@router.post(
    "/talks/{talk_id}/answer", status_code=204, responses=problems(404, 409), summary="Answer a question"
)
async def answer(talk_id: Id, body: AnswerIn, here: ActingDep, store: StoreDep, now: Now) -> Response:
    await attempt(
        store, queries.state_of_talk, talk_id, talking.answer_question, talk_id, text=body.text,
        actor=here.actor, now=now,
    )  # fmt: skip
    return Response(status_code=204)


@router.post(
    "/requests/{request_id}/read",
    status_code=204,
    responses=problems(404),
    summary="I have it before my eyes",
)
async def read(request_id: Id, here: ActingDep, store: StoreDep, now: Now) -> Response:
    """The read mark; what is only to be read ends by it."""
    await store.awrite(
        service.mark_read,
        request_id,
        viewer=viewer_of(here),
        actor=here.actor,
        channel=here.evidence.channel,
        now=now,
    )
    return Response(status_code=204)


@router.get("/requests/{request_id}/readings", responses=problems(404), summary="Who has looked at it")
async def readings(request_id: Id, here: PersonDep, store: StoreDep, now: Now) -> ReadingsOut:
    found = await store.aread(readings_of, request_id, viewer=viewer_of(here), now=now)
    return ReadingsOut.model_validate({"items": found})
