"""Looks at a request after whatever happened to it, and says what is wrong."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Row

from tests.approval_core.approvals.machine import oracle
from tests.approval_core.approvals.machine.picture import LIVE, Picture, blocks_in

STANDING = ("active", "blocked")
OVER = ("approved", "rejected", "returned")


def judge(picture: Picture) -> None:
    decisions_are_single(picture)
    todos_are_the_open_tasks(picture)
    if picture.request.state == "pending":
        threads_are_whole(picture)
        steps_are_where_they_say(picture)
        everything_is_held_by_somebody(picture)
        passed = not picture.jumped and oracle.satisfied(picture, picture.route)
        assert not passed, "every block is passed, and it is still pending"
    else:
        nothing_is_left_over(picture)
    if picture.request.state == "approved" and not picture.jumped:
        assert oracle.satisfied(picture, picture.route), "approved, and a block was not passed"


def decisions_are_single(picture: Picture) -> None:
    live = [one for one in picture.decisions if one.state in LIVE]
    assert len({one.task_id for one in live}) == len(live), "two live decisions on one task"
    for step in picture.steps:
        if step.mode == "any":
            several = [one.id for one in live if one.step_id == step.id]
            assert len(several) < 2, f"an or-sign decided twice: {step.block}"
    for task in picture.tasks:
        if task.state == "decided":
            stands = [
                one
                for one in picture.decisions
                if (one.task_id, one.task_revision) == (task.id, task.revision)
            ]
            assert [one.state for one in stands] != ["undone"], "decided, and the decision was taken back"
            assert len(stands) == 1, "decided without a decision"


def todos_are_the_open_tasks(picture: Picture) -> None:
    opened = {one.id: one.person_id for one in picture.tasks if one.state == "open"}
    shown = Counter((one.task_id, one.person_id) for one in picture.todos)
    assert all(number == 1 for number in shown.values()), "a task stands twice on one list"
    assert {task for task, _ in shown} <= opened.keys(), "on a list, and not open"
    missing = [one for one in opened.items() if one not in shown]
    assert not missing, f"open, and on nobody's list: {missing}"


def threads_are_whole(picture: Picture) -> None:
    """No token lost or doubled: each live one stands at a step that is asked, and each such step has one."""
    tokens = {one.id: one for one in picture.tokens if one.state != "cancelled"}
    live = [one for one in tokens.values() if one.state == "live"]
    assert live, "pending, and no token is live"
    standing = Counter(one.token_id for one in picture.now() if one.state in STANDING)
    assert standing == Counter(one.id for one in live), (
        f"tokens {[one.id for one in live]}, steps {dict(standing)}"
    )
    for step in picture.now():
        if step.state in STANDING:
            token = tokens[step.token_id]
            assert _id_at(picture.route, token) == step.block, "a token stands at another block than its step"
    detours = {one.parked_by for one in tokens.values()}  # they stand beside the way, under whoever went it
    for token in tokens.values():
        if token.state in ("live", "split", "parked") and token.parent_id is not None:
            waits = token.id in detours or tokens[token.parent_id].state == "split"
            assert waits, f"thread {token.id} below one that does not wait for it"
        if token.state == "parked":
            assert tokens[token.parked_by].state in ("live", "split", "parked"), "parked by nobody"
        if token.state == "split":
            assert any(
                one.parent_id == token.id and one.state in ("live", "split", "parked")
                for one in tokens.values()
            ), "split, and no thread runs below it"
    places = Counter((one.parent_id, one.sequence, one.at) for one in live)
    assert all(number == 1 for number in places.values()), "two threads at one place"


def _id_at(route: list[dict[str, Any]], token: Row[Any]) -> str:
    here: Any = route
    for part in token.sequence.split(".") if token.sequence else ():
        here = here[int(part)] if isinstance(here, list) else here[part]
    block = here[token.at]
    return str(
        next(
            block[kind]
            for kind in ("step", "choice", "parallel", "inclusive", "sub", "copy")
            if kind in block
        )
    )


def steps_are_where_they_say(picture: Picture) -> None:
    """Completion exactly when the mode says, and exactly those asked who must be."""
    for step in picture.steps:
        if step.revision != picture.request.revision:
            assert step.state not in (*STANDING, "waiting"), "a step of an old revision is still asked"
            continue
        said = oracle.outcome(picture, step)
        opened = {one.id for one in picture.tasks_of(step.id) if one.state == "open"}
        if step.state == "active":
            assert said == "open", f"{step.block} is {said} and still asked"
            wanted = oracle.to_be_asked(picture, step)
            assert opened == wanted, f"{step.block}: open {opened}, to be asked {wanted}"
        else:
            assert not opened, f"{step.block} is {step.state}, and somebody is asked there"
        timed_out = not picture.timed_out.isdisjoint(one.id for one in picture.tasks_of(step.id))
        if step.state in OVER and not timed_out and not (step.state == "returned" and said == "rejected"):
            assert said == step.state, f"{step.block} is {step.state} and ought to be {said}"
        if step.state in ("active", "waiting") and step.parent_task_id is not None:
            parent = next(one for one in picture.tasks if one.id == step.parent_task_id)
            assert picture.step(parent.step_id).state == "active", "added to a task of a step that is over"


def everything_is_held_by_somebody(picture: Picture) -> None:
    """Each place where the request stands: an open task of somebody here, a decision in hold, or an alarm."""
    for step in picture.now():
        if step.state == "blocked":
            assert f"step:{step.id}" in picture.alarms, f"{step.block} is blocked without an alarm"
        if step.state == "active":
            assert _held(picture, step), f"nobody has {step.block}"


def _held(picture: Picture, step: Row[Any]) -> bool:
    if f"step:{step.id}" in picture.alarms:
        return True
    for task in picture.tasks_of(step.id):
        decision = picture.live(task)
        if decision is not None and decision.state == "held":
            return True
        if task.state == "open" and (
            task.person_id not in picture.left or f"task:{task.id}" in picture.alarms
        ):
            return True
        if any(one.state == "active" and _held(picture, one) for one in picture.added_to(task.id)):
            return True
    return False


def nothing_is_left_over(picture: Picture) -> None:
    state = picture.request.state
    assert not [one for one in picture.tokens if one.state in ("live", "split", "parked")], (
        f"{state}, and a token lives"
    )
    assert not [one for one in picture.steps if one.state in (*STANDING, "waiting")], (
        f"{state}, and a step is asked"
    )
    assert not [one for one in picture.tasks if one.state in ("open", "waiting")], (
        f"{state}, and a task waits"
    )
    assert not [one for one in picture.decisions if one.state == "held"], f"{state} over a decision in hold"
    assert not picture.alarms, f"{state}, and its alarm goes on: {picture.alarms}"


def known_blocks(picture: Picture) -> set[str]:
    return {str(block["step"]) for block in blocks_in(picture.route) if "step" in block}
