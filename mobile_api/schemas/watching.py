"""What those see who look after the office: alarms, figures, the trail."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from mobile_api.schemas.fields import Outgoing
from web.bodies import Incoming
from web.texts import clean


class NoteIn(Incoming):
    note: Annotated[str, Field(max_length=2000), AfterValidator(clean)] = ""


class AlarmOut(Outgoing):
    id: int
    kind: str
    thing: str
    request_id: int | None
    facts: dict[str, Any]
    raised_at: datetime
    last_at: datetime
    times: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str
    settled_at: datetime | None


class AlarmsOut(Outgoing):
    items: list[AlarmOut]
    next: str | None


class AlarmCountsOut(Outgoing):
    by_kind: dict[str, int]


class EntryOut(Outgoing):
    id: int
    chain: str
    seq: int
    at: str
    actor: str
    verb: str
    thing: str
    hash: str
    leaf: int | None
    data: Any


class EntriesOut(Outgoing):
    items: list[EntryOut]
    next: str | None


class SpreadOut(Outgoing):
    """Hours of working time."""

    count: int
    median: float | None
    p90: float | None
    longest: float | None


class GroupOut(Outgoing):
    key: str
    name: str
    submitted: int
    ended: int
    approved: int
    rejected: int
    expired: int
    open: int
    returned: int
    return_rate: float | None
    timed_out: int
    timeout_rate: float | None
    hours: SpreadOut


class StepFigureOut(Outgoing):
    type: str
    step: str
    hours: SpreadOut
    returned: int


class PersonFigureOut(Outgoing):
    account: str
    name: str
    decided: int
    for_others: int
    returned: int
    open: int
    timed_out: int
    hours: SpreadOut


class StatisticsOut(Outgoing):
    since: datetime
    until: datetime
    excluded: int
    whole: GroupOut
    by_type: list[GroupOut]
    by_unit: list[GroupOut]
    by_month: list[GroupOut]
    by_step: list[StepFigureOut]
    by_person: list[PersonFigureOut]


class StallOut(Outgoing):
    """An open task that nobody will answer that day."""

    task_id: int
    request_id: int
    type: str
    account: str
    name: str
    absence_id: int | None
    code: str
    zh: str
    en: str
    proposed: str | None = Field(description="The account that the office proposes.")


class ForecastOut(Outgoing):
    day: date
    items: list[StallOut]
