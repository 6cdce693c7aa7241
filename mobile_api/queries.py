"""What a person may see of a request, and the request as he sees it. Every read of one starts from `sight_of`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, union

from approval_core.approvals import queries as approvals
from approval_core.approvals.models import Decision, Request, Task
from approval_core.approvals.queries import RequestView
from approval_core.columns import table_of
from approval_core.errors import NotFound
from approval_core.people import queries as people
from approval_core.store import Tx
from mobile_api.schemas import RequestOut
from web.permissions import Role

requests, tasks, decisions = table_of(Request), table_of(Task), table_of(Decision)

_request = select(requests.c.applicant_id, requests.c.type, requests.c.state).where(
    requests.c.id == bindparam("of_request")
)
_asked = select(tasks.c.person_id, tasks.c.state).where(tasks.c.request_id == bindparam("of_request"))
_decided = union(
    select(decisions.c.person_id.label("id")).where(decisions.c.request_id == bindparam("of_request")),
    select(decisions.c.on_behalf_of_id.label("id")).where(decisions.c.request_id == bindparam("of_request")),
)
_task = select(
    tasks.c.id.label("task_id"),
    tasks.c.state.label("task_state"),
    tasks.c.revision.label("task_revision"),
    tasks.c.request_id,
    requests.c.state.label("request_state"),
    requests.c.revision.label("request_revision"),
).select_from(tasks.join(requests, requests.c.id == tasks.c.request_id))
_state_of_task = _task.where(tasks.c.id == bindparam("of_task"))


@dataclass(frozen=True, slots=True)
class Viewer:
    person_id: int
    roles: frozenset[Role]


def sight_of(tx: Tx, viewer: Viewer, request_id: int, *, now: datetime) -> str | None:
    """Why this person may see this request, the nearest reason first; None: he may not, and is not told that it is there.

    applicant | asked (whenever, also before a change) | decided | stand_in (may decide for somebody asked) |
    secretary (of one of these) | auditor (everything) | administrator (how it stands, no content).
    """
    row = tx.run(_request, of_request=request_id).first()
    if row is None:
        return None
    asked = {task.person_id for task in tx.run(_asked, of_request=request_id)}
    decided = {one.id for one in tx.execute(_decided, {"of_request": request_id})} - {None}
    for reason, whose in (("applicant", {row.applicant_id}), ("asked", asked), ("decided", decided)):
        if viewer.person_id in whose:
            return reason
    if "auditor" in viewer.roles:
        return "auditor"
    if any(
        people.may_act_for(tx, viewer.person_id, person_id, type=row.type, now=now) for person_id in asked
    ):
        return "stand_in"
    if "secretary" in viewer.roles:
        theirs = {leader.id for leader in people.leaders_of(tx, viewer.person_id, now)}
        if theirs & (asked | decided | {row.applicant_id}):
            return "secretary"
    return "administrator" if "admin" in viewer.roles else None


def must_see(tx: Tx, viewer: Viewer, request_id: int, *, now: datetime) -> str:
    sight = sight_of(tx, viewer, request_id, now=now)
    if sight is None:
        raise NotFound("no_approval", f"there is no approval {request_id}", id=request_id)
    return sight


def request_for(tx: Tx, request_id: int, *, viewer: Viewer, now: datetime) -> RequestOut:
    sight = must_see(tx, viewer, request_id, now=now)
    return _shown(approvals.by_id(tx, request_id), sight)


def _shown(view: RequestView, sight: str) -> RequestOut:
    names: Collection[str] = RequestOut.model_fields.keys() - {"sight"}
    shown = RequestOut.model_validate({name: getattr(view, name) for name in names} | {"sight": sight})
    return _outline(shown) if sight == "administrator" else shown


def _outline(shown: RequestOut) -> RequestOut:
    """How a matter stands, for who keeps the machine running: nothing that anybody wrote."""
    wordless = [one.model_copy(update={"comment": ""}) for one in shown.decisions]
    empty: dict[str, Any] = {
        "ref": "",
        "title": "",
        "summary": "",
        "applicant": "",
        "form": {},
        "remarks": [],
    }
    return shown.model_copy(update=empty | {"decisions": wordless})


def state_of_task(tx: Tx, task_id: int) -> dict[str, Any] | None:
    """For a refusal: how things stand now."""
    row = tx.run(_state_of_task, of_task=task_id).first()
    return None if row is None else dict(zip(_state_of_task.selected_columns.keys(), row, strict=True))


def state_of_decision(tx: Tx, decision_id: int) -> dict[str, Any] | None:
    found = select(decisions.c.task_id, decisions.c.state).where(decisions.c.id == decision_id)
    row = tx.execute(found).first()
    return None if row is None else {"decision_state": row.state, **(state_of_task(tx, row.task_id) or {})}
