"""A task is put before somebody: on his list and on those of whoever may answer for him, said, and its ladder begins (F33, F35)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from approval_core.approvals import stepping
from approval_core.approvals.journey import Journey
from approval_core.approvals.stepping import Matter
from approval_core.inbox import service as inbox
from approval_core.notices import ladder
from approval_core.notices.alarms import raise_alarm
from approval_core.notices.ladder import Held
from approval_core.notices.rules.ladder import Ladder
from approval_core.people import queries as people
from approval_core.store import Row


def open_task(journey: Journey, task: Row) -> None:
    """`task`: one that waits, as `stepping.waiting_tasks` reads it."""
    stepping.mark_open(journey.tx, task.id, now=journey.now)
    _put_before(journey, task, task.person_id, kind="request")
    _say(journey, task)
    to_proxies(journey, task)
    _climb(journey, task, task.block)


def reopened(journey: Journey, task: Row, *, block: str, kind: str = "request", told: bool = True) -> None:
    """A task is open once more, at a raised revision. `told`: its holder hears of it (the answer to an undo by SMS does that)."""
    if not inbox.reopen_for_task(journey.tx, task.id, now=journey.now):
        _put_before(journey, task, task.person_id, kind=kind)  # he was never asked: it had been carried over
    elif told:
        _ask(journey, task, task.person_id, kind)
    _say(journey, task)
    to_proxies(journey, task)
    _climb(journey, task, block)


def asked_anew(journey: Journey, task: Row, *, block: str) -> None:
    """What he decides on has changed while it lay with him: everybody who has it is asked again, at the raised revision."""
    for person_id in sorted(inbox.holders_of_task(journey.tx, task.id)):
        _ask(journey, task, person_id, "reopened")
    _say(journey, task)
    to_proxies(journey, task)
    _climb(journey, task, block)


def _put_before(journey: Journey, task: Row, person_id: int, *, kind: str) -> None:
    matter = journey.matter
    inbox.open_for_task(
        journey.tx,
        source=matter.source,
        request_id=matter.id,
        task_id=task.id,
        person_id=person_id,
        title=matter.title,
        applicant=matter.applicant,
        urgency=matter.urgency,
        due_at=matter.due_at,
        now=journey.now,
    )
    _ask(journey, task, person_id, kind)


def _ask(journey: Journey, task: Row, person_id: int, kind: str) -> None:
    stepping.ask(
        journey.tx, journey.matter, task_id=task.id, person_id=person_id, task_revision=task.revision, kind=kind,
        now=journey.now,
    )  # fmt: skip


def _say(journey: Journey, task: Row) -> None:
    stepping.tell(
        journey.tx, journey.matter, "task.opened", task_id=task.id, person_id=task.person_id, now=journey.now
    )


def to_proxies(journey: Journey, task: Row) -> None:
    """Whoever may answer for him has it on his list as well; somebody away, or gone, without anybody is an alarm."""
    matter = journey.matter
    if people.has_delegated(journey.tx, task.person_id, now=journey.now):
        proxies = people.proxies_of(
            journey.tx, task.person_id, type=matter.type, amount=matter.amount, now=journey.now
        )
        known = inbox.holders_of_task(journey.tx, task.id)
        for one in proxies:
            if one.person_id not in known:
                _put_before(journey, task, one.person_id, kind="request")
        if proxies:
            return
    if not journey.policy.given and people.is_away(journey.tx, task.person_id, now=journey.now):
        standin = people.standin_of(journey.tx, task.person_id, now=journey.now)
        facts = {"person_id": task.person_id, "standin": None if standin is None else standin.account}
        raise_alarm(
            journey.tx, stepping.ABSENT, f"task:{task.id}", facts=facts, request_id=matter.id, now=journey.now
        )


def _climb(journey: Journey, task: Row, block: str) -> None:
    rungs = ladder_of(journey, block)
    if rungs is not None:
        ladder.climb(journey.tx, held(journey.matter, task, rungs, opened_at=journey.now))


def ladder_of(journey: Journey, block_id: str) -> Ladder | None:
    """The ladder of a step of one of the office's types; what an asking system brings has its own dates."""
    if journey.policy.given:
        return None
    block: Mapping[str, Any] = journey.named_block(block_id) or {}
    return Ladder.of(block, journey.policy.waits)


def held(matter: Matter, task: Row, rungs: Ladder, *, opened_at: Any) -> Held:
    return Held(
        request_id=matter.id,
        task_id=task.id,
        task_revision=task.revision,
        person_id=task.person_id,
        opened_at=opened_at,
        ladder=rungs,
        urgency=matter.urgency,
        path="sms" if matter.sms else "app",
    )
