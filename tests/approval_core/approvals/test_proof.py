"""A decision changed behind the back of the office is found and named."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from approval_core import audit
from approval_core.approvals import queries, service
from approval_core.approvals.proof import record_problems
from approval_core.approvals.service import Content
from approval_core.store import Store
from tests.factories import BY_SMS, CLIENT, after, ask, hire, step


@pytest.fixture
def busy_store(store: Store) -> Store:
    """Decisions that were effective, undone, held and superseded."""
    zhang, li = hire(store, "zhang"), hire(store, "li")
    for number, hold in enumerate((0, 60, 60, 0)):
        asked = ask(store, step("zhang"), step("li"), ref=f"P-{number}", hold_seconds=hold)
        task = store.read(queries.by_id, asked.request_id).steps[0].approvers[0]
        decided = store.write(
            service.decide,
            task.task_id,
            actor=zhang,
            evidence=BY_SMS,
            verdict="approve",
            task_revision=1,
            comment="好",
            now=after(1),
        )
        if number == 1:
            store.write(service.undo, decided.decision_id, actor=zhang, evidence=BY_SMS, now=after(2))
        if number == 3:
            store.write(
                service.revise, asked.request_id, content=Content("x", "y"), actor=CLIENT, now=after(3)
            )
    assert li.person_id
    return store


def problems(store: Store) -> list[str]:
    return [str(one) for one in store.read(lambda tx: audit.verify(tx, facts=record_problems)).problems]


def test_an_untouched_office_has_nothing_to_say(busy_store: Store) -> None:
    assert problems(busy_store) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("update decision set verdict = 'reject' where id = 1", "verdict is not what was recorded"),
        ("update decision set comment = 'x' where id = 2", "comment is not what was recorded"),
        ("update decision set person_id = 2 where id = 3", "person_id is not what was recorded"),
        ("update decision set evidence = 'sms_inbound:9' where id = 1", "evidence is not what was recorded"),
        ("update decision set state = 'effective' where id = 2", "state is not what was recorded"),
        ("update decision set state = 'effective' where id = 4", "state is not what was recorded"),
        (
            "update decision set decided_at = '2020-01-01 00:00:00' where id = 1",
            "decided_at is not what was recorded",
        ),
        ("delete from decision where id = 3", "recorded, and gone"),
    ],
)
def test_a_changed_or_missing_decision_is_named(busy_store: Store, change: str, named: str) -> None:
    busy_store.write(lambda tx: tx.execute(text(change)) and None)
    (found,) = problems(busy_store)
    assert named in found
    number = change[-1]
    assert f"decision id {number}" in found


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("update request set title = 'x' where id = 1", "the content is not what its hash says"),
        ("update request set summary = 'x' where id = 2", "the content is not what its hash says"),
        ("update request set applicant = 'x' where id = 4", "the content is not what its hash says"),
        ("update request set revision = 1 where id = 4", "revision is not what was recorded"),
    ],
)
def test_content_changed_behind_the_back_is_named(busy_store: Store, change: str, named: str) -> None:
    busy_store.write(lambda tx: tx.execute(text(change)) and None)
    (found,) = problems(busy_store)
    assert named in found
    assert f"request id {change[-1]}" in found


def test_a_content_hash_of_its_own_making_is_named(busy_store: Store) -> None:
    busy_store.write(
        lambda tx: tx.execute(text("update request set content_hash = 'x' where id = 1")) and None
    )
    assert any("content_hash is not what was recorded" in one for one in problems(busy_store))


def test_an_invented_decision_is_named(busy_store: Store) -> None:
    busy_store.write(
        lambda tx: (
            tx.execute(
                text(
                    "insert into decision (request_id, step_id, task_id, task_revision, content_hash, verdict, comment, person_id,"
                    " channel, level, evidence, state, decided_at) select request_id, step_id, task_id, 99, content_hash, verdict,"
                    " comment, person_id, channel, level, evidence, state, decided_at from decision where id = 1"
                )
            )
            and None
        )
    )
    assert ["no entry of the trail tells of it" in one for one in problems(busy_store)] == [True]
