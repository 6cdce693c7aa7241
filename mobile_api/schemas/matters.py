"""One matter as a person sees it, and what is said about it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from mobile_api.schemas.fields import Account, Outgoing, RowId, Text
from web.bodies import Incoming
from web.texts import clean


class RemarkIn(Incoming):
    text: Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"\S"), AfterValidator(clean)] = (
        Field(description="Accounts after an @ are told.")
    )
    replaces: RowId | None = Field(default=None, description="My own earlier version of it.")


class QuestionIn(Incoming):
    to: Account
    text: Annotated[str, Field(min_length=1, max_length=5000, pattern=r"\S"), AfterValidator(clean)]


class AnswerIn(Incoming):
    text: Annotated[str, Field(min_length=1, max_length=5000, pattern=r"\S"), AfterValidator(clean)]


class WithdrawIn(Incoming):
    reason: Text = ""


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
    replaces: int | None = Field(description="The version before it, which stays.")
    mentions: list[str]


class CopyOut(Outgoing):
    account: str
    name: str
    place: str
    at: datetime
    read_at: datetime | None


class ProvisionalOut(Outgoing):
    """What I said in a way that is not sure enough: it counts when I say it again in a surer one."""

    verdict: str
    comment: str
    channel: str
    level: int
    floor: int = Field(description="The level it must reach.")
    at: datetime


class MineOut(Outgoing):
    """A task that waits for me, or that I may answer for whoever it waits for."""

    task_id: int
    task_revision: int
    block: str
    on_behalf_of: str | None
    returnable: list[str] = Field(description="Steps to which a return may go, beside the applicant.")
    transfer: bool = Field(description="It may be handed over.")
    add: bool = Field(description="People may be added.")
    claim: bool = Field(description="It lies in a pool.")
    claimed: bool
    comment_on: list[str] = Field(description="Verdicts that need a comment.")
    provisional: ProvisionalOut | None
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
    revoked_by_id: int | None
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


class TalkOut(Outgoing):
    id: int
    asker: str
    asked: str
    question: str
    at: datetime
    state: str = Field(description="open, answered or over")
    answer: str | None
    answered_at: datetime | None


class TalksOut(Outgoing):
    items: list[TalkOut]


class ReadingOut(Outgoing):
    account: str
    name: str
    channel: str
    first_at: datetime
    last_at: datetime
    times: int


class ReadingsOut(Outgoing):
    items: list[ReadingOut]


class UrgedOut(Outgoing):
    number: int = Field(description="The how manieth of this request.")
    path: str
    told: int = Field(description="How many people.")
    next_at: datetime


class UrgeOut(Outgoing):
    times: int
    next_at: datetime | None = Field(description="From when it may be urged; null: nobody holds it.")
