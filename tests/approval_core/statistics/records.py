"""Requests as they stand on record after some weeks, written down at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert

from approval_core.approvals.models import Decision, Request, Step, Task
from approval_core.columns import table_of
from approval_core.people.models import OrgUnit
from approval_core.store import Tx
from tests.factories import insert_person

requests, steps, tasks, decisions = table_of(Request), table_of(Step), table_of(Task), table_of(Decision)
_number = count(1)


def unit(tx: Tx, code: str, name: str, at: datetime) -> int:
    row = OrgUnit(code=code, name=name, short=name, kind="internal", level=2, valid_from=at)
    tx.session.add(row)
    tx.session.flush()
    assert row.id is not None
    return row.id


def person(tx: Tx, account: str, name: str) -> int:
    return insert_person(tx, account, name=name)


def request(tx: Tx, at: datetime, *, hours: float | None = None, **facts: Any) -> int:
    """`hours`: by the clock on the wall, until it was closed."""
    closed = None if hours is None else at + timedelta(hours=hours)
    values: dict[str, Any] = {
        "source": "ctais", "source_ref": f"S-{next(_number)}", "type": "LEAVE", "title": "t", "summary": "", "applicant": "王伟",
        "form": {}, "route": [], "revision": 1, "content_hash": "0" * 64, "salts": {}, "fingerprint": "0" * 64, "urgency": 0,
        "state": "pending" if closed is None else "approved", "on_reject": "reject", "hold_seconds": 0, "sms": False,
        "submitted_at": at, "closed_at": closed, "changed_at": at,
    }  # fmt: skip
    found = tx.execute(insert(requests).values(**values | facts).returning(requests.c.id)).scalar_one()
    return int(found)


def step(
    tx: Tx, request_id: int, at: datetime, *, hours: float | None, block: str = "chief", **facts: Any
) -> int:
    values: dict[str, Any] = {
        "request_id": request_id, "revision": 1, "position": next(_number), "mode": "any", "block": block,
        "state": "active" if hours is None else "approved", "collect_all": False,
        "opened_at": at, "settled_at": None if hours is None else at + timedelta(hours=hours),
    }  # fmt: skip
    return int(tx.execute(insert(steps).values(**values | facts).returning(steps.c.id)).scalar_one())


def task(
    tx: Tx, request_id: int, step_id: int, person_id: int, at: datetime, *, hours: float | None, **facts: Any
) -> int:
    """With its decision, when there was one."""
    number = tx.execute(
        insert(tasks)
        .values(
            request_id=request_id, step_id=step_id, person_id=person_id, position=1, weight=1, revision=1,
            state="open" if hours is None else "decided", opened_at=at,
        )
        .returning(tasks.c.id)
    ).scalar_one()  # fmt: skip
    if hours is not None:
        values: dict[str, Any] = {
            "request_id": request_id, "step_id": step_id, "task_id": number, "task_revision": 1, "content_hash": "0" * 64,
            "verdict": "approve", "comment": "", "person_id": person_id, "channel": "app", "level": 2, "evidence": "e",
            "state": "effective", "decided_at": at + timedelta(hours=hours),
        }  # fmt: skip
        tx.execute(insert(decisions).values(**values | facts))
    return int(number)
