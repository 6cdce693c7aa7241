"""Who may decide: approver rules answered with people and reasons, from the organisation as it stands now (F6–F9, F11).

An answer is either people, each with the reason why he, or the reason why nobody. Absence is not looked at here:
whoever is away is still the one asked, and `proxies_of` says who may answer for him.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from approval_core.audit.models import heads
from approval_core.people.queries.chart import Chart, Found, Nobody
from approval_core.people.queries.naming import Asked, Case, named_by, next_above
from approval_core.people.rules.approver_rules import RULES
from approval_core.store import Tx

__all__ = ["Candidate", "Case", "Gap", "Resolved", "choices", "one_up", "org_revision", "resolve", "unit_of"]

_revision = select(heads.c.seq).where(heads.c.chain == "people")


@dataclass(frozen=True, slots=True)
class Candidate:
    """`why`: {"rule", "zh", "en"}; `capacity`: head, acting, deputy, in_charge, role, post, named, chosen or self;
    `unit_id`: the unit he answers for."""

    person_id: int
    account: str
    name: str
    weight: int
    why: dict[str, str]
    capacity: str
    unit_id: int | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A rule that named nobody."""

    rule: str
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """People in the order of the rules, each once; or `reason` (Chinese), `reason_en` and `code` why there is nobody.
    `gaps`: the rules that named nobody although others did. Code `outside`: only a higher authority could decide."""

    people: tuple[Candidate, ...]
    reason: str | None = None
    reason_en: str | None = None
    code: str | None = None
    gaps: tuple[Gap, ...] = ()


def org_revision(tx: Tx) -> int:
    """Grows with every change of people: two answers at one revision and one moment are the same."""
    return int(tx.run(_revision).scalar() or 0)


def unit_of(tx: Tx, person_id: int, *, now: datetime) -> int | None:
    """Where a request of his is made unless he says otherwise: with his host, else in his main post."""
    return Chart(tx, now).place_of(person_id)


def resolve(tx: Tx, rules: Sequence[Mapping[str, Any]], *, case: Case, now: datetime) -> Resolved:
    return _resolve(Asked(Chart(tx, now), case), rules)


def one_up(tx: Tx, person_id: int, *, case: Case, now: datetime) -> Resolved:
    """Who decides instead of somebody in his own matter: unit head, leader in charge, director; above him, outside."""
    chart = Chart(tx, now)
    gaps: list[Gap] = []
    with _noted(gaps, "MANAGER"):
        unit_id = case.unit_id if case.applicant_id == person_id else None
        unit_id = unit_id if unit_id is not None else chart.place_of(person_id)
        if unit_id is None:
            raise Nobody("no_unit", "此人不在任何单位", "he is in no unit")
        return Resolved((_candidate("MANAGER", 1, next_above(chart, person_id, unit_id)[0]),))
    return _nobody(gaps)


def choices(tx: Tx, rule: Mapping[str, Any], *, case: Case, now: datetime) -> Resolved | None:
    """Whom a choosing rule lets choose from; None when anyone may be chosen."""
    return None if rule["from"] == "anyone" else resolve(tx, rule["from"], case=case, now=now)


def _resolve(asked: Asked, rules: Sequence[Mapping[str, Any]]) -> Resolved:
    people: dict[int, Candidate] = {}
    gaps: list[Gap] = []
    for rule in rules:
        name = str(rule.get("rule"))
        with _noted(gaps, name):
            for found in named_by(asked, rule):
                people.setdefault(found.person_id, _candidate(name, rule.get("weight", 1), found))
    if people:
        return Resolved(tuple(people.values()), gaps=tuple(gaps))
    return _nobody(gaps or [Gap("", "no_rule", "环节没有审批人规则", "the step has no approver rule")])


@contextmanager
def _noted(gaps: list[Gap], rule: str) -> Iterator[None]:
    try:
        yield
    except Nobody as answer:
        gaps.append(Gap(rule, answer.code, answer.zh, answer.en))


def _nobody(gaps: Sequence[Gap]) -> Resolved:
    chinese = "；".join(f"{RULES[gap.rule].zh}：{gap.zh}" if gap.rule in RULES else gap.zh for gap in gaps)
    english = "; ".join(f"{RULES[gap.rule].en}: {gap.en}" if gap.rule in RULES else gap.en for gap in gaps)
    return Resolved((), chinese, english, gaps[0].code, tuple(gaps))


def _candidate(rule: str, weight: int, found: Found) -> Candidate:
    known = RULES[rule]
    why = {"rule": rule, "zh": f"{known.zh}：{found.zh}", "en": f"{known.en}: {found.en}"}
    return Candidate(found.person_id, found.account, found.name, weight, why, found.capacity, found.unit_id)
