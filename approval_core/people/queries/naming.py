"""Each approver rule answered on its own: the people it names, or `Nobody` with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, select

from approval_core.people.models import assignments, org_units, persons, posts, role_grants
from approval_core.people.queries.cards import title_of
from approval_core.people.queries.chart import Chart, Found, Nobody
from approval_core.people.queries.moments import holds
from approval_core.people.rules.approver_rules import flaw_of, is_rank
from approval_core.people.rules.fields import RANKS

_named = select(persons.c.id, persons.c.account, persons.c.name, persons.c.state)
_by_account = _named.where(persons.c.account == bindparam("account"))
_by_id = _named.where(persons.c.id == bindparam("person_id"))
_rank = select(persons.c.rank).where(persons.c.id == bindparam("person_id"))
_role = (
    select(persons.c.id, persons.c.account, persons.c.name, role_grants.c.unit_id)
    .select_from(role_grants.join(persons, persons.c.id == role_grants.c.person_id))
    .where(role_grants.c.role == bindparam("role"), persons.c.state == "active", holds(role_grants))
    .order_by(role_grants.c.id)
)
_post = (
    select(posts.c.id, posts.c.unit_id, posts.c.is_head, posts.c.name.label("title"), org_units.c.short)
    .add_columns(org_units.c.kind.label("unit_kind"))
    .select_from(posts.join(org_units, org_units.c.id == posts.c.unit_id))
    .where(posts.c.code == bindparam("code"))
)
_holders = (
    select(persons.c.id, persons.c.account, persons.c.name)
    .select_from(assignments.join(persons, persons.c.id == assignments.c.person_id))
    .where(assignments.c.post_id == bindparam("post_id"), persons.c.state == "active", holds(assignments))
    .order_by(assignments.c.sort, assignments.c.id)
)


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule is asked about. `unit_id`: the unit in which the request is made, else where the applicant works.
    `chosen`: block id → accounts; `block`: the block being resolved, for the rules that wait for a choice."""

    applicant_id: int | None = None
    unit_id: int | None = None
    form: Mapping[str, Any] = field(default_factory=dict)
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    block: str | None = None


class Asked:
    """One question: the case and the chart it is answered from."""

    def __init__(self, chart: Chart, case: Case) -> None:
        self.chart, self.case, self.now, self.run = chart, case, chart.now, chart.tx.run
        self._unit_id: int | None = None

    @property
    def applicant_id(self) -> int:
        if self.case.applicant_id is None:
            raise Nobody("no_applicant", "申请人不是本局人员", "the applicant is nobody of this office")
        return self.case.applicant_id

    @property
    def unit_id(self) -> int:
        if self._unit_id is None:
            given = self.case.unit_id
            self._unit_id = given if given is not None else self.chart.place_of(self.applicant_id)
        if self._unit_id is None:
            raise Nobody("no_unit", "申请人不在任何单位", "the applicant is in no unit")
        return self._unit_id


