"""What changes in an office: people are away, with and without a proxy, heads change, somebody leaves; and the officer on duty."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select

from approval_core.approvals import handover, overriding
from approval_core.approvals.models import Request, Step, Task
from approval_core.approvals.stepping import ABSENT
from approval_core.columns import table_of
from approval_core.notices.alarms import alarms
from approval_core.people import queries, service
from approval_core.people.actor import SYSTEM
from approval_core.people.models import absences, assignments, persons, posts
from approval_core.people.queries.moments import holds
from approval_core.people.rules.fields import ABSENCE_KINDS
from approval_core.store import Tx
from gateway.simulation.desks import Desks, away_now

tasks, requests, steps = table_of(Task), table_of(Request), table_of(Step)

#: Each working day: of the leaders so many go away; with a proxy so often; back early so often.
AWAY, WITH_PROXY, BACK_EARLY = 0.02, 0.6, 0.02
#: The officer on duty looks at an alarm after this time, at so many a day.
LOOKED_AT_AFTER, LOOKS = timedelta(days=1), 200


class Changes:
    def __init__(self, random: Random, desks: Desks) -> None:
        self.random, self._desks = random, desks
        self._empty_seats: list[tuple[int, int]] = []  #: posts without a head, and the unit

    def morning(self, tx: Tx, now: datetime) -> None:
        self._go_away(tx, now)
        self._fill_seats(tx, now)
        self._look_at_alarms(tx, now)

    def week(self, tx: Tx, now: datetime) -> None:
        """Two heads go to other desks; somebody leaves."""
        heads = tx.execute(
            select(assignments.c.id, assignments.c.post_id, posts.c.unit_id)
            .join(posts, posts.c.id == assignments.c.post_id)
            .where(
                posts.c.is_head, posts.c.rank == "R5", assignments.c.kind == "main", holds(assignments, now)
            )
            .order_by(assignments.c.id)
        ).all()
        for row in self.random.sample(heads, min(2, len(heads))):
            self._desks.try_to(tx, "head released", service.end_assignment, row.id, actor=SYSTEM, now=now)
            self._empty_seats.append((row.post_id, row.unit_id))
        self._leave(tx, now)

    def _go_away(self, tx: Tx, now: datetime) -> None:
        away = away_now(tx, now)
        leaders = select(persons.c.id).where(persons.c.rank <= "R6", persons.c.state == "active")
        for person_id in tx.execute(leaders.order_by(persons.c.id)).scalars().all():
            if person_id in away or self.random.random() >= AWAY:
                continue
            start = now + self.random.choice((timedelta(0), timedelta(hours=5), timedelta(days=1)))
            end = start + timedelta(days=self.random.randint(1, 7))
            absence_id = self._desks.try_to(
                tx, "away", service.mark_absent, person_id, kind=self.random.choice(list(ABSENCE_KINDS)),
                valid_from=start, valid_to=end, actor=SYSTEM, now=now,
            )  # fmt: skip
            if absence_id is not None and self.random.random() < WITH_PROXY:
                self._desks.try_to(
                    tx, "proxy named", service.activate_proxy, absence_id, actor=SYSTEM, now=now
                )
        running = select(absences.c.id).where(absences.c.valid_from <= now, absences.c.valid_to > now)
        for absence_id in tx.execute(running.order_by(absences.c.id)).scalars().all():
            if self.random.random() < BACK_EARLY:
                self._desks.try_to(tx, "back early", service.come_back, absence_id, actor=SYSTEM, now=now)

    def _fill_seats(self, tx: Tx, now: datetime) -> None:
        """After some days somebody of the unit is its head."""
        waiting = []
        for post_id, unit_id in self._empty_seats:
            person_id = self._one_of(tx, unit_id, now)
            if self.random.random() < 0.5 or person_id is None:
                waiting.append((post_id, unit_id))
                continue
            self._desks.try_to(tx, "head named", service.assign, person_id, post_id, actor=SYSTEM, now=now)
        self._empty_seats = waiting

    def _one_of(self, tx: Tx, unit_id: int, now: datetime, *, without: int = 0) -> int | None:
        seats = (
            select(assignments.c.person_id)
            .join(posts, posts.c.id == assignments.c.post_id)
            .join(persons, persons.c.id == assignments.c.person_id)
            .where(posts.c.unit_id == unit_id, ~posts.c.is_head, holds(assignments, now))
            .where(persons.c.state == "active", persons.c.id != without, persons.c.rank <= "R7")
            .order_by(assignments.c.id)
        )
        found = tx.execute(seats).scalars().all()
        return self.random.choice(found) if found else None

    def _leave(self, tx: Tx, now: datetime) -> None:
        """Somebody with open tasks, where there is one; his desk is cleared at once half the time."""
        asked = (
            select(tasks.c.person_id)
            .join(persons, persons.c.id == tasks.c.person_id)
            .where(tasks.c.state == "open", persons.c.state == "active", persons.c.rank >= "R4")
            .group_by(tasks.c.person_id)
            .order_by(tasks.c.person_id)
        )
        found = tx.execute(asked).scalars().all()
        if not found:
            return
        person_id = self.random.choice(found)
        unit_id = queries.unit_of(tx, person_id, now=now)
        headed = tx.execute(
            select(assignments.c.post_id, posts.c.unit_id)
            .join(posts, posts.c.id == assignments.c.post_id)
            .where(assignments.c.person_id == person_id, posts.c.is_head, holds(assignments, now))
            .where(assignments.c.kind == "main")
        ).all()
        to_id = None if unit_id is None else self._one_of(tx, unit_id, now, without=person_id)
        self._desks.try_to(tx, "left", service.leave, person_id, actor=SYSTEM, now=now)
        self._empty_seats += [(row.post_id, row.unit_id) for row in headed]
        if to_id is not None and self.random.random() < 0.5:
            facts = {"reason": "离任移交", "actor": SYSTEM, "now": now}
            self._desks.try_to(tx, "desk cleared", handover.hand_over, person_id, to_id, **facts)

    def _look_at_alarms(self, tx: Tx, now: datetime) -> None:
        """The officer on duty: a step without people is asked again, a task of somebody absent goes to his stand-in."""
        live = (
            select(alarms.c.kind, alarms.c.thing, alarms.c.request_id, alarms.c.facts)
            .where(alarms.c.settled_at.is_(None), alarms.c.raised_at < now - LOOKED_AT_AFTER)
            .order_by(alarms.c.id)
            .limit(LOOKS)
        )
        for row in tx.execute(live).all():
            number = int(row.thing.partition(":")[2])
            if row.kind == ABSENT and row.facts.get("standin"):
                card = queries.person_by_account(tx, row.facts["standin"], now=now)
                if card is not None:
                    facts = {"reason": "承办人不在岗", "actor": SYSTEM, "now": now}
                    self._desks.try_to(tx, "reassigned", overriding.reassign, number, card.id, **facts)
            elif row.kind == "step_blocked":
                block = tx.execute(select(steps.c.block).where(steps.c.id == number)).scalar()
                facts = {"reason": "已补齐人员", "actor": SYSTEM, "now": now}
                self._desks.try_to(tx, "asked again", overriding.ask_again, row.request_id, block, **facts)
