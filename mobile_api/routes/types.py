"""`/types`: what I may ask for, its form, and the way it would go."""

from __future__ import annotations

from fastapi import APIRouter

from mobile_api import filing, types
from mobile_api.attempts import InPath
from mobile_api.schemas.filing import FormIn, FormOut, PreviewOut, TypesOut
from web.bodies import problems
from web.deps import Now, StoreDep
from web.signin import ActingDep, PersonDep

router = APIRouter(prefix="/api/v1/types", tags=["filing"])


@router.get("", responses=problems(), summary="The types I may file")
async def listed(here: PersonDep, store: StoreDep, now: Now) -> TypesOut:
    return TypesOut(items=await store.aread(types.types_for, here.id, now=now))


@router.get("/{type}", responses=problems(404), summary="The form of a type")
async def form(type: InPath, here: PersonDep, store: StoreDep) -> FormOut:  # noqa: A002, ARG001  # the office's word; only who is signed in
    return await store.aread(types.form_of_type, type)


@router.post("/{type}/preview", responses=problems(404, 409), summary="The whole way, before it is submitted")
async def preview(type: InPath, body: FormIn, here: ActingDep, store: StoreDep, now: Now) -> PreviewOut:  # noqa: A002  # the office's word
    """People with their reasons, branches with their conditions. Refused as the submission would be; writes nothing."""
    return await store.aread(filing.foresee, type, body, actor=here.actor, now=now)
