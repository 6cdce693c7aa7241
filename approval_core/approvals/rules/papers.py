"""The files that a form names: a `file` field holds the SHA-256 of files that are attached."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from approval_core.definitions.rules.document import TypeDocument
from approval_core.errors import Invalid


def file_fields(document: TypeDocument) -> list[str]:
    return [one.name for one in document.form.fields if one.type == "file"]


def named_in(form: Mapping[str, Any], name: str) -> list[Any]:
    return list(form.get(name) or ())


def with_digests(
    document: TypeDocument, form: Mapping[str, Any], numbers: Mapping[int, str]
) -> dict[str, Any]:
    """Files named by their number become named by their SHA-256; a number that nobody knows stays, to be refused."""
    found = dict(form)
    for name in file_fields(document):
        if isinstance(form.get(name), list | tuple):
            found[name] = [
                numbers.get(one, one) if isinstance(one, int) and not isinstance(one, bool) else one
                for one in form[name]
            ]
    return found


def check_attached(document: TypeDocument, form: Mapping[str, Any], digests: Collection[str]) -> None:
    """Invalid("bad_form"): a field names a file that is not attached. That a required one names any is the form's check."""
    faults = {
        name: one for name in file_fields(document) for one in named_in(form, name) if one not in digests
    }
    if faults:
        raise Invalid(
            "bad_form",
            "; ".join(f"{name}: file {one} is not attached" for name, one in faults.items()),
            fields=dict.fromkeys(faults, "is not attached"),
            zh=dict.fromkeys(faults, "文件未上传"),
        )


def mandatory(document: TypeDocument, form: Mapping[str, Any]) -> set[str]:
    """The files that whoever decides must have seen: those of the required file fields."""
    required = {one.name for one in document.form.fields if one.type == "file" and one.required}
    return {str(one) for name in required for one in named_in(form, name)}
