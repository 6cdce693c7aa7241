"""`/drafts`: what I am writing. Nobody else sees it, and nothing in it counts."""

from __future__ import annotations

from fastapi import APIRouter, Response

from approval_core.approvals import drafts
from approval_core.approvals.drafts import DraftView
from approval_core.files import service as files
from approval_core.files.rules.stored import Stored
from mobile_api import filing
from mobile_api.attempts import Id, viewer_of
from mobile_api.routes.filing import filed
from mobile_api.schemas.filing import DraftFileOut, DraftIn, DraftOut, DraftsOut, FiledOut, NewDraftIn
from web.bodies import problems
from web.deps import Now, StoreDep
from web.signin import ActingDep, PersonDep

router = APIRouter(prefix="/api/v1", tags=["drafts"])


@router.get("/drafts", responses=problems(), summary="My drafts, the one touched last first")
async def listed(here: PersonDep, store: StoreDep, now: Now) -> DraftsOut:
    """Without their files."""
    found = await store.aread(drafts.mine, actor=here.actor, now=now)
    return DraftsOut(items=[_shown(one) for one in found])


@router.post("/drafts", status_code=201, responses=problems(404, 409), summary="Begin to write")
async def begin(body: NewDraftIn, here: ActingDep, store: StoreDep, now: Now) -> DraftOut:
    return _shown(await store.awrite(filing.save_draft, body.type, body, actor=here.actor, now=now))


@router.get("/drafts/{draft_id}", responses=problems(404), summary="One draft with its files")
async def show(draft_id: Id, here: PersonDep, store: StoreDep, now: Now) -> DraftOut:
    return _shown(await store.aread(drafts.show, draft_id, actor=here.actor, now=now))


@router.put("/drafts/{draft_id}", responses=problems(404), summary="Go on writing")
async def change(draft_id: Id, body: DraftIn, here: ActingDep, store: StoreDep, now: Now) -> DraftOut:
    """The whole of it anew, but for its files."""
    return _shown(await store.awrite(filing.change_draft, draft_id, body, actor=here.actor, now=now))


@router.delete("/drafts/{draft_id}", status_code=204, responses=problems(404), summary="Throw it away")
async def discard(draft_id: Id, here: ActingDep, store: StoreDep) -> Response:
    await store.awrite(drafts.discard, draft_id, actor=here.actor)
    return Response(status_code=204)


@router.post("/drafts/{draft_id}/submit", status_code=201, responses=problems(404, 409), summary="Submit it")
async def submit(draft_id: Id, here: ActingDep, store: StoreDep, now: Now) -> FiledOut:
    """Its files come along and it is gone; refused, it stays as it is."""
    return filed(await store.awrite(drafts.submit, draft_id, actor=here.actor, now=now))


@router.delete(
    "/drafts/{draft_id}/files/{file_id}",
    status_code=204,
    responses=problems(404),
    summary="Take a file off it",
)
async def drop(draft_id: Id, file_id: Id, here: ActingDep, store: StoreDep) -> Response:
    await store.awrite(files.drop_from_draft, draft_id, file_id, actor=here.actor)
    return Response(status_code=204)


@router.post(
    "/requests/{request_id}/copy",
    status_code=201,
    responses=problems(404, 409),
    summary="A draft that begins as this request",
)
async def copy(request_id: Id, here: ActingDep, store: StoreDep, now: Now) -> DraftOut:
    return _shown(
        await store.awrite(
            filing.copy_as_draft, request_id, viewer=viewer_of(here), actor=here.actor, now=now
        )
    )


def _shown(one: DraftView) -> DraftOut:
    names = DraftOut.model_fields.keys() - {"files"}
    papers = [DraftFileOut.model_validate({"id": paper.id} | facts_of(paper.stored)) for paper in one.papers]
    return DraftOut.model_validate({name: getattr(one, name) for name in names} | {"files": papers})


def facts_of(stored: Stored) -> dict[str, str | int]:
    return {"name": stored.name, "sha256": stored.sha256, "size": stored.size, "mime": stored.mime}
