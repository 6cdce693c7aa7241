"""F26: the applicant urges, not too often; the holders are told, in the app first and then by SMS."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from approval_core.approvals import service as approvals
from approval_core.approvals.models import Decision, Request, Task
from approval_core.audit.models import entries
from approval_core.clock import OFFICE_ZONE
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, NotFound
from approval_core.notices import urging
from approval_core.notices.models import Notice
from approval_core.people.actor import Actor
from approval_core.store import Store, Tx
from tests.factories import BY_APP, CLIENT, ask, hire, step

notices, requests = table_of(Notice), table_of(Request)
tasks, decisions = table_of(Task), table_of(Decision)
MORNING = datetime(2026, 5, 6, 9, 0, tzinfo=OFFICE_ZONE)


def told(tx: Tx) -> list[tuple[int, str, dict[str, Any]]]:
    rows = tx.execute(select(notices).where(notices.c.kind == "urged").order_by(notices.c.id))
    return [(row.person_id, row.path, row.facts) for row in rows]


def submitted(store: Store, *accounts: str, **facts: Any) -> tuple[int, Actor, list[Actor]]:
    applicant = hire(store, "hy00500", name="王伟")
    holders = [hire(store, account) for account in accounts]
    request = ask(store, step(*accounts, mode="all"), applicant="hy00500", now=MORNING, **facts).request_id
    return request, applicant, holders


def later(hours: float) -> datetime:
    return MORNING + timedelta(hours=hours)


def test_f26_everybody_who_holds_it_is_told_in_the_app_first_then_by_sms(store: Store) -> None:
    request, applicant, holders = submitted(store, "hy00001", "hy00002")
    first = store.write(urging.urge, request, actor=applicant, now=later(1.5))
    assert (first.number, first.path, first.told) == (1, "app", tuple(one.person_id for one in holders))
    assert first.next_at == later(7.5)  # four working hours later, lunch between
    second = store.write(urging.urge, request, actor=applicant, now=first.next_at)
    assert (second.number, second.path) == (2, "sms")
    assert [(path, facts["number"]) for _, path, facts in store.read(told)] == [
        ("app", 1),
        ("app", 1),
        ("sms", 2),
        ("sms", 2),
    ]


def test_f26_too_soon_is_refused_and_says_when(store: Store) -> None:
    request, applicant, _ = submitted(store, "hy00001")
    with pytest.raises(Conflict) as refusal:
        store.write(urging.urge, request, actor=applicant, now=later(0.5))
    assert (refusal.value.code, refusal.value.data["next_at"]) == ("urge_too_soon", later(1))
    done = store.write(urging.urge, request, actor=applicant, now=later(1))
    with pytest.raises(Conflict) as refusal:
        store.write(urging.urge, request, actor=applicant, now=done.next_at - timedelta(seconds=1))
    assert refusal.value.data["next_at"] == done.next_at
    assert len(store.read(told)) == 1
    assert store.read(urging.standing, request) == urging.UrgeStanding(1, done.next_at)


def test_f26_only_who_asked_for_it_may_urge(store: Store) -> None:
    request, _, holders = submitted(store, "hy00001")
    stranger = hire(store, "hy00600")
    for actor in (stranger, *holders, Actor(kind="client", name="erp")):
        with pytest.raises(Forbidden):
            store.write(urging.urge, request, actor=actor, now=later(2))
    store.write(
        lambda tx: tx.execute(
            update(requests).where(requests.c.id == request).values(submitter_id=stranger.person_id)
        )
    )
    for_him = store.write(urging.urge, request, actor=stranger, now=later(2))
    assert store.write(urging.urge, request, actor=CLIENT, now=for_him.next_at).number == 2


def test_f26_who_has_decided_is_left_alone(store: Store) -> None:
    request, applicant, (first, second) = submitted(store, "hy00001", "hy00002")
    decide(store, request, first, later(1))
    assert store.write(urging.urge, request, actor=applicant, now=later(2)).told == (second.person_id,)


def test_f26_nothing_is_urged_after_the_end(store: Store) -> None:
    request, applicant, (only,) = submitted(store, "hy00001", hold_seconds=60)
    decide(store, request, only, later(1))
    with pytest.raises(Conflict) as refusal:
        store.write(urging.urge, request, actor=applicant, now=later(2))
    assert refusal.value.code == "nobody_holds_it"
    assert store.read(urging.standing, request).next_at is None
    decision = store.read(lambda tx: tx.execute(select(decisions.c.id)).scalar_one())
    assert store.write(approvals.settle, decision, now=later(1.5))
    with pytest.raises(Conflict) as refusal:
        store.write(urging.urge, request, actor=applicant, now=later(3))
    assert (refusal.value.code, refusal.value.data["state"]) == ("closed", "approved")
    with pytest.raises(NotFound):
        store.write(urging.urge, request + 1, actor=applicant, now=later(3))


def test_f26_a_request_that_may_not_be_told_by_sms_stays_in_the_app(store: Store) -> None:
    request, applicant, _ = submitted(store, "hy00001", sms=False)
    now = later(1)
    for _ in range(3):
        done = store.write(urging.urge, request, actor=applicant, now=now)
        now = done.next_at
    assert {path for _, path, _ in store.read(told)} == {"app"}


def test_f26_an_urge_stands_on_the_record(store: Store) -> None:
    request, applicant, _ = submitted(store, "hy00001")
    done = store.write(urging.urge, request, actor=applicant, now=later(1))
    row = store.read(
        lambda tx: tx.execute(
            select(entries.c.actor, entries.c.thing).where(
                entries.c.chain == f"request:{request}", entries.c.verb == "urged"
            )
        ).one()
    )
    assert tuple(row) == ("hy00500", f"urge:{done.urge_id}")


def decide(store: Store, request: int, who: Actor, now: datetime) -> None:
    task_id = store.read(
        lambda tx: tx.execute(
            select(tasks.c.id).where(tasks.c.request_id == request, tasks.c.person_id == who.person_id)
        ).scalar_one()
    )
    store.write(
        approvals.decide, task_id, actor=who, evidence=BY_APP, verdict="approve", task_revision=1, now=now
    )
