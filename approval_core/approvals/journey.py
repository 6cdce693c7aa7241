"""One movement of one request: what its route, its rules and its content say, read when they are first needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import bindparam, select

from approval_core.approvals.models import Request
from approval_core.approvals.rules.blocks import Block, Place, Route, block_at
from approval_core.approvals.rules.policy import GIVEN, Policy, policy_of
from approval_core.approvals.stepping import Matter
from approval_core.columns import table_of
from approval_core.definitions import queries as definitions
from approval_core.definitions.queries import Version
from approval_core.store import Row, Tx

requests = table_of(Request)

_ROUTE = select(requests.c.route).where(requests.c.id == bindparam("of_request"))
_CONTENT = select(requests.c.form, requests.c.chosen, requests.c.submitted_at).where(
    requests.c.id == bindparam("of_request")
)


@dataclass
class Journey:
    """`matter` is locked for as long as the transaction lasts."""

    tx: Tx
    matter: Matter
    now: datetime

    @cached_property
    def route(self) -> Route:
        found: Route = self.tx.run(_ROUTE, of_request=self.matter.id).scalar()
        return found

    @cached_property
    def content(self) -> Row:
        return self.tx.run(_CONTENT, of_request=self.matter.id).one()

    @cached_property
    def version(self) -> Version | None:
        """The version of its type; None where the asking system brought the steps."""
        number = self.matter.type_version_id
        return None if number is None else definitions.version(self.tx, number)

    @cached_property
    def policy(self) -> Policy:
        return GIVEN if self.version is None else policy_of(self.version.document)

    @property
    def form(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.content.form
        return found

    def block(self, sequence: str, at: int) -> Block:
        return block_at(self.route, Place(sequence, at))
