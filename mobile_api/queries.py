"""What a person may see of a request, and the request as he sees it. Every read of one starts from `sight_of`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from approval_core.approvals import queries as approvals
from approval_core.approvals.models import Copy, Decision, Request, Step, Talk, Task
from approval_core.columns import table_of
from approval_core.definitions import queries as definitions
from approval_core.definitions.queries import Version
from approval_core.errors import Forbidden, NotFound
from approval_core.files import queries as files
from approval_core.people import queries as people
from approval_core.store import Tx
from mobile_api.hiding import as_seen, hidden_in
from mobile_api.mine import mine_of
from mobile_api.schemas.matters import RequestOut
from web.permissions import Role

requests, steps, tasks = table_of(Request), table_of(Step), table_of(Task)
decisions, copies, talks = table_of(Decision), table_of(Copy), table_of(Talk)

_request = select(
    requests.c.applicant_id,
    requests.c.submitter_id,
    requests.c.type,
    requests.c.amount,
    requests.c.salts,
    requests.c.type_version_id,
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
#: who keeps the machine or the flows running sees how every matter stands, and none of its content
KEEPERS: frozenset[Role] = frozenset({"admin", "operator"})


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
    stand_in (may decide for somebody asked) | secretary (of one of these) | administrator (how it stands, no content; also for operators).
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
    return Sight("administrator", False) if KEEPERS & viewer.roles else None


def _through(reason: str, nearest: str, whose: Collection[int], *blocks: Mapping[int, set[str]]) -> Sight:
    """What they see, he sees: `blocks` are the steps of each."""
    seen = frozenset(block for of_persons in blocks for one in whose for block in of_persons.get(one, ()))
    return Sight(reason, nearest in WHOLE, seen)


def must_see(tx: Tx, viewer: Viewer, request_id: int, *, now: datetime) -> Sight:
    sight = sight_of(tx, viewer, request_id, now=now)
    if sight is None:
        raise NotFound("no_approval", f"there is no approval {request_id}", id=request_id)
    return sight


def must_take_part(tx: Tx, viewer: Viewer, request_id: int, *, now: datetime) -> Sight:
    """As `must_see`, for what is said and read: who only keeps the machine running has no part in a matter."""
    sight = must_see(tx, viewer, request_id, now=now)
    if sight.reason == "administrator":
        raise Forbidden("not_yours", "you are no part of this matter")
    return sight


def hidden_for(tx: Tx, request_id: int, sight: Sight) -> tuple[frozenset[str], Version | None]:
    """The fields that are closed to who sees it so, and the version that the request runs on."""
    number = tx.run(_request, of_request=request_id).one().type_version_id
    if number is None:
        return frozenset(), None
    version = definitions.version(tx, number)
    return frozenset() if sight.whole else hidden_in(version.document, sight.blocks), version


def request_for(tx: Tx, request_id: int, *, viewer: Viewer, now: datetime) -> RequestOut:
    sight = must_see(tx, viewer, request_id, now=now)
    view = approvals.by_id(tx, request_id)
    hidden, version = hidden_for(tx, request_id, sight)
    document = None if version is None else version.document
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
        "mine": []
        if sight.reason in ("auditor", "administrator")
        else mine_of(tx, view, viewer.person_id, now=now),
    }
    shown = RequestOut.model_validate(own)
    return _outline(shown) if sight.reason == "administrator" else shown


OF_VIEW = RequestOut.model_fields.keys() - {
    "sight", "form", "summary", "hidden", "salts", "digests", "amount", "copies", "mine",
}  # fmt: skip


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


def state_of_talk(tx: Tx, talk_id: int) -> dict[str, Any] | None:
    found = select(talks.c.request_id, talks.c.state).where(talks.c.id == talk_id)
    row = tx.execute(found).first()
    return None if row is None else {"talk_state": row.state, **(state_of_request(tx, row.request_id) or {})}


def hidden_of(tx: Tx, request_id: int, *, viewer: Viewer, now: datetime) -> frozenset[str]:
    """The fields that are closed to him, of a matter he has a part in."""
    return hidden_for(tx, request_id, must_take_part(tx, viewer, request_id, now=now))[0]
