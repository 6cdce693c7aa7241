"""The course of the races: requests whose questions have reached the phones, the two contenders, and the figures."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from approval_core.approvals import service as approvals
from approval_core.approvals.models import Request, Task
from approval_core.clients import service as clients
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.outbox import backlog, next_due
from approval_core.store import Row, Store, Tx
from sms_modem import handover
from sms_modem.models import outbound_sms, prompts
from sms_modem.transports.base import PartSent, Sent
from tests.factories import CLIENT, insert_person, step, submission
from tests.proofs.racing.contender import GATE_BYTES, SIM

requests, tasks = table_of(Request), table_of(Task)
LINE = handover.Line(SIM.name, f"{SIM.name}#course", SIM.number)
PATIENCE_S = 120.0
#: How far one result moves the start of the next race of its kind; beyond that nobody is held back.
STEP_NS, FURTHEST_NS = 400_000, 40_000_000

#: what meets the SMS, and how often
KINDS = (("own task", 9), ("or-sign", 5), ("withdraw", 3), ("revise", 3))


@dataclass(frozen=True, slots=True)
class Leader:
    person: int
    account: str
    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Race:
    """One round: what the reply says, and what is done elsewhere at the same moment."""

    kind: str
    ref: str
    request: int
    replier: Leader
    code: str
    reply: str  #: approve | reject
    presser: Leader
    press: str  #: approve | reject; of no matter for withdraw and revise
    task: int
    revision: int
    hold: int

    @property
    def text(self) -> str:
        return f"{'Y' if self.reply == 'approve' else 'N'}{self.code}"


@dataclass(slots=True)
class Ran:
    race: Race
    sms: dict[str, Any]
    office: dict[str, Any]

    @property
    def sms_won(self) -> bool:
        return bool(self.sms["outcomes"] == ["DECIDED"])

    @property
    def taken_back(self) -> bool:
        """His own yes is in hold already when his no by SMS is read: the no is an undo (C10), no second decision.

        A no that was read before and lost in the last moment is a loser like any other.
        """
        race = self.race
        own = race.kind == "own task" and race.hold > 0 and (race.press, race.reply) == ("approve", "reject")
        return own and bool(self.office["won"]) and bool(self.sms["outcomes"] == ["UNDONE"])

    @property
    def collided(self) -> bool:
        """Each had begun before the other ended."""
        return bool(self.sms["began"] < self.office["ended"] and self.office["began"] < self.sms["ended"])


@dataclass(slots=True)
class Handicap:
    """Nanoseconds the reply waits at the gate; below zero it is the other who waits. Whoever wins starts later."""

    chance: random.Random
    lead: dict[str, int] = field(default_factory=dict)

    def draw(self, name: str) -> int:
        spread = self.chance.randrange(-STEP_NS, STEP_NS)
        return max(-FURTHEST_NS, min(FURTHEST_NS, self.lead.get(name, 0) + spread))

    def learn(self, name: str, sms_won: bool) -> None:
        moved = self.lead.get(name, 0) + (STEP_NS if sms_won else -STEP_NS)
        self.lead[name] = max(-FURTHEST_NS, min(FURTHEST_NS, moved))


class Contender:
    """A process of its own, ended by its own number."""

    def __init__(self, role: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.proofs.racing.contender", role, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def told(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"a contender ended with {self._process.poll()}"
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(40)
        finally:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()


@contextmanager
def contenders(database: str, folder: Path, key: str) -> Iterator[tuple[Contender, Contender]]:
    gate = folder / "gate"
    gate.write_bytes(bytes(GATE_BYTES))
    rest = (database, str(gate), str(folder / "pishi.secret"), key)
    started: list[Contender] = []
    try:
        for role in ("sms", "office"):
            started.append(Contender(role, *rest))
        for one in started:
            assert one.told() == {"ready": True}
        yield started[0], started[1]
    finally:
        for one in started:
            one.end()


class Course:
    """Asks, brings the questions to the phones, and sends both contenders off together."""

    def __init__(self, store: Store, seed: int, leaders: int) -> None:
        self.store, self.chance = store, random.Random(seed)
        self.leaders = [self._leader(number) for number in range(1, leaders + 1)]
        self._handicap = Handicap(random.Random(seed + 1))
        self._number = self._references = 0

    def register(self) -> str:
        return self.store.write(
            clients.add, CLIENT.name, scopes=("approvals",), callback_prefixes=(), now=utc_now()
        )

    def _leader(self, number: int) -> Leader:
        account, name, phone = f"hy{number:05d}", f"领导{number:03d}", f"+86138{number:08d}"
        return Leader(self.store.write(insert_person, account, name=name, number=phone), account, name, phone)

    def prepare(self, count: int) -> list[Race]:
        """That many requests, and every question of theirs handed over."""
        drawn = [self._ask() for _ in range(count)]
        wanted = sum(len({replier, presser}) for _, _, replier, presser in drawn)
        ids = [request for request, *_ in drawn]
        deadline = time.monotonic() + PATIENCE_S
        while self.store.read(_handed_over, ids) < wanted:
            assert time.monotonic() < deadline, "the questions do not reach the phones"
            if not self._hand_over():
                time.sleep(0.02)
        return [self._race(*one) for one in drawn]

    def _ask(self) -> tuple[int, str, Leader, Leader]:
        self._number += 1
        kind = self.chance.choices([kind for kind, _ in KINDS], [often for _, often in KINDS])[0]
        replier, other = self.chance.sample(self.leaders, 2)
        presser = other if kind == "or-sign" else replier
        approvers = [replier.account] if presser is replier else [replier.account, presser.account]
        self.chance.shuffle(approvers)
        ref = f"R-{self._number}"
        hold = self.chance.choice([0, 600])
        what = submission(step(*approvers), ref=ref, title=f"第{self._number}件用车", hold_seconds=hold)
        request = self.store.write(approvals.submit, what, actor=CLIENT, now=utc_now()).request_id
        return request, kind, replier, presser

    def _hand_over(self) -> bool:
        claimed = self.store.write(handover.claim, LINE, seconds=60, pause=20, now=utc_now())
        if claimed is None:
            return False
        self._references += 1
        outcome = Sent((PartSent(1, self._references % 256),))
        self.store.write(handover.handed_over, claimed.outgoing.id, outcome, LINE, now=utc_now())
        return True

    def _race(self, request: int, kind: str, replier: Leader, presser: Leader) -> Race:
        asked = self.store.read(_question, request, replier.person)
        pressed = self.store.read(_question, request, presser.person)
        verdicts = self.chance.choices(["approve", "reject"], k=2)
        return Race(
            kind=kind,
            ref=asked.source_ref,
            request=request,
            replier=replier,
            code=asked.code,
            reply=verdicts[0],
            presser=presser,
            press=verdicts[1],
            task=pressed.task_id,
            revision=pressed.task_revision,
            hold=asked.hold_seconds,
        )

    def run(self, number: int, race: Race, sms: Contender, office: Contender) -> Ran:
        before = self.chance.random() < 0.5
        name = f"{race.kind} {before}"
        wait = self._handicap.draw(name)
        sms.order(
            {
                "round": number,
                "wait_ns": max(0, wait),
                "phone": race.replier.phone,
                "text": race.text,
                "smsc_time": utc_now().replace(microsecond=0).isoformat(),
                "recorded_before": before,
            }
        )
        office.order(
            {
                "round": number,
                "wait_ns": max(0, -wait),
                "do": race.kind if race.kind in ("withdraw", "revise") else "decide",
                "ref": race.ref,
                "task": race.task,
                "revision": race.revision,
                "person": race.presser.person,
                "account": race.presser.account,
                "verdict": race.press,
            }
        )
        ran = Ran(race, sms.told(), office.told())
        self._handicap.learn(name, ran.sms_won)
        return ran

    def settle(self) -> None:
        """Until every event has been answered."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.store.read(_at_rest):
            assert time.monotonic() < deadline, "the events are not answered"
            time.sleep(0.05)


