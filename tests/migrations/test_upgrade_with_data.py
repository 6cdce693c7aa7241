"""A database from before routes were blocks goes on: what was open is decided to its end, what was closed stays as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from approval_core.approvals import queries, service
from approval_core.approvals.proof import decision_problems
from approval_core.people.actor import Actor
from approval_core.store import Store, Tx
from migrations import upgrade
from tests.factories import BY_APP, NOW, after

ROUTE = [
    {"approvers": [["zhang", 1]], "mode": "any", "threshold": None},
    {"approvers": [["li", 1], ["wang", 1]], "mode": "all", "threshold": None},
]


def put(tx: Tx, /, table: str, **values: Any) -> int:
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    made = tx.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id"), values)  # noqa: S608  # names of this file
    return int(made.scalar_one())


def old_request(tx: Tx, ref: str, *, state: str, steps: tuple[str, str], tasks: tuple[str, str, str]) -> int:
    """A request of two steps as the first revision kept it: every step and task is there from the beginning."""
    request_id = put(
        tx, "request", source="ctais", source_ref=ref, type="GENERIC", title="申请年休假3天", summary="", applicant="王伟",
        form="{}", route=json.dumps(ROUTE), revision=1, content_hash="0" * 64, salts="{}", fingerprint=ref, urgency=0,
        state=state, on_reject="reject", hold_seconds=0, sms=False, submitted_at=NOW, changed_at=NOW,
    )  # fmt: skip
    people = {row.account: row.id for row in tx.execute(text("SELECT id, account FROM person"))}
    for position, (step_state, mode) in enumerate(zip(steps, ("any", "all"), strict=True), start=1):
        step_id = put(
            tx, "step", request_id=request_id, revision=1, position=position, mode=mode, state=step_state
        )
        accounts = ("zhang",) if position == 1 else ("li", "wang")
        for order, account in enumerate(accounts, start=1):
            task_state = tasks[0] if position == 1 else tasks[order]
            opened = None if task_state == "waiting" else NOW
            put(
                tx, "task", request_id=request_id, step_id=step_id, person_id=people[account], position=order,
                weight=1, revision=1, state=task_state, opened_at=opened,
            )  # fmt: skip
    return request_id


@pytest.fixture
def old_store(empty_database_url: str) -> Any:
    upgrade(empty_database_url, "0001")
    store = Store(empty_database_url)
    for account in ("zhang", "li", "wang"):
        store.write(put, "person", account=account, emp_no=account, name=account, rank="R3", email="", established=True, state="active")  # fmt: skip
    yield store, empty_database_url
    store.close()


def decide(store: Store, request_id: int, account: str) -> str:
    view = store.read(queries.by_id, request_id)
    task = next(
        one for step in view.steps for one in step.approvers if one.account == account and one.state == "open"
    )
    actor = Actor("person", account, task.person_id)
    store.write(
        service.decide, task.task_id, actor=actor, evidence=BY_APP, verdict="approve",
        task_revision=task.task_revision, now=after(60),
    )  # fmt: skip
    return store.read(queries.by_id, request_id).state


def test_a_request_in_its_first_step_is_decided_to_its_end_after_the_upgrade(old_store: Any) -> None:
    store, url = old_store
    steps, tasks = ("active", "waiting"), ("open", "waiting", "waiting")
    request_id = store.write(old_request, "A-1", state="pending", steps=steps, tasks=tasks)
    upgrade(url)
    shown = store.read(queries.by_id, request_id)
    assert [(one.block, one.state) for one in shown.steps] == [("step1", "active"), ("step2", "waiting")]
    assert [one.name for one in shown.steps[1].approvers] == ["li", "wang"]
    assert [decide(store, request_id, one) for one in ("zhang", "li", "wang")] == [
        "pending",
        "pending",
        "approved",
    ]
    assert list(store.read(lambda tx: list(decision_problems(tx)))) == []


def test_a_request_in_its_last_step_ends_when_that_step_ends(old_store: Any) -> None:
    store, url = old_store
    steps, tasks = ("approved", "active"), ("decided", "open", "open")
    request_id = store.write(old_request, "A-2", state="pending", steps=steps, tasks=tasks)
    upgrade(url)
    assert [decide(store, request_id, one) for one in ("wang", "li")] == ["pending", "approved"]


def test_a_closed_request_stays_as_it_was(old_store: Any) -> None:
    store, url = old_store
    steps, tasks = ("rejected", "waiting"), ("decided", "waiting", "waiting")
    request_id = store.write(old_request, "A-3", state="rejected", steps=steps, tasks=tasks)
    upgrade(url)
    shown = store.read(queries.by_id, request_id)
    assert shown.state == "rejected"
    assert [one.state for one in shown.steps] == ["rejected", "waiting"]
