"""What the core finds about request types, as the designer is shown it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from approval_core.approvals.migration import Item, Plan
from approval_core.approvals.organisation import check_over_people
from approval_core.approvals.replaying import Differences
from approval_core.definitions import queries as definitions
from approval_core.definitions.rules.checking import errors_in, findings_of
from approval_core.definitions.rules.document import load_document
from approval_core.errors import Invalid
from approval_core.store import Tx
from mobile_api.schemas.design import CheckIn, CheckOut, DifferencesOut, FindingOut, MigrateIn, OrgFindingOut


def check(tx: Tx, body: CheckIn, *, now: datetime) -> CheckOut:
    """Faults that make it no document are findings as well. The organisation is asked only about a text without errors."""
    try:
        document = load_document(body.text)
    except Invalid as fault:
        faults = fault.data.get("faults") or [fault.data]
        said = [
            FindingOut(severity="error", code=fault.code, place=one["place"], zh=one["zh"], en=one["en"])
            for one in faults
        ]
        return CheckOut(findings=said, organisation=None)
    found = findings_of(document)
    over = None
    if body.organisation and not errors_in(found):
        over = [OrgFindingOut.model_validate(one) for one in check_over_people(tx, document, now=now)]
    return CheckOut(findings=[FindingOut.model_validate(one) for one in found], organisation=over)


def plan_of(tx: Tx, type_name: str, body: MigrateIn) -> Plan:
    """The plan that was looked at, as far as doing it needs: each request and how it stood."""
    target = definitions.numbered(tx, type_name, body.to_version)
    items = tuple(Item(one.request_id, str(one.request_id), "", one.mark) for one in body.items)
    return Plan(type_name, body.to_version, target.id, dict(body.mapping), items)


def each(plan: Plan) -> Iterator[Plan]:
    """One request at a time: the office goes on meanwhile."""
    for item in plan.items:
        yield replace(plan, items=(item,))


def shown(found: Differences) -> DifferencesOut:
    names = ("type", "requests", "same", "unfit", "unfit_fields", "unanswered")
    return DifferencesOut.model_validate(
        {name: getattr(found, name) for name in names} | {"steps": list(found.steps.values())}
    )
