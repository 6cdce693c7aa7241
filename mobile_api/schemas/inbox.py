"""A person's list."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from mobile_api.schemas.fields import Outgoing


class ItemOut(Outgoing):
    id: int
    source: str
    ref: str
    title: str
    applicant: str
    urgency: int = Field(description="0 ordinary, 1 urgent, 2 extra urgent")
    due_at: datetime | None
    state: str = Field(description="open, done, over or withdrawn")
    request_id: int | None
    task_id: int | None
    opened_at: datetime
    closed_at: datetime | None


class InboxOut(Outgoing):
    items: list[ItemOut]
    next: str | None = Field(description="Give it as `cursor` for the next page; null: this is the last.")


class CountsOut(Outgoing):
    open: int
    by_source: dict[str, int]
