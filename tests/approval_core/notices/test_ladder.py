"""The ladder of an open task: who is told when, what stops it, and what a late worker does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from approval_core.approvals import service as approvals
from approval_core.approvals.models import Request, Task
from approval_core.audit.models import entries
from approval_core.clock import OFFICE_ZONE
from approval_core.columns import table_of
from approval_core.notices import alarms, ladder
from approval_core.notices.ladder import Held
from approval_core.notices.models import Notice
from approval_core.notices.rules.ladder import Ladder
from approval_core.outbox import Event
from approval_core.people.models import Assignment, OrgUnit, Post, Secretary
from approval_core.store import Row, Store, Tx
from approval_core.timers import Timer, fire_one
from tests.factories import BY_APP, ask, hire, step

requests, tasks, notices, events, timers = (
    table_of(Request), table_of(Task), table_of(Notice), table_of(Event), table_of(Timer),
)  # fmt: skip

OPENED = datetime(2026, 5, 7, 9, 0, tzinfo=OFFICE_ZONE)
TOLD = ("remind", "tell_secretary")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-05-{text}").replace(tzinfo=OFFICE_ZONE)


@dataclass
class Wait:
    """One task that waits, and the worker that fires its timers."""

    store: Store
    ladder: Ladder
    urgency: int = 0
    held: Held = field(init=False)
    request_id: int = field(init=False)

    def __post_init__(self) -> None:
        self.actor = hire(self.store, "hy00001", rank="R2")
        self.request_id = ask(self.store, step("hy00001"), now=OPENED, urgency=self.urgency).request_id
        task = self.rows(select(tasks))[0]
        self.held = self.store.read(self.held_of, task.id)
        self.store.write(ladder.climb, self.held)

    def held_of(self, tx: Tx, task_id: int) -> Any:
        """What the engine gives the wiring."""
        task = tx.execute(select(tasks).where(tasks.c.id == task_id)).one()
        if task.state != "open":
            return None
        return Held(
            task.request_id, task.id, task.revision, task.person_id, task.opened_at, self.ladder, self.urgency
        )

    def works(self, now: datetime) -> None:
        while self.store.write(fire_one, {"ladder": ladder.on_rung(self.held_of)}, now=now):
            pass

    def decide(self, now: datetime) -> None:
        self.store.write(
            approvals.decide,
            self.held.task_id,
            actor=self.actor,
            evidence=BY_APP,
            verdict="approve",
            task_revision=1,
            now=now,
        )

    def rows(self, query: Any) -> list[Row]:
        return self.store.read(_all, query)

    def told(self) -> list[tuple[str, int, datetime]]:
        rows = self.rows(select(notices).where(notices.c.kind.in_(TOLD)).order_by(notices.c.id))
        return [(row.kind, row.person_id, row.created_at) for row in rows]

    def overdue(self) -> list[dict[str, Any]]:
        rows = self.rows(
            select(events.c.payload).where(events.c.type == "task.overdue_rung").order_by(events.c.id)
        )
        return [row.payload for row in rows]

    def set_for(self) -> list[datetime]:
        return [row.due_at for row in self.rows(select(timers).where(timers.c.state == "due"))]

    def secretary(self) -> int:
        who = hire(self.store, "hy00099").person_id
        assert who is not None
        row = Secretary(leader_id=self.held.person_id, person_id=who, valid_from=OPENED - timedelta(days=9))
        self.store.write(lambda tx: tx.session.add(row))
        return who


def _all(tx: Tx, query: Any) -> list[Any]:
    return list(tx.execute(query))


@pytest.fixture
def wait(store: Store) -> Wait:
    return Wait(store, Ladder(4, 8, 16, "transfer_up"))


def test_f33_the_holder_is_reminded_his_secretary_told_and_the_time_ends(wait: Wait) -> None:
    holder, secretary = wait.held.person_id, wait.secretary()
    wait.works(at("07T14:59"))
    assert wait.told() == []
    wait.works(at("07T15:00"))
    assert wait.told() == [("remind", holder, at("07T15:00"))]
    wait.works(at("08T10:00"))
    assert wait.told()[1:] == [
        ("tell_secretary", secretary, at("08T10:00")),
        ("remind", holder, at("08T10:00")),
    ]
    assert wait.overdue() == []
    wait.works(at("09T11:00"))
    assert len(wait.told()) == 3
    assert wait.overdue() == [
        {
            "request_id": wait.request_id,
            "task_id": wait.held.task_id,
            "task_revision": 1,
            "person_id": holder,
            "action": "transfer_up",
            "rung": 3,
        }
    ]
    [alarm] = wait.store.read(alarms.alarms_of_request, wait.request_id)
    assert (alarm.kind, alarm.thing) == ("overdue_task", f"task:{wait.held.task_id}")
    assert wait.set_for() == []


def test_f34_no_timeout_decides_by_itself(wait: Wait) -> None:
    wait.works(at("18T09:00"))
    wait.works(at("18T18:00"))
    assert wait.overdue() != []
    assert [row.state for row in wait.rows(select(requests))] == ["pending"]
    assert [row.state for row in wait.rows(select(tasks))] == ["open"]


def test_f33_the_ladder_stops_when_the_task_is_decided(wait: Wait) -> None:
    wait.works(at("07T15:00"))
    wait.decide(at("07T16:00"))
    wait.works(at("30T09:00"))
    assert len(wait.told()) == 1
    assert wait.overdue() == []
    assert wait.set_for() == []


def test_stopping_takes_the_timer_back_and_settles_the_alarm(wait: Wait) -> None:
    wait.works(at("07T15:00"))
    wait.store.write(alarms.raise_alarm, "overdue_task", wait.held.thing, now=at("07T15:00"))
    wait.store.write(ladder.stop, wait.held.task_id, 1, now=at("07T16:00"))
    assert wait.set_for() == []
    assert wait.store.read(alarms.open_counts) == {}


def test_a_task_opened_anew_has_its_own_ladder(wait: Wait) -> None:
    held = wait.held
    wait.held_of = lambda tx, task_id: replace(held, task_revision=2, opened_at=at("08T09:00"))  # type: ignore[method-assign]  # an engine that has moved on
    wait.works(at("07T15:00"))
    assert wait.told() == []
    wait.store.write(ladder.climb, wait.held_of(None, held.task_id))  # type: ignore[arg-type]  # reads nothing
    assert wait.set_for() == [at("08T15:00")]


def test_a_timer_that_comes_days_late_reminds_once_and_gives_an_hour(wait: Wait) -> None:
    secretary = wait.secretary()
    wait.works(at("12T10:00"))
    assert [(kind, person) for kind, person, _ in wait.told()] == [
        ("tell_secretary", secretary),
        ("remind", wait.held.person_id),
    ]
    assert wait.overdue() == []
    wait.works(at("12T11:00"))
    assert len(wait.overdue()) == 1


def test_a_reminder_does_not_come_at_night_unless_very_urgent(store: Store, wait: Wait) -> None:
    wait.works(at("07T23:00"))
    assert wait.told() == []
    assert wait.set_for() == [at("08T07:00")]
    wait.works(at("08T07:00"))
    assert [kind for kind, *_ in wait.told()] == ["remind"]


def test_a_very_urgent_reminder_passes_at_night(store: Store) -> None:
    wait = Wait(store, Ladder(4), urgency=2)
    wait.works(at("07T23:00"))
    assert [kind for kind, *_ in wait.told()] == ["remind"]


def test_where_nobody_can_be_told_an_alarm_stands(wait: Wait) -> None:
    wait.works(at("07T15:00"))
    wait.works(at("08T10:00"))
    [alarm] = wait.store.read(alarms.open_alarms).items
    assert alarm.facts == {"person_id": wait.held.person_id, "hours": 25, "nobody_to_tell": True}
    wait.works(at("09T11:00"))
    [alarm] = wait.store.read(alarms.open_alarms).items
    assert (alarm.times, alarm.facts["action"]) == (2, "transfer_up")


def test_without_a_secretary_the_deputies_are_told(wait: Wait) -> None:
    deputy = hire(wait.store, "hy00002").person_id
    assert deputy is not None
    since = OPENED - timedelta(days=9)

    def seat(tx: Tx) -> None:
        unit = OrgUnit(code="a", name="办公室", short="办", kind="internal", level=2, valid_from=since)
        tx.session.add(unit)
        tx.session.flush()
        assert unit.id is not None
        for code, who, is_head in (("h", wait.held.person_id, True), ("d", deputy, False)):
            post = Post(
                code=code, unit_id=unit.id, name=code, rank="R3", is_head=is_head, is_deputy=not is_head
            )
            tx.session.add(post)
            tx.session.flush()
            assert post.id is not None
            tx.session.add(Assignment(person_id=who, post_id=post.id, valid_from=since))

    wait.store.write(seat)
    wait.works(at("07T15:00"))
    wait.works(at("08T10:00"))
    assert ("tell_secretary", deputy, at("08T10:00")) in wait.told()
    assert wait.store.read(alarms.open_counts) == {}


def test_a_timeout_that_only_reminds_goes_on_and_leaves_an_alarm(store: Store) -> None:
    wait = Wait(store, Ladder(None, None, 14))
    wait.works(at("08T18:00"))
    assert [one["action"] for one in wait.overdue()] == ["remind"]
    for day in ("09", "11", "12", "13", "14", "15"):
        wait.works(at(f"{day}T18:00"))
    assert [kind for kind, *_ in wait.told()] == ["remind"] * 6
    assert wait.set_for() == []
    assert store.read(alarms.open_counts) == {"overdue_task": 1}


def test_a_step_without_a_ladder_sets_no_timer(store: Store) -> None:
    assert Wait(store, Ladder()).set_for() == []


def test_what_the_ladder_did_stands_on_the_requests_record(wait: Wait) -> None:
    wait.secretary()
    for moment in ("07T15:00", "08T10:00", "09T11:00"):
        wait.works(at(moment))
    verbs = [
        row.verb
        for row in wait.rows(
            select(entries.c.verb)
            .where(entries.c.chain == f"request:{wait.request_id}", entries.c.thing == wait.held.thing)
            .order_by(entries.c.seq)
        )
    ]
    assert verbs[-4:] == ["reminded", "told", "reminded", "overdue_rung"]
