"""B9: a type over the whole organisation. For everybody who may ask for it, each step he may come to: whom it asks, or
that it asks nobody, himself, or one person twice where two are wanted. Reads only.

People whose answers are the same are asked about once: those of one unit and rank who lead nothing and hold nothing.
Whoever leads, has a role or is named is looked at alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from approval_core.approvals import choosing, findings
from approval_core.approvals.choosing import Choice
from approval_core.approvals.filing import is_for
from approval_core.approvals.findings import Findings, OrgFinding
from approval_core.approvals.journey import Journey, applicant_facts
from approval_core.approvals.rules import blocks, reach
from approval_core.approvals.rules.blocks import Block
from approval_core.approvals.thought import thought
from approval_core.definitions.queries import Version
from approval_core.definitions.rules.check_routes import limits_of
from approval_core.definitions.rules.document import TypeDocument
from approval_core.people import queries as people
from approval_core.people.models import assignments, charges, persons, posts, role_grants
from approval_core.people.queries.moments import holds
from approval_core.people.queries.remembering import remembering
from approval_core.store import Tx

Progress = Callable[[int, int], None]
#: Rules that name somebody only when a form is filled in or somebody has chosen.
OPEN_RULES = frozenset({"FORM_USER", "FORM_UNIT_HEAD", "SELECT_BY_APPLICANT", "SELECT_BY_APPROVER"})


@dataclass(slots=True)
class Group:
    """People for whom every step answers alike; `person_id` stands for them."""

    person_id: int
    rank: str
    unit_id: int | None
    accounts: list[str]


def check_over_people(
    tx: Tx, document: TypeDocument, *, now: datetime, progress: Progress | None = None
) -> list[OrgFinding]:
    """What is found, errors first. `progress`: (groups done, groups)."""
    if document.given:
        return []
    tx = remembering(tx)
    route = document.route_json()
    version = Version(0, document.type, 0, document, route)
    found = Findings()
    groups = list(_groups(tx, document, route, now))
    for number, group in enumerate(groups, start=1):
        _check_group(tx, version, group, found, now)
        if progress is not None:
            progress(number, len(groups))
    findings.named_accounts(tx, document, route, found)
    findings.circles(tx, document.type, found, now)
    return found.sorted()


def _check_group(tx: Tx, version: Version, group: Group, found: Findings, now: datetime) -> None:
    journey = thought(
        tx, version, form={}, chosen={}, applicant_id=group.person_id, unit_id=group.unit_id, now=now
    )
    facts = applicant_facts(tx, group.person_id, group.unit_id, now=now)
    chosen: dict[str, Choice] = {}
    for block in reach.steps(version.route, reach.known(facts, limits_of(version.document))):
        choice = _choose(journey, block, group, found)
        if choice is not None:
            chosen[blocks.id_of(block)] = choice
    for rule in journey.policy.separate:
        pair = [name for name in chosen if name in rule.steps]
        if len(pair) == 2:
            _check_apart(journey, rule.by, pair, chosen, group, found)


def _choose(journey: Journey, block: Block, group: Group, found: Findings) -> Choice | None:
    """None where people are only known when a form is filled in."""
    rules = block["approvers"]
    plain = [rule for rule in rules if rule["rule"] not in OPEN_RULES]
    for rule in rules:
        if isinstance(rule.get("from"), list):
            within = people.choices(
                journey.tx, rule, case=choosing.case_of(journey, blocks.id_of(block)), now=journey.now
            )
            if within is not None and not within.people:
                found.add("error", "empty_range", block, group.accounts, findings.words(within))
    if len(plain) < len(rules):
        if plain:
            findings.own(
                choosing.choose(journey, {**block, "approvers": plain}), block, group.accounts, found
            )
        return None
    instead = block.get("when_empty", "block")
    if isinstance(instead, list):
        known = [rule for rule in instead if rule["rule"] not in OPEN_RULES]
        choice = choosing.choose(journey, {**block, "when_empty": known or "block"})
        if not choice.people and len(known) < len(instead):
            return None
    else:
        choice = choosing.choose(journey, block)
    findings.nobody(choice, block, group.accounts, found)
    findings.own(choice, block, group.accounts, found)
    return choice


def _check_apart(
    journey: Journey,
    by: str,
    pair: Sequence[str],
    chosen: Mapping[str, Choice],
    group: Group,
    found: Findings,
) -> None:
    """Whether whoever decides the first leaves somebody for the second."""

    def key(one: people.Candidate) -> int | None:
        return one.person_id if by == "person" else choosing.answering_unit(journey, one)

    first, second = (chosen[name].people for name in pair)
    if not first or not second:
        return
    alone = [one for one in first if all(key(one) == key(other) is not None for other in second)]
    if alone:
        sure = len(alone) == len(first)
        found.same_people("error" if sure else "warning", pair, by, alone[0], group.accounts)


def _groups(tx: Tx, document: TypeDocument, route: Sequence[Block], now: datetime) -> Iterator[Group]:
    """Those who may ask for it."""
    alone = _alone(tx, route, now)
    single = any("applicant.account" in text for text in reach.conditions(route))
    holders = {
        role: {one.id for one in people.holders_of_role(tx, role, now)} for role in document.applicants.roles
    }
    together: dict[tuple[str, int | None, str], Group] = {}
    rows = tx.execute(
        select(persons.c.id, persons.c.account, persons.c.rank)
        .where(persons.c.state == "active")
        .order_by(persons.c.id)
    ).all()
    for row in rows:
        unit_id = people.unit_of(tx, row.id, now=now)
        code = findings.unit_code(tx, unit_id) if document.applicants.units else ""
        if not is_for(document, row.id, row.rank, code, holders):
            continue
        if single or row.id in alone:
            yield Group(row.id, row.rank, unit_id, [row.account])
            continue
        group = together.setdefault((row.rank, unit_id, ""), Group(row.id, row.rank, unit_id, []))
        group.accounts.append(row.account)
    yield from together.values()


def _alone(tx: Tx, route: Sequence[Block], now: datetime) -> set[int]:
    """Whoever may be the answer to a rule: he is not like his neighbours."""
    rules = [rule for _, block in blocks.walk(route) for rule in findings.rules_in(block)]
    codes = [rule["code"] for rule in rules if rule["rule"] == "POST"]
    named = [account for rule in rules for account in findings.accounts_in(rule)]
    seats = (
        select(assignments.c.person_id)
        .join(posts, posts.c.id == assignments.c.post_id)
        .where(holds(assignments, now))
        .where(
            or_(posts.c.is_head, posts.c.is_deputy, assignments.c.kind == "acting", posts.c.code.in_(codes))
        )
    )
    found: set[int] = set(tx.execute(seats).scalars())
    found |= set(tx.execute(select(charges.c.leader_id).where(holds(charges, now))).scalars())
    found |= set(tx.execute(select(role_grants.c.person_id).where(holds(role_grants, now))).scalars())
    found |= set(tx.execute(select(persons.c.id).where(persons.c.account.in_(named))).scalars())
    return found


def types_over_people(
    tx: Tx,
    documents: Sequence[TypeDocument],
    *,
    now: datetime,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, list[OrgFinding]]:
    """Several types, with one reading of the organisation."""
    tx = remembering(tx)

    def told(name: str) -> Progress | None:
        return None if progress is None else lambda done, of: progress(name, done, of)

    return {one.type: check_over_people(tx, one, now=now, progress=told(one.type)) for one in documents}
