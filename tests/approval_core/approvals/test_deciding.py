"""One decision, first one wins; it counts for what was shown; it can be taken back while it is held."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from approval_core.approvals import queries, service
from approval_core.approvals.deciding import RECEIPT_WAIT
from approval_core.approvals.queries import Asked, RequestView
from approval_core.errors import Conflict, Forbidden, Invalid, NotFound
from approval_core.people.actor import SYSTEM, Actor
from approval_core.store import Store
from tests.factories import BY_APP, BY_SMS, NOW, after, ask, hire, step


def view(store: Store, request_id: int) -> RequestView:
    return store.read(queries.by_id, request_id)


def tasks(store: Store, request_id: int) -> list[Asked]:
    return [asked for one in view(store, request_id).steps for asked in one.approvers]


def decide(
    store: Store, task: Asked, actor: Actor, verdict: str = "approve", **facts: Any
) -> service.Decided:
    defaults: dict[str, Any] = {"evidence": BY_APP, "task_revision": task.task_revision, "now": after(60)}
    return store.write(service.decide, task.task_id, actor=actor, verdict=verdict, **(defaults | facts))


def test_a_decision_is_held_and_becomes_effective_when_the_hold_ends(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"))
    (task,) = tasks(store, asked.request_id)

    decided = decide(store, task, zhang, comment="注意交接")

    assert (decided.state, decided.held_until, decided.effect) == ("held", after(180), "approved")
    held = view(store, asked.request_id)
    assert (held.state, held.held_until) == ("pending", after(180))
    assert not store.write(service.settle, decided.decision_id, now=after(179))
    assert store.write(service.settle, decided.decision_id, now=after(180))
    done = view(store, asked.request_id)
    assert (done.state, done.held_until, done.steps[0].state) == ("approved", None, "approved")
    (decision,) = done.decisions
    assert (decision.verdict, decision.by, decision.channel, decision.comment) == (
        "approve",
        "zhang",
        "app",
        "注意交接",
    )
    assert not store.write(service.settle, decided.decision_id, now=after(999))


def test_without_a_hold_the_decision_is_effective_at_once(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"), hold_seconds=0)

    assert decide(store, tasks(store, asked.request_id)[0], zhang).state == "effective"
    assert view(store, asked.request_id).state == "approved"


def test_the_second_decision_of_an_or_sign_is_told_who_won(store: Store) -> None:
    zhang, li = hire(store, "zhang", name="张三"), hire(store, "li")
    asked = ask(store, step("zhang", "li"))
    first, second = tasks(store, asked.request_id)
    decide(store, first, zhang, "reject")

    with pytest.raises(Conflict) as refused:
        decide(store, second, li)

    assert refused.value.code == "already_decided"
    assert refused.value.data["by"] == "张三"
    assert refused.value.data["at"] == after(60)
    assert (refused.value.data["same"], refused.value.data["own"], refused.value.data["channel"]) == (
        False,
        False,
        "app",
    )
    assert [one.state for one in tasks(store, asked.request_id)] == ["decided", "over"]


def test_the_same_decision_again_is_known_as_the_same(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"))
    (task,) = tasks(store, asked.request_id)
    decide(store, task, zhang)

    with pytest.raises(Conflict) as refused:
        decide(store, task, zhang)

    assert (refused.value.code, refused.value.data["own"], refused.value.data["same"]) == (
        "already_decided",
        True,
        True,
    )


@pytest.mark.parametrize("verdict", ["yes", "", "APPROVE"])
def test_a_verdict_is_one_of_three_words(store: Store, verdict: str) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"))
    with pytest.raises(Invalid, match="approve, reject, return"):
        decide(store, tasks(store, asked.request_id)[0], zhang, verdict)


def test_nobody_decides_a_task_of_somebody_else(store: Store) -> None:
    hire(store, "zhang")
    li = hire(store, "li")
    asked = ask(store, step("zhang"))
    (task,) = tasks(store, asked.request_id)
    for stranger in (li, SYSTEM, Actor("client", "ctais", client_id=1)):
        with pytest.raises(Forbidden, match="somebody else's"):
            decide(store, task, stranger)
    assert tasks(store, asked.request_id)[0].state == "open"


def test_a_task_that_does_not_exist_is_said_so(store: Store) -> None:
    zhang = hire(store, "zhang")
    with pytest.raises(NotFound):
        store.write(
            service.decide, 999, actor=zhang, evidence=BY_APP, verdict="approve", task_revision=1, now=NOW
        )


def test_undo_inside_the_hold_opens_the_task_at_a_raised_revision(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"))
    (task,) = tasks(store, asked.request_id)
    decided = decide(store, task, zhang)

    undone = store.write(service.undo, decided.decision_id, actor=zhang, evidence=BY_SMS, now=after(100))

    assert (undone.task_id, undone.task_revision) == (task.task_id, 2)
    assert view(store, asked.request_id).decisions[0].state == "undone"
    assert tasks(store, asked.request_id)[0].state == "open"
    with pytest.raises(Conflict) as repeated:
        decide(store, task, zhang, now=after(110))
    assert repeated.value.code == "changed"
    assert not store.write(service.settle, decided.decision_id, now=after(9999))
    assert view(store, asked.request_id).state == "pending"


def test_undo_after_the_hold_is_refused_even_before_the_timer_ran(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"))
    decided = decide(store, tasks(store, asked.request_id)[0], zhang)
    with pytest.raises(Conflict) as late:
        store.write(service.undo, decided.decision_id, actor=zhang, evidence=BY_SMS, now=after(180))
    assert late.value.code == "hold_over"


def test_only_who_decided_may_undo_and_only_once(store: Store) -> None:
    zhang, li = hire(store, "zhang"), hire(store, "li")
    asked = ask(store, step("zhang"))
    decided = decide(store, tasks(store, asked.request_id)[0], zhang)
    with pytest.raises(Forbidden):
        store.write(service.undo, decided.decision_id, actor=li, evidence=BY_SMS, now=after(61))
    store.write(service.undo, decided.decision_id, actor=zhang, evidence=BY_SMS, now=after(61))
    with pytest.raises(Conflict) as again:
        store.write(service.undo, decided.decision_id, actor=zhang, evidence=BY_SMS, now=after(62))
    assert again.value.code == "already_undone"


def test_undo_of_an_or_sign_asks_the_displaced_ones_again(store: Store) -> None:
    zhang, li = hire(store, "zhang"), hire(store, "li")
    asked = ask(store, step("zhang", "li"))
    first, second = tasks(store, asked.request_id)
    decided = decide(store, first, zhang)
    store.write(service.undo, decided.decision_id, actor=zhang, evidence=BY_SMS, now=after(61))

    again = tasks(store, asked.request_id)
    assert [(one.state, one.task_revision) for one in again] == [("open", 2), ("open", 2)]
    with pytest.raises(Conflict, match="asked anew"):
        decide(store, second, li, now=after(62))
    assert decide(store, again[1], li, now=after(63)).state == "held"


def test_by_sms_the_hold_counts_from_the_hand_over_of_the_receipt(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"))
    decided = decide(store, tasks(store, asked.request_id)[0], zhang, evidence=BY_SMS)
    assert decided.held_until == after(180) + RECEIPT_WAIT

    store.write(service.receipt_handed_over, decided.decision_id, at=after(70))

    assert view(store, asked.request_id).held_until == after(190)
    store.write(service.receipt_handed_over, decided.decision_id, at=after(100))
    assert view(store, asked.request_id).held_until == after(190)
    assert not store.write(service.settle, decided.decision_id, now=after(189))
    assert store.write(service.settle, decided.decision_id, now=after(190))


def test_a_decision_after_the_expiry_does_not_count_even_before_the_timer_ran(store: Store) -> None:
    zhang = hire(store, "zhang")
    asked = ask(store, step("zhang"), expires_at=after(60))
    with pytest.raises(Conflict) as late:
        decide(store, tasks(store, asked.request_id)[0], zhang)
    assert (late.value.code, late.value.data["state"]) == ("closed", "expired")


def test_many_hands_on_one_or_sign_leave_exactly_one_decision(store: Store) -> None:
    people = [hire(store, f"p{number}") for number in range(8)]
    asked = ask(store, step(*(one.name for one in people)), hold_seconds=0)
    todo = tasks(store, asked.request_id)
    results: list[str] = []

    def one(number: int) -> None:
        try:
            decide(store, todo[number], people[number], "approve" if number % 2 else "reject")
            results.append("won")
        except Conflict as lost:
            results.append(lost.code)

    hands = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()

    assert sorted(results) == ["already_decided"] * 7 + ["won"]
    assert len(view(store, asked.request_id).decisions) == 1


def test_a_held_decision_is_either_undone_or_effective_never_both(store: Store) -> None:
    zhang = hire(store, "zhang")
    for round_number in range(20):
        asked = ask(store, step("zhang"), ref=f"R-{round_number}")
        decided = decide(store, tasks(store, asked.request_id)[0], zhang)
        ends = [
            threading.Thread(target=lambda d=decided: _ignore(store, d.decision_id, zhang, after(179))),
            threading.Thread(
                target=lambda d=decided: store.write(service.settle, d.decision_id, now=after(180))
            ),
        ]
        for end in ends:
            end.start()
        for end in ends:
            end.join()
        after_all = view(store, asked.request_id)
        assert (after_all.decisions[0].state, after_all.state) in {
            ("undone", "pending"),
            ("effective", "approved"),
        }


def _ignore(store: Store, decision_id: int, actor: Actor, now: Any) -> None:
    try:
        store.write(service.undo, decision_id, actor=actor, evidence=BY_SMS, now=now)
    except Conflict as late:
        assert late.code == "hold_over"  # noqa: PT017 — either end is right; anything else is not
    assert now - NOW < timedelta(seconds=180)
