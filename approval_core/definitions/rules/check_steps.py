"""Findings about single steps: whom they ask, what these may see and write, by which door, and how long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from approval_core.definitions.rules.blocks import Copy, Step
from approval_core.definitions.rules.document import LADDER, TypeDocument
from approval_core.definitions.rules.findings import Finding, error, warning
from approval_core.definitions.rules.positions import Position, order, positions

#: a reply by SMS is at most as sure as a code sent to a bound number
SMS_LEVEL = 2
_FIELD_TYPES = {"FORM_USER": "person", "FORM_UNIT_HEAD": "unit"}


def step_findings(document: TypeDocument) -> Iterator[Finding]:
    yield from _document(document)
    standing = list(positions(document))
    steps = [one for one in standing if isinstance(one.block, Step)]
    for index, one in enumerate(steps):
        step = one.block
        assert isinstance(step, Step)  # noqa: S101 — narrows the type
        yield from _sms(document, step, one.place)
        yield from _rights(document, step, one.place, first=index == 0)
        yield from _times(document, step, one.place)
        yield from _moves(step, one, steps)
    for one in standing:
        for place, rules in _rule_lists(one):
            yield from _rules(document, rules, place, one, steps)
    for name, rules in (("start", document.copies.start), ("end", document.copies.end)):
        yield from _rules(document, rules, f"copies.{name}", None, steps if name == "end" else [])


def _document(document: TypeDocument) -> Iterator[Finding]:
    if document.never_sms and document.sms == "approve":
        yield error("sms", "never_sms", "this type is never decided by SMS", "此类型不得短信审批")
    if document.sms == "approve" and document.floor > SMS_LEVEL:
        yield error(
            "sms",
            "floor_above_sms",
            f"an SMS never reaches level {document.floor}",
            f"短信达不到 {document.floor} 级",
        )


def _sms(document: TypeDocument, step: Step, place: str) -> Iterator[Finding]:
    mode = step.sms or document.sms
    floor = document.floor if step.floor is None else step.floor
    if step.floor is not None and step.floor < document.floor:
        yield error(
            f"{place}.floor",
            "floor_lowered",
            f"the type's floor is {document.floor}",
            f"类型要求不低于 {document.floor} 级",
        )
    if mode == "none" and step.sms_reject_ok:
        yield error(f"{place}.sms_reject_ok", "no_sms", "no SMS is sent in this step", "本环节不发短信")
    if mode != "approve":
        return
    own = f"{place}.sms" if step.sms else place
    if document.never_sms:
        yield error(own, "never_sms", "this type is never decided by SMS", "此类型不得短信审批")
    if floor > SMS_LEVEL:
        yield error(own, "floor_above_sms", f"an SMS never reaches level {floor}", f"短信达不到 {floor} 级")
    if any(right == "required" for right in step.fields.values()):
        yield error(
            own,
            "sms_cannot_fill",
            "a field must be filled here, which no SMS can",
            "本环节须填写字段，短信无法完成",
        )
    if "approve" in step.comment_on:
        yield error(
            own,
            "sms_needs_comment",
            "a yes needs a comment here; Y alone would be refused",
            "本环节同意须附意见，仅回 Y 无效",
        )


def _rights(document: TypeDocument, step: Step, place: str, *, first: bool) -> Iterator[Finding]:
    known = {field.name: field for field in document.form.fields}
    for name, right in step.fields.items():
        here = f"{place}.fields.{name}"
        if name == "*":
            if right == "required":
                yield error(here, "all_required", "name the fields that must be filled", "必填字段须逐个写明")
            continue
        if name not in known:
            yield error(here, "no_field", f"the form has no field {name}", f"表单没有字段 {name}")
            continue
        field = known[name]
        if first and right == "hidden" and field.required and not field.sensitive:
            yield error(
                here,
                "hidden_required",
                f"{name} must be given and is hidden from who decides first",
                f"必填字段 {name} 对首个审批人隐藏",
            )
        if right == "hidden" and name == document.amount:
            yield error(
                here, "hidden_amount", "the amount is hidden from who decides on it", "金额对审批人隐藏"
            )
        if right == "hidden" and "sms" in field.show and (step.sms or document.sms) != "none":
            yield error(
                here,
                "hidden_in_sms",
                f"{name} is hidden here and shown in the SMS",
                f"{name} 在本环节隐藏却出现在短信中",
            )
        if right == "required" and field.required:
            yield error(
                here,
                "required_already",
                f"{name} is filled by the applicant already; write `write`",
                f"{name} 已由申请人必填，应为 write",
            )
    if (
        step.fields.get("*") == "hidden"
        and all(step.fields.get(name, "hidden") == "hidden" for name in known)
        and known
    ):
        yield error(f"{place}.fields", "nothing_seen", "whoever decides sees nothing", "审批人看不到任何内容")


def _times(document: TypeDocument, step: Step, place: str) -> Iterator[Finding]:
    names = list(LADDER)
    times = {name: getattr(step if name in step.model_fields_set else document, name) for name in names}
    rungs = [(name, times[name]) for name in names if times[name] is not None]
    for (one, sooner), (other, later) in pairwise(rungs):
        if sooner >= later:
            yield error(
                place,
                "ladder",
                f"{one} ({sooner}) does not come before {other} ({later})",
                f"{one}（{sooner}）应早于 {other}（{later}）",
            )
    if step.timeout != "remind" and times["escalate_after"] is None:
        yield error(
            f"{place}.timeout", "timeout_without_time", "escalate_after says when", "须设置 escalate_after"
        )


def _moves(step: Step, one: Position, steps: list[Position]) -> Iterator[Finding]:
    if step.on_reject == "previous" and not any(
        order(other, one) in ("before", "perhaps") for other in steps
    ):
        yield error(f"{one.place}.on_reject", "no_previous", "there is no step before", "之前没有环节")
    if len(set(step.comment_on)) < len(step.comment_on):
        yield error(f"{one.place}.comment_on", "verdict_twice", "a verdict stands twice", "意见类型重复")
    rules = [rule["rule"] for rule in step.approvers]
    if "SELF" in rules and step.own != "auto":
        yield error(
            one.place,
            "self_approval",
            "the applicant is asked and may not decide (own)",
            "审批人为申请人本人，但 own 不允许",
        )
    if "SELF" in rules and step.own == "auto" and set(rules) == {"SELF"} and len(steps) == 1:
        yield error(
            one.place,
            "self_approval",
            "only the applicant decides on his own request",
            "仅由申请人审批自己的申请",
        )
    if (
        step.mode in ("all", "sequence", "vote")
        and len(rules) == 1
        and rules[0] in {"USER", "SELF", "DIRECTOR"}
    ):
        yield warning(f"{one.place}.mode", "one_person", "the rule finds one person only", "该规则只有一人")
    seen: list[Mapping[str, Any]] = []
    for index, rule in enumerate(step.approvers):
        if rule in seen:
            yield error(f"{one.place}.approvers[{index}]", "rule_twice", "the rule stands twice", "规则重复")
        seen.append(rule)


def _rule_lists(one: Position) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    block = one.block
    if isinstance(block, Copy):
        yield f"{one.place}.to", block.to
    if isinstance(block, Step):
        yield f"{one.place}.approvers", block.approvers
        if isinstance(block.when_empty, list):
            yield f"{one.place}.when_empty", block.when_empty
        if block.add is not None and isinstance(block.add.from_, list):
            yield f"{one.place}.add.from", block.add.from_


def _rules(
    document: TypeDocument,
    rules: Sequence[Mapping[str, Any]],
    place: str,
    one: Position | None,
    steps: list[Position],
) -> Iterator[Finding]:
    for index, rule in enumerate(rules):
        here = f"{place}[{index}]"
        if rule["rule"] in _FIELD_TYPES:
            yield from _field_rule(document, rule, here, blocking=place.endswith(".approvers"))
        if rule["rule"] == "SELECT_BY_APPROVER":
            yield from _chosen_by(rule["step"], here, one, steps)
        if isinstance(rule.get("from"), list):
            yield from _rules(document, rule["from"], f"{here}.from", one, steps)


def _field_rule(
    document: TypeDocument, rule: Mapping[str, Any], place: str, *, blocking: bool
) -> Iterator[Finding]:
    field = document.field(rule["field"])
    wanted = _FIELD_TYPES[rule["rule"]]
    if field is None:
        yield error(
            place, "no_field", f"the form has no field {rule['field']}", f"表单没有字段 {rule['field']}"
        )
    elif field.type != wanted:
        yield error(
            place,
            "wrong_field",
            f"{field.name} names no {wanted}",
            f"{field.name} 不是{'人员' if wanted == 'person' else '单位'}字段",
        )
    elif blocking and not field.required:
        yield error(
            place,
            "may_be_empty",
            f"{field.name} may be empty, and nobody would be asked",
            f"{field.name} 可为空，将无审批人",
        )


def _chosen_by(name: str, place: str, one: Position | None, steps: list[Position]) -> Iterator[Finding]:
    chooser = next(
        (other for other in steps if isinstance(other.block, Step) and other.block.step == name), None
    )
    if chooser is None:
        yield error(place, "no_step_of_this_name", f"there is no step {name} before", f"之前没有环节 {name}")
        return
    if one is None:
        return
    stands = order(chooser, one)
    if stands == "perhaps":
        yield error(
            place, "chooser_may_not_run", f"the step {name} may not have run", f"环节 {name} 可能未执行"
        )
    elif stands != "before":
        yield error(
            place, "chooser_not_before", f"the step {name} does not come before", f"环节 {name} 不在之前"
        )
