"""Submitted twice, changed, withdrawn, expired, overdue: what happens to what was asked."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text

from approval_core import timers
from approval_core.approvals import queries, service
from approval_core.approvals.queries import Asked, RequestView
from approval_core.approvals.service import Content
from approval_core.errors import Conflict
from approval_core.inbox import queries as inbox
from approval_core.people.actor import Actor
from approval_core.store import Store, Tx
from tests.factories import BY_APP, CLIENT, NOW, after, ask, hire, step

TIMERS = {"hold_end": service.on_hold_end, "expiry": service.on_expiry, "deadline": service.on_deadline}


def view(store: Store, request_id: int) -> RequestView:
    return store.read(queries.by_id, request_id)


def first_task(store: Store, request_id: int) -> Asked:
    return view(store, request_id).steps[0].approvers[0]


def decide(store: Store, request_id: int, actor: Actor, *, now: datetime = NOW) -> service.Decided:
    task = first_task(store, request_id)
    return store.write(
        service.decide,
        task.task_id,
        actor=actor,
        evidence=BY_APP,
        verdict="approve",
        task_revision=task.task_revision,
        now=now,
    )


def notices(store: Store) -> list[tuple[str, int, str]]:
    def read(tx: Tx) -> list[tuple[str, int, str]]:
        rows = tx.execute(text("select kind, person_id, state from notice order by id"))
        return [(row.kind, row.person_id, row.state) for row in rows]

    return store.read(read)


def events(store: Store) -> list[str]:
    return store.read(lambda tx: [row.type for row in tx.execute(text("select type from event order by id"))])


def fire(store: Store, now: datetime) -> int:
    fired = 0
    while store.write(timers.fire_one, TIMERS, now=now):
        fired += 1
    return fired


def test_the_same_submission_again_is_the_first_request(store: Store) -> None:
    hire(store, "zhang")
    first, second = ask(store, step("zhang")), ask(store, step("zhang"), now=after(5))
    assert (first.created, second.created, second.request_id) == (True, False, first.request_id)
    assert len(inbox_of(store, "zhang")) == 1


def inbox_of(store: Store, account: str) -> list[str]:
    def read(tx: Tx) -> list[str]:
        person_id = tx.execute(text("select id from person where account = :a"), {"a": account}).scalar_one()
        return [item.state for item in inbox.open_items(tx, person_id).items]

    return store.read(read)


def test_another_submission_under_a_taken_ref_is_a_conflict(store: Store) -> None:
    hire(store, "zhang")
    ask(store, step("zhang"))
    with pytest.raises(Conflict) as refused:
        ask(store, step("zhang"), title="申请用车")
    assert refused.value.code == "ref_conflict"


def test_an_approver_without_a_number_is_a_warning_and_not_a_refusal(store: Store) -> None:
    hire(store, "zhang")
    hire(store, "li", number="+8612900000001")
    asked = ask(store, step("zhang", "li"))
    assert [warning.split()[0] for warning in asked.warnings] == ["zhang"]


def test_f17_new_content_is_a_new_revision_and_voids_what_was_asked(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"))
    old = first_task(store, asked.request_id)

    store.write(
        service.revise, asked.request_id, content=Content("申请年休假5天", "x"), actor=CLIENT, now=after(10)
    )

    changed = view(store, asked.request_id)
    assert (changed.revision, changed.title, changed.state) == (2, "申请年休假5天", "pending")
    assert first_task(store, asked.request_id).task_id != old.task_id
    with pytest.raises(Conflict) as refused:
        store.write(
            service.decide,
            old.task_id,
            actor=zhang,
            evidence=BY_APP,
            verdict="approve",
            task_revision=1,
            now=after(11),
        )
    assert refused.value.code == "changed"
    person = zhang.person_id
    assert notices(store) == [
        ("request", person, "dropped"),
        ("changed", person, "due"),
        ("request", person, "due"),
    ]
    assert inbox_of(store, "zhang") == ["open"]


def test_new_content_supersedes_the_decisions_on_the_old(store: Store) -> None:
    zhang = hire(store, "zhang")
    hire(store, "li")
    asked = ask(store, step("zhang"), step("li"), hold_seconds=0)
    decide(store, asked.request_id, zhang)
    store.write(service.revise, asked.request_id, content=Content("另一件", ""), actor=CLIENT, now=after(10))
    changed = view(store, asked.request_id)
    assert [one.state for one in changed.decisions] == ["superseded"]
    assert [one.state for one in changed.steps] == ["active", "waiting"]


def test_the_same_content_again_changes_nothing(store: Store) -> None:
    hire(store, "zhang")
    asked = ask(store, step("zhang"))
    same = Content("申请年休假3天", "5月6日起", {"days": 3})
    assert not store.write(
        service.revise, asked.request_id, content=same, actor=CLIENT, now=after(10)
    ).created
    assert view(store, asked.request_id).revision == 1


def test_while_a_decision_is_held_nothing_is_changed_or_withdrawn(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"))
    decide(store, asked.request_id, zhang)
    with pytest.raises(Conflict) as revised:
        store.write(
            service.revise, asked.request_id, content=Content("另一件", ""), actor=CLIENT, now=after(1)
        )
    with pytest.raises(Conflict) as withdrawn:
        store.write(service.withdraw, asked.request_id, actor=CLIENT, now=after(1))
    for refused in (revised, withdrawn):
        assert (refused.value.code, refused.value.data["held_until"]) == ("held", after(120))


def test_a_returned_request_comes_back_as_a_new_revision(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"), hold_seconds=0)
    task = first_task(store, asked.request_id)
    store.write(
        service.decide,
        task.task_id,
        actor=zhang,
        evidence=BY_APP,
        verdict="return",
        task_revision=1,
        now=after(1),
    )
    assert view(store, asked.request_id).state == "returned"
    store.write(
        service.revise, asked.request_id, content=Content("补齐材料", ""), actor=CLIENT, now=after(10)
    )
    assert (view(store, asked.request_id).state, view(store, asked.request_id).closed_at) == ("pending", None)


def test_f23_withdrawn_in_between_the_decision_is_told_so(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"))
    task = first_task(store, asked.request_id)
    store.write(service.withdraw, asked.request_id, actor=CLIENT, reason="填错", now=after(1))
    with pytest.raises(Conflict) as refused:
        store.write(
            service.decide,
            task.task_id,
            actor=zhang,
            evidence=BY_APP,
            verdict="approve",
            task_revision=1,
            now=after(2),
        )
    assert (refused.value.code, refused.value.data["state"]) == ("closed", "withdrawn")
    assert inbox_of(store, "zhang") == []
    with pytest.raises(Conflict):
        store.write(service.withdraw, asked.request_id, actor=CLIENT, now=after(3))


def test_an_expired_request_is_never_consent(store: Store) -> None:
    hire(store, "zhang")
    asked = ask(store, step("zhang"), expires_at=after(100))
    assert fire(store, after(99)) == 0
    assert fire(store, after(100)) == 1
    assert view(store, asked.request_id).state == "expired"
    assert "approval.expired" in events(store)


def test_a_decision_in_time_keeps_its_hold_over_the_expiry(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"), expires_at=after(100))
    decide(store, asked.request_id, zhang, now=after(90))
    fire(store, after(101))
    assert view(store, asked.request_id).state == "pending"
    fire(store, after(90 + 120))
    assert view(store, asked.request_id).state == "approved"


def test_an_expiry_that_waits_for_a_hold_whose_timer_fails_never_runs_in_a_circle(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"), expires_at=after(100))
    decide(store, asked.request_id, zhang, now=after(90))

    def fails(_tx: Tx, _ref: str, _now: datetime) -> None:
        raise ValueError("not today")

    handlers = TIMERS | {"hold_end": fails}
    rounds = 0
    while rounds < 20 and store.write(timers.fire_one, handlers, now=after(400)):
        rounds += 1
    assert rounds == 2  # the hold, which fails, and the expiry, which looks again later
    assert view(store, asked.request_id).state == "pending"


def test_the_timer_of_the_hold_makes_the_decision_effective(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"))
    decide(store, asked.request_id, zhang)
    assert fire(store, after(119)) == 0
    assert fire(store, after(120)) == 1
    assert view(store, asked.request_id).state == "approved"


def test_a_passed_deadline_is_said_once_and_decides_nothing(store: Store) -> None:
    hire(store, "zhang")
    asked = ask(store, step("zhang"), due_at=after(50))
    fire(store, after(60))
    fire(store, after(70))
    assert events(store).count("approval.overdue") == 1
    assert view(store, asked.request_id).state == "pending"


def test_f47_every_change_of_state_is_told_once_and_in_order(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"), sms=False)
    decide(store, asked.request_id, zhang)
    fire(store, after(500))
    assert events(store) == [
        "approval.submitted", "task.opened", "approval.decided", "approval.effective", "approval.closed"
    ]  # fmt: skip


def test_a_remark_stays_as_written_and_decides_nothing(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"))
    store.write(service.remark, asked.request_id, actor=zhang, text="请补充附件", now=after(5))
    seen = view(store, asked.request_id)
    assert ([one.text for one in seen.remarks], seen.state) == (["请补充附件"], "pending")
