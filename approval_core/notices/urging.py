"""Urging (催办): the applicant asks the people who hold his request to hurry, in the app first, then by SMS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, literal_column, select

from approval_core import audit, outbox
from approval_core.approvals.models import Request, Task
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, NotFound
from approval_core.notices import service as notices
from approval_core.notices.models import Urge
from approval_core.notices.rules.urging import UrgeLimits, next_urge
from approval_core.people.actor import Actor
from approval_core.store import Row, Tx
from approval_core.working_time import OFFICE, Calendar

__all__ = ["UrgeLimits", "UrgeStanding", "Urged", "standing", "urge"]

requests, tasks, urges = table_of(Request), table_of(Task), table_of(Urge)

_REQUEST = select(
    requests.c.id,
    requests.c.state,
    requests.c.source,
    requests.c.applicant_id,
    requests.c.submitter_id,
    requests.c.sms,
).where(requests.c.id == bindparam("of_request"))
_LOCK = _REQUEST.with_for_update(key_share=True)  # as everything that is written about a request
_OPEN_TASKS = (
    select(tasks.c.id, tasks.c.person_id, tasks.c.revision, tasks.c.opened_at)
    .where(tasks.c.request_id == bindparam("of_request"), tasks.c.state == literal_column("'open'"))
    .order_by(tasks.c.id)
)
_URGED = (
    select(urges.c.number, urges.c.at)
    .where(urges.c.request_id == bindparam("of_request"))
    .order_by(urges.c.number)
)
_INSERT = insert(urges).returning(urges.c.id)


@dataclass(frozen=True, slots=True)
class Urged:
    """`number` of this request; who was told on which path; when the next urge is possible."""

    urge_id: int
    number: int
    path: str
    told: tuple[int, ...]
    next_at: datetime


@dataclass(frozen=True, slots=True)
class UrgeStanding:
    """For the button: how often it was urged, and when it may be again; None: nobody holds it."""

    times: int
    next_at: datetime | None


def urge(
    tx: Tx,
    request_id: int,
    *,
    actor: Actor,
    limits: UrgeLimits = UrgeLimits(),  # noqa: B008  # a frozen value
    calendar: Calendar = OFFICE,
    now: datetime,
) -> Urged:
    """The holders are told. The applicant may, who submitted for him, and the asking system.

    NotFound("no_request"); Forbidden("not_yours"); Conflict("closed", state=), Conflict("nobody_holds_it"),
    Conflict("urge_too_soon", next_at=).
    """
    request = tx.run(_LOCK, of_request=request_id).first()
    if request is None:
        raise NotFound("no_request", "there is no such request")
    _may(request, actor)
    if request.state != "pending":
        raise Conflict("closed", f"the request is {request.state}", state=request.state)
    held = tx.run(_OPEN_TASKS, of_request=request_id).all()
    if not held:
        raise Conflict("nobody_holds_it", "nobody is asked at this moment")
    urged = [row.at for row in tx.run(_URGED, of_request=request_id)]
    earliest = _earliest(held, urged, limits, calendar)
    if earliest > now:
        raise Conflict(
            "urge_too_soon",
            f"the next urge is possible at {earliest.isoformat(timespec='seconds')}",
            next_at=earliest,
        )
    ready = [task for task in held if next_urge(task.opened_at, urged, limits, calendar=calendar) <= now]
    number = len(urged) + 1
    path = limits.path(number, sms=request.sms)
    urge_id: int = tx.run(
        _INSERT,
        request_id=request_id,
        number=number,
        actor=actor.name,
        person_id=actor.person_id,
        path=path,
        task_ids=[task.id for task in ready],
        at=now,
    ).scalar()
    for task in ready:
        _tell(tx, request_id, task, number, path, now)
    _record(tx, request_id, urge_id, actor, number, path, [task.id for task in ready], now)
    following = _earliest(held, [*urged, now], limits, calendar)
    return Urged(urge_id, number, path, tuple(task.person_id for task in ready), following)


def standing(
    tx: Tx,
    request_id: int,
    *,
    limits: UrgeLimits = UrgeLimits(),  # noqa: B008  # a frozen value
    calendar: Calendar = OFFICE,
) -> UrgeStanding:
    """Whether the button is there, and from when."""
    urged = [row.at for row in tx.run(_URGED, of_request=request_id)]
    request = tx.run(_REQUEST, of_request=request_id).first()
    held = tx.run(_OPEN_TASKS, of_request=request_id).all()
    if request is None or request.state != "pending" or not held:
        return UrgeStanding(len(urged), None)
    return UrgeStanding(len(urged), _earliest(held, urged, limits, calendar))


def _earliest(held: Sequence[Row], urged: list[datetime], limits: UrgeLimits, calendar: Calendar) -> datetime:
    return next_urge(min(task.opened_at for task in held), urged, limits, calendar=calendar)


def _may(request: Row, actor: Actor) -> None:
    if actor.kind == "client" and actor.name == request.source:
        return
    if actor.person_id is None or actor.person_id not in (request.applicant_id, request.submitter_id):
        raise Forbidden("not_yours", "only who asked for it may urge")


def _tell(tx: Tx, request_id: int, task: Row, number: int, path: str, now: datetime) -> None:
    hours = max(1, int((now - task.opened_at).total_seconds() // 3600))
    notices.tell(
        tx,
        kind="urged",
        person_id=task.person_id,
        request_id=request_id,
        task_id=task.id,
        task_revision=task.revision,
        path=path,
        facts={"hours": hours, "number": number},
        now=now,
    )


def _record(
    tx: Tx,
    request_id: int,
    urge_id: int,
    actor: Actor,
    number: int,
    path: str,
    task_ids: list[int],
    now: datetime,
) -> None:
    chain = f"request:{request_id}"
    data = {"number": number, "path": path, "tasks": task_ids}
    outbox.emit(
        tx, "approval.urged", key=chain, payload={"request_id": request_id, "urge_id": urge_id}, now=now
    )
    audit.append(tx, chain=chain, actor=actor.name, verb="urged", thing=f"urge:{urge_id}", data=data, now=now)
