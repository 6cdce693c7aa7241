"""The rows of one request as they stand, read with plain SQL: what the oracle judges. Nothing of the engine is used here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from approval_core.store import Tx

LIVE = ("held", "effective")


@dataclass(frozen=True)
class Picture:
    request: Row[Any]
    route: list[dict[str, Any]]
    form: dict[str, Any]
    tokens: list[Row[Any]]  #: of the current revision
    steps: list[Row[Any]]  #: of every revision, in the order in which they were reached
    tasks: list[Row[Any]]
    decisions: list[Row[Any]]
    todos: list[Row[Any]]  #: open ones that ask for a decision
    alarms: set[str]
    left: set[int]  #: people who are gone
    skipped: set[str]  #: blocks that were passed because the definition says so
    jumped: bool  #: an officer has moved it: the way of the form is left
    timed_out: set[int]  #: tasks whose time ended their step as refused

    def tasks_of(self, step_id: int) -> list[Row[Any]]:
        """Those that count: handed on, taken out and asked too early do not."""
        gone = ("moved", "removed", "void")
        return [one for one in self.tasks if one.step_id == step_id and one.state not in gone]

    def live(self, task: Row[Any]) -> Row[Any] | None:
        found = [
            one
            for one in self.decisions
            if (one.task_id, one.task_revision) == (task.id, task.revision) and one.state in LIVE
        ]
        return found[0] if found else None

    def added_to(self, task_id: int) -> list[Row[Any]]:
        return [one for one in self.steps if one.parent_task_id == task_id]

    def waits_for_others(self, task: Row[Any]) -> bool:
        """People added before him, or asked for an opinion, have the word."""
        return any(
            one.placed in ("before", "asked") and one.state == "active" for one in self.added_to(task.id)
        )

    def step(self, step_id: int) -> Row[Any]:
        return next(one for one in self.steps if one.id == step_id)

    def now(self) -> list[Row[Any]]:
        """Steps of the route, of the current revision."""
        return [
            one for one in self.steps if one.revision == self.request.revision and one.parent_task_id is None
        ]


def take(tx: Tx, request_id: int) -> Picture:
    def rows(question: str, **facts: Any) -> list[Row[Any]]:
        return list(tx.execute(text(question), {"r": request_id, **facts}).all())

    (request,) = rows("select id, state, revision, route, form, on_reject from request where id = :r")
    route, form = (json.loads(one) if isinstance(one, str) else one for one in (request.route, request.form))
    alarms = rows("select thing from alarm where request_id = :r and settled_at is null")
    told = rows("select verb, thing from audit_entry where chain = :chain", chain=f"request:{request_id}")
    return Picture(
        request,
        route,
        form,
        rows(
            "select id, parent_id, sequence, at, state, parked_by from token"
            " where request_id = :r and revision = :v order by id",
            v=request.revision,
        ),
        rows("select * from step where request_id = :r order by revision, position"),
        rows("select * from task where request_id = :r order by position, id"),
        rows("select * from decision where request_id = :r order by id"),
        rows(
            "select task_id, person_id from todo where request_id = :r and kind = 'task' and state = 'open'"
        ),
        {one.thing for one in alarms},
        {one.id for one in rows("select id from person where state = 'left'")},
        {one.thing.removeprefix("block:") for one in told if one.verb == "step.skipped"},
        any(one.verb == "jumped" for one in told),
        {int(one.thing.removeprefix("task:")) for one in told if one.verb == "timed_out"},
    )


def blocks_in(route: Any) -> Iterator[dict[str, Any]]:
    """Every block, whatever holds it."""
    if isinstance(route, list):
        for one in route:
            if (
                isinstance(one, dict)
                and {"step", "choice", "parallel", "inclusive", "sub", "copy"} & one.keys()
            ):
                yield one
            yield from blocks_in(one)
    elif isinstance(route, dict):
        for key, value in route.items():
            if key in ("do", "branches", "otherwise"):
                yield from blocks_in(list(value.values()) if isinstance(value, dict) else value)
