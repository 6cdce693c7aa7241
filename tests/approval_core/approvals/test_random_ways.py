"""Random routes: the way that was shown is the way gone, and a version carried over at any moment loses nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest

from approval_core.approvals import carrying_over, migrating
from approval_core.approvals import preview as previews
from approval_core.approvals.filing import Filing
from approval_core.definitions.queries import current
from approval_core.errors import Conflict
from approval_core.people.actor import SYSTEM
from approval_core.store import Store
from tests.approval_core.approvals.test_migrating import state_of
from tests.approval_core.approvals.types import House, step

STAFF = ("li", "wang", "zhao", "sun", "qian")
ROUNDS = {"small": 12, "full": 300}


class Routes:
    """Blocks drawn at random: steps of one person each, choices, parallel and inclusive blocks."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.number = rng, 0

    def name(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}"

    def step(self) -> dict[str, Any]:
        return step(self.name("s"), self.rng.choice(STAFF[1:]))

    def blocks(self, depth: int = 0) -> list[dict[str, Any]]:
        return [self.step(), *(self.block(depth) for _ in range(self.rng.randint(0, 2)))]

    def block(self, depth: int) -> dict[str, Any]:
        kind = self.rng.choice(["step", "choice", "parallel", "inclusive"]) if depth < 2 else "step"
        if kind == "step":
            return self.step()
        if kind == "parallel":
            count = self.rng.randint(2, 3)
            return {
                "parallel": self.name("p"),
                "branches": {f"b{n}": self.blocks(depth + 1) for n in range(count)},
            }
        branches = [
            {"when": f"form.days > {limit}", "do": self.blocks(depth + 1)}
            for limit in self.rng.sample(range(1, 9), 1 if kind == "choice" else 2)
        ]
        return {kind: self.name("c"), "branches": branches, "otherwise": self.blocks(depth + 1)}


def file_and_walk(house: House, days: int) -> None:
    house.file("li", form={"days": days})
    while house.asked():
        house.say(sorted(house.asked())[0])


def test_f42_the_way_shown_is_the_way_gone_on_random_routes(store: Store, seed: int, scale: str) -> None:
    house = House(store).open(*STAFF)
    for turn in range(ROUNDS[scale]):
        rng = random.Random(f"{seed}-{turn}")
        house.publish(*Routes(rng).blocks(), merge=rng.choice(["none", "route"]))
        days = rng.randint(1, 9)
        what = Filing(type="LEAVE", form={"days": days, "cost": "0.00"})
        found = store.read(previews.preview, what, actor=house.person("li"), now=house.now())
        file_and_walk(house, days)
        view = house.view()
        assert view.state == "approved"
        shown = {one.block: {who.person.account for who in one.people} for one in found.steps}
        assert shown == {one.block: {who.account for who in one.approvers} for one in view.steps}, turn


def test_f42_the_rest_is_what_is_not_decided_yet(store: Store, seed: int, scale: str) -> None:
    house = House(store).open(*STAFF)
    for turn in range(ROUNDS[scale]):
        rng = random.Random(f"rest-{seed}-{turn}")
        house.publish(*Routes(rng).blocks(), merge="none")
        house.file("li", form={"days": rng.randint(1, 9)})
        for _ in range(rng.randint(0, 4)):
            if house.asked():
                house.say(rng.choice(sorted(house.asked())))
        if house.view().state != "pending":
            continue
        rest = store.read(previews.rest_of, house.request_id, now=house.now())
        before = {one.block for one in house.view().steps if one.state == "approved"}
        running = {one.block for one in house.view().steps if one.state == "active"}
        assert {one.block for one in rest.steps if one.running} == running, turn
        while house.asked():
            house.say(sorted(house.asked())[0])
        assert {one.block for one in rest.steps} == {one.block for one in house.view().steps} - before, turn


@pytest.mark.parametrize("put_back", [True, False])
def test_f41_a_version_carried_over_at_any_moment_ends_as_it_would_have(
    store: Store, seed: int, scale: str, put_back: bool
) -> None:
    house = House(store).open(*STAFF)
    for turn in range(ROUNDS[scale]):
        rng = random.Random(f"{put_back}-{seed}-{turn}")
        route = Routes(rng).blocks()
        old = house.publish(*route, merge="none")
        days = rng.randint(1, 9)
        house.file("li", form={"days": days})
        for _ in range(rng.randint(0, 4)):
            if house.asked():
                house.say(rng.choice(sorted(house.asked())))
        if house.view().state != "pending":
            continue
        house.publish(step("in_front", "qian"), *route, step("behind", "chief"), merge="none", floor=0)
        before, asked = store.read(state_of, house.request_id), house.asked()
        plan = store.read(
            migrating.plan, "LEAVE", _number(store), request_ids=[house.request_id], now=house.now()
        )
        done = store.write(carrying_over.apply, plan, actor=SYSTEM, reason="新", now=house.now())
        assert [one.state for one in done] == ["migrated"], (turn, done)
        assert house.asked() == asked, turn
        if put_back:
            store.write(carrying_over.revert, house.request_id, actor=SYSTEM, reason="旧", now=house.now())
            assert store.read(state_of, house.request_id) == before, (turn, old)
        while house.asked():
            house.say(sorted(house.asked())[0])
        blocks = [one.block for one in house.view().steps]
        assert house.view().state == "approved", turn
        assert len(blocks) == len(set(blocks)), turn
        assert ("behind" in blocks) is not put_back
        if not put_back:
            with pytest.raises(Conflict):
                store.write(
                    carrying_over.revert, house.request_id, actor=SYSTEM, reason="旧", now=house.now()
                )


def _number(store: Store) -> int:
    found = store.read(current, "LEAVE")
    assert found is not None
    return found.version
