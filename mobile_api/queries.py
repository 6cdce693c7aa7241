"""What a person may see of a request, and the request as he sees it. Every read of one starts from `sight_of`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from approval_core.approvals import queries as approvals
from approval_core.approvals.models import Copy, Decision, Request, Step, Task
from approval_core.approvals.queries import RequestView
from approval_core.columns import table_of
from approval_core.definitions import queries as definitions
from approval_core.definitions.rules.document import TypeDocument
from approval_core.definitions.rules.forms import rights
from approval_core.errors import NotFound
from approval_core.files import queries as files
from approval_core.people import queries as people
from approval_core.store import Tx
from mobile_api.hiding import as_seen, hidden_in, is_step
from mobile_api.schemas import RequestOut
from web.permissions import Role

requests, steps, tasks = table_of(Request), table_of(Step), table_of(Task)
decisions, copies = table_of(Decision), table_of(Copy)

_request = select(
    requests.c.applicant_id, requests.c.submitter_id, requests.c.type, requests.c.amount, requests.c.salts
).where(requests.c.id == bindparam("of_request"))
_asked = (
    select(tasks.c.person_id, steps.c.block)
    .select_from(tasks.join(steps, steps.c.id == tasks.c.step_id))
    .where(tasks.c.request_id == bindparam("of_request"))
)
_decided = (
    select(decisions.c.person_id, decisions.c.on_behalf_of_id, steps.c.block)
    .select_from(decisions.join(steps, steps.c.id == decisions.c.step_id))
    .where(decisions.c.request_id == bindparam("of_request"))
)
_copied = select(copies.c.person_id).where(copies.c.request_id == bindparam("of_request"))
_task = select(
    tasks.c.id.label("task_id"),
    tasks.c.state.label("task_state"),
    tasks.c.revision.label("task_revision"),
    tasks.c.request_id,
    requests.c.state.label("request_state"),
    requests.c.revision.label("request_revision"),
).select_from(tasks.join(requests, requests.c.id == tasks.c.request_id))
_state_of_task = _task.where(tasks.c.id == bindparam("of_task"))


#: who sees a matter for one of these reasons sees every field of it
WHOLE = frozenset({"applicant", "submitter", "auditor"})


@dataclass(frozen=True, slots=True)
class Viewer:
    person_id: int
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Sight:
    """`reason` is shown to the viewer. `blocks`: the steps through which he sees it, where he does not see it whole."""

    reason: str
    whole: bool
    blocks: frozenset[str] = frozenset()


def sight_of(tx: Tx, viewer: Viewer, request_id: int, *, now: datetime) -> Sight | None:
    """Why this person may see this request, the nearest reason first; None: he may not, and is not told that it is there.

    applicant | submitter | asked (whenever, also before a change) | decided | copied | auditor (everything) |
    stand_in (may decide for somebody asked) | secretary (of one of these) | administrator (how it stands, no content).
    """
    row = tx.run(_request, of_request=request_id).first()
    if row is None:
        return None
    asked: dict[int, set[str]] = defaultdict(set)
    decided: dict[int, set[str]] = defaultdict(set)
    for task in tx.run(_asked, of_request=request_id):
        asked[task.person_id].add(task.block)
    for one in tx.run(_decided, of_request=request_id):
        decided[one.person_id].add(one.block)
        decided[one.on_behalf_of_id or one.person_id].add(one.block)
    copied = {one.person_id for one in tx.run(_copied, of_request=request_id)}
    near: dict[str, Collection[int | None]] = {
        "applicant": {row.applicant_id},
        "submitter": {row.submitter_id},
        "asked": asked,
        "decided": decided,
        "copied": copied,
    }
    own = next((reason for reason, whose in near.items() if viewer.person_id in whose), None)
    if own is not None and (own in WHOLE or "auditor" not in viewer.roles):
        return _through(own, own, {viewer.person_id}, asked, decided)
    if "auditor" in viewer.roles:
        return Sight("auditor", True)
    givers = {
        person_id
        for person_id in asked
        if people.may_act_for(tx, viewer.person_id, person_id, type=row.type, amount=row.amount, now=now)
    }
    if givers:
        return _through("stand_in", "asked", givers, asked)
    theirs = (
        {leader.id for leader in people.leaders_of(tx, viewer.person_id, now)}
        if "secretary" in viewer.roles
        else set()
    )
    for reason, whose in near.items():
        if found := theirs & {one for one in whose if one is not None}:
            return _through("secretary", reason, found, asked, decided)
    return Sight("administrator", False) if "admin" in viewer.roles else None


def _through(reason: str, nearest: str, whose: Collection[int], *blocks: Mapping[int, set[str]]) -> Sight:
    """What they see, he sees: `blocks` are the steps of each."""
    seen = frozenset(block for of_persons in blocks for one in whose for block in of_persons.get(one, ()))
    return Sight(reason, nearest in WHOLE, seen)


def must_see(tx: Tx, viewer: Viewer, request_id: int, *, now: datetime) -> Sight:
    sight = sight_of(tx, viewer, request_id, now=now)
    if sight is None:
        raise NotFound("no_approval", f"there is no approval {request_id}", id=request_id)
    return sight


def request_for(tx: Tx, request_id: int, *, viewer: Viewer, now: datetime) -> RequestOut:
    sight = must_see(tx, viewer, request_id, now=now)
    view = approvals.by_id(tx, request_id)
    document = None
    if view.type_version_id is not None:
        document = definitions.version(tx, view.type_version_id).document
    hidden = frozenset() if sight.whole or document is None else hidden_in(document, sight.blocks)
    content = {name: getattr(view, name) for name in ("type", "title", "summary", "applicant", "form")}
    content["papers"] = files.digests(tx, request_id)
    salts = tx.run(_request, of_request=request_id).one().salts
    seen = as_seen(content, salts, hidden, document)
    own = {name: getattr(view, name) for name in OF_VIEW} | {
        "sight": sight.reason,
        "form": seen.form,
        "summary": seen.summary,
        "hidden": sorted(seen.hidden),
        "salts": seen.salts,
        "digests": seen.digests,
        "amount": None if document is not None and document.amount in hidden else view.amount,
        "copies": approvals.copies_of(tx, request_id),
        "mine": _mine(view, viewer, document),
    }
    shown = RequestOut.model_validate(own)
    return _outline(shown) if sight.reason == "administrator" else shown


OF_VIEW = RequestOut.model_fields.keys() - {
    "sight", "form", "summary", "hidden", "salts", "digests", "amount", "copies", "mine",
}  # fmt: skip


def _mine(view: RequestView, viewer: Viewer, document: TypeDocument | None) -> list[dict[str, Any]]:
    """The tasks that wait for this person here, and what he may do with each field."""
    found = []
    for step in view.steps:
        for one in step.approvers:
            if one.person_id == viewer.person_id and one.state == "open":
                known = document is not None and is_step(document, step.block)
                given = rights(document, step.block) if document is not None and known else {}
                found.append(
                    {
                        "task_id": one.task_id,
                        "task_revision": one.task_revision,
                        "block": step.block,
                        "rights": given,
                    }
                )
    return found


def _outline(shown: RequestOut) -> RequestOut:
    """How a matter stands, for who keeps the machine running: nothing that anybody wrote, and nothing to try it with."""
    wordless = [one.model_copy(update={"comment": ""}) for one in shown.decisions]
    texts = dict.fromkeys(("ref", "title", "summary", "applicant"), "")
    empty: dict[str, Any] = {
        "form": {},
        "remarks": [],
        "salts": {},
        "digests": {},
        "amount": None,
        "submitter": None,
    }
    return shown.model_copy(update=texts | empty | {"copies": [], "decisions": wordless})


def state_of_task(tx: Tx, task_id: int) -> dict[str, Any] | None:
    """For a refusal: how things stand now."""
    row = tx.run(_state_of_task, of_task=task_id).first()
    return None if row is None else dict(zip(_state_of_task.selected_columns.keys(), row, strict=True))


def state_of_decision(tx: Tx, decision_id: int) -> dict[str, Any] | None:
    found = select(decisions.c.task_id, decisions.c.state).where(decisions.c.id == decision_id)
    row = tx.execute(found).first()
    return None if row is None else {"decision_state": row.state, **(state_of_task(tx, row.task_id) or {})}


def state_of_request(tx: Tx, request_id: int) -> dict[str, Any] | None:
    found = select(requests.c.state, requests.c.revision).where(requests.c.id == request_id)
    row = tx.execute(found).first()
    return None if row is None else {"request_state": row.state, "request_revision": row.revision}
