"""B11: an undo within the hold always wins, one after it never; and nothing of a decision is told outside before its hold is over.

Random interleavings of deciding, undoing, taking back, receipts, timers that are late or early, reading, withdrawal and an
administrator's hand, each judged by a clock that the office does not see.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from approval_core import audit, outbox
from approval_core.approvals import queries, service
from approval_core.approvals.models import Decision
from approval_core.approvals.proof import record_problems
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, NotFound
from approval_core.outbox import Event
from approval_core.people.actor import SYSTEM, Actor, Evidence
from approval_core.store import Store, Tx
from tests.factories import CLIENT, NOW, ask, hire, step

decisions, events = table_of(Decision), table_of(Event)

ROUNDS = {"small": 200, "full": 10_000}
ACTS = 15
PEOPLE = ("zhang", "li", "wang", "zhao")
#: What leaves the house follows these and nothing else.
OUTWARD = ("approval.effective", "approval.closed")


@dataclass
class Held:
    """What the judge knows of a decision in hold."""

    id: int
    person: Actor
    until: datetime


@dataclass
class Round:
    """One request, on a clock of its own."""

    store: Store
    people: list[Actor]
    dice: random.Random
    number: int
    now: datetime = NOW
    done: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.hold = self.dice.choice([5, 30, 120])
        self.id = ask(
            self.store, *self._route(), ref=f"U-{self.number}", hold_seconds=self.hold, sms=False,
            on_reject=self.dice.choice(["reject", "return"]), now=self.now,
        ).request_id  # fmt: skip

    def _route(self) -> list[Any]:
        return [
            step(
                *self.dice.sample(PEOPLE, self.dice.randint(1, 3)),
                mode=(mode := self.dice.choice(["any", "all", "sequence", "vote"])),
                threshold=self.dice.randint(1, 100) if mode == "vote" else None,
            )
            for _ in range(self.dice.randint(1, 3))
        ]

    def held(self) -> list[Held]:
        found = self.store.read(lambda tx: _held(tx, self.id))
        by_id = {one.person_id: one for one in self.people}
        return [Held(row.id, by_id[row.person_id], row.held_until) for row in found]

    def act(self) -> None:
        self.now += timedelta(seconds=self.dice.choice([0, 1, 4, 29, 31, 125]))
        name = self.dice.choices(
            ["decide", "undo", "settle", "receipt", "take_back", "read", "withdraw", "terminate"],
            [6, 4, 6, 1, 5, 1, 0.2, 0.2],
        )[0]
        self.done.append(f"{self.now:%H:%M:%S} {name}")
        try:
            self.done[-1] += f" {getattr(self, name)()}"
        except (Conflict, Forbidden, NotFound) as refused:
            self.done[-1] += f" refused: {refused.code}"

    def decide(self) -> str:
        tasks = [one for block in self._view().steps for one in block.approvers if one.state == "open"]
        if not tasks:
            return "nobody is asked"
        task = self.dice.choice(tasks)
        actor = next(one for one in self.people if one.person_id == task.person_id)
        decided = self.store.write(
            service.decide, task.task_id, actor=actor, evidence=Evidence(self.dice.choice(["sms", "app", "web"]), 2, "x:1"),
            verdict=self.dice.choice(["approve"] * 6 + ["reject", "return"]),
            task_revision=task.task_revision, now=self.now,
        )  # fmt: skip
        assert decided.state == "held"
        assert decided.held_until is not None
        assert decided.held_until >= self.now + timedelta(seconds=self.hold)
        return f"#{decided.decision_id} until {decided.held_until:%H:%M:%S}"

    def undo(self) -> str:
        """Within the hold it wins whatever else has happened; after it, never."""
        return self._undo_one("undo", service.undo)

    def take_back(self) -> str:
        """The same word within the hold; after it only while nobody behind has looked: the task then is open again."""
        every = self._view().decisions
        if not every:
            return "nothing decided"
        in_effect = [one for one in every if one.state == "effective"]
        one = in_effect[-1] if in_effect and self.dice.random() < 0.8 else self.dice.choice(every)
        if one.state == "held":
            return self._undo_one("take_back", service.take_back)
        actor = next(person for person in self.people if person.name == one.by)
        taken = self.store.write(
            service.take_back, one.id, actor=actor, evidence=Evidence("app", 2, "x:3"), now=self.now
        )
        task = next(t for b in self._view().steps for t in b.approvers if t.task_id == taken.task_id)
        assert (task.state, task.task_revision) == ("open", taken.task_revision)
        self.seen["taken back"] += 1
        return f"#{one.id}"

    def _undo_one(self, name: str, verb: Any) -> str:
        held = self.held()
        if not held:
            return "nothing in hold"
        one = self.dice.choice(held)
        within = self.now < one.until
        evidence = Evidence(self.dice.choice(["sms", "app", "web"]), 2, "x:2")
        refused = ""
        try:
            self.store.write(verb, one.id, actor=one.person, evidence=evidence, now=self.now)
        except Conflict as conflict:
            refused = conflict.code
        if refused:
            assert not within, f"{name} of #{one.id} within its hold was refused: {refused}"
            self.seen["too late"] += 1
            return f"#{one.id} after its hold: {refused}"
        assert within or name == "take_back", f"{name} of #{one.id} after its hold won"
        if within:
            assert self.store.read(_state, one.id) == "undone"
            assert self.store.read(_told_of, one.id, OUTWARD) == [], "it was told outside"
            self.seen["in time"] += 1
        return f"#{one.id}"

    def settle(self) -> str:
        """The timer, on time, late, or far too early."""
        held = self.held()
        if not held:
            return "nothing in hold"
        one = self.dice.choice(held)
        settled = self.store.write(service.settle, one.id, now=self.now)
        assert settled == (self.now >= one.until), f"#{one.id} settled at the wrong time"
        return f"#{one.id}: {settled}"

    def receipt(self) -> str:
        held = self.held()
        if not held:
            return "nothing in hold"
        one = self.dice.choice(held)
        self.store.write(service.receipt_handed_over, one.id, at=self.now)
        left = next(again.until for again in self.held() if again.id == one.id)
        assert left == min(one.until, self.now + timedelta(seconds=self.hold)), "a receipt only shortens"
        return f"#{one.id}"

    def read(self) -> str:
        reader = self.dice.choice(self.people)
        self.store.write(service.mark_read, self.id, actor=reader, channel="app", now=self.now)
        return reader.name

    def withdraw(self) -> str:
        self.store.write(service.withdraw, self.id, actor=CLIENT, now=self.now)
        return ""

    def terminate(self) -> str:
        self.store.write(service.terminate, self.id, actor=SYSTEM, reason="重复", now=self.now)
        return ""

    def _view(self) -> queries.RequestView:
        return self.store.read(queries.by_id, self.id)

    def check(self) -> None:
        """Nothing is told outside of a decision in hold or undone within it, and of the others not before the hold's end."""
        for row in self.store.read(_every, self.id):
            told = self.store.read(_told_of, row.id, ("approval.effective",))
            early = [at for at in told if at < row.held_until]
            assert not early, f"#{row.id} was told outside at {early[0]}, its hold ends at {row.held_until}"
            assert len(told) <= 1, f"#{row.id} took effect twice"
            if row.state == "held":
                assert told == [], f"#{row.id} is in hold, and was told outside"
        if self._view().state in ("approved", "rejected", "returned"):
            assert self.held() == [], "closed by a decision while another is in hold"


