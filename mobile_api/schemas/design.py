"""For who designs request types: texts, what is found in them, and running requests on another version."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from mobile_api.schemas.fields import Block, Outgoing, Reason, RowId, Words
from web.bodies import Incoming
from web.moments import Moment
from web.texts import clean

Yaml = Annotated[str, Field(min_length=1, max_length=400_000), AfterValidator(clean)]
VersionNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]


class TextIn(Incoming):
    text: Yaml = Field(description="One request type, YAML.")


class CheckIn(TextIn):
    organisation: bool = Field(default=False, description="Also for everybody who may ask for it.")


class FindingOut(Outgoing):
    severity: Literal["error", "warning"]
    place: str
    code: str
    zh: str
    en: str


class OrgFindingOut(Outgoing):
    severity: Literal["error", "warning", "note"]
    code: str
    step: str
    zh: str
    en: str
    count: int
    examples: list[str]


class CheckOut(Outgoing):
    findings: list[FindingOut]
    organisation: list[OrgFindingOut] | None


class PublishedOut(Outgoing):
    version_id: int
    type: str
    version: int
    created: bool = Field(description="false: this very text is the published one already")


class VersionOut(Outgoing):
    id: int
    type: str
    version: int
    state: str
    sha256: str
    title: Words
    module: str
    published_at: datetime
    published_by: str


class VersionsOut(Outgoing):
    items: list[VersionOut]


class SourceOut(Outgoing):
    text: str


class RetiredOut(Outgoing):
    version: int


class PlanIn(Incoming):
    """Which running requests: those named, or all of one version."""

    to_version: VersionNumber
    from_version: VersionNumber | None = None
    requests: Annotated[list[RowId], Field(min_length=1, max_length=500)] | None = None
    mapping: dict[Block, Block] = Field(
        default_factory=dict, max_length=200, description="Blocks under another name."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> PlanIn:
        if (self.from_version is None) == (self.requests is None):
            raise ValueError("name from_version or requests, and not both")
        return self


class FaultOut(Outgoing):
    code: str
    block: str
    zh: str
    en: str


class StandOut(Outgoing):
    block: str
    to: str


class AnewOut(Outgoing):
    block: str
    asked: list[str]
    instead_of: list[str]
    why: dict[str, Any] | None


class PlannedOut(Outgoing):
    request_id: int
    ref: str
    title: str
    mark: str = Field(description="How it stood; goes back with the order to do it.")
    stands: list[StandOut]
    kept: list[str]
    anew: list[AnewOut]
    begun: list[str]
    forgotten: list[str]
    passed_over: list[str]
    faults: list[FaultOut]


class PlanOut(Outgoing):
    type: str
    to_version: int
    mapping: dict[str, str]
    items: list[PlannedOut]


class MarkedIn(Incoming):
    request_id: RowId
    mark: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class MigrateIn(Incoming):
    to_version: VersionNumber
    mapping: dict[Block, Block] = Field(default_factory=dict, max_length=200)
    items: Annotated[list[MarkedIn], Field(min_length=1, max_length=500)]
    reason: Reason


class DoneOut(Outgoing):
    request_id: int
    state: str = Field(description="migrated or refused")
    code: str | None
    message: str | None


class MigratedOut(Outgoing):
    items: list[DoneOut]


class ReplayIn(TextIn):
    since: Moment | None = None
    limit: int = Field(default=500, ge=1, le=5000)


class ExampleOut(Outgoing):
    ref: str
    did: list[str]
    would: list[str]


class StepDifferenceOut(Outgoing):
    step: str
    same: int
    others: int
    left: int
    new: int
    gone: int
    stops: int
    passes: int
    examples: dict[str, list[ExampleOut]]


class DifferencesOut(Outgoing):
    type: str
    requests: int
    same: int
    unfit: int
    unfit_fields: dict[str, int]
    unanswered: int
    steps: list[StepDifferenceOut]
