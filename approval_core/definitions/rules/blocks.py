"""The blocks of a route. Structured only: a block ends where it begins, so a route cannot lock itself by its shape."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, StringConstraints, Tag, model_validator

from approval_core.definitions.rules.saying import flaw
from approval_core.definitions.rules.shapes import Name, Right, SmsMode, Strict, Words, WorkingHours
from approval_core.people.rules.approver_rules import flaw_of

KINDS = ("step", "choice", "parallel", "inclusive", "sub", "copy")
When = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
FieldName = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z][a-z0-9_]{0,47})\z")]


def _rule(rule: Any) -> Any:
    found = flaw_of(rule)
    if found is not None:
        raise flaw(found[1], found[0])
    return rule


Rule = Annotated[dict[str, Any], BeforeValidator(_rule)]
RuleList = Annotated[list[Rule], Field(min_length=1, max_length=50)]


class Range(Strict):
    """Who may be added by an approver."""

    from_: Annotated[RuleList | Literal["anyone"], Field(alias="from")]


class Step(Strict):
    step: Name
    name: Words
    approvers: RuleList
    mode: Literal["any", "all", "sequence", "vote"] = "any"
    threshold: Annotated[int, Field(ge=1, le=100)] | None = None
    claim: bool = False
    on_reject: Literal["reject", "return", "previous"] | None = None
    collect_all: bool = False
    when_empty: Literal["block", "skip"] | RuleList = "block"
    own: Literal["up", "auto", "forbid"] = "up"
    sms: SmsMode | None = None
    sms_reject_ok: bool = False
    floor: Annotated[int, Field(ge=0, le=4)] | None = None
    comment_on: Annotated[list[Literal["approve", "reject", "return"]], Field(max_length=3)] = Field(
        default_factory=list
    )
    fields: Annotated[dict[FieldName, Right], Field(max_length=201)] = Field(default_factory=dict)
    add: Range | None = None
    transfer: bool = True
    remind_after: WorkingHours | None = None
    tell_after: WorkingHours | None = None
    escalate_after: WorkingHours | None = None
    timeout: Literal["remind", "transfer_up", "reject", "close"] = "remind"

    @model_validator(mode="after")
    def _fits(self) -> Step:
        if (self.mode == "vote") != (self.threshold is not None):
            raise flaw(
                "a threshold belongs to mode vote, and a vote has one", "threshold 只用于票签，且票签必须有"
            )
        if self.claim and self.mode != "any":
            raise flaw("claim belongs to mode any", "claim 只用于或签")
        if self.collect_all and self.mode != "all":
            raise flaw("collect_all belongs to mode all", "collect_all 只用于会签")
        if any(one.get("weight", 1) != 1 for one in self.approvers) and self.mode != "vote":
            raise flaw("weights belong to mode vote", "weight 只用于票签")
        return self


class Branch(Strict):
    when: When
    do: Blocks


class Choice(Strict):
    choice: Name
    branches: Annotated[list[Branch], Field(min_length=1, max_length=50)]
    otherwise: Blocks


class Parallel(Strict):
    parallel: Name
    join: Literal["all", "any"] | Annotated[int, Field(ge=1, le=50)] = "all"
    branches: Annotated[dict[Name, Blocks], Field(min_length=2, max_length=50)]


class Inclusive(Strict):
    inclusive: Name
    branches: Annotated[list[Branch], Field(min_length=1, max_length=50)]
    otherwise: Blocks


class Sub(Strict):
    sub: Name
    route: Name


class Copy(Strict):
    copy_: Annotated[Name, Field(alias="copy")]
    to: RuleList


def kind_of(block: Any) -> str | None:
    """A block is told by the one key among KINDS that it has; None when it has none or several."""
    if isinstance(block, dict):
        found = [kind for kind in KINDS if kind in block]
        return f"<{found[0]}>" if len(found) == 1 else None
    for kind, model in MODELS.items():
        if isinstance(block, model):
            return f"<{kind}>"
    return None


MODELS: dict[str, type[Strict]] = {
    "step": Step,
    "choice": Choice,
    "parallel": Parallel,
    "inclusive": Inclusive,
    "sub": Sub,
    "copy": Copy,
}
Block = Annotated[
    Annotated[Step, Tag("<step>")]
    | Annotated[Choice, Tag("<choice>")]
    | Annotated[Parallel, Tag("<parallel>")]
    | Annotated[Inclusive, Tag("<inclusive>")]
    | Annotated[Sub, Tag("<sub>")]
    | Annotated[Copy, Tag("<copy>")],
    Discriminator(kind_of),
]
Blocks = Annotated[list[Block], Field(max_length=200)]
for _model in (Branch, Choice, Parallel, Inclusive):
    _model.model_rebuild()
