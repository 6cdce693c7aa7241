"""What a person sends and sees."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from web.bodies import Incoming
from web.texts import clean

Account = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(clean)]
Password = Annotated[str, Field(min_length=1, max_length=800), AfterValidator(clean)]
Text = Annotated[str, Field(max_length=2000), AfterValidator(clean)]


class SignInIn(Incoming):
    account: Account
    password: Password


class PasswordIn(Incoming):
    current: Password
    new: Password


class DecideIn(Incoming):
    verdict: Literal["approve", "reject", "return"]
    task_revision: int = Field(
        ge=1, le=2**31 - 1, description="Of the task, as it was shown: what changed meanwhile is a 409."
    )
    comment: Text = ""


class RemarkIn(Incoming):
    text: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S"), AfterValidator(clean)]


class WithdrawIn(Incoming):
    reason: Text = ""


class Outgoing(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SignedInOut(Outgoing):
    account: str
    name: str
    csrf: str = Field(description="Send it as `X-CSRF-Token` with every change.")
    must_change: bool = Field(description="Only a new password can be chosen.")
    expires_at: datetime
    idle_minutes: int = Field(description="Without a request for so long, the session ends earlier.")


class LeaderOut(Outgoing):
    account: str
    name: str
    posts: list[str]


class MeOut(SignedInOut):
    id: int
    rank: str
    posts: list[str]
    units: list[str]
    roles: list[str]
    zone: str = Field(description="office, vpn or outside")
    leaders: list[LeaderOut] = Field(description="Whose secretary I am.")


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


class ApproverOut(Outgoing):
    task_id: int
    task_revision: int
    account: str
    name: str
    weight: int
    state: str = Field(description="waiting, open, decided, over, void, moved or removed")
    why: dict[str, Any] | None = Field(description="The rule that named this person, in zh and en.")
    opened_at: datetime | None = Field(description="Since when it waits for this person.")


class StepOut(Outgoing):
    """In the order of the route: those reached, then those that come next (`task_id` 0)."""

    position: int
    block: str
    name: dict[str, str] | None
    mode: str
    threshold: int | None
    state: str
    placed: str | None = Field(description="before, after or asked: added to the task `parent_task_id`")
    parent_task_id: int | None
    opened_at: datetime | None
    settled_at: datetime | None
    floor: int = Field(description="The least assurance level of a decision here.")
    approvers: list[ApproverOut]


class DecisionOut(Outgoing):
    id: int
    task_id: int
    verdict: str
    by: str
    by_name: str
    on_behalf_of: str | None
    channel: str
    level: int = Field(description="Assurance level 0–4 of the evidence.")
    comment: str
    at: datetime
    state: str = Field(description="held, effective, undone or superseded")
    held_until: datetime | None
    revision: int


class RemarkOut(Outgoing):
    id: int
    by: str | None
    text: str
    at: datetime


class CopyOut(Outgoing):
    account: str
    name: str
    place: str
    at: datetime
    read_at: datetime | None


class MineOut(Outgoing):
    """A task that waits for me."""

    task_id: int
    task_revision: int
    block: str
    rights: dict[str, str] = Field(description="field: hidden, read, write or required")


class RequestOut(Outgoing):
    """A request, as far as this person may see it. `sight` says how far and why."""

    id: int
    type: str
    state: str
    revision: int
    submitted_at: datetime
    changed_at: datetime
    due_at: datetime | None
    expires_at: datetime | None
    closed_at: datetime | None
    held_until: datetime | None
    steps: list[StepOut]
    decisions: list[DecisionOut]
    source: str
    ref: str
    title: str
    summary: str
    applicant: str
    form: dict[str, Any]
    content_hash: str
    remarks: list[RemarkOut]
    submitter: str | None = Field(description="Who wrote it down for the applicant.")
    amount: Decimal | None
    revokes_id: int | None
    copies: list[CopyOut]
    mine: list[MineOut]
    hidden: list[str] = Field(
        description="Fields of the form that are not for me; only their digests are here."
    )
    salts: dict[str, str] = Field(
        description="By field (`title`, `form.days`): with its value it makes its digest."
    )
    digests: dict[str, str] = Field(
        description="Of the hidden fields: the content hash can be checked without them."
    )
    sight: str = Field(
        description="applicant, submitter, asked, decided, copied, stand_in, secretary, auditor; "
        "administrator: no content, all of it is empty"
    )


class DecidedOut(Outgoing):
    decision_id: int
    request_id: int
    state: str = Field(description="held or effective")
    held_until: datetime | None = Field(description="Until then it can be undone.")
    verdict: str
    effect: str = Field(description="approved, rejected or returned")


class UndoneOut(Outgoing):
    task_id: int
    task_revision: int
