"""One movement of one request: what its route, its rules and its content say, read when they are first needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import bindparam, select

from approval_core.approvals.models import Request
from approval_core.approvals.past import OnRecord, Past
from approval_core.approvals.rules.blocks import Block, Place, Route, block_at, find
from approval_core.approvals.rules.policy import GIVEN, Policy, policy_of
from approval_core.approvals.stepping import Matter
from approval_core.clock import OFFICE_ZONE
from approval_core.columns import table_of
from approval_core.definitions import queries as definitions
from approval_core.definitions.queries import Version
from approval_core.definitions.rules.known_names import names_of
from approval_core.people import queries as people
from approval_core.people.models import org_units
from approval_core.store import Tx

requests = table_of(Request)

_ROUTE = select(requests.c.route).where(requests.c.id == bindparam("of_request"))
_CONTENT = select(requests.c.form, requests.c.chosen, requests.c.submitted_at).where(
    requests.c.id == bindparam("of_request")
)
_UNIT = select(org_units.c.code, org_units.c.level).where(org_units.c.id == bindparam("of_unit"))


@dataclass(frozen=True, slots=True)
class Content:
    """What was filled in, and whom the applicant chose, by block."""

    form: Mapping[str, Any]
    chosen: Mapping[str, Sequence[str]]
    submitted_at: datetime


@dataclass
class Journey:
    """`matter` is locked for as long as the transaction lasts. What is not given is read; for a movement in thought
    everything is given, and nothing is written."""

    tx: Tx
    matter: Matter
    now: datetime

    @cached_property
    def route(self) -> Route:
        found: Route = self.tx.run(_ROUTE, of_request=self.matter.id).scalar()
        return found

    @cached_property
    def content(self) -> Content:
        row = self.tx.run(_CONTENT, of_request=self.matter.id).one()
        return Content(row.form, row.chosen or {}, row.submitted_at)

    @cached_property
    def version(self) -> Version | None:
        """The version of its type; None where the asking system brought the steps."""
        number = self.matter.type_version_id
        return None if number is None else definitions.version(self.tx, number)

    @cached_property
    def policy(self) -> Policy:
        return GIVEN if self.version is None else policy_of(self.version.document)

    @cached_property
    def past(self) -> Past:
        return OnRecord(self.tx, self.matter)

    @cached_property
    def today(self) -> date:
        return self.now.astimezone(OFFICE_ZONE).date()

    @cached_property
    def names(self) -> Mapping[str, Any]:
        """What a condition may name. Only a route of a type has conditions."""
        assert self.version is not None  # noqa: S101  # `choosing.holds` says so before
        facts = applicant_facts(self.tx, self.matter.applicant_id, self.matter.unit_id, now=self.now)
        return names_of(self.version.document, self.form, applicant=facts, today=self.today)

    @property
    def form(self) -> Mapping[str, Any]:
        return self.content.form

    def named_block(self, block_id: str) -> Block | None:
        """None for a block that the route does not have."""
        place = find(self.route, block_id)
        return None if place is None else block_at(self.route, place)

    def block(self, sequence: str, at: int) -> Block:
        return block_at(self.route, Place(sequence, at))


def applicant_facts(
    tx: Tx, applicant_id: int | None, unit_id: int | None, *, now: datetime
) -> dict[str, Any]:
    """What a condition may ask about the applicant."""
    found: dict[str, Any] = {"account": "", "rank": "", "unit": "", "level": 0}
    if applicant_id is not None:
        card = people.person_by_id(tx, applicant_id, now=now)
        found |= {"account": card.account, "rank": card.rank}
    unit = tx.run(_UNIT, of_unit=unit_id).first()
    return found | ({"unit": unit.code, "level": unit.level} if unit else {})
