"""What an office may set about its SMS channel. Times in seconds unless the name says otherwise."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, Field


class SmsSettings(BaseModel):
    """One section of the application's settings (`PISHI_SMS__…`)."""

    signature: str = Field(
        "【政务OA】", description="Stands first in every SMS; the parser knows it as the start of a quote."
    )
    bare_rest: int = Field(
        7200,
        ge=0,
        description="After a prompt was closed unanswered or by a bare reply, only codes for so long (C1(c)).",
    )
    code_rest: int = Field(
        72 * 3600,
        ge=0,
        description="A code is not used again for the same phone for so long after its prompt was closed (C2).",
    )
    reply_window: int = Field(
        72 * 3600,
        ge=300,
        description="How long a prompt can be answered by SMS; the validity of the SMS as well (C9).",
    )
    demo_prefix: str = Field(
        "", description="Numbers with this prefix are demo handsets; empty: there are none."
    )
    part_timeout: int = Field(
        120, ge=1, description="How long to wait for the missing parts of a long SMS (C5)."
    )
    receipt_deadline: int = Field(
        24 * 3600, ge=60, description="An answer that could not be sent by then is not sent."
    )
    notice_deadline: int = Field(24 * 3600, ge=60, description="The same for results and notices.")
    quiet_from: int = Field(
        22, ge=0, le=23, description="Hour from which reminders and notices wait; urgent ones pass."
    )
    quiet_to: int = Field(7, ge=0, le=23, description="Hour at which they go out.")
    wrong_codes: int = Field(
        3,
        ge=1,
        description="Wrong codes in 24 h after which a phone gets six digits; as many again: SMS off for an hour (S1).",
    )
    clarifying_per_hour: int = Field(
        2, ge=0, description="Clarifying answers per phone and hour, then silence (R5)."
    )
    service_words_per_day: int = Field(
        10, ge=0, description="Answers to service words per phone and day (C12)."
    )
    office_phone: str = Field("", description="Printed in details when an applicant's number is not known.")
    poll_seconds: float = Field(3.0, gt=0, description="The store of the modem is listed at least so often.")
    watchdog_seconds: float = Field(30.0, gt=0, description="How often a modem is asked whether it lives.")
    reopen_seconds: float = Field(
        5.0, gt=0, le=10, description="Longest pause before a lost modem is opened again."
    )
    lease_seconds: int = Field(180, ge=60, description="Longer than the slowest SMS in all its parts.")

    stopped_pause: int = Field(
        20,
        ge=1,
        description="What was in flight at a kill is sent again after so long without a status report.",
    )
    transport_kind: Literal["own_sim", "provider"] = Field(
        "own_sim",
        description="What carries the SMS: SIMs of our own, or an internet provider (six digits, no bare Y).",
    )

    @property
    def bare_rest_span(self) -> timedelta:
        return timedelta(seconds=self.bare_rest)

    @property
    def code_rest_span(self) -> timedelta:
        return timedelta(seconds=self.code_rest)

    @property
    def reply_window_span(self) -> timedelta:
        return timedelta(seconds=self.reply_window)
