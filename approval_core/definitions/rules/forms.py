"""A form filled in against its document: checked, with rights per step, a title, and what may be shown where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from approval_core.definitions.rules.blocks import Step
from approval_core.definitions.rules.conditions import holds
from approval_core.definitions.rules.document import TypeDocument, every_block
from approval_core.definitions.rules.field_values import Unfit, shown, stored
from approval_core.definitions.rules.known_names import names_of
from approval_core.definitions.rules.shapes import Right
from approval_core.errors import Invalid, NotFound

TITLE = 200
FORM_BYTES = 512 * 1024
#: no word of these leaves the house
OUTSIDE = ("sms", "push")


def check_form(
    document: TypeDocument,
    values: Mapping[str, Any],
    *,
    applicant: Mapping[str, Any] | None = None,
    today: date | None = None,
) -> dict[str, Any]:
    """The form as it is stored, every field of the document in its order; Invalid("bad_form", fields={name: message},
    zh={name: message}) names each field at fault, a rule of the form under its own key `rules[0]`."""
    fields = {field.name: field for field in document.form.fields}
    faults: dict[str, tuple[str, str]] = {
        str(name)[:60]: ("there is no such field", "没有此字段") for name in values if name not in fields
    }
    form: dict[str, Any] = {}
    for name, field in fields.items():
        try:
            form[name] = stored(field, values.get(name))
            if form[name] is None and field.required:
                raise Unfit("must be given", "必填")
        except Unfit as unfit:
            faults[name] = (unfit.en, unfit.zh)
    if sum(len(value) for value in form.values() if isinstance(value, str)) > FORM_BYTES // 4:
        faults["form"] = ("the form is too large", "表单内容过大")
    if not faults:
        faults = _broken_rules(document, form, applicant or {}, today)
    if faults:
        raise _bad_form(faults)
    return form


def _broken_rules(
    document: TypeDocument, form: Mapping[str, Any], applicant: Mapping[str, Any], today: date | None
) -> dict[str, tuple[str, str]]:
    if not document.form.rules:
        return {}
    names = names_of(document, form, applicant=applicant, today=today)
    return {
        f"rules[{index}]": (rule.message.en, rule.message.zh)
        for index, rule in enumerate(document.form.rules)
        if holds(rule.when, names)
    }


def _bad_form(faults: Mapping[str, tuple[str, str]]) -> Invalid:
    said = "; ".join(f"{name}: {en}" for name, (en, _) in list(faults.items())[:20])
    return Invalid(
        "bad_form",
        said,
        fields={name: en for name, (en, _) in faults.items()},
        zh={name: zh for name, (_, zh) in faults.items()},
    )


def check_changes(
    document: TypeDocument,
    step_id: str,
    before: Mapping[str, Any],
    changes: Mapping[str, Any],
    *,
    deciding: bool = False,
    applicant: Mapping[str, Any] | None = None,
    today: date | None = None,
) -> dict[str, Any]:
    """The form after an approver's changes: only fields he may write, and with `deciding` all he must fill.
    Invalid("bad_form") as `check_form`, with the field as its key."""
    given = rights(document, step_id)
    faults = {
        name: ("may not be changed in this step", "本环节不可修改")
        for name in changes
        if name in given and given[name] not in ("write", "required")
    }
    if faults:
        raise _bad_form(faults)
    form = check_form(document, {**before, **changes}, applicant=applicant, today=today)
    missing = [name for name, right in given.items() if right == "required" and form.get(name) is None]
    if deciding and missing:
        raise _bad_form(dict.fromkeys(missing, ("must be given in this step", "本环节必填")))
    return form


def rights(document: TypeDocument, step_id: str | None) -> dict[str, Right]:
    """What may be done with each field in a step; None stands for the applicant. NotFound("no_step")."""
    names = [field.name for field in document.form.fields]
    if step_id is None:
        return {field.name: "required" if field.required else "write" for field in document.form.fields}
    if document.given:
        return dict.fromkeys(names, "read")
    step = step_of(document, step_id)
    usual: Right = step.fields.get("*", "read")
    return {name: step.fields.get(name, usual) for name in names}


def step_of(document: TypeDocument, step_id: str) -> Step:
    for _, block, _ in every_block(document):
        if isinstance(block, Step) and block.step == step_id:
            return block
    raise NotFound("no_step", f"{document.type} has no step {step_id}", step=step_id)


def subject(
    document: TypeDocument, values: Mapping[str, Any], lang: str, *, applicant: str = "", unit: str = ""
) -> str:
    """The title of a request: the document's subject with the fields in their places, one line, at most 200
    characters. A sensitive field leaves a gap, whoever wrote the subject."""
    wanted = document.subject or document.title
    about = {"applicant": applicant, "unit": unit}

    def put(found: re.Match[str]) -> str:
        field = document.field(found[1])
        if field is None:
            return about.get(found[1], "")
        return "" if field.sensitive else shown(field, values.get(field.name), lang)

    text = re.sub(r"\{([^{}]*)\}", put, wanted.text(lang))
    text = " ".join(text.split())
    if not text:
        text = document.title.text(lang)
    return text if len(text) <= TITLE else f"{text[: TITLE - 1]}…"


def shown_in(document: TypeDocument, place: Literal["list", "push", "sms"]) -> list[str]:
    """The fields that stand in a list, a push or an SMS; a sensitive one never leaves the house."""
    return [
        field.name
        for field in document.form.fields
        if place in field.show and not (field.sensitive and place in OUTSIDE)
    ]


def lines_in(
    document: TypeDocument,
    values: Mapping[str, Any],
    place: Literal["list", "push", "sms"],
    lang: str,
    *,
    step_id: str | None = None,
) -> list[tuple[str, str]]:
    """Label and words of what is shown there and not hidden in the step; fields without a value are left out."""
    given = rights(document, step_id)
    found = []
    for name in shown_in(document, place):
        field = document.field(name)
        if field is not None and given[name] != "hidden" and values.get(name) is not None:
            found.append((field.label.text(lang), shown(field, values[name], lang)))
    return found
