"""What other systems send and see. Unknown members are refused: a misspelt `hold` must not become a default."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from web.bodies import Incoming
from web.moments import Moment
from web.texts import clean

REF_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")


def _usable_ref(ref: str) -> str:
    segments = ref.split("/")
    if REF_FORBIDDEN.search(ref) or ref != ref.strip() or any(part in {"", ".", ".."} for part in segments):
        raise ValueError(
            "a ref is 1–200 characters without control characters, outer blanks or empty path parts"
        )
    return clean(ref)


Ref = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_usable_ref)]
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), AfterValidator(clean)]
Account = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(clean)]


class WeightedApprover(Incoming):
    account: Account
    weight: int = Field(default=1, ge=1, le=1_000_000)


class StepIn(Incoming):
    """One step: whom it asks and how their answers count."""

    approvers: list[Account | WeightedApprover] = Field(min_length=1, max_length=200)
    mode: Literal["any", "all", "sequence", "vote"] = "any"
    threshold: int | None = Field(
        default=None, ge=1, le=100, description="`vote`: percent of the weight that must approve."
    )

    @property
    def weighted(self) -> tuple[tuple[str, int], ...]:
        return tuple(
            (one, 1) if isinstance(one, str) else (one.account, one.weight) for one in self.approvers
        )

    @model_validator(mode="after")
    def _consistent(self) -> StepIn:
        accounts = [account for account, _ in self.weighted]
        if len(set(accounts)) < len(accounts):
            raise ValueError("an approver stands twice in one step")
        if self.mode == "vote" and self.threshold is None:
            raise ValueError("a vote needs a threshold")
        if self.mode != "vote" and self.threshold is not None:
            raise ValueError("only a vote has a threshold")
        return self


class ContentIn(Incoming):
    """What a person reads before deciding."""

    title: Title
    summary: Annotated[str, Field(max_length=10_000), AfterValidator(clean)] = ""
    form: dict[str, Any] = Field(default_factory=dict)


class ApprovalIn(ContentIn):
    """A request for approval."""

    ref: Ref = Field(description="Your own number of the matter; unique among your approvals.")
    type: Annotated[str, Field(min_length=1, max_length=48), AfterValidator(clean)] = "GENERIC"
    applicant: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S"), AfterValidator(clean)]
    steps: list[StepIn] = Field(min_length=1, max_length=30)
    on_reject: Literal["reject", "return"] = Field(
        default="reject",
        description="`reject`: a no is final. `return`: a no sends it back to the applicant.",
    )
    hold: int | None = Field(
        default=None,
        ge=0,
        le=2_592_000,
        description="Seconds in which a decision can be undone; absent: the type's.",
    )
    sms: bool = Field(default=False, description="Ask the approvers by SMS as well.")
    callback_url: Annotated[str, Field(max_length=2000), AfterValidator(clean)] | None = None
    due: Moment | None = Field(default=None, description="When it becomes overdue.")
    expires: Moment | None = Field(default=None, description="When it closes without a decision.")
    urgency: int = Field(default=0, ge=0, le=2, description="0 ordinary, 1 urgent, 2 extra urgent.")


class RevisionIn(Incoming):
    """New content. What is left out (`summary`, `form`, `steps`) stays as it was. The body of the submission, edited, is welcome as it is:
    what cannot change with the content may be repeated, and is refused only where it says something else."""

    title: Title
    summary: Annotated[str, Field(max_length=10_000), AfterValidator(clean)] | None = None
    form: dict[str, Any] | None = None
    steps: list[StepIn] | None = Field(default=None, min_length=1, max_length=30)
    ref: Ref | None = None
    type: Annotated[str, Field(max_length=48), AfterValidator(clean)] | None = None
    applicant: Annotated[str, Field(max_length=100), AfterValidator(clean)] | None = None
    on_reject: Literal["reject", "return"] | None = None
    hold: int | None = None
    sms: bool | None = None
    callback_url: Annotated[str, Field(max_length=2000), AfterValidator(clean)] | None = None
    due: Moment | None = None
    expires: Moment | None = None
    urgency: int | None = None


class WithdrawalIn(Incoming):
    reason: Annotated[str, Field(max_length=1000), AfterValidator(clean)] = ""


class ApproverOut(BaseModel):
    account: str
    name: str
    weight: int
    state: str = Field(description="waiting, open, decided, over (closed by another's decision) or void")


class StepOut(BaseModel):
    position: int
    mode: str
    threshold: int | None
    state: str = Field(description="waiting, active, approved, rejected, returned or void")
    approvers: list[ApproverOut]


class DecisionOut(BaseModel):
    verdict: str = Field(description="approve, reject or return")
    by: str = Field(description="Account of the person who decided.")
    on_behalf_of: str | None
    channel: str = Field(description="sms, app, web or system")
    comment: str
    at: datetime
    state: str = Field(description="held, effective, undone or superseded; only `effective` counts")
    held_until: datetime | None
    revision: int = Field(description="Of the approval, as it was shown.")


class ApprovalOut(BaseModel):
    """An approval as its own system sees it."""

    id: int
    ref: str
    type: str
    title: str
    summary: str
    applicant: str
    form: dict[str, Any]
    state: str = Field(description="pending, approved, rejected, returned, withdrawn, cancelled or expired")
    held_until: datetime | None = Field(
        description="While a decision is in hold; the state is still `pending`."
    )
    revision: int
    on_reject: str
    hold: int
    sms: bool
    callback_url: str | None
    due: datetime | None
    expires: datetime | None
    submitted_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    steps: list[StepOut]
    decisions: list[DecisionOut]
    warnings: list[str]


class ChangesOut(BaseModel):
    """A page of approvals in the order of their last change."""

    items: list[ApprovalOut]
    next: str = Field(
        description="Give it as `changed_after` next time; an approval changed meanwhile comes again."
    )
    more: bool = Field(description="True: ask again at once.")


class ProblemOut(BaseModel):
    """RFC 9457, with a stable `code`; further members are facts about the error."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
