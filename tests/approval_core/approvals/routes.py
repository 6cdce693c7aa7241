"""Routes for tests: blocks written short, a bureau of accounts that are their own names, and whoever decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from approval_core.approvals import queries, service
from approval_core.approvals.queries import Asked, RequestView
from approval_core.people.actor import Actor
from approval_core.store import Store
from tests.factories import BY_APP, CLIENT, after, hire, submission

Blocks = list[dict[str, Any]]


def step_block(name: str, *accounts: str, mode: str = "any", **settings: Any) -> dict[str, Any]:
    rules = [{"rule": "USER", "account": account, "weight": 1} for account in accounts or (name,)]
    return {"step": name, "approvers": rules, "mode": mode, "threshold": None, "own": "allow"} | settings


def parallel(name: str, join: str | int = "all", **branches: Blocks) -> dict[str, Any]:
    return {"parallel": name, "join": join, "branches": branches}


def sub(name: str, *blocks: dict[str, Any]) -> dict[str, Any]:
    return {"sub": name, "do": list(blocks)}


@dataclass
class Bureau:
    """A store with people; one request at a time. Time goes on by a minute with every act."""

    store: Store
    people: dict[str, Actor] = field(default_factory=dict)
    request_id: int = 0
    minutes: int = 0

    def person(self, account: str) -> Actor:
        if account not in self.people:
            self.people[account] = hire(self.store, account)
        return self.people[account]

    def start(self, *route: dict[str, Any], people: str = "", hold: int = 0, **facts: Any) -> RequestView:
        for account in people.split() or [rule["account"] for rule in _rules(list(route))]:
            self.person(account)
        what = submission(route=list(route), hold_seconds=hold, sms=False, **facts)
        self.request_id = self.store.write(service.submit, what, actor=CLIENT, now=self.now()).request_id
        return self.view()

    def now(self) -> Any:
        self.minutes += 1
        return after(60 * self.minutes)

    def view(self) -> RequestView:
        return self.store.read(queries.by_id, self.request_id)

    def task(self, account: str, *, state: str = "open") -> Asked:
        found = [
            asked
            for one in self.view().steps
            for asked in one.approvers
            if asked.account == account and asked.state == state and asked.task_id
        ]
        assert found, f"{account} has no task that is {state}: {self.standing()}"
        return found[-1]

    def say(self, account: str, verdict: str = "approve", **facts: Any) -> RequestView:
        task = self.task(account)
        self.store.write(
            service.decide, task.task_id, actor=self.person(account), evidence=BY_APP, verdict=verdict,
            task_revision=task.task_revision, now=self.now(), **facts,
        )  # fmt: skip
        return self.view()

    def decide_as(self, account: str, task: Asked, verdict: str = "approve") -> RequestView:
        """Somebody decides a task that is not his own."""
        self.store.write(
            service.decide, task.task_id, actor=self.person(account), evidence=BY_APP, verdict=verdict,
            task_revision=task.task_revision, now=self.now(),
        )  # fmt: skip
        return self.view()

    def asked(self) -> set[str]:
        """Who is asked now."""
        return {
            asked.account for one in self.view().steps for asked in one.approvers if asked.state == "open"
        }

    def standing(self) -> list[tuple[str, str]]:
        return [(one.block, one.state) for one in self.view().steps]


def _rules(route: Any) -> list[dict[str, Any]]:
    """Every approver rule in a route."""
    if isinstance(route, dict):
        return list(route.get("approvers", [])) + [r for value in route.values() for r in _rules(value)]
    return [rule for one in route for rule in _rules(one)] if isinstance(route, list) else []
