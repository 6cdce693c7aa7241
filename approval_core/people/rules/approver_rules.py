"""Who may be named as approver: the rules an office may write into a step, their parameters, and what is wrong with one.

A rule is a mapping `{"rule": NAME, …parameters, "weight": 1}`. Here it is only checked; `queries.resolving` finds people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from approval_core.people.rules.fields import RANKS

Flaw = tuple[str, str]  # Chinese, English

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_BLOCK = re.compile(r"[a-z][a-z0-9_]{0,63}")
SCOPES = ("office", "unit", "tree")
HIGHEST_LEVEL = 9
MOST_ACCOUNTS = 200
HEAVIEST = 1000


def _word(value: Any) -> Flaw | None:
    if isinstance(value, str) and _WORD.fullmatch(value):
        return None
    return "应为账号或代码（字母、数字、. _ -）", "must be an account or code (letters, digits, . _ -)"


def _word_or_none(value: Any) -> Flaw | None:
    return None if value is None else _word(value)


def _scope(value: Any) -> Flaw | None:
    return None if value in SCOPES else ("应为 office、unit 或 tree", "must be office, unit or tree")


def _level(value: Any) -> Flaw | None:
    good = type(value) is int and 1 <= value <= HIGHEST_LEVEL
    return (
        None
        if good
        else (f"应为 1 至 {HIGHEST_LEVEL} 的整数", f"must be a whole number from 1 to {HIGHEST_LEVEL}")
    )


def _field(value: Any) -> Flaw | None:
    good = isinstance(value, str) and _FIELD.fullmatch(value)
    return None if good else ("应为表单字段名", "must be the name of a form field")


def _block(value: Any) -> Flaw | None:
    good = isinstance(value, str) and _BLOCK.fullmatch(value)
    return None if good else ("应为环节编号", "must be the id of a step")


def _flag(value: Any) -> Flaw | None:
    return None if isinstance(value, bool) else ("应为 true 或 false", "must be true or false")


def _accounts(value: Any) -> Flaw | None:
    good = isinstance(value, list | tuple) and 0 < len(value) <= MOST_ACCOUNTS
    if not good or any(_word(one) for one in value):
        return (
            f"应为 1 至 {MOST_ACCOUNTS} 个账号的列表",
            f"must be a list of 1 to {MOST_ACCOUNTS} accounts",
        )
    if len(set(value)) != len(value):
        return "有重复的账号", "names an account twice"
    return None


def _range(value: Any) -> Flaw | None:
    """A set to choose from: "anyone", or rules that are not choices themselves."""
    if value == "anyone":
        return None
    if not isinstance(value, list | tuple) or not value:
        return "应为 anyone 或规则列表", 'must be "anyone" or a list of rules'
    for place, one in enumerate(value):
        flaw = flaw_of(one)
        if flaw is None and one["rule"] in CHOICES:
            flaw = "范围内不能再用选人规则", "a choice cannot stand within the set of a choice"
        if flaw is not None:
            return f"[{place}] {flaw[0]}", f"[{place}] {flaw[1]}"
    return None


@dataclass(frozen=True, slots=True)
class Parameter:
    check: Callable[[Any], Flaw | None]
    required: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """`zh`, `en`: how people are told which rule named them."""

    zh: str
    en: str
    parameters: Mapping[str, Parameter]


_ONE_ROLE_OR_RANK = Parameter(_word)
_CHOICE = {"from": Parameter(_range), "many": Parameter(_flag, required=False)}

RULES: Mapping[str, Rule] = {
    "USER": Rule("指定人员", "named person", {"account": Parameter(_word)}),
    "ROLE": Rule("角色", "role", {"role": Parameter(_word), "scope": Parameter(_scope, required=False)}),
    "POST": Rule("职务", "post", {"code": Parameter(_word)}),
    "HEAD": Rule("单位负责人", "head of the unit", {"unit": Parameter(_word_or_none, required=False)}),
    "DEPUTY_IN_CHARGE": Rule("分管副职", "deputy in charge", {}),
    "SECTION_CHIEF": Rule("科室负责人", "section chief", {}),
    "MANAGER": Rule("上级", "manager", {"level": Parameter(_level)}),
    "CHAIN": Rule("逐级上级", "managers in turn", {"until": _ONE_ROLE_OR_RANK}),
    "LEADER_IN_CHARGE": Rule(
        "分管局领导", "leader in charge", {"unit": Parameter(_word_or_none, required=False)}
    ),
    "DIRECTOR": Rule("局主要负责人", "director", {}),
    "FORM_USER": Rule("表单所填人员", "person named in the form", {"field": Parameter(_field)}),
    "FORM_UNIT_HEAD": Rule(
        "表单所填单位负责人", "head of the unit named in the form", {"field": Parameter(_field)}
    ),
    "SELECT_BY_APPLICANT": Rule("申请人选定", "chosen by the applicant", _CHOICE),
    "SELECT_BY_APPROVER": Rule("审批人选定", "chosen by an approver", {**_CHOICE, "step": Parameter(_block)}),
    "SELF": Rule("申请人本人", "the applicant", {}),
    "GROUP": Rule("指定人员组", "named group", {"accounts": Parameter(_accounts)}),
}
#: Rules that wait for somebody's choice.
CHOICES = frozenset({"SELECT_BY_APPLICANT", "SELECT_BY_APPROVER"})


def is_rank(until: str) -> bool:
    """`CHAIN until:` names a rank (R1 … R8) or a role."""
    return until in RANKS


def flaw_of(rule: Any) -> Flaw | None:
    """What is wrong with one rule, in Chinese and English; None when it may stand in a step."""
    if not isinstance(rule, Mapping):
        return "规则应为键值对", "a rule must be a mapping"
    name = rule.get("rule")
    known = RULES.get(name) if isinstance(name, str) else None
    if known is None:
        return f"没有规则 {name!r}", f"there is no rule {name!r}; known: {', '.join(RULES)}"
    unknown = sorted(
        str(key) for key in rule if key not in known.parameters and key not in ("rule", "weight")
    )
    if unknown:
        named = ", ".join(unknown)
        return f"{name} 没有参数 {named}", f"{name} has no parameter {named}"
    weight = rule.get("weight", 1)
    if type(weight) is not int or not 1 <= weight <= HEAVIEST:
        return f"weight 应为 1 至 {HEAVIEST} 的整数", f"weight must be a whole number from 1 to {HEAVIEST}"
    for key, parameter in known.parameters.items():
        if key not in rule:
            if parameter.required:
                return f"{name} 缺少参数 {key}", f"{name} needs {key}"
            continue
        flaw = parameter.check(rule[key])
        if flaw is not None:
            return f"{name}.{key} {flaw[0]}", f"{name}.{key} {flaw[1]}"
    return None
