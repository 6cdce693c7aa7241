"""Alarms, figures and what will stall: for those who look after the office."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from approval_core.clock import OFFICE_ZONE
from approval_core.notices import alarms
from approval_core.statistics.queries import statistics as figures
from mobile_api import watching
from mobile_api.attempts import Cursor, Id, Limit, Wanted
from mobile_api.routes.auditing import noted
from mobile_api.schemas.watching import (
    AlarmCountsOut,
    AlarmOut,
    AlarmsOut,
    ForecastOut,
    NoteIn,
    StatisticsOut,
)
from web.bodies import problems
from web.deps import Now, StoreDep
from web.signin import ActingDep, PersonDep

router = APIRouter(prefix="/api/v1", tags=["watching"])
Day = Annotated[date | None, Query(description="As 2026-05-06, of the office's calendar.")]


@router.get("/alarms", responses=problems(), summary="Alarms whose cause is not gone, the newest first")
async def listed(
    here: PersonDep,  # noqa: ARG001  # the table knows who
    store: StoreDep,
    kind: Wanted = None,
    unseen: bool = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AlarmsOut:
    page = await store.aread(alarms.open_alarms, kind=kind, unseen=unseen, cursor=cursor, limit=limit)
    return AlarmsOut.model_validate(page)


@router.get("/alarms/counts", responses=problems(), summary="How many are open, by kind")
async def counts(here: PersonDep, store: StoreDep) -> AlarmCountsOut:  # noqa: ARG001  # the table knows who
    return AlarmCountsOut(by_kind=await store.aread(alarms.open_counts))


@router.get("/alarms/{alarm_id}", responses=problems(404), summary="One alarm, settled or not")
async def one(alarm_id: Id, here: PersonDep, store: StoreDep) -> AlarmOut:  # noqa: ARG001  # the table knows who
    return AlarmOut.model_validate(await store.aread(alarms.alarm, alarm_id))


@router.post("/alarms/{alarm_id}/acknowledge", responses=problems(404, 409), summary="I look after it")
async def acknowledge(alarm_id: Id, body: NoteIn, here: ActingDep, store: StoreDep, now: Now) -> AlarmOut:
    """It stays open until its cause is gone."""
    return await store.awrite(watching.acknowledge, alarm_id, actor=here.actor, note=body.note, now=now)


@router.get("/statistics", responses=problems(), summary="How long it takes, where it waits, what comes back")
async def statistics(
    here: PersonDep,
    store: StoreDep,
    now: Now,
    first: Day = None,
    last: Day = None,
    type: Wanted = None,  # noqa: A002  # the office's word
    unit: Wanted = None,
    without: Annotated[
        list[str] | None, Query(max_length=50, description="Asking systems whose matters are tests.")
    ] = None,
) -> StatisticsOut:
    """Of the requests submitted in a period (the last 30 days), in hours of working time. Tests are left out."""
    if "auditor" in here.roles:
        await noted(store, here, "statistics", now)
    question = await store.aread(
        watching.question, first=first, last=last, type_name=type, unit=unit, tests=without or (), now=now
    )
    return StatisticsOut.model_validate(await store.aread(figures, question, now=now))


@router.get("/forecast", responses=problems(), summary="What will stall on a day, and why")
async def forecast(here: PersonDep, store: StoreDep, now: Now, day: Day = None) -> ForecastOut:  # noqa: ARG001  # the table knows who
    """Tomorrow, where no day is named."""
    wanted = day or now.astimezone(OFFICE_ZONE).date() + timedelta(days=1)
    return await store.aread(watching.stalls, wanted, now=now)
