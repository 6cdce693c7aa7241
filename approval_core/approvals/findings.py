"""What is found about a type over the whole organisation: how grave, at which step, for how many, with examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import bindparam, select

from approval_core.approvals.choosing import Choice
from approval_core.approvals.rules import blocks
from approval_core.approvals.rules.blocks import Block, Route
from approval_core.definitions.rules.document import TypeDocument
from approval_core.people.models import delegations, org_units, persons
from approval_core.people.queries import Candidate, Resolved
from approval_core.people.rules.delegations import covers
from approval_core.store import Tx

Severity = Literal["error", "warning", "note"]
_ORDER = ("error", "warning", "note")
#: Accounts named with a finding.
EXAMPLES = 5

_UNIT = select(org_units.c.code).where(org_units.c.id == bindparam("of_unit"))


@dataclass(slots=True)
class OrgFinding:
    """`error`: a request would stop; `warning`: it may; `note`: worth knowing. `count`: applicants it is true for."""

    severity: Severity
    code: str
    step: str
    zh: str
    en: str
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        return asdict(self)


class Findings:
    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], OrgFinding] = {}

    def add(
        self, severity: Severity, code: str, block: Block, accounts: Sequence[str], said: tuple[str, str]
    ) -> None:
        self.at(severity, code, blocks.id_of(block), accounts, said)

    def at(
        self, severity: Severity, code: str, step: str, accounts: Sequence[str], said: tuple[str, str]
    ) -> None:
        """The first words of a kind stand for all of it."""
        one = self._found.setdefault((severity, code, step), OrgFinding(severity, code, step, *said))
        one.count += len(accounts)
        one.examples += accounts[: EXAMPLES - len(one.examples)]

    def same_people(
        self, severity: Severity, steps: Sequence[str], by: str, one: Candidate, accounts: Sequence[str]
    ) -> None:
        whole = severity == "error"
        who = one.account if by == "person" else f"unit {one.unit_id}"
        zh = f"{'只有' if whole else '可能只有'} {who} 能审批两个须分离的环节"
        en = f"{'only' if whole else 'perhaps only'} {who} could decide two steps that are kept apart"
        self.at(severity, "same_person", " + ".join(steps), accounts, (zh, en))

    def sorted(self) -> list[OrgFinding]:
        return sorted(self._found.values(), key=lambda one: (_ORDER.index(one.severity), -one.count))


def words(found: Resolved) -> tuple[str, str]:
    return found.reason or "", found.reason_en or ""


def nobody(choice: Choice, block: Block, accounts: Sequence[str], found: Findings) -> None:
    """F9, with what happens then; and rules that name nobody although others do."""
    reason = choice.reason or {"zh": "", "en": ""}
    if choice.people:
        if choice.instead:
            said = (
                f"找不到人，改由备用人员审批：{_gap(choice, 'zh')}",
                f"nobody, the others are asked: {_gap(choice, 'en')}",
            )
            found.add("note", "instead", block, accounts, said)
        elif choice.gaps:
            said = (f"有规则未找到人：{_gap(choice, 'zh')}", f"a rule names nobody: {_gap(choice, 'en')}")
            found.add("note", "idle_rule", block, accounts, said)
        return
    if choice.skip:
        said = (f"找不到人，环节跳过：{reason['zh']}", f"nobody, the step is skipped: {reason['en']}")
        found.add("warning", "skipped", block, accounts, said)
    elif choice.own == "up" and any(gap.code == "outside" for gap in choice.gaps):
        said = (f"须报上级机关：{reason['zh']}", f"only a higher authority could: {reason['en']}")
        found.add("error", "outside", block, accounts, said)
    else:
        code = "own_forbid" if choice.own == "forbid" else "nobody"
        said = (
            f"找不到人，申请停在此处并报警：{reason['zh']}",
            f"nobody, the request stops with an alarm: {reason['en']}",
        )
        found.add("error", code, block, accounts, said)


def _gap(choice: Choice, lang: str) -> str:
    return "；".join(dict.fromkeys(str(getattr(gap, lang)) for gap in choice.gaps)) if choice.gaps else ""


def own(choice: Choice, block: Block, accounts: Sequence[str], found: Findings) -> None:
    """F11: the applicant is the approver, and somebody is asked nevertheless."""
    if choice.own is None or not choice.people:
        return
    said = {
        "up": ("审批人为申请人本人，改由上一级审批", "the applicant is the approver: one level up"),
        "auto": ("审批人为申请人本人，自动通过", "the applicant is the approver: it passes on record"),
        "forbid": ("申请人不得审批，由其他人审批", "the applicant may not decide, others do"),
    }[choice.own]
    found.add("warning" if choice.own == "auto" else "note", f"own_{choice.own}", block, accounts, said)


def named_accounts(tx: Tx, document: TypeDocument, route: Route, found: Findings) -> None:
    """Accounts that the text names and that are not here any more, or never were."""
    for step, rule in _rules(document, route):
        accounts = accounts_in(rule)
        if not accounts:
            continue
        rows = tx.execute(select(persons.c.account, persons.c.state).where(persons.c.account.in_(accounts)))
        here = {row.account for row in rows if row.state == "active"}
        gone = [one for one in accounts if one not in here]
        if gone:
            names = "、".join(gone)
            found.at(
                "warning",
                "left",
                step,
                gone,
                (f"{names} 不存在或已离开", f"{names}: unknown here, or has left"),
            )


def circles(tx: Tx, type_name: str, found: Findings, now: datetime) -> None:
    """Delegations for this type that lead back to whoever gave them: nobody in the circle would be the one who decides."""
    accounts = {row.id: row.account for row in tx.execute(select(persons.c.id, persons.c.account))}
    given: dict[int, set[int]] = {}
    live = select(delegations.c.from_id, delegations.c.to_id, delegations.c.types).where(
        delegations.c.revoked_at.is_(None), delegations.c.valid_from <= now, delegations.c.valid_to > now
    )
    for row in tx.execute(live):
        if covers(row.types, type_name):
            given.setdefault(row.from_id, set()).add(row.to_id)
    inside = sorted(accounts[one] for one in given if _comes_back(one, given))
    if inside:
        names = "、".join(inside[:EXAMPLES])
        said = (f"委托成环：{names}", f"delegations in a circle: {names}")
        found.at("warning", "proxy_circle", "", inside, said)


def _comes_back(start: int, given: Mapping[int, set[int]]) -> bool:
    seen: set[int] = set()
    ahead = list(given[start])
    while ahead:
        one = ahead.pop()
        if one == start:
            return True
        if one not in seen:
            seen.add(one)
            ahead += given.get(one, ())
    return False


def rules_in(block: Block) -> Iterator[Mapping[str, Any]]:
    """The rules of a block, those of its ranges and of who is asked instead as well."""
    several = [*block.get("approvers", ()), *block.get("to", ())]
    if isinstance(block.get("when_empty"), list):
        several += block["when_empty"]
    for rule in several:
        yield rule
        if isinstance(rule.get("from"), list):
            yield from rule["from"]


def _rules(document: TypeDocument, route: Route) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for _, block in blocks.walk(route):
        for rule in rules_in(block):
            yield blocks.id_of(block), rule
    for place, rules in document.copies_json().items():
        for rule in rules:
            yield f"copies.{place}", rule


def accounts_in(rule: Mapping[str, Any]) -> list[str]:
    return [rule["account"]] if rule["rule"] == "USER" else list(rule.get("accounts", ()))


def unit_code(tx: Tx, unit_id: int | None) -> str:
    return "" if unit_id is None else str(tx.run(_UNIT, of_unit=unit_id).scalar() or "")
