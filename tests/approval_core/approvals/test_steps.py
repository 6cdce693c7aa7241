"""F1–F4: or-sign, counter-sign, sequential sign, vote; and the way from step to step."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from approval_core.approvals import queries, service
from approval_core.approvals.queries import RequestView
from approval_core.approvals.service import StepPlan
from approval_core.errors import Conflict, Invalid
from approval_core.people.actor import Actor
from approval_core.store import Store
from tests.factories import BY_APP, after, ask, hire, step

Say = Callable[..., RequestView]


@pytest.fixture
def say(store: Store) -> Say:
    """`say(request_id, actor, verdict)`: the actor decides his open task; without a hold unless `hold` says so."""

    def decide(
        request_id: int, actor: Actor, verdict: str = "approve", *, settle: bool = True
    ) -> RequestView:
        view = store.read(queries.by_id, request_id)
        mine = [
            a
            for one in view.steps
            for a in one.approvers
            if a.person_id == actor.person_id and a.state != "decided"
        ]
        decided = store.write(
            service.decide,
            mine[0].task_id,
            actor=actor,
            evidence=BY_APP,
            verdict=verdict,
            task_revision=mine[0].task_revision,
            now=after(1),
        )
        if settle and decided.state == "held":
            store.write(service.settle, decided.decision_id, now=after(1000))
        return store.read(queries.by_id, request_id)

    return decide


def people(store: Store, *accounts: str) -> list[Actor]:
    return [hire(store, account) for account in accounts]


def states(view: RequestView) -> list[list[str]]:
    return [[asked.state for asked in one.approvers] for one in view.steps]


def test_f01_or_sign_the_first_decision_closes_the_step_for_all(store: Store, say: Say) -> None:
    _, li, _ = people(store, "zhang", "li", "wang")
    asked = ask(store, step("zhang", "li", "wang"), hold_seconds=0)
    view = say(asked.request_id, li)
    assert view.state == "approved"
    assert states(view) == [["over", "decided", "over"]]


def test_f02_counter_sign_passes_when_all_approved(store: Store, say: Say) -> None:
    zhang, li = people(store, "zhang", "li")
    asked = ask(store, step("zhang", "li", mode="all"), hold_seconds=0)
    assert say(asked.request_id, zhang).state == "pending"
    assert say(asked.request_id, li).state == "approved"


def test_f02_counter_sign_ends_at_the_first_effective_rejection(store: Store, say: Say) -> None:
    _, li, _ = people(store, "zhang", "li", "wang")
    asked = ask(store, step("zhang", "li", "wang", mode="all"), hold_seconds=0)
    view = say(asked.request_id, li, "reject")
    assert view.state == "rejected"
    assert states(view) == [["over", "decided", "over"]]


def test_f02_a_held_decision_of_a_step_settled_by_another_is_superseded(store: Store, say: Say) -> None:
    zhang, li = people(store, "zhang", "li")
    asked = ask(store, step("zhang", "li", mode="all"), hold_seconds=60)
    say(asked.request_id, zhang, settle=False)
    view = say(asked.request_id, li, "reject")
    assert view.state == "rejected"
    assert [one.state for one in view.decisions] == ["superseded", "effective"]


def test_f02_the_step_completes_only_when_the_last_decision_is_effective(store: Store, say: Say) -> None:
    zhang, li = people(store, "zhang", "li")
    asked = ask(store, step("zhang", "li", mode="all"), hold_seconds=60)
    say(asked.request_id, zhang)
    assert say(asked.request_id, li, settle=False).state == "pending"


def test_f03_sequential_sign_asks_the_next_only_after_the_one_before(store: Store, say: Say) -> None:
    zhang, li = people(store, "zhang", "li")
    asked = ask(store, step("zhang", "li", mode="sequence"), hold_seconds=0)
    assert states(store.read(queries.by_id, asked.request_id)) == [["open", "waiting"]]
    with pytest.raises(Conflict) as early:
        say(asked.request_id, li)
    assert early.value.code == "not_yet"
    assert states(say(asked.request_id, zhang)) == [["decided", "open"]]
    assert say(asked.request_id, li).state == "approved"


def test_f03_a_rejection_ends_the_sequence(store: Store, say: Say) -> None:
    zhang, _ = people(store, "zhang", "li")
    asked = ask(store, step("zhang", "li", mode="sequence"), hold_seconds=0)
    view = say(asked.request_id, zhang, "reject")
    assert (view.state, states(view)) == ("rejected", [["decided", "over"]])


def test_f04_a_vote_passes_at_the_threshold_by_weight(store: Store, say: Say) -> None:
    zhang, li, _ = people(store, "zhang", "li", "wang")
    asked = ask(store, step(("zhang", 3), ("li", 2), ("wang", 5), mode="vote", threshold=50), hold_seconds=0)
    assert say(asked.request_id, zhang).state == "pending"
    view = say(asked.request_id, li)
    assert (view.state, states(view)) == ("approved", [["decided", "decided", "over"]])


def test_f04_a_vote_fails_as_soon_as_the_threshold_is_out_of_reach(store: Store, say: Say) -> None:
    _, _, wang = people(store, "zhang", "li", "wang")
    asked = ask(store, step(("zhang", 3), ("li", 2), ("wang", 5), mode="vote", threshold=51), hold_seconds=0)
    assert say(asked.request_id, wang, "reject").state == "rejected"


def test_the_next_step_opens_when_the_one_before_is_approved(store: Store, say: Say) -> None:
    zhang, li = people(store, "zhang", "li")
    asked = ask(store, step("zhang"), step("li"), hold_seconds=60)
    assert states(say(asked.request_id, zhang, settle=False)) == [["decided"], ["waiting"]]
    view = store.read(queries.by_id, asked.request_id)
    store.write(service.settle, view.decisions[0].id, now=after(100))
    view = store.read(queries.by_id, asked.request_id)
    assert (view.state, states(view)) == ("pending", [["decided"], ["open"]])
    assert say(asked.request_id, li).state == "approved"


@pytest.mark.parametrize(
    ("on_reject", "verdict", "state"),
    [("reject", "reject", "rejected"), ("return", "reject", "returned"), ("reject", "return", "returned")],
)
def test_f16_a_refusal_ends_or_returns_as_the_request_says(
    store: Store, say: Say, on_reject: str, verdict: str, state: str
) -> None:
    zhang, _ = people(store, "zhang", "li")
    asked = ask(store, step("zhang"), step("li"), on_reject=on_reject, hold_seconds=0)
    view = say(asked.request_id, zhang, verdict)
    assert view.state == state
    assert view.steps[1].state == "waiting"


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        ((), "bad_steps"),
        ((step("zhang", "zhang"),), "approver_twice"),
        ((step(mode="any"),), "bad_approvers"),
        ((step("zhang", mode="most"),), "bad_mode"),
        ((step("zhang", mode="vote"),), "bad_threshold"),
        ((step(("zhang", 0), mode="vote", threshold=50),), "bad_weight"),
        ((step("nobody"),), "unknown_approver"),
    ],
)
def test_a_route_that_cannot_run_is_refused_with_the_place(
    store: Store, plan: tuple[StepPlan, ...], code: str
) -> None:
    hire(store, "zhang")
    with pytest.raises(Invalid) as refused:
        ask(store, *plan)
    assert refused.value.code == code
