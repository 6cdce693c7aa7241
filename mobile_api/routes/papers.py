"""Files of a matter, its opinion sheet, and the archive package. A body that is a file is the file's bytes as they are."""

from __future__ import annotations

import tempfile
from datetime import datetime
from typing import Annotated, Any, BinaryIO, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator
from starlette.concurrency import run_in_threadpool

from approval_core.approvals import drafts
from approval_core.people.actor import Actor
from approval_core.sheets.printing import pack, print_sheet
from approval_core.store import Store
from mobile_api import filing, service
from mobile_api.attempts import Id, Wanted, viewer_of
from mobile_api.exporting import MIME, Format, export_requests
from mobile_api.lists import Mine
from mobile_api.queries import hidden_of, must_take_part
from mobile_api.routes.auditing import noted
from mobile_api.routes.drafts import facts_of
from mobile_api.schemas.filing import DraftFileOut
from mobile_api.schemas.papers import AttachmentOut, AttachmentsOut
from web.bodies import problems
from web.deps import Now, StoreDep
from web.papers import PaperDesk, PapersDep, download, portions_of
from web.signin import ActingDep, PersonDep
from web.texts import clean

router = APIRouter(prefix="/api/v1", tags=["papers"])
Name = Annotated[
    str, Query(min_length=1, max_length=255, description="The file's name; its ending says its kind."),
    AfterValidator(clean),
]  # fmt: skip
Lang = Literal["zh", "en"]
BYTES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def file_answer(mime: str) -> dict[int | str, dict[str, Any]]:
    return {
        200: {
            "description": "The file.",
            "content": {mime: {"schema": {"type": "string", "format": "binary"}}},
        }
    }


@router.post(
    "/drafts/{draft_id}/files",
    status_code=201,
    responses=problems(404),
    openapi_extra=BYTES,
    summary="Put a file with a draft",
)
async def keep(
    draft_id: Id, name: Name, request: Request, here: ActingDep, store: StoreDep, papers: PapersDep, now: Now
) -> DraftFileOut:
    """422 with the reason (kind, size, content, virus); then nothing of it is left."""
    await store.aread(drafts.show, draft_id, actor=here.actor, now=now)
    stored = await papers.take(request, name)
    kept = await store.awrite(filing.keep_with_draft, draft_id, stored=stored, actor=here.actor, now=now)
    return DraftFileOut.model_validate({"id": kept.id} | facts_of(kept.stored))


@router.get("/requests/{request_id}/files", responses=problems(404), summary="Its files")
async def listed(request_id: Id, here: PersonDep, store: StoreDep, now: Now) -> AttachmentsOut:
    """Those of fields that are closed to me are not among them."""
    found = await store.aread(service.attachments, request_id, viewer=viewer_of(here), now=now)
    return AttachmentsOut.model_validate({"items": found})


@router.post(
    "/requests/{request_id}/files",
    status_code=201,
    responses=problems(404, 409),
    openapi_extra=BYTES,
    summary="Put a file with my comment",
)
async def attach(
    request_id: Id,
    name: Name,
    remark: Annotated[int, Query(ge=1, le=2**63 - 1, description="My comment.")],
    request: Request,
    here: ActingDep,
    store: StoreDep,
    papers: PapersDep,
    now: Now,
) -> AttachmentOut:
    """What is decided on comes with the draft or with a resubmission, never alone."""
    viewer = viewer_of(here)
    await store.aread(must_take_part, viewer, request_id, now=now)
    stored = await papers.take(request, name)
    done = await store.awrite(
        service.attach_to_comment, request_id, viewer=viewer, actor=here.actor, remark=remark, stored=stored,
        now=now,
    )  # fmt: skip
    return AttachmentOut.model_validate(done)


