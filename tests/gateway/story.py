"""What the tests of the systems API say to it, and the people it asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import select

from approval_core.approvals.models import Task
from approval_core.approvals.queries import row_of
from approval_core.approvals.service import Decided, decide
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.people.actor import Actor, Evidence
from approval_core.people.queries import person_by_account
from approval_core.store import Tx
from gateway.serve import Site
from tests.factories import insert_person

tasks = table_of(Task)
LEADERS = ("hy00001", "hy00002", "hy00003")
WITHOUT_PHONE = "hy00900"


def some_people(tx: Tx, *, now: datetime) -> None:
    for number, account in enumerate(LEADERS, start=1):
        insert_person(tx, account, name=f"领导{number}", number=f"+861290000000{number}")
    insert_person(tx, WITHOUT_PHONE, name="无手机")


def request(ref: str = "R-1", **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "ref": ref,
        "type": "GENERIC",
        "title": "关于召开征管工作会的请示",
        "summary": "拟于六月上旬召开",
        "applicant": "王伟",
        "steps": [{"approvers": ["hy00001"], "mode": "any"}],
        "form": {"人数": 40},
    }
    return {name: value for name, value in (body | changes).items() if value is not ...}


@dataclass
class System:
    """Another system: its key and a connection that bears it."""

    name: str
    key: str
    http: httpx.Client
    site: Site

    def ask(self, ref: str = "R-1", *, key: str | None = None, **changes: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self.http.post("/systems/v1/approvals", json=request(ref, **changes), headers=headers)

    def show(self, ref: str = "R-1") -> Any:
        answer = self.http.get(f"/systems/v1/approvals/{ref}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def decides(self, account: str, ref: str = "R-1", verdict: str = "approve", comment: str = "") -> Decided:
        """As if the person had pressed the button in the app."""
        return self.site.store.write(_decide, self.name, ref, account, verdict, comment, now=utc_now())


def _decide(
    tx: Tx, source: str, ref: str, account: str, verdict: str, comment: str, *, now: datetime
) -> Decided:
    card = person_by_account(tx, account)
    assert card is not None
    row = row_of(tx, source, ref)
    task = tx.execute(
        select(tasks.c.id, tasks.c.revision).where(
            tasks.c.request_id == row.id, tasks.c.person_id == card.id, tasks.c.state == "open"
        )
    ).one()
    return decide(
        tx,
        task.id,
        actor=Actor(kind="person", name=account, person_id=card.id),
        evidence=Evidence(channel="app", level=2, ref="test:1"),
        verdict=verdict,
        task_revision=task.revision,
        comment=comment,
        now=now,
    )
