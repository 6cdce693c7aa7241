"""Whom a step asks: its rules applied to the organisation of this moment, then the bureau's own rules over people.

F9 nobody found, F10 asked before, F11 the applicant himself, F12 separation of duties. Reads only: the same functions
choose when a step opens and when a way is shown before anybody is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from approval_core.approvals.journey import Journey
from approval_core.approvals.past import Approval
from approval_core.approvals.rules import blocks
from approval_core.approvals.rules.blocks import Block
from approval_core.approvals.rules.policy import unfilled
from approval_core.definitions.rules import conditions
from approval_core.errors import Invalid
from approval_core.people import queries as people
from approval_core.people.actor import Evidence
from approval_core.people.queries import Candidate, Case, Gap, Resolved

#: The applicant's own approval where the step carries it out by itself: no surer than a signed-in session.
OWN = Evidence("system", 1, "merged:applicant")


@dataclass(frozen=True, slots=True)
class Choice:
    """`merged`: who need not be asked again, with what stands for it (`merged:decision:17`, `merged:applicant`).

    `gaps`: rules that named nobody; `instead`: these are asked because the step's own rules named nobody; `own`: the
    applicant was among them, and what the step does then; `apart`: who may not decide because of an earlier step.
    """

    people: tuple[Candidate, ...]
    reason: Mapping[str, str] | None = None
    skip: bool = False
    merged: Mapping[int, Evidence] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    instead: bool = False
    own: Literal["up", "auto", "forbid"] | None = None
    apart: tuple[Candidate, ...] = ()


def case_of(journey: Journey, block_id: str) -> Case:
    """What its rules may look at. Steps that an asking system brought name accounts and need no content."""
    matter = journey.matter
    given = journey.policy.given
    return Case(
        applicant_id=matter.applicant_id,
        unit_id=matter.unit_id,
        form={} if given else journey.form,
        chosen={} if given else journey.content.chosen,
        block=block_id,
    )


def resolved(journey: Journey, rules: Sequence[Mapping[str, Any]], block_id: str) -> Resolved:
    return people.resolve(journey.tx, rules, case=case_of(journey, block_id), now=journey.now)


def choose(journey: Journey, block: Block, *, fresh: bool = False) -> Choice:
    """Whom the step asks now, or why nobody. `fresh`: everybody is asked, whatever he approved before."""
    found = _allowed(journey, block, block["approvers"])
    if not found.people:
        fallback = block.get("when_empty", "block")
        if fallback == "skip":
            return replace(found, skip=True)
        if not isinstance(fallback, str):
            others = _allowed(journey, block, fallback)
            found = replace(others, instead=True, gaps=found.gaps + others.gaps)
    if not found.people or journey.policy.given or fresh or unfilled(block, journey.form):
        return replace(found, merged={})
    merge = journey.policy.merge
    before = approved_before(merge, journey.past.approvals(), found.people) if merge != "none" else {}
    merged = {**before, **found.merged}
    floor = journey.policy.floor_in(block)
    return replace(found, merged={who: shown for who, shown in merged.items() if shown.level >= floor})


def _allowed(journey: Journey, block: Block, rules: Sequence[Mapping[str, Any]]) -> Choice:
    found = resolved(journey, rules, blocks.id_of(block))
    reason = {"zh": found.reason, "en": found.reason_en or ""} if found.reason else None
    choice = Choice(found.people, reason, gaps=found.gaps)
    if journey.policy.given:
        return choice
    choice = _without_applicant(journey, block, choice)
    apart = separated_from(journey, blocks.id_of(block))
    barred = tuple(
        one for one in choice.people if apart and apart.bars(one.person_id, answering_unit(journey, one))
    )
    if barred:
        kept = tuple(one for one in choice.people if one not in barred)
        why = {"zh": "按岗位分离规定不能由同一人(处室)审批", "en": "separation of duties leaves nobody"}
        choice = replace(choice, people=kept, reason=why, apart=barred)
    return choice


def _without_applicant(journey: Journey, block: Block, choice: Choice) -> Choice:
    """F11: one level up, carried out by itself, or forbidden."""
    own, applicant = block.get("own", "up"), journey.matter.applicant_id
    if own == "allow" or all(one.person_id != applicant for one in choice.people):
        return choice
    if own == "auto":
        return replace(choice, merged={applicant or 0: OWN}, own=own)
    others = tuple(one for one in choice.people if one.person_id != applicant)
    gaps = choice.gaps
    reason = {"zh": "申请人不能审批自己的申请", "en": "an applicant does not decide on his own request"}
    if own == "up" and applicant is not None:
        above = people.one_up(
            journey.tx, applicant, case=case_of(journey, blocks.id_of(block)), now=journey.now
        )
        known = {one.person_id for one in others} | {applicant}
        others += tuple(one for one in above.people if one.person_id not in known)
        if above.reason:
            gaps += above.gaps
            reason = {
                lang: f"{reason[lang]}; {said}"
                for lang, said in (("zh", above.reason), ("en", above.reason_en))
            }
    return replace(choice, people=others, reason=reason, gaps=gaps, own=own)


@dataclass(frozen=True, slots=True)
class Apart:
    """Who has decided the steps that must be decided by others."""

    persons: frozenset[int]
    units: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.persons or self.units)

    def bars(self, person_id: int, unit_id: int | None) -> bool:
        return person_id in self.persons or (unit_id is not None and unit_id in self.units)


def answering_unit(journey: Journey, one: Candidate) -> int | None:
    """The unit somebody speaks for: that of his rule, else his own where units are kept apart."""
    if one.unit_id is None and any(rule.by == "unit" for rule in journey.policy.separate):
        return people.unit_of(journey.tx, one.person_id, now=journey.now)
    return one.unit_id


def separated_from(journey: Journey, block_id: str) -> Apart:
    """F12, for choosing people and again when one of them decides."""
    persons: set[int] = set()
    units: set[int] = set()
    for rule in journey.policy.separate:
        for other in rule.others(block_id):
            for one in journey.past.decided_at(other):
                if rule.by == "person":
                    persons |= one.persons
                elif one.unit_id is not None:
                    units.add(one.unit_id)
    return Apart(frozenset(persons), frozenset(units))


def approved_before(
    merge: str, approvals: Sequence[Approval], candidates: Sequence[Candidate]
) -> dict[int, Evidence]:
    """F10: whoever approved the step before (adjacent), or any step (route), is not asked again."""
    if merge == "none" or not approvals:
        return {}
    last = max(one.position for one in approvals)
    wanted = {one.person_id for one in candidates}
    return {
        one.person_id: Evidence("system", one.level, f"merged:{one.shown}")
        for one in approvals
        if one.person_id in wanted and (merge == "route" or one.position == last)
    }


def holds(journey: Journey, text: str) -> bool:
    """Invalid("bad_condition") when the condition cannot be answered with this form."""
    if journey.version is None:
        raise Invalid("bad_condition", "a route without a type has no conditions")
    return conditions.holds(text, journey.names)


@dataclass(frozen=True, slots=True)
class Ways:
    """The sequences that run when a block which holds some is reached; `answers`: each condition that was asked."""

    taken: tuple[tuple[str, ...], ...]
    answers: tuple[tuple[str, bool], ...] = ()


def ways(journey: Journey, block: Block) -> Ways:
    """Invalid("bad_condition") when a condition cannot be answered."""
    kind = blocks.kind_of(block)
    if kind in ("parallel", "sub"):
        return Ways(tuple(blocks.branches(block)))
    taken: list[tuple[str, ...]] = []
    answers: list[tuple[str, bool]] = []
    for number, branch in enumerate(block["branches"]):
        true = holds(journey, branch["when"])
        answers.append((branch["when"], true))
        if true:
            taken.append(("branches", str(number), "do"))
            if kind == "choice":
                break
    return Ways(tuple(taken or [("otherwise",)]), tuple(answers))
