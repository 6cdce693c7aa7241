"""Request types as a person meets them: which he may file, and a form with its labels and what he may do with each field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from approval_core.approvals.filing import is_for
from approval_core.approvals.journey import applicant_facts
from approval_core.definitions import queries as definitions
from approval_core.definitions.queries import Version
from approval_core.definitions.rules.forms import rights
from approval_core.errors import NotFound
from approval_core.people import queries as people
from approval_core.store import Tx
from mobile_api.hiding import is_step
from mobile_api.queries import Viewer, hidden_for, must_see
from mobile_api.schemas.filing import FieldOut, FormOut, OptionOut, RuleOut, TypeOut

#: the stronger right first: through whichever step he sees the matter, he has what it gives
_ORDER = ("required", "write", "read", "hidden")


def types_for(tx: Tx, person_id: int, *, now: datetime) -> list[TypeOut]:
    """The types he may file for himself, by name."""
    card = people.person_by_id(tx, person_id, now=now)
    unit = applicant_facts(tx, person_id, people.unit_of(tx, person_id, now=now), now=now)["unit"]
    holders: dict[str, set[int]] = {}
    found = []
    for one in definitions.cards(tx):
        document = definitions.version(tx, one.id).document
        if document.given:
            continue
        for role in set(document.applicants.roles) - holders.keys():
            holders[role] = {who.id for who in people.holders_of_role(tx, role, now)}
        if is_for(document, person_id, card.rank, unit, holders):
            found.append(TypeOut.model_validate(one))
    return found


def form_of_type(tx: Tx, type_name: str) -> FormOut:
    """As the applicant fills it in. NotFound("no_type")."""
    version = definitions.current(tx, type_name)
    if version is None:
        raise NotFound("no_type", f"there is no request type {type_name}", type=type_name)
    return _form(version, rights(version.document, None))


def form_of_request(tx: Tx, request_id: int, *, viewer: Viewer, now: datetime) -> FormOut:
    """The form of the version that a request runs on, for this viewer. NotFound("no_approval" | "no_form")."""
    sight = must_see(tx, viewer, request_id, now=now)
    hidden, version = hidden_for(tx, request_id, sight)
    if version is None:
        raise NotFound("no_form", "the system that asked for it has no form here", id=request_id)
    steps = [block for block in sight.blocks if is_step(version.document, block)]
    given = [rights(version.document, step) for step in steps]
    names = [one.name for one in version.document.form.fields]
    return _form(version, {name: _strongest(name, given, hidden) for name in names})


def _strongest(name: str, given: Collection[Mapping[str, str]], hidden: Collection[str]) -> str:
    if name in hidden:
        return "hidden"
    has = {one[name] for one in given} - {"hidden"}
    return next((right for right in _ORDER if right in has), "read")


def _form(version: Version, given: Mapping[str, str]) -> FormOut:
    document = version.document
    return FormOut(
        type=document.type,
        title=document.title.model_dump(),
        module=document.module,
        version=version.version,
        subject=(document.subject or document.title).model_dump(),
        amount=document.amount,
        fields=[
            FieldOut(
                **one.model_dump(exclude={"options", "label"}),
                label=one.label.model_dump(),
                options=[OptionOut(value=o.value, label=o.label.model_dump()) for o in one.options],
                right=given[one.name],
            )
            for one in document.form.fields
        ],
        rules=[RuleOut(when=one.when, message=one.message.model_dump()) for one in document.form.rules],
        sms=document.sms,
        floor=document.floor,
        hold=document.hold,
        withdraw=document.withdraw,
        revoke_within_days=None if document.revoke is None else document.revoke.within_days,
        expires=document.expires,
    )
