"""Findings about the form and everything that names its fields."""

from __future__ import annotations

import re
from collections.abc import Iterator

from approval_core.definitions.rules.conditions import check
from approval_core.definitions.rules.document import TypeDocument
from approval_core.definitions.rules.expressions import asked_for_null, counted_on, parse
from approval_core.definitions.rules.findings import Finding, error, warning
from approval_core.definitions.rules.known_names import kinds_of
from approval_core.definitions.rules.shapes import NUMBERS
from approval_core.errors import Invalid

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
#: what a subject may name beside the fields
ABOUT = frozenset({"applicant", "unit"})


def form_findings(document: TypeDocument) -> Iterator[Finding]:
    yield from _fields(document)
    yield from _form_rules(document)
    yield from _subject(document)
    yield from _amount(document)


def _fields(document: TypeDocument) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, field in enumerate(document.form.fields):
        place = f"form.fields[{index}]"
        if field.name in seen:
            yield error(
                place, "field_twice", f"the field {field.name} stands twice", f"字段 {field.name} 重复"
            )
        seen.add(field.name)
        outside = [one for one in field.show if one in ("sms", "push")]
        if field.sensitive and outside:
            yield error(
                f"{place}.show",
                "sensitive_shown",
                f"{field.name} is sensitive and never goes into {' or '.join(outside)}",
                f"{field.name} 为敏感字段，不得进入短信或推送",
            )
        if len(set(field.show)) < len(field.show):
            yield error(f"{place}.show", "shown_twice", "a place stands twice", "显示位置重复")
    if document.duplicates is not None:
        for index, name in enumerate(document.duplicates.fields):
            if name not in seen:
                yield _no_field(f"duplicates.fields[{index}]", name)


def _no_field(place: str, name: str) -> Finding:
    return error(place, "no_field", f"the form has no field {name}", f"表单没有字段 {name}")


def _form_rules(document: TypeDocument) -> Iterator[Finding]:
    for index, rule in enumerate(document.form.rules):
        place = f"form.rules[{index}].when"
        yield from condition_findings(document, rule.when, place)


def condition_findings(document: TypeDocument, text: str, place: str) -> Iterator[Finding]:
    try:
        check(text, kinds_of(document))
    except Invalid as fault:
        yield error(place, "bad_condition", fault.message, fault.data["zh"])
        return
    tree = parse(text)
    kinds, asked = kinds_of(document), asked_for_null(tree)
    for path in {name.path: None for name in counted_on(tree)}:
        kind = kinds(path)
        if kind is not None and kind.optional and path not in asked:
            yield error(
                place,
                "may_be_empty",
                f"{path} may be empty, and then there is no answer: write {path} != null && …",
                f"{path} 可为空，届时无法判断：应写 {path} != null && …",
            )


def _subject(document: TypeDocument) -> Iterator[Finding]:
    if document.subject is None:
        return
    named: dict[str, set[str]] = {}
    for lang, text in (("zh", document.subject.zh), ("en", document.subject.en)):
        place = f"subject.{lang}"
        if re.search(r"[{}]", PLACEHOLDER.sub("", text)):
            yield error(place, "bad_subject", "a brace has no partner", "花括号不成对")
        named[lang] = set()
        for name in PLACEHOLDER.findall(text):
            named[lang].add(name)
            field = document.field(name)
            if field is None and name not in ABOUT:
                yield _no_field(place, name[:48])
            elif field is not None and field.sensitive:
                yield error(
                    place,
                    "sensitive_subject",
                    f"{name} is sensitive; a title is seen everywhere",
                    f"{name} 为敏感字段，标题处处可见",
                )
            elif field is not None and field.type in ("text", "file"):
                yield error(
                    place, "long_subject", f"{name} does not fit into a title", f"{name} 不适合放入标题"
                )
    if named["zh"] != named["en"]:
        yield warning(
            "subject", "subject_differs", "zh and en name different fields", "中英文标题引用的字段不同"
        )


def _amount(document: TypeDocument) -> Iterator[Finding]:
    limits = {"sms": document.limits.sms, "batch": document.limits.batch}
    if document.amount is None:
        for name, limit in limits.items():
            if limit is not None:
                yield error(
                    f"limits.{name}", "no_amount", "a limit needs `amount`", "设置限额须指定 amount 字段"
                )
        return
    field = document.field(document.amount)
    if field is None:
        yield _no_field("amount", document.amount)
    elif field.type not in NUMBERS:
        yield error("amount", "amount_no_number", f"{field.name} is no number", f"{field.name} 不是数值字段")
    elif not field.required and any(limit is not None for limit in limits.values()):
        yield error(
            "amount",
            "amount_optional",
            f"a limit counts on {field.name}, which may be left empty",
            f"限额依赖的 {field.name} 可为空",
        )
    elif field.sensitive and any(limit is not None for limit in limits.values()):
        yield warning("amount", "amount_sensitive", f"{field.name} is sensitive", f"{field.name} 为敏感字段")
