"""What is done with tasks and decisions, by those who are asked and by the officers who step in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from mobile_api.schemas.fields import Account, Block, Outgoing, Reason, Revision, RowId, Text
from web.bodies import Incoming


class DecideIn(Incoming):
    verdict: Literal["approve", "reject", "return"]
    task_revision: Revision
    comment: Text = ""
    target: Block | None = Field(
        default=None, description="`return`: to this step; absent: to the applicant."
    )
    resume: Literal["replay", "back"] | None = Field(
        default=None,
        description="With `target`: the way is gone again, or it comes straight back to me.",
    )
    form: dict[str, Any] | None = Field(
        default=None, max_length=500, description="Fields that I write; I decide on the content with them."
    )


class DecidedOut(Outgoing):
    decision_id: int
    request_id: int
    state: str = Field(description="held or effective; provisional: to be confirmed in a surer way")
    held_until: datetime | None = Field(description="Until then it can be undone.")
    verdict: str
    effect: str = Field(description="approved, rejected or returned")
    step_up: list[str] = Field(description="Ways that would make a provisional one final.")


class BatchItemIn(Incoming):
    task_id: RowId
    task_revision: Revision


class BatchIn(Incoming):
    """Several items, one word."""

    items: Annotated[list[BatchItemIn], Field(min_length=1, max_length=100)]
    verdict: Literal["approve", "reject", "return"]
    comment: Text = ""


class AnswerOut(Outgoing):
    """What became of one item: a decision, or the refusal that it would have got alone."""

    task_id: int
    decided: DecidedOut | None
    code: str = Field(description="`alone`: it must be decided by itself; empty: decided.")
    message: str
    facts: dict[str, Any] | None


class AnswersOut(Outgoing):
    items: list[AnswerOut]


class UndoneOut(Outgoing):
    task_id: int
    task_revision: int


class TakenBackOut(UndoneOut):
    request_id: int
    told: int = Field(description="How many had it on their lists because of the decision.")


class OnTaskIn(Incoming):
    task_revision: Revision


class TransferIn(OnTaskIn):
    to: Account
    reason: Text = ""


class AddIn(OnTaskIn):
    persons: Annotated[list[Account], Field(min_length=1, max_length=20)]
    placed: Literal["before", "after", "beside", "asked"]
    method: Literal["any", "all", "sequence"] = "all"
    reason: Text = ""


class RemoveIn(Incoming):
    reason: Text = ""


class TaskOut(Outgoing):
    task_id: int


class AddedOut(Outgoing):
    step_id: int
    task_ids: list[int]


class StateOut(Outgoing):
    state: str = Field(description="Of the request.")


class OverrideIn(Incoming):
    verdict: Literal["approve", "reject", "return"]
    task_revision: Revision
    reason: Reason
    target: Block | None = None
    resume: Literal["replay", "back"] | None = None


class JumpIn(Incoming):
    block: Block
    reason: Reason


class ReassignIn(Incoming):
    to: Account
    reason: Reason


class HeldTaskOut(Outgoing):
    task_id: int
    request_id: int
    type: str
    state: str = Field(description="open, or waiting for its turn")


class DeskOut(Outgoing):
    """All that would be left lying."""

    account: str
    name: str
    tasks: list[HeldTaskOut]
    posts: list[str]
    in_charge_of: list[str]
    roles: list[str]
    proxy_for: list[str]
    delegated_to: list[str]
    secretary_of: list[str]
    own_requests: list[int] = Field(description="Still open.")


class HandedItemOut(Outgoing):
    task_id: int
    request_id: int
    ref: str
    was: str = Field(description="open or waiting")
    code: str = Field(description="moved, or why it stayed")
    message: str
    new_task_id: int | None


class HandedOverOut(Outgoing):
    items: list[HandedItemOut]
    more: bool = Field(description="The desk had more than one go takes; ask again.")