def _at_rest(tx: Tx) -> bool:
    waiting = backlog(tx)
    return waiting.unrouted == 0 and next_due(tx) is None


def _handed_over(tx: Tx, ids: Sequence[int]) -> int:
    query = (
        select(func.count())
        .select_from(outbound_sms.join(prompts, prompts.c.id == outbound_sms.c.prompt_id))
        .where(prompts.c.request_id.in_(ids), outbound_sms.c.state == "sent")
    )
    return int(tx.execute(query).scalar_one())


def _question(tx: Tx, request: int, person: int) -> Row:
    query = (
        select(
            prompts.c.code,
            prompts.c.task_id,
            prompts.c.task_revision,
            requests.c.source_ref,
            requests.c.hold_seconds,
        )
        .join(requests, requests.c.id == prompts.c.request_id)
        .where(prompts.c.request_id == request, prompts.c.person_id == person)
    )
    found: Row = tx.execute(query).one()  # type: ignore[assignment]  # a row like any other
    return found


def figures(ran: Sequence[Ran]) -> str:
    """How often each side won, by kind, and how many rounds really met."""
    won = Counter((one.race.kind, one.sms_won) for one in ran)
    parts = [f"{kind}: SMS {won[kind, True]}, other {won[kind, False]}" for kind, _ in KINDS]
    met = sum(one.collided for one in ran)
    return f"{len(ran)} races, {met} collided; " + "; ".join(parts)
