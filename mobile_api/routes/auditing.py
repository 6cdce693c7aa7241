"""`/audit`: the trail, for the auditor. Every reading is itself an entry of it, written before anything is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from approval_core.audit.reading import find_entries, read_as_auditor
from approval_core.store import Store
from mobile_api.attempts import Cursor, Wanted
from mobile_api.schemas.watching import EntriesOut
from web.bodies import problems
from web.deps import Now, StoreDep
from web.moments import Moment
from web.signin import PersonDep, PersonHere

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])


@router.get("/entries", responses=problems(), summary="Entries of the trail, in the order they were written")
async def entries(
    here: PersonDep,
    store: StoreDep,
    now: Now,
    chain: Wanted = None,
    person: Wanted = None,
    verb: Wanted = None,
    thing: Wanted = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> EntriesOut:
    """By chain (`request:17`, `people`), person (account), verb, thing and period (since ≤ at < until)."""
    asked = {"chain": chain, "person": person, "verb": verb, "thing": thing}
    period = {"since": since, "until": until}
    how = {name: str(value) for name, value in (asked | period).items() if value is not None}
    await noted(store, here, chain or "entries", now, **how)
    page = await store.aread(
        find_entries, chain=chain, person=person, verb=verb, thing=thing, since=since, until=until,
        after=cursor, limit=limit,
    )  # fmt: skip
    return EntriesOut.model_validate(page)


async def noted(store: Store, here: PersonHere, thing: str, now: datetime, **how: str) -> None:
    """That an auditor reads this. Forbidden("not_an_auditor")."""
    data = {"session": here.session.id, **how}
    await store.awrite(read_as_auditor, actor=here.actor, thing=thing[:100], data=data, now=now)
