"""To ask for something: the types, their forms, the way ahead, and what was filed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from mobile_api.schemas.fields import Account, Block, Outgoing, RowId, Words
from web.bodies import Incoming
from web.texts import clean

TypeName = Annotated[str, Field(min_length=1, max_length=48), AfterValidator(clean)]
UnitCode = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(clean)]


class FormIn(Incoming):
    """What was filled in."""

    form: dict[str, Any] = Field(default_factory=dict, max_length=500)
    applicant: Account | None = Field(default=None, description="Whom it is for, when that is not me.")
    unit: UnitCode | None = Field(default=None, description="Its code, for who has posts in several.")
    chosen: dict[Block, Annotated[list[Account], Field(max_length=200)]] = Field(
        default_factory=dict, max_length=100, description="By block: whom I choose for it."
    )
    urgency: int = Field(default=0, ge=0, le=2, description="0 ordinary, 1 urgent, 2 extra urgent")


class FilingIn(FormIn):
    type: TypeName


class FiledOut(Outgoing):
    id: int
    warnings: list[str]


class TypeOut(Outgoing):
    type: str
    title: Words
    module: str
    version: int


class TypesOut(Outgoing):
    items: list[TypeOut]


class OptionOut(Outgoing):
    value: str
    label: Words


class FieldOut(Outgoing):
    name: str
    label: Words
    type: str
    right: str = Field(description="hidden, read, write or required, for me here")
    required: bool
    min: int | Decimal | str | None
    max: int | Decimal | str | None
    max_length: int | None
    pattern: str | None
    options: list[OptionOut]
    many: bool
    show: list[str]
    sensitive: bool


class RuleOut(Outgoing):
    when: str = Field(description="A condition (CEL) under which the form is refused.")
    message: Words


class FormOut(TypeOut):
    subject: Words
    amount: str | None = Field(description="The field that holds the amount.")
    fields: list[FieldOut]
    rules: list[RuleOut]
    sms: str
    floor: int
    hold: int = Field(description="Seconds in which a decision can be undone.")
    withdraw: str = Field(description="before_decision or before_end")
    revoke_within_days: int | None
    expires: int | None = Field(description="In working days.")


class CandidateOut(Outgoing):
    account: str
    name: str
    why: Words
    capacity: str


class ExpectedOut(Outgoing):
    person: CandidateOut
    state: str = Field(description="asked, merged, perhaps_merged, perhaps_apart or decided")
    note: Words | None


class NoteOut(Outgoing):
    code: str
    zh: str
    en: str


class GapOut(NoteOut):
    rule: str


class StepAheadOut(Outgoing):
    kind: str
    block: str
    name: Words | None
    within: list[str]
    outcome: str = Field(description="asks, passes, skipped, stops, choose or later")
    people: list[ExpectedOut]
    mode: str
    threshold: int | None
    sms: str
    floor: int
    why: Words | None
    notes: list[NoteOut]
    gaps: list[GapOut]
    apart: list[CandidateOut]
    running: bool


class AskedOut(Outgoing):
    when: str
    holds: bool


class BranchAheadOut(Outgoing):
    kind: str = Field(description="choice, inclusive or parallel")
    block: str
    within: list[str]
    taken: list[str]
    conditions: list[AskedOut]
    join: str | int
    why: Words | None


class CopyAheadOut(Outgoing):
    kind: str
    block: str
    within: list[str]
    people: list[CandidateOut]
    gaps: list[GapOut]


class ChoiceDueOut(Outgoing):
    block: str
    name: Words | None
    many: bool
    range: list[CandidateOut] | None = Field(description="null: anyone")
    chosen: list[str]
    problem: str | None = Field(description="not_chosen, too_many, out_of_range or unknown")
    why: Words | None


class PreviewOut(Outgoing):
    """The way in its order. People may change until a step opens: they are looked up again then."""

    type: str
    version: int | None
    title: str
    org_revision: int
    entries: list[StepAheadOut | BranchAheadOut | CopyAheadOut]
    choices: list[ChoiceDueOut]
    stops: list[str] = Field(description="Blocks at which nobody could be asked.")


class RequestItemOut(Outgoing):
    id: int
    source: str
    ref: str
    type: str
    title: str
    applicant: str
    state: str
    urgency: int
    submitted_at: datetime
    changed_at: datetime
    due_at: datetime | None
    closed_at: datetime | None


class RequestsOut(Outgoing):
    items: list[RequestItemOut]
    next: str | None = Field(description="Give it as `cursor` for the next page; null: this is the last.")


class ResubmitIn(Incoming):
    """Only what says something else now."""

    form: dict[str, Any] = Field(default_factory=dict, max_length=500)
    chosen: dict[Block, Annotated[list[Account], Field(max_length=200)]] = Field(
        default_factory=dict, max_length=100
    )
    without: Annotated[list[RowId], Field(max_length=100)] = Field(
        default_factory=list, description="Attachments that go."
    )
    draft: RowId | None = Field(
        default=None, description="A draft of mine: its files come along, and it is gone then."
    )


class DraftIn(FormIn):
    """Any of it may be missing. A `file` field names files of the draft by their number."""


class NewDraftIn(DraftIn):
    type: TypeName


class DraftFileOut(Outgoing):
    id: int
    name: str
    sha256: str
    size: int
    mime: str


class DraftOut(Outgoing):
    id: int
    type: str
    applicant: str
    unit_id: int | None
    form: dict[str, Any]
    chosen: dict[str, Any]
    urgency: int
    changed_at: datetime
    files: list[DraftFileOut]
    retired: bool = Field(description="The type takes no more requests.")


class DraftsOut(Outgoing):
    items: list[DraftOut]


class ChangeOut(Outgoing):
    name: str = Field(description="`title`, `summary`, `files`, or a field of the form")
    label: Words
    old: Any
    new: Any
    old_words: Words
    new_words: Words
    hidden: bool = Field(
        description="It is not for me: only that it changed, and in a difference its digests."
    )
    old_digest: str | None
    new_digest: str | None


class DifferenceOut(Outgoing):
    revision: int
    old_hash: str
    new_hash: str
    changes: list[ChangeOut]


class WrittenOut(Outgoing):
    id: int
    revision: int
    change: ChangeOut
    by: str | None
    by_name: str | None
    block: str | None
    step: Words | None
    decision_id: int | None
    at: datetime


class HistoryOut(Outgoing):
    items: list[WrittenOut]
