"""What these routes show."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Outgoing(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SmsOut(Outgoing):
    """One question by SMS, from its asking to its answer."""

    prompt_id: int
    task_id: int
    account: str
    name: str
    phone: str = Field(description="Masked.")
    form: str
    state: str = Field(description="live, answered or closed")
    closed_reason: str | None
    asked_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    answered_at: datetime | None
    expires_at: datetime
    sms_state: str | None
    problem: str | None
    resent: int
    reminded: int
    reminded_at: datetime | None


class SmsListOut(Outgoing):
    items: list[SmsOut]


class ResentOut(Outgoing):
    sms_id: int


class StuckOut(Outgoing):
    id: int
    to: str = Field(description="An address; a number is masked.")
    subject: str
    state: str
    error: str | None
    attempts: int
    created_at: datetime


class StuckListOut(Outgoing):
    items: list[StuckOut]


class ReceiptOut(BaseModel):
    """`docs/protocol/receipts.md`."""

    format: str
    entry: dict[str, Any]
    checkpoint: dict[str, Any]
    keys: list[dict[str, str]]
