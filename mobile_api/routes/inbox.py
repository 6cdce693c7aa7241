"""`GET /inbox`, `GET /inbox/counts`: a person's own list, from all systems."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from approval_core.inbox import queries
from mobile_api.schemas.inbox import CountsOut, InboxOut
from web.bodies import problems
from web.deps import StoreDep
from web.signin import PersonDep

router = APIRouter(prefix="/api/v1/inbox", tags=["inbox"])


@router.get("", responses=problems(), summary="What waits for me, or what I did")
async def inbox(
    here: PersonDep,
    store: StoreDep,
    state: Literal["open", "done"] = "open",
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> InboxOut:
    """Open: the most urgent first, then by due date. Done: the newest first."""
    listed = queries.open_items if state == "open" else queries.done_items
    page = await store.aread(listed, here.id, cursor=cursor, limit=limit)
    return InboxOut.model_validate(page)


@router.get("/counts", responses=problems(), summary="How many wait for me")
async def counts(here: PersonDep, store: StoreDep) -> CountsOut:
    by_source = await store.aread(queries.open_counts, here.id)
    return CountsOut(open=sum(by_source.values()), by_source=by_source)
