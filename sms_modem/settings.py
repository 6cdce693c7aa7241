"""What an office may set about its SMS channel. Times in seconds unless the name says otherwise."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, Field


class SmsSettings(BaseModel):
    """One section of the application's settings (`PISHI_SMS__…`)."""

    signature: str = Field(
        default="【政务OA】",
        description="Stands first in every SMS; the parser knows it as the start of a quote.",
    )
    bare_rest: int = Field(
        default=7200,
        ge=0,
        description="After a prompt was closed unanswered or by a bare reply, only codes for so long (C1(c)).",
    )
    code_rest: int = Field(
        default=72 * 3600,
        ge=0,
        description="A code is not used again for the same phone for so long after its prompt was closed (C2).",
    )
    reply_window: int = Field(
        default=72 * 3600,
        ge=300,
        description="How long a prompt can be answered by SMS; the validity of the SMS as well (C9).",
    )
    demo_prefix: str = Field(
        default="", description="Numbers with this prefix are demo handsets; empty: there are none."
    )
    part_timeout: int = Field(
        default=120, ge=1, description="How long to wait for the missing parts of a long SMS (C5)."
    )
    receipt_deadline: int = Field(
        default=24 * 3600, ge=60, description="An answer that could not be sent by then is not sent."
    )
    notice_deadline: int = Field(default=24 * 3600, ge=60, description="The same for results and notices.")
    quiet_from: int = Field(
        default=22, ge=0, le=23, description="Hour from which reminders and notices wait; urgent ones pass."
    )
    quiet_to: int = Field(default=7, ge=0, le=23, description="Hour at which they go out.")
    daily_ceiling: int = Field(
        default=20,
        ge=0,
        description="Reminders and notices to one phone in one day; 0: as many as there are. Questions and answers pass.",
    )
    undelivered_after: int = Field(
        default=1800,
        ge=0,
        description="No delivery report of a question for so long: an alarm, and the secretary is told; 0: never.",
    )
    office_phone: str = Field(
        default="", description="Printed in details when an applicant's number is not known."
    )
    sim_pin: str = Field(
        default="",
        repr=False,
        pattern=r"^(\d{4,8})?$",
        description="PIN of the SIM, of every modem here that asks for one; tried once.",
    )
    poll_seconds: float = Field(
        default=3.0, gt=0, description="The store of the modem is listed at least so often."
    )
    watchdog_seconds: float = Field(
        default=30.0, gt=0, description="How often a modem is asked whether it lives."
    )
    reopen_seconds: float = Field(
        default=5.0, gt=0, le=10, description="Longest pause before a lost modem is opened again."
    )
    lease_seconds: int = Field(
        default=180, ge=60, description="Longer than the slowest SMS in all its parts."
    )
    stopped_pause: int = Field(
        default=20,
        ge=1,
        description="What was in flight at a kill is sent again after so long without a status report.",
    )
    transport_kind: Literal["own_sim", "provider"] = Field(
        default="own_sim",
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
