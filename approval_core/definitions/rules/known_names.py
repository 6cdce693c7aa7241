"""What a condition may name: the form's fields, the applicant, the amount and the day; and their values in one request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from approval_core.definitions.rules.document import TypeDocument
from approval_core.definitions.rules.scaled import Kind, Kinds
from approval_core.definitions.rules.shapes import NUMBERS, FormField

#: `unit` is the code of the applicant's unit, `rank` R1 … R8, `level` the level of the unit in the house
APPLICANT: Mapping[str, Kind] = {
    "account": Kind("text"),
    "rank": Kind("text", options=frozenset(f"R{n}" for n in range(1, 9))),
    "unit": Kind("text"),
    "level": Kind("number"),
}


def kind_of(field: FormField) -> Kind:
    optional = not field.required
    if field.many or field.type == "file":
        return Kind("list", optional=optional)
    if field.type in NUMBERS:
        return Kind("number", {"integer": 0, "money": 2, "decimal": 6}[field.type], optional=optional)
    if field.type == "boolean":
        return Kind("boolean", optional=optional)
    if field.type in ("date", "datetime"):
        return Kind("date", optional=optional)
    options = frozenset(one.value for one in field.options) if field.type == "choice" else None
    return Kind("text", options=options, optional=optional)


def kinds_of(document: TypeDocument) -> Kinds:
    known = {f"form.{field.name}": kind_of(field) for field in document.form.fields}
    known |= {f"applicant.{name}": kind for name, kind in APPLICANT.items()}
    known["today"] = Kind("date")
    amount = document.field(document.amount) if document.amount else None
    if amount is not None:
        known["amount"] = kind_of(amount)
    return known.get


def exact(field: FormField, value: Any) -> Any:
    """A stored value as it counts: money and decimals are stored as texts and count as decimals."""
    if field.type in NUMBERS and isinstance(value, str | float):
        try:
            return Decimal(str(value))
        except InvalidOperation:
            return value
    return value


def amount_of(document: TypeDocument, values: Mapping[str, Any]) -> Decimal | None:
    """The amount of a request, where its type names the field that holds it."""
    field = document.field(document.amount) if document.amount else None
    if field is None:
        return None
    value = exact(field, values.get(field.name))
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def names_of(
    document: TypeDocument, values: Mapping[str, Any], *, applicant: Mapping[str, Any], today: date | None
) -> dict[str, Any]:
    """What `conditions.holds` is given. A field without a value, and a fact not known of the applicant, is null."""
    return {
        "form": {field.name: exact(field, values.get(field.name)) for field in document.form.fields},
        "applicant": {name: applicant.get(name) for name in APPLICANT},
        "amount": amount_of(document, values),
        "today": today,
    }
