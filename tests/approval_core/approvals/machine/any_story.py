"""Hypothesis writes the story: any type, any office, any order of acts. After every act the rows are judged."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from approval_core.approvals import service
from approval_core.people.actor import Actor
from tests.approval_core.approvals.machine.documents import DAYS, a_document, accounts
from tests.approval_core.approvals.machine.offices import Offices
from tests.approval_core.approvals.machine.story import Story

picks = st.integers(0, 60)
days = st.sampled_from(list(DAYS))
several = st.lists(accounts, min_size=1, max_size=3, unique=True)
places = st.sampled_from(["before", "after", "beside", "asked"])
methods = st.sampled_from(["any", "all", "sequence"])

begun = precondition(lambda self: self.story is not None)
asked = precondition(lambda self: self.story is not None and self.story.asks())


class AnyStory(RuleBasedStateMachine):
    offices: Offices
    number_of_offices = 1

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        self.story: Any = None

    @initialize(office=picks, text=a_document(), who=accounts, day=days, whom=accounts, chosen=several)
    def begin(self, office: int, text: str, who: str, day: int, whom: str, chosen: list[str]) -> None:
        story = Story(*self.open.enter_context(self.offices.visit(office % self.number_of_offices)))
        if story.begin(text, story.named(who), {"days": day, "cost": "0.00", "whom": whom}, chosen):
            self.story = story

    @invariant()
    def every_row_is_right(self) -> None:
        if self.story is not None:
            self.story.judge()

    def teardown(self) -> None:
        with self.open:
            if self.story is not None:
                self.story.end()

    def person(self, choice: int) -> Actor:
        people = self.story.office.people
        found: Actor = people[choice % len(people)]
        return found

    @asked
    @rule(task=picks)
    def yes(self, task: int) -> None:
        self.story.decide(self.story.asked(task), "approve")

    @asked
    @rule(task=picks)
    def yes_again(self, task: int) -> None:
        self.story.decide(self.story.asked(task), "approve")

    @asked
    @rule(task=picks)
    def yes_once_more(self, task: int) -> None:
        self.story.decide(self.story.asked(task), "approve")

    @asked
    @rule(task=picks)
    def no(self, task: int) -> None:
        self.story.decide(self.story.asked(task), "reject")

    @asked
    @rule(task=picks, to=picks, resume=st.sampled_from(["replay", "back", None]))
    def back_to_a_step(self, task: int, to: int, resume: str | None) -> None:
        possible = self.story.returnable(self.story.asked(task)) or self.story.block_ids()
        self.story.decide(
            self.story.asked(task), "return", target=possible[to % len(possible)], resume=resume
        )

    @asked
    @rule(task=picks)
    def back_to_the_applicant(self, task: int) -> None:
        self.story.decide(self.story.asked(task), "return")

    @begun
    @rule(task=picks, who=picks, verdict=st.sampled_from(["approve", "reject", "return"]), old=st.booleans())
    def somebody_says(self, task: int, who: int, verdict: str, old: bool) -> None:
        """Anybody, on any task, perhaps as it was before."""
        found = self.story.any_task(task)
        if found is not None:
            self.story.decide(found, verdict, by=self.person(who), revision=found.revision - old)

    @begun
    @rule(decision=picks)
    def take_back_within_the_hold(self, decision: int) -> None:
        self.story.undo(decision)

    @begun
    @rule(seconds=st.sampled_from([1, 30, 61, 4000, 90_000]))
    def time_goes_by(self, seconds: int) -> None:
        self.story.wait(seconds)

    @asked
    @rule(task=picks, to=picks)
    def hand_on(self, task: int, to: int) -> None:
        self.story.transfer(self.story.asked(task), self.person(to))

    @asked
    @rule(task=picks, others=several, placed=places, method=methods)
    def bring_in(self, task: int, others: list[str], placed: str, method: str) -> None:
        self.story.add(self.story.asked(task), [self.story.named(one) for one in others], placed, method)

    @begun
    @rule(choice=picks)
    def take_out(self, choice: int) -> None:
        self.story.remove(choice)

    @asked
    @rule(task=picks)
    def claim(self, task: int) -> None:
        self.story.claim(self.story.asked(task))

    @asked
    @rule(task=picks)
    def release(self, task: int) -> None:
        self.story.release(self.story.asked(task))

    @begun
    @rule(sure=st.integers(0, 4), day=days, whom=accounts)
    def come_back_with_other_words(self, sure: int, day: int, whom: str) -> None:
        if sure == 0 or self.story.picture().request.state == "returned":
            self.story.revise(day, whom)

    @begun
    @rule(sure=st.integers(0, 5))
    def withdraw(self, sure: int) -> None:
        if sure == 0:
            self.story.withdraw()

    @begun
    @rule()
    def revoke(self) -> None:
        self.story.revoke()

    @begun
    @rule(decision=st.integers(0, 2))
    def take_back_while_nobody_has_looked(self, decision: int) -> None:
        self.story.take_back(decision)

    @asked
    @rule(task=picks)
    def look_at_it(self, task: int) -> None:
        self.story.look(self.story.asked(task))

    @begun
    @rule(sure=st.integers(0, 5))
    def an_officer_ends_it(self, sure: int) -> None:
        if sure == 0:
            self.story.officer("ends it", service.terminate, self.story.request_id)

    @begun
    @rule(sure=st.booleans(), to=picks)
    def an_officer_moves_it(self, sure: bool, to: int) -> None:
        steps = self.story.block_ids()
        if sure:
            block = steps[to % len(steps)]
            self.story.officer(f"moves it to {block}", service.jump, self.story.request_id, block)

    @asked
    @rule(task=picks, verdict=st.sampled_from(["approve", "approve", "reject", "return"]))
    def an_officer_decides(self, task: int, verdict: str) -> None:
        self.story.override(self.story.asked(task), verdict)

    @asked
    @rule(task=picks, to=picks)
    def an_officer_gives_it_to_another(self, task: int, to: int) -> None:
        number, taker = self.story.asked(task).id, self.person(to)
        self.story.officer(f"gives {number} to {taker.name}", service.reassign, number, taker.person_id)

    @begun
    @rule(giver=picks, taker=picks)
    def an_officer_clears_a_desk(self, giver: int, taker: int) -> None:
        one, other = self.person(giver), self.person(taker)
        self.story.officer(
            f"desk of {one.name} to {other.name}", service.hand_over, one.person_id, other.person_id
        )

    @begun
    @rule()
    def an_officer_looks_for_people_again(self) -> None:
        self.story.look_again()

    @begun
    @rule()
    def expire(self) -> None:
        self.story.expire()

    @begun
    @rule(who=picks)
    def somebody_leaves(self, who: int) -> None:
        self.story.leave(self.person(who))

    @begun
    @rule(unit=picks, who=picks)
    def somebody_leads_another_unit(self, unit: int, who: int) -> None:
        units = self.story.office.units
        self.story.new_head(units[unit % len(units)], self.person(who))

    @begun
    @rule(who=picks, proxy=picks)
    def somebody_is_away(self, who: int, proxy: int) -> None:
        self.story.absent(self.person(who))
        self.story.delegate(self.person(who), self.person(proxy))
