"""Lists of a person's own: his requests by what he has to do with them, and what he delegated or was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, or_, select

from approval_core.approvals.models import Copy, Decision, Request, Task
from approval_core.columns import table_of
from approval_core.paging import Page, decode_cursor, encode_cursor
from approval_core.people.models import delegations, org_units, persons
from approval_core.people.rules.delegations import yuan
from approval_core.store import Tx
from mobile_api.schemas.account import UnitOut
from mobile_api.schemas.filing import RequestItemOut
from mobile_api.schemas.standins import DelegationOut, DelegationsOut

requests, tasks = table_of(Request), table_of(Task)
decisions, copies = table_of(Decision), table_of(Copy)

Mine = Literal["filed", "asked", "decided", "copies"]
_ITEM = (
    "id", "source", "type", "title", "applicant", "state", "urgency", "submitted_at", "changed_at", "due_at",
    "closed_at",
)  # fmt: skip
_giver, _taker = persons.alias("giver"), persons.alias("taker")


def my_requests(
    tx: Tx,
    person_id: int,
    *,
    mine: Mine,
    type_name: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[RequestItemOut]:
    """The newest first. `asked`: that wait for him now; `decided`: also by somebody in his name."""
    wanted = (
        select(requests.c.source_ref.label("ref"), *(requests.c[name] for name in _ITEM))
        .where(_concerns(person_id, mine))
        .order_by(requests.c.id.desc())
        .limit(limit + 1)
    )
    if type_name is not None:
        wanted = wanted.where(requests.c.type == type_name)
    if state is not None:
        wanted = wanted.where(requests.c.state == state)
    if cursor is not None:
        (last,) = decode_cursor(cursor, int)
        wanted = wanted.where(requests.c.id < last)
    rows = tx.execute(wanted).all()
    items = [RequestItemOut.model_validate(row) for row in rows[:limit]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > limit else None)


def _concerns(person_id: int, mine: Mine) -> ColumnElement[bool]:
    if mine == "filed":
        return or_(requests.c.applicant_id == person_id, requests.c.submitter_id == person_id)
    if mine == "asked":
        asked = select(tasks.c.request_id).where(tasks.c.person_id == person_id, tasks.c.state == "open")
        return requests.c.id.in_(asked)
    if mine == "copies":
        return requests.c.id.in_(select(copies.c.request_id).where(copies.c.person_id == person_id))
    spoke = or_(decisions.c.person_id == person_id, decisions.c.on_behalf_of_id == person_id)
    return requests.c.id.in_(select(decisions.c.request_id).where(spoke, decisions.c.state != "undone"))


def units_of(tx: Tx, unit_ids: Sequence[int]) -> list[UnitOut]:
    """In the order given."""
    wanted = select(org_units.c.id, org_units.c.code, org_units.c.name).where(org_units.c.id.in_(unit_ids))
    found = {row.id: UnitOut(code=row.code, name=row.name) for row in tx.execute(wanted)}
    return [found[one] for one in unit_ids]


def my_delegations(tx: Tx, person_id: int, *, now: datetime) -> DelegationsOut:
    """Those that hold or will hold, what he gave and what he was given; the ones that are over stay on record elsewhere."""
    wanted = (
        select(
            delegations,
            _giver.c.account.label("giver"),
            _giver.c.name.label("giver_name"),
            _taker.c.account.label("taker"),
            _taker.c.name.label("taker_name"),
        )
        .join(_giver, _giver.c.id == delegations.c.from_id)
        .join(_taker, _taker.c.id == delegations.c.to_id)
        .where(delegations.c.revoked_at.is_(None), delegations.c.valid_to > now)
        .where(or_(delegations.c.from_id == person_id, delegations.c.to_id == person_id))
        .order_by(delegations.c.valid_from, delegations.c.id)
    )
    rows = [row._mapping for row in tx.execute(wanted)]
    return DelegationsOut(
        given=[_delegation(row) for row in rows if row["from_id"] == person_id],
        received=[_delegation(row) for row in rows if row["to_id"] == person_id],
    )


def _delegation(row: Mapping[Any, Any]) -> DelegationOut:
    ceiling = None if row["ceiling_fen"] is None else yuan(row["ceiling_fen"])
    return DelegationOut.model_validate({**row, "ceiling": ceiling})