@router.get(
    "/requests/{request_id}/files/{file_id}",
    responses=problems(404) | file_answer("application/octet-stream"),
    response_class=Response,
    summary="One file",
)
async def fetch(
    request_id: Id, file_id: Id, here: PersonDep, store: StoreDep, papers: PapersDep, now: Now
) -> Response:
    """That I opened it is on record: who must have read it before deciding, has."""
    if "auditor" in here.roles:
        await noted(store, here, f"request:{request_id}", now, file=str(file_id))
    found = await store.awrite(
        service.open_attachment, request_id, file_id, viewer=viewer_of(here), actor=here.actor, now=now
    )
    portions = await run_in_threadpool(papers.storage.portions, found.sha256, found.size)
    return download(portions, name=found.name, mime=found.mime, size=found.size)


@router.post(
    "/decisions/{decision_id}/signature",
    status_code=201,
    responses=problems(404, 409),
    openapi_extra=BYTES,
    summary="Sign my decision by hand",
)
async def sign(
    decision_id: Id,
    name: Name,
    request: Request,
    here: ActingDep,
    store: StoreDep,
    papers: PapersDep,
    now: Now,
) -> AttachmentOut:
    """An image, bound to the decision and to what was decided on; one for each."""
    await store.aread(service.may_sign, decision_id, person_id=here.id)
    stored = await papers.take(request, name)
    done = await store.awrite(service.sign, decision_id, stored=stored, actor=here.actor, now=now)
    return AttachmentOut.model_validate(done)


@router.get(
    "/requests/{request_id}/sheet.pdf",
    responses=problems(404) | file_answer("application/pdf"),
    response_class=Response,
    summary="The opinion sheet",
)
async def sheet(
    request_id: Id, here: PersonDep, store: StoreDep, papers: PapersDep, now: Now, lang: Lang = "zh"
) -> Response:
    """My name stands on it, and that I took it is on record. Fields that are closed to me are not on it."""
    if "auditor" in here.roles:
        await noted(store, here, f"request:{request_id}", now, what="sheet")
    hidden = await store.aread(hidden_of, request_id, viewer=viewer_of(here), now=now)
    pdf = await run_in_threadpool(
        print_sheet, store, papers.storage, request_id, viewer=here.actor, hidden=hidden, lang=lang, now=now
    )
    return download(iter([pdf]), name=f"{request_id}.pdf", mime="application/pdf", size=len(pdf))


@router.get(
    "/requests/{request_id}/package.zip",
    responses=problems(404) | file_answer("application/zip"),
    response_class=Response,
    summary="The archive package: sheet, files, trail, manifest",
)
async def package(
    request_id: Id, here: PersonDep, store: StoreDep, papers: PapersDep, now: Now, lang: Lang = "zh"
) -> Response:
    """With everything, closed fields too; the auditor's reading and the export are both on record."""
    await noted(store, here, f"request:{request_id}", now, what="package")
    box = await run_in_threadpool(_packed, store, papers, request_id, here.actor, lang, now)
    return download(portions_of(box), name=f"{request_id}.zip", mime="application/zip")


@router.get(
    "/exports/requests",
    responses=problems() | file_answer("text/csv"),
    response_class=Response,
    summary="One of my lists as a file",
)
async def export(
    here: PersonDep,
    store: StoreDep,
    now: Now,
    mine: Mine = "filed",
    type: Wanted = None,  # noqa: A002  # the office's word
    state: Wanted = None,
    format: Format = "csv",  # noqa: A002  # the word of every export
    lang: Lang = "zh",
) -> Response:
    """CSV or XLSX, at most the 5000 newest, with my name in the last line; no cell becomes a formula. It is on record."""
    made = await store.awrite(
        export_requests, here.id, mine=mine, type_name=type, state=state, form=format, lang=lang,
        actor=here.actor, now=now,
    )  # fmt: skip
    return download(iter([made]), name=f"requests.{format}", mime=MIME[format], size=len(made))


def _packed(
    store: Store, papers: PaperDesk, request_id: int, viewer: Actor, lang: str, now: datetime
) -> BinaryIO:
    box: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  # closed when it has been sent
    try:
        pack(store, papers.storage, request_id, box, viewer=viewer, lang=lang, now=now)
        box.seek(0)
    except BaseException:
        box.close()
        raise
    return box