def named_by(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:
    """The people one rule names now. A rule that should never have been published names nobody."""
    flaw = flaw_of(rule)
    if flaw is not None:
        raise Nobody("bad_rule", *flaw)
    return _RULES[rule["rule"]](asked, rule)


def next_above(chart: Chart, person_id: int, unit_id: int) -> list[Found]:
    above = chart.above(person_id, unit_id)
    if not above:
        raise Nobody(
            "outside",
            "本局内已无上级，须报上级机关（系统外办理）",
            "nobody in this office stands above; a higher authority must",
        )
    return above


def _people(asked: Asked, accounts: Sequence[str], capacity: str, zh: str, en: str) -> list[Found]:
    """Those of the accounts who are here; the reason when none is."""
    found, missing = [], []
    for account in dict.fromkeys(accounts):
        row = asked.run(_by_account, account=account).first()
        if row is None or row.state != "active":
            missing.append(account)
        else:
            found.append(Found(row.id, row.account, row.name, capacity, None, zh, en))
    if not found:
        names = "、".join(missing)
        raise Nobody("left", f"{names} 不存在或已离开", f"{names}: unknown here, or has left")
    return found


def _user(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:
    return _people(asked, [rule["account"]], "named", "流程指定", "named in the route")


def _group(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:
    return _people(asked, rule["accounts"], "named", "流程指定的人员组", "of the group named in the route")


def _self(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:  # noqa: ARG001  # every rule is asked alike
    row = asked.run(_by_id, person_id=asked.applicant_id).first()
    if row is None or row.state != "active":
        raise Nobody("left", "申请人已离开", "the applicant has left")
    return [Found(row.id, row.account, row.name, "self", asked.case.unit_id, "本人", "himself")]


def _role_holders(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:
    """`office`: whoever holds it anywhere. `unit`: for the case's section, else its department.
    `tree`: for the nearest unit upwards, at last for the whole office."""
    role, scope = rule["role"], rule.get("scope", "office")
    rows = asked.run(_role, role=role, now=asked.now).all()
    wanted: list[Any] = []
    if scope == "office":
        wanted = rows
    else:
        path = asked.chart.path(asked.unit_id)
        units = [one.id for one in path]
        if scope == "unit":
            units = units[: path.index(asked.chart.department(asked.unit_id)) + 1]
        for unit_id in [*units, None] if scope == "tree" else units:
            wanted = [row for row in rows if row.unit_id == unit_id]
            if wanted:
                break
    if not wanted:
        raise Nobody("no_role_holder", f"无人担任角色 {role}", f"nobody holds the role {role} there")
    return [
        Found(
            row.id, row.account, row.name, "role", row.unit_id, f"担任角色 {role}", f"holds the role {role}"
        )
        for row in wanted
    ]


def _post_holders(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:
    """Whoever is in the post; the post of a head is answered like the head."""
    post = asked.run(_post, code=rule["code"]).first()
    if post is None:
        raise Nobody("no_post", f"没有职务 {rule['code']}", f"there is no post {rule['code']}")
    if post.is_head:
        return [asked.chart.leader_or_above(post.unit_id)]
    title = title_of(post)
    rows = asked.run(_holders, post_id=post.id, now=asked.now).all()
    if not rows:
        raise Nobody("vacant", f"{title}空缺", f"nobody is {title}")
    return [Found(row.id, row.account, row.name, "post", post.unit_id, title, f"is {title}") for row in rows]


def _head(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:
    """Of the unit named, or of the department of the case: a section's head is SECTION_CHIEF."""
    code = rule.get("unit")
    unit_id = asked.chart.unit_called(code) if code else asked.chart.department(asked.unit_id).id
    return [asked.chart.leader_or_above(unit_id)]


def _section_chief(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:  # noqa: ARG001  # as above
    """Of the section; where there is no section between, the head."""
    return [asked.chart.leader_or_above(asked.unit_id)]


def _deputy_in_charge(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:  # noqa: ARG001  # as above
    """The deputy head who has the section; else the first deputy; else the head. A deputy's own matter: the head."""
    chart = asked.chart
    section = chart.section(asked.unit_id)
    charged = chart.in_charge(section) if section is not None else None
    if charged is not None:
        return [charged]
    department = chart.department(asked.unit_id)
    mine = {row.person_id for row in chart.seats(department.id)}
    deputy = None if asked.case.applicant_id in mine else chart.first_deputy(department)
    return [deputy if deputy is not None else chart.leader_or_above(department.id)]


def _manager(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:
    above = next_above(asked.chart, asked.applicant_id, asked.unit_id)
    level = rule["level"]
    if level > len(above):
        raise Nobody(
            "no_level",
            f"只有 {len(above)} 级上级，没有第 {level} 级",
            f"has {len(above)} managers, no {level}.",
        )
    return [above[level - 1]]


def _chain(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:
    """Managers in turn up to the first of that rank or higher, or with that role. No such rank: up to the top."""
    until = rule["until"]
    above = next_above(asked.chart, asked.applicant_id, asked.unit_id)
    if is_rank(until):
        wanted = RANKS[: RANKS.index(until) + 1]
        ends = [asked.run(_rank, person_id=one.person_id).scalar() in wanted for one in above]
        ends[-1] = True
    else:
        having = {row.id for row in asked.run(_role, role=until, now=asked.now)}
        ends = [one.person_id in having for one in above]
        if True not in ends:
            raise Nobody(
                "no_role_holder", f"上级中无人担任角色 {until}", f"no manager holds the role {until}"
            )
    return above[: ends.index(True) + 1]


def _leader_in_charge(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:
    """Of the department (of the unit named); nobody in charge, or no unit that could be: the director."""
    code = rule.get("unit")
    unit_id = asked.chart.unit_called(code) if code else asked.unit_id
    found = asked.chart.leader_in_charge(unit_id)
    return [found if found is not None else asked.chart.director(unit_id)]


def _director(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:  # noqa: ARG001  # as above
    try:
        unit_id: int | None = asked.unit_id
        asked.chart.path(asked.unit_id)
    except Nobody:
        unit_id = None  # whoever asks, from wherever: the director of the office
    return [asked.chart.director(unit_id)]


def _of_form(asked: Asked, name: str) -> list[str]:
    value = asked.case.form.get(name)
    given = value if isinstance(value, list | tuple) else [value]
    words = [one.strip() for one in given if isinstance(one, str) and one.strip()]
    if not words:
        raise Nobody("not_filled", f"表单字段 {name} 未填", f"the form's field {name} is empty")
    return words


def _form_user(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:
    name = rule["field"]
    return _people(asked, _of_form(asked, name), "named", f"表单字段 {name}", f"field {name} of the form")


def _form_unit_head(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:
    codes = _of_form(asked, rule["field"])
    return [asked.chart.leader_or_above(asked.chart.unit_called(code)) for code in codes]


def _named_if_any(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:
    try:
        return named_by(asked, rule)
    except Nobody:
        return []


def _selected(asked: Asked, rule: Mapping[str, Any]) -> list[Found]:
    """The people chosen for this block, all within the set; one outside it is nobody's approver."""
    chosen = list(dict.fromkeys(asked.case.chosen.get(asked.case.block or "", ())))
    if not chosen:
        raise Nobody("not_chosen", "尚未选定", "nobody has been chosen yet")
    if len(chosen) > 1 and not rule.get("many", False):
        raise Nobody("too_many", "只能选一人", "only one may be chosen")
    found = _people(asked, chosen, "chosen", "由人选定", "chosen for this step")
    if rule["from"] != "anyone":
        within = {one.person_id for allowed in rule["from"] for one in _named_if_any(asked, allowed)}
        outside = "、".join(one.name for one in found if one.person_id not in within)
        if outside:
            raise Nobody(
                "out_of_range", f"{outside} 不在可选范围内", f"{outside}: not in the set to choose from"
            )
    return found


_RULES: Mapping[str, Callable[[Asked, Mapping[str, Any]], list[Found]]] = {
    "USER": _user,
    "ROLE": _role_holders,
    "POST": _post_holders,
    "HEAD": _head,
    "DEPUTY_IN_CHARGE": _deputy_in_charge,
    "SECTION_CHIEF": _section_chief,
    "MANAGER": _manager,
    "CHAIN": _chain,
    "LEADER_IN_CHARGE": _leader_in_charge,
    "DIRECTOR": _director,
    "FORM_USER": _form_user,
    "FORM_UNIT_HEAD": _form_unit_head,
    "SELECT_BY_APPLICANT": _selected,
    "SELECT_BY_APPROVER": _selected,
    "SELF": _self,
    "GROUP": _group,
}
