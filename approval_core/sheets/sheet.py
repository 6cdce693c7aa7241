"""The sheet as plain values: what stands on it, and nothing of where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from approval_core.sheets.rules import verification_code


@dataclass(frozen=True, slots=True)
class FieldLine:
    label: str
    #: None: not shown to who prints
    value: str | None


@dataclass(frozen=True, slots=True)
class Opinion:
    """One person in one step: what he said, or that he was asked."""

    name: str
    account: str
    #: approve | reject | return; None: no decision
    verdict: str | None
    #: of the decision (held | effective | undone | superseded | provisional), else of the task
    state: str
    comment: str = ""
    on_behalf_of: str | None = None
    channel: str = ""
    level: int = 0
    at: datetime | None = None
    #: sha256 of the signature image; `render` is given the bytes
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class StepBlock:
    number: int
    name: str
    mode: str
    state: str
    opinions: tuple[Opinion, ...]


@dataclass(frozen=True, slots=True)
class RemarkLine:
    by: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FileLine:
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TrailLine:
    seq: int
    at: str
    actor: str
    verb: str
    hash: str


@dataclass(frozen=True, slots=True)
class Sheet:
    request_id: int
    title: str
    type_name: str
    source: str
    ref: str
    applicant: str
    summary: str
    state: str
    revision: int
    content_hash: str
    submitted_at: datetime
    closed_at: datetime | None
    fields: tuple[FieldLine, ...]
    steps: tuple[StepBlock, ...]
    #: of earlier revisions, returned to before, taken back: kept and struck out
    former: tuple[Opinion, ...]
    remarks: tuple[RemarkLine, ...]
    files: tuple[FileLine, ...]
    trail: tuple[TrailLine, ...]
    trail_left_out: int
    #: where the trail stands in the signed log; None: not yet
    receipt: str | None
    printed_by: str
    printed_account: str
    printed_at: datetime

    @property
    def code(self) -> str:
        return verification_code(self.content_hash)
