"""Whom a step asks: its rules applied to the organisation of this moment, then the bureau's own rules over people.

F9 nobody found, F10 asked before, F11 the applicant himself, F12 separation of duties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select

from approval_core.approvals.journey import Journey
from approval_core.approvals.models import Decision, Step, Task
from approval_core.approvals.rules import blocks
from approval_core.approvals.rules.blocks import Block
from approval_core.clock import OFFICE_ZONE
from approval_core.columns import table_of
from approval_core.definitions.rules import conditions
from approval_core.definitions.rules.known_names import names_of
from approval_core.errors import Invalid
from approval_core.people import queries as people
from approval_core.people.actor import Evidence
from approval_core.people.models import org_units
from approval_core.people.queries import Candidate, Case, Resolved
from approval_core.store import Tx

steps, tasks, decisions = table_of(Step), table_of(Task), table_of(Decision)

_UNIT = select(org_units.c.code, org_units.c.level).where(org_units.c.id == bindparam("of_unit"))
_DECIDED_AT = (
    select(
        decisions.c.id, decisions.c.person_id, decisions.c.on_behalf_of_id, decisions.c.verdict, tasks.c.why
    )
    .select_from(
        decisions.join(steps, steps.c.id == decisions.c.step_id).join(
            tasks, tasks.c.id == decisions.c.task_id
        )
    )
    .where(
        steps.c.request_id == bindparam("of_request"),
        steps.c.revision == bindparam("at_revision"),
        steps.c.block == bindparam("at_block"),
        or_(decisions.c.state == "held", decisions.c.state == "effective"),
    )
)
_APPROVED_BEFORE = (
    select(decisions.c.id, decisions.c.person_id, decisions.c.level, steps.c.position)
    .select_from(decisions.join(steps, steps.c.id == decisions.c.step_id))
    .where(
        steps.c.request_id == bindparam("of_request"),
        steps.c.revision == bindparam("at_revision"),
        steps.c.state == "approved",
        decisions.c.state == "effective",
        decisions.c.verdict == "approve",
    )
    .order_by(steps.c.position, decisions.c.id)
)


#: The applicant's own approval where the step carries it out by itself: no surer than a signed-in session.
OWN = Evidence("system", 1, "merged:applicant")


@dataclass(frozen=True, slots=True)
class Choice:
    """`merged`: who need not be asked again, with what stands for it (`merged:decision:17`, `merged:applicant`)."""

    people: tuple[Candidate, ...]
    reason: Mapping[str, str] | None = None
    skip: bool = False
    merged: Mapping[int, Evidence] = field(default_factory=dict)


def case_of(journey: Journey, block_id: str) -> Case:
    matter = journey.matter
    return Case(
        applicant_id=matter.applicant_id,
        unit_id=matter.unit_id,
        form=journey.form,
        chosen=journey.content.chosen or {},
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
            found = _allowed(journey, block, fallback)
    if not found.people or journey.policy.given or fresh:
        return replace(found, merged={})
    merged = {**_asked_before(journey, found.people), **found.merged}
    floor = journey.policy.floor_in(block)
    return replace(found, merged={who: shown for who, shown in merged.items() if shown.level >= floor})


def _allowed(journey: Journey, block: Block, rules: Sequence[Mapping[str, Any]]) -> Choice:
    found = resolved(journey, rules, blocks.id_of(block))
    reason = {"zh": found.reason, "en": found.reason_en or ""} if found.reason else None
    if journey.policy.given:
        return Choice(found.people, reason)
    choice = _without_applicant(journey, block, Choice(found.people, reason))
    apart = separated_from(journey, blocks.id_of(block))
    if apart:
        kept = tuple(
            one for one in choice.people if not apart.bars(one.person_id, answering_unit(journey, one))
        )
        if len(kept) < len(choice.people):
            why = {"zh": "按岗位分离规定不能由同一人(处室)审批", "en": "separation of duties leaves nobody"}
            choice = replace(choice, people=kept, reason=why)
    return choice


def _without_applicant(journey: Journey, block: Block, choice: Choice) -> Choice:
    """F11: one level up, carried out by itself, or forbidden."""
    own, applicant = block.get("own", "up"), journey.matter.applicant_id
    if own == "allow" or all(one.person_id != applicant for one in choice.people):
        return choice
    if own == "auto":
        return replace(choice, merged={applicant or 0: OWN})
    others = tuple(one for one in choice.people if one.person_id != applicant)
    reason = {"zh": "申请人不能审批自己的申请", "en": "an applicant does not decide on his own request"}
    if own == "up" and applicant is not None:
        above = people.one_up(
            journey.tx, applicant, case=case_of(journey, blocks.id_of(block)), now=journey.now
        )
        known = {one.person_id for one in others} | {applicant}
        others += tuple(one for one in above.people if one.person_id not in known)
    return replace(choice, people=others, reason=reason)


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
            for row in decided_at(journey, other):
                if rule.by == "person":
                    persons |= {row.person_id, row.on_behalf_of_id or row.person_id}
                elif row.why and row.why.get("unit_id") is not None:
                    units.add(row.why["unit_id"])
    return Apart(frozenset(persons), frozenset(units))


def decided_at(journey: Journey, block_id: str) -> list[Any]:
    matter = journey.matter
    return journey.tx.run(
        _DECIDED_AT, of_request=matter.id, at_revision=matter.revision, at_block=block_id
    ).all()


def _asked_before(journey: Journey, candidates: Sequence[Candidate]) -> dict[int, Evidence]:
    """F10: whoever approved the step before (adjacent), or any step (route), is not asked again."""
    merge = journey.policy.merge
    if merge == "none":
        return {}
    matter = journey.matter
    rows = journey.tx.run(_APPROVED_BEFORE, of_request=matter.id, at_revision=matter.revision).all()
    last = rows[-1].position if rows else 0
    wanted = {one.person_id for one in candidates}
    return {
        row.person_id: Evidence("system", row.level, f"merged:decision:{row.id}")
        for row in rows
        if row.person_id in wanted and (merge == "route" or row.position == last)
    }


def holds(journey: Journey, text: str) -> bool:
    """Invalid("bad_condition") when the condition cannot be answered with this form."""
    if journey.version is None:
        raise Invalid("bad_condition", "a route without a type has no conditions")
    matter = journey.matter
    applicant = applicant_facts(journey.tx, matter.applicant_id, matter.unit_id, now=journey.now)
    today = journey.now.astimezone(OFFICE_ZONE).date()
    return conditions.holds(
        text, names_of(journey.version.document, journey.form, applicant=applicant, today=today)
    )


def applicant_facts(
    tx: Tx, applicant_id: int | None, unit_id: int | None, *, now: datetime
) -> dict[str, Any]:
    """What a condition may ask about the applicant."""
    found: dict[str, Any] = {"account": "", "rank": "", "unit": "", "level": 0}
    if applicant_id is not None:
        card = people.person_by_id(tx, applicant_id, now=now)
        found |= {"account": card.account, "rank": card.rank}
    unit = tx.run(_UNIT, of_unit=unit_id).first()
    return found | ({"unit": unit.code, "level": unit.level} if unit else {})
