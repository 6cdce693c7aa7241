"""A browser as its server sees it: cookies kept, the CSRF token sent with what changes something."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import select

from approval_core.clock import utc_now
from approval_core.people import service as people
from approval_core.people.accounts import service
from approval_core.people.accounts.hashing import Hashing
from approval_core.people.accounts.settings import AccountSettings
from approval_core.people.actor import SYSTEM
from approval_core.people.models import Secretary, persons
from approval_core.people.queries import holders_of_role
from approval_core.store import Store, Tx
from gateway.serve import Site
from tests.factories import insert_person

PASSWORD = "海屿-潮声-3071"
HASH = Hashing(AccountSettings(memory_kib=64, passes=1, lanes=1)).hash(PASSWORD)


class Browser(httpx.Client):
    csrf = ""

    def __init__(self, site: Site) -> None:
        super().__init__(base_url=site.address, timeout=20, trust_env=False)

    def signs_in(self, account: str, password: str = PASSWORD, **headers: str) -> httpx.Response:
        body = {"account": account, "password": password}
        answer = self.post("/api/v1/sign-in", json=body, headers=headers)
        if answer.is_success:
            self.csrf = answer.json()["csrf"]
        return answer

    def asks(self, path: str, *, status: int = 200, **params: Any) -> Any:
        answer = self.get(f"/api/v1{path}", params=params)
        assert answer.status_code == status, answer.text
        return answer.json()

    def does(self, path: str, body: Any = None, *, status: int = 200, method: str = "POST") -> Any:
        answer = self.request(method, f"/api/v1{path}", json=body, headers={"X-CSRF-Token": self.csrf})
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def sends(self, path: str, content: Any, *, status: int = 201, kind: str = "", **params: Any) -> Any:
        """A file, its bytes as they are."""
        headers = {"X-CSRF-Token": self.csrf} | ({"Content-Type": kind} if kind else {})
        answer = self.post(f"/api/v1{path}", content=content, params=params, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def mine(self, request_id: int) -> Any:
        """The one task that waits for me in a matter."""
        [task] = self.asks(f"/requests/{request_id}")["mine"]
        return task

    def on_my_task(self, request_id: int, action: str, *, status: int = 200, **body: Any) -> Any:
        task = self.mine(request_id)
        body = {"task_revision": task["task_revision"]} | body
        return self.does(f"/tasks/{task['task_id']}/{action}", body, status=status)

    def decides(self, verdict: str = "approve", *, status: int = 200, place: int = 0, **changes: Any) -> Any:
        """The first item of the inbox, as it is shown."""
        item = self.asks("/inbox")["items"][place]
        shown = self.asks(f"/requests/{item['request_id']}")
        asked = [one for step in shown["steps"] for one in step["approvers"]]
        [task] = [one for one in asked if one["task_id"] == item["task_id"]]
        body = {"verdict": verdict, "task_revision": task["task_revision"], "comment": ""} | changes
        return self.does(f"/tasks/{item['task_id']}/decide", body, status=status)


def give_password(
    store: Store,
    account: str,
    *,
    role: str | None = None,
    secretary_of: str | None = None,
    must_change: bool = False,
) -> int:
    return store.write(_give, account, role, secretary_of, must_change)


def _give(tx: Tx, account: str, role: str | None, secretary_of: str | None, must_change: bool) -> int:
    now = utc_now()
    of_account = select(persons.c.id).where(persons.c.account == account)
    person_id = tx.execute(of_account).scalar() or insert_person(tx, account, name=f"某{account}")
    service.set_password(tx, person_id, new_hash=HASH, must_change=must_change, actor=SYSTEM, now=now)
    if role is not None and person_id not in {one.id for one in holders_of_role(tx, role, now)}:
        people.grant_role(tx, person_id, role=role, actor=SYSTEM, now=now)
    if secretary_of is not None:
        leader = tx.execute(select(persons.c.id).where(persons.c.account == secretary_of)).scalar_one()
        tx.session.add(Secretary(leader_id=leader, person_id=person_id, valid_from=now))
        tx.session.flush()
    return int(person_id)
