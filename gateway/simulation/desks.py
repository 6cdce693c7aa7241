"""What people do in an hour: they file, decide what lies with them, hand it on, bring others in, and submit again what came back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import select

from approval_core.approvals import adding, deciding, filing, handing, resubmitting
from approval_core.approvals import service as approvals
from approval_core.approvals.filing import Filing
from approval_core.approvals.models import Request, Step, Task
from approval_core.approvals.resubmitting import Resubmission
from approval_core.clock import OFFICE_ZONE
from approval_core.columns import table_of
from approval_core.errors import OfficeError
from approval_core.people import queries as people
from approval_core.people.actor import Actor, Evidence
from approval_core.people.models import absences, persons
from approval_core.store import Tx
from gateway.simulation.forms import OWN_TYPE_NAME, WRITTEN, Desk, form_of

tasks, requests, steps = table_of(Task), table_of(Request), table_of(Step)

#: Of what is looked at in an hour so much is decided; of a few a leader thinks for days.
QUICK, SLOW, SLOW_ONES = 0.3, 0.02, 30
VERDICTS = (("approve", 93), ("return", 3), ("reject", 2), ("transfer", 1), ("add", 1))
BY_PROXY, CARELESS, UNDONE, SENT_AGAIN, GIVEN_UP = 0.1, 0.05, 0.01, 0.25, 0.03
SURE, UNSURE = 4, 1
ADDED = 0.15  #: where the type lets people be brought in


class Desks:
    """`acts` and `refused` count what was done and what the office did not allow."""

    def __init__(self, random: Random, staff: Sequence[tuple[int, str]]) -> None:
        self.random, self.staff = random, list(staff)
        self.accounts = dict(staff)
        self.acts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def try_to(self, tx: Tx, what: str, work: Callable[..., Any], *args: Any, **facts: Any) -> Any:
        """One act in a savepoint of its own; None when it was refused."""
        try:
            with tx.nested():
                done = work(tx, *args, **facts)
        except OfficeError as refusal:
            self.refused[f"{what} {refusal.code}"] += 1
            return None
        self.acts[what] += 1
        return done

    def file(self, tx: Tx, rate: float, now: datetime) -> None:
        """`rate`: how many a person files in this hour."""
        away = away_now(tx, now)
        desk = Desk(self.random, now.astimezone(OFFICE_ZONE).date(), list(self.accounts.values()))
        for person_id, account in self.staff:
            if self.random.random() < rate and person_id not in away:
                kind, form = form_of(desk)
                actor = Actor("person", account, person_id)
                self.try_to(tx, "filed", filing.file, Filing(kind, form), actor=actor, now=now)

    def decide(self, tx: Tx, now: datetime) -> None:
        """Everybody looks at his list."""
        away = away_now(tx, now)
        open_tasks = (
            select(
                tasks.c.id, tasks.c.revision, tasks.c.person_id, tasks.c.claimed_at, persons.c.account,
                requests.c.type, requests.c.amount, steps.c.block, steps.c.placed,
            )
            .join(requests, requests.c.id == tasks.c.request_id)
            .join(steps, steps.c.id == tasks.c.step_id)
            .join(persons, persons.c.id == tasks.c.person_id)
            .where(tasks.c.state == "open", requests.c.state == "pending")
            .order_by(tasks.c.id)
        )  # fmt: skip
        for row in tx.execute(open_tasks).all():
            if self.random.random() >= (SLOW if row.id % SLOW_ONES == 0 else QUICK):
                continue
            actor = self._at_hand(tx, row, away, now)
            if actor is not None:
                self._act(tx, row, actor, now)

    def _at_hand(self, tx: Tx, row: Any, away: set[int], now: datetime) -> Actor | None:
        """The holder, or one of those who may answer for him."""
        if row.person_id not in away and self.random.random() >= BY_PROXY:
            return Actor("person", row.account, row.person_id)
        proxies = people.proxies_of(tx, row.person_id, type=row.type, amount=row.amount, now=now)
        there = [one for one in proxies if one.person_id not in away]
        if there:
            chosen = self.random.choice(there)
            return Actor("person", chosen.account, chosen.person_id)
        return None if row.person_id in away else Actor("person", row.account, row.person_id)

    def _act(self, tx: Tx, row: Any, actor: Actor, now: datetime) -> None:
        [act] = self.random.choices([one for one, _ in VERDICTS], [share for _, share in VERDICTS])
        if row.type == OWN_TYPE_NAME and row.placed is None and self.random.random() < ADDED:
            act = "add"
        known = {"actor": actor, "task_revision": row.revision, "now": now}
        if act == "transfer":
            self.try_to(
                tx, "handed over", handing.transfer, row.id, self._somebody(), reason="请代为办理", **known
            )
            return
        if act == "add":
            placed = self.random.choice(("before", "after", "beside", "asked"))
            what = f"added {placed}"
            self.try_to(tx, what, adding.add, row.id, [self._somebody()], placed=placed, **known)
            return
        level = UNSURE if self.random.random() < CARELESS else SURE
        evidence = Evidence("app", level, f"simulated:{row.id}")
        done = self.try_to(
            tx, act, deciding.decide, row.id, evidence=evidence, verdict=act, comment="已阅。",
            form=WRITTEN.get(row.block) if act == "approve" and not row.placed else None, **known,
        )  # fmt: skip
        if done is not None and done.state == "held" and self.random.random() < UNDONE:
            facts = {"actor": actor, "evidence": evidence, "now": now}
            self.try_to(tx, "undone", deciding.undo, done.decision_id, **facts)

    def send_again(self, tx: Tx, now: datetime) -> None:
        """What came back is submitted again, or given up; some are given up on their way."""
        away = away_now(tx, now)
        mine = (
            select(requests.c.id, requests.c.state, requests.c.applicant_id, persons.c.account)
            .join(persons, persons.c.id == requests.c.applicant_id)
            .where(requests.c.state == "returned")
            .order_by(requests.c.id)
        )
        for row in tx.execute(mine).all():
            chance = self.random.random()
            if row.applicant_id in away or chance >= SENT_AGAIN:
                continue
            actor = Actor("person", row.account, row.applicant_id)
            if chance < GIVEN_UP:
                self.try_to(
                    tx, "withdrawn", approvals.withdraw, row.id, actor=actor, reason="不再需要", now=now
                )
                continue
            what = Resubmission()
            self.try_to(tx, "submitted again", resubmitting.resubmit, row.id, what, actor=actor, now=now)

    def _somebody(self) -> int:
        return self.random.choice(self.staff)[0]


def away_now(tx: Tx, now: datetime) -> set[int]:
    """Whoever is away or gone."""
    away = select(absences.c.person_id).where(absences.c.valid_from <= now, absences.c.valid_to > now)
    gone = select(persons.c.id).where(persons.c.state != "active")
    return {*tx.execute(away).scalars(), *tx.execute(gone).scalars()}
