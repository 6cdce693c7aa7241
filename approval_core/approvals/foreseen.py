"""What a way looks like before it is gone: its steps with people and reasons, the branches taken and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from approval_core.people.queries import Candidate, Gap

Words = Mapping[str, str]  # zh and en
#: `asked`; `merged`: need not be asked again; `perhaps_merged`, `perhaps_apart`: that depends on who of several decides
#: an earlier step; `decided`: he has, in a step that still runs
PersonState = Literal["asked", "merged", "perhaps_merged", "perhaps_apart", "decided"]
#: `asks`; `passes` without asking anybody; `skipped`: nobody found, as the type allows; `stops`: nobody found, an alarm;
#: `choose`: the applicant must still choose; `later`: an approver of an earlier step will choose
Outcome = Literal["asks", "passes", "skipped", "stops", "choose", "later"]


@dataclass(frozen=True, slots=True)
class Note:
    """Something about a step that people should know. Codes: own_up, own_auto, own_forbid, apart, instead, later."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Expected:
    """`person.why`: why he; `note`: why he need (perhaps) not or may (perhaps) not decide."""

    person: Candidate
    state: PersonState
    note: Words | None = None


@dataclass(frozen=True, slots=True)
class StepAhead:
    """`within`: the branches it lies in, outermost first, as "opinions:money". `running`: it is open now."""

    block: str
    name: Words | None
    within: tuple[str, ...]
    outcome: Outcome
    people: tuple[Expected, ...]
    mode: str
    threshold: int | None
    sms: str
    floor: int
    why: Words | None = None
    notes: tuple[Note, ...] = ()
    gaps: tuple[Gap, ...] = ()
    apart: tuple[Candidate, ...] = ()
    running: bool = False
    kind: str = "step"


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition and its answer for this form."""

    when: str
    holds: bool


@dataclass(frozen=True, slots=True)
class BranchAhead:
    """`taken`: the branches that run (their numbers or names, or `otherwise`); none when a condition has no answer."""

    kind: str  #: choice | inclusive | parallel
    block: str
    within: tuple[str, ...]
    taken: tuple[str, ...]
    conditions: tuple[Asked, ...] = ()
    join: str | int = "all"
    why: Words | None = None


@dataclass(frozen=True, slots=True)
class CopyAhead:
    block: str
    within: tuple[str, ...]
    people: tuple[Candidate, ...]
    gaps: tuple[Gap, ...] = ()
    kind: str = "copy"


@dataclass(frozen=True, slots=True)
class ChoiceDue:
    """Whom the applicant chooses for a step. `range`: None for anyone. `problem`: not_chosen, too_many, out_of_range,
    unknown; None when the choice stands."""

    block: str
    name: Words | None
    many: bool
    range: tuple[Candidate, ...] | None
    chosen: tuple[str, ...]
    problem: str | None = None
    why: Words | None = None


Entry = StepAhead | BranchAhead | CopyAhead


@dataclass(frozen=True, slots=True)
class Preview:
    """`entries` in the order of the way; `choices`: what the applicant chooses; `org_revision`: of the organisation
    that was read. People may change until a step opens: they are looked up again then."""

    type: str
    version: int | None
    title: str
    org_revision: int
    entries: tuple[Entry, ...]
    choices: tuple[ChoiceDue, ...] = field(default=())

    @property
    def steps(self) -> tuple[StepAhead, ...]:
        return tuple(one for one in self.entries if isinstance(one, StepAhead))

    @property
    def open_choices(self) -> tuple[ChoiceDue, ...]:
        return tuple(one for one in self.choices if one.problem is not None)

    @property
    def stops(self) -> tuple[str, ...]:
        """The blocks at which the request would stand without anybody to ask."""
        return tuple(
            one.block
            for one in self.entries
            if (isinstance(one, StepAhead) and one.outcome == "stops")
            or (isinstance(one, BranchAhead) and not one.taken)
        )
