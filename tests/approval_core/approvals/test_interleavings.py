"""Any order of decide, undo, end of hold, new content, withdrawal and expiry leaves the office in a state it can explain."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from approval_core import audit, timers
from approval_core.approvals import queries, service
from approval_core.approvals.proof import decision_problems
from approval_core.approvals.queries import RequestView
from approval_core.approvals.service import Content, StepPlan
from approval_core.errors import Conflict, Forbidden
from approval_core.people.actor import Actor, Evidence
from approval_core.store import Store, Tx
from tests.factories import CLIENT, NOW, ask, hire, step

ROUNDS = {"small": 40, "full": 2000}
ACTS = 14
LATE = NOW + timedelta(days=1)
PEOPLE = ("zhang", "li", "wang", "zhao")
LIVE = ("held", "effective")


class Story:
    """One request and whatever happens to it, on a clock of its own."""

    def __init__(self, store: Store, people: list[Actor], dice: random.Random, number: int) -> None:
        self.store, self.people, self.dice, self.now = store, people, dice, NOW
        expires = NOW + timedelta(seconds=dice.choice([40, 200])) if dice.random() < 0.3 else None
        hold = dice.choice([0, 10, 60])
        self.done = [f"submitted with hold {hold}, expiry {expires}"]
        self.id = ask(
            store, *self.route(), ref=f"S-{number}", hold_seconds=hold, expires_at=expires,
            on_reject=dice.choice(["reject", "return"]), now=self.now,
        ).request_id  # fmt: skip

    def route(self) -> tuple[StepPlan, ...]:
        return tuple(self._step() for _ in range(self.dice.randint(1, 3)))

    def _step(self) -> StepPlan:
        mode = self.dice.choice(["any", "all", "sequence", "vote"])
        asked = self.dice.sample(PEOPLE, self.dice.randint(1, 3))
        weighted = [(account, self.dice.randint(1, 5) if mode == "vote" else 1) for account in asked]
        return step(*weighted, mode=mode, threshold=self.dice.randint(1, 100) if mode == "vote" else None)

    def view(self) -> RequestView:
        return self.store.read(queries.by_id, self.id)

    def act(self) -> None:
        self.now += timedelta(seconds=self.dice.choice([0, 1, 5, 30]))
        name = self.dice.choice(
            ["decide", "decide", "decide", "undo", "settle", "settle", "revise", "withdraw", "expire"]
        )
        try:
            said: Any = getattr(self, name)()
        except (Conflict, Forbidden) as refused:
            said = refused.code
        self.done.append(f"{name}: {said}")

    def decide(self) -> Any:
        asked = [one for step in self.view().steps for one in step.approvers if one.task_id]
        task = self.dice.choice(asked)
        actor = next(one for one in self.people if one.person_id == task.person_id)
        evidence = Evidence(self.dice.choice(["sms", "app"]), 1, "x:1")
        verdict = self.dice.choice(["approve", "approve", "approve", "reject", "return"])
        shown = task.task_revision if self.dice.random() < 0.8 else task.task_revision - 1
        return self.store.write(
            service.decide, task.task_id, actor=actor, evidence=evidence, verdict=verdict, task_revision=shown, now=self.now
        )  # fmt: skip

    def _decision(self) -> queries.DecisionView:
        found = self.view().decisions
        if not found:
            raise Conflict("none", "nothing decided yet")
        return self.dice.choice(found)

    def undo(self) -> Any:
        actor, evidence = self.dice.choice(self.people), Evidence("app", 2, "x:2")
        return self.store.write(
            service.undo, self._decision().id, actor=actor, evidence=evidence, now=self.now
        )

    def settle(self) -> Any:
        decision = self._decision()
        if self.dice.random() < 0.5:
            self.store.write(service.receipt_handed_over, decision.id, at=self.now)
        return self.store.write(service.settle, decision.id, now=self.now)

    def revise(self) -> Any:
        content = Content(f"改{self.dice.randint(1, 9)}", "")
        plan = self.route() if self.dice.random() < 0.5 else None
        return self.store.write(
            service.revise, self.id, content=content, plan=plan, actor=CLIENT, now=self.now
        )

    def withdraw(self) -> Any:
        if self.dice.random() < 0.7:
            raise Conflict("kept", "most requests are not withdrawn")
        return self.store.write(service.withdraw, self.id, actor=CLIENT, now=self.now)

    def expire(self) -> Any:
        return self.store.write(service.expire, self.id, now=self.now)


def open_todos(tx: Tx, request_id: int) -> set[int]:
    found = tx.execute(
        text("select task_id from todo where request_id = :r and state = 'open'"), {"r": request_id}
    )
    return {row.task_id for row in found}


def check(story: Story) -> None:
    view = story.view()
    tasks = [one for step in view.steps for one in step.approvers]
    opened = {one.task_id for one in tasks if one.state == "open"}
    live = [one for one in view.decisions if one.state in LIVE]
    held = [one for one in live if one.state == "held"]
    assert len({one.task_id for one in live}) == len(live), "two live decisions on one task"
    assert story.store.read(open_todos, story.id) == opened, "to-dos and open tasks differ"
    if view.state == "pending":
        assert opened or held, "pending, and nobody is asked"
        assert [one.state for one in view.steps].count("active") == 1
    else:
        assert not opened, "closed, and somebody is still asked"
        assert not held, "closed over a held decision"
    for step_view in view.steps:
        if step_view.mode == "any":
            decided = [one for one in step_view.approvers if one.state == "decided"]
            assert len(decided) <= 1, "an or-sign decided twice"
        if step_view.mode == "sequence":
            assert sum(one.state == "open" for one in step_view.approvers) <= 1


@pytest.fixture
def people(store: Store) -> list[Actor]:
    return [hire(store, account) for account in PEOPLE]


def test_no_order_of_events_leaves_a_stuck_or_doubly_decided_request(
    store: Store, people: list[Actor], scale: str, seed: int
) -> None:
    for number in range(ROUNDS[scale]):
        story = Story(store, people, random.Random(f"{seed}/{number}"), number)
        for _ in range(ACTS):
            story.act()
            try:
                check(story)
            except AssertionError as wrong:
                raise AssertionError(f"{wrong}\n" + "\n".join(story.done)) from wrong
    assert store.read(lambda tx: audit.verify(tx, facts=decision_problems)).problems == []
    _every_hold_ends(store)


def _every_hold_ends(store: Store) -> None:
    """A timer waits for each held decision, and long after, the timers alone bring all of them to their end."""
    without = """select count(*) from decision d where d.state = 'held' and not exists (
        select 1 from timer t where t.handler = 'hold_end' and t.state = 'due' and t.ref = cast(d.id as text))"""
    assert count(store, without) == 0
    while store.write(
        timers.fire_one, {"hold_end": service.on_hold_end, "expiry": service.on_expiry}, now=LATE
    ):
        pass
    assert count(store, "select count(*) from decision where state = 'held'") == 0


def count(store: Store, question: str) -> int:
    def read(tx: Tx) -> int:
        return int(tx.execute(text(question)).scalar_one())

    return store.read(read)