def _held(tx: Tx, request_id: int) -> list[Any]:
    wanted = select(decisions.c.id, decisions.c.person_id, decisions.c.held_until)
    return list(
        tx.execute(wanted.where(decisions.c.request_id == request_id, decisions.c.state == "held")).all()
    )


def _every(tx: Tx, request_id: int) -> list[Any]:
    wanted = select(decisions.c.id, decisions.c.state, decisions.c.held_until)
    return list(tx.execute(wanted.where(decisions.c.request_id == request_id)).all())


def _state(tx: Tx, decision_id: int) -> str:
    return str(tx.execute(select(decisions.c.state).where(decisions.c.id == decision_id)).scalar_one())


def _told_of(tx: Tx, decision_id: int, kinds: tuple[str, ...]) -> list[datetime]:
    """When something was told outside of this decision."""
    request_id = tx.execute(select(decisions.c.request_id).where(decisions.c.id == decision_id)).scalar_one()
    wanted = select(events.c.payload, events.c.created_at).where(
        events.c.key == f"request:{request_id}", events.c.type.in_(kinds)
    )
    return [row.created_at for row in tx.execute(wanted) if row.payload.get("decision_id") == decision_id]


def play(store: Store, people: list[Actor], seed: object, number: int) -> Round:
    story = Round(store, people, random.Random(f"{seed}/{number}"), number)
    try:
        for _ in range(ACTS):
            story.act()
            story.check()
    except AssertionError as wrong:
        raise AssertionError(f"round {number}: {wrong}\n" + "\n".join(story.done)) from wrong
    return story


@pytest.fixture
def people(store: Store) -> list[Actor]:
    return [hire(store, account) for account in PEOPLE]


def test_b11_undo_within_the_hold_always_wins_and_after_it_never(
    store: Store, people: list[Actor], scale: str, seed: int
) -> None:
    seen: Counter[str] = Counter()
    for number in range(ROUNDS[scale]):
        seen += play(store, people, seed, number).seen
    print(f"{ROUNDS[scale]} interleavings: {dict(seen)}")
    rarest = min(seen[kind] for kind in ("in time", "too late", "taken back"))
    assert rarest > ROUNDS[scale] // 100, "each was put to the test"
    assert store.read(lambda tx: audit.verify(tx, facts=record_problems)).problems == []


def test_b11_the_judge_sees_a_word_that_went_out_too_early(store: Store, people: list[Actor]) -> None:
    story = Round(store, people, random.Random(1), 1)
    while not story.held():
        story.done.append(story.decide())
    early = story.held()[0]
    payload = {"request_id": story.id, "decision_id": early.id}
    store.write(outbox.emit, "approval.effective", key=f"request:{story.id}", payload=payload, now=story.now)
    with pytest.raises(AssertionError, match="told outside"):
        story.check()
