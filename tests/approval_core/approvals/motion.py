"""A request whose form moves: submitted again, refused, and what the record says of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from approval_core import audit
from approval_core.approvals import resubmitting
from approval_core.approvals.contents import current
from approval_core.approvals.proof import record_problems
from approval_core.approvals.resubmitting import Resubmission
from approval_core.audit.models import entries
from approval_core.errors import OfficeError
from approval_core.store import Tx
from tests.approval_core.approvals.types import House


def content(house: House) -> Any:
    return house.store.read(current, house.request_id)


def problems(house: House) -> list[str]:
    return [str(one) for one in house.store.read(lambda tx: audit.verify(tx, facts=record_problems)).problems]


def resubmit(house: House, account: str = "li", **what: Any) -> Any:
    return house.store.write(
        resubmitting.resubmit,
        house.request_id,
        Resubmission(**what),
        actor=house.person(account),
        now=house.now(),
    )


def refusal(work: Any, *args: Any, **facts: Any) -> OfficeError:
    with pytest.raises(OfficeError) as refused:
        work(*args, **facts)
    return refused.value


def told(house: House) -> list[tuple[str, Any]]:
    def rows(tx: Tx) -> list[tuple[str, Any]]:
        found = tx.execute(
            select(entries.c.verb, entries.c.data)
            .where(entries.c.chain == f"request:{house.request_id}")
            .order_by(entries.c.seq)
        )
        return [(row.verb, json.loads(row.data)) for row in found]

    return house.store.read(rows)
