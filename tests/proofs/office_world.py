"""An office of leaders with phones on a clock of its own, over the real services and a real store.

A calendar of happenings runs in virtual time: requests arrive, the worker's and the modem's rounds come, SMS travel,
leaders read and type. Every happening that touches the store is a work of its own savepoint; a stretch of them
commits together, as the store does when many wait. Chance comes from one seeded source.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import bindparam, select

from approval_core import outbox, timers
from approval_core.approvals import service as approvals
from approval_core.approvals.models import Request, Task
from approval_core.audit import sequence
from approval_core.columns import table_of
from approval_core.errors import Conflict
from approval_core.people.actor import Actor
from approval_core.store import Store, Tx
from sms_modem import handover, reactions, recording, reports, service
from sms_modem.settings import SmsSettings
from sms_modem.transports.base import Inbound, PartSent, Sent, StatusReport, Unknown
from tests.factories import BY_APP, CLIENT, NOW, insert_person, step, submission
from tests.proofs.leaders import NO, YES, Intent, Leader, Seen, pause

requests, tasks = table_of(Request), table_of(Task)

_CONTENT = select(requests.c.content_hash).where(requests.c.id == bindparam("request_id"))
_TASK = (
    select(tasks.c.id, tasks.c.revision)
    .where(tasks.c.request_id == bindparam("request_id"), tasks.c.person_id == bindparam("person"))
    .order_by(tasks.c.id.desc())
    .limit(1)
)

Happening = Callable[[Tx, datetime], None]
Answering = Callable[..., None]

SIM = recording.Receiver("sim-1", "own_sim", "+8613900000000")
LINE = handover.Line("sim-1", "sim-1#simulated", SIM.number)
#: Monday, ten o'clock at the office
START = NOW.replace(day=4, hour=2)
RATES = (0.5, 2.0, 6.0)
MOST_OPEN = 20
TOGETHER = 200  #: happenings in one commit
#: A round of worker and modem comes so late at most (a modem needs 3 s for an SMS); timers are looked at so often at
#: least (the shortest hold is longer); the log grows so often.
ROUND_S, TIMERS_S, SEQUENCE_S = 6.0, 60.0, 300.0
HANDLERS = {"hold_end": approvals.on_hold_end, "expiry": approvals.on_expiry}

LOST, LATE, UNACKNOWLEDGED, REPORTED = 0.005, 0.005, 0.003, 0.1
LATEST_S = 7200.0
SAME_PDU, PRESSED_AGAIN, TAKES_BACK = 0.15, 0.15, 0.04
#: Attempted; about half of them come before the decision, which makes a fifth of all items.
ELSEWHERE = (("app", 0.15), ("withdrawn", 0.08), ("changed", 0.14))
SECOND_APPROVER, BURST = 0.1, 0.01


@dataclass(slots=True)
class Item:
    """One matter as the office knows it: its request, and the hash of each content it has had."""

    number: int
    request_id: int
    phones: tuple[Leader, ...]
    contents: dict[int, str] = field(default_factory=dict)  #: version → content hash

    @property
    def version(self) -> int:
        return len(self.contents)


@dataclass(slots=True)
class Tally:
    """What was done to the system under proof."""

    items: int = 0
    replies: int = 0
    edits: int = 0
    elsewhere: int = 0
    same_pdu: int = 0
    pressed_again: int = 0
    lost: int = 0
    late: int = 0
    unacknowledged: int = 0
    most_open: int = 0

    def add(self, other: Tally) -> None:
        for one in fields(self):
            mine, theirs = getattr(self, one.name), getattr(other, one.name)
            setattr(self, one.name, max(mine, theirs) if one.name == "most_open" else mine + theirs)


class OfficeWorld:
    def __init__(
        self,
        store: Store,
        *,
        seed: int,
        phones: int,
        settings: SmsSettings | None = None,
        answering: Answering = service.answer_all,
    ) -> None:
        self.store, self.settings = store, settings or SmsSettings()
        self.chance = random.Random(seed)
        self.tally = Tally()
        self.items: dict[int, Item] = {}
        self.intents: dict[int, Intent] = {}
        #: replies whose printed content was no longer the current one when they came in
        self.outdated: set[int] = set()
        self.key = Ed25519PrivateKey.from_private_bytes(random.Random(seed).randbytes(32))
        self._answering = answering
        self._reactions = reactions.reactions(self.settings)
        self._calendar: list[tuple[float, int, Happening]] = []
        self._number = self._reference = self._stretches = 0
        self.at = 0.0
        self._round_set = self._closing = False
        self._wanted = 0
        self._open: dict[str, set[int]] = {}
        self.leaders = [self._hire(n) for n in range(phones)]

    def _hire(self, n: int) -> Leader:
        account, phone = f"hy{n:05d}", f"+86138{n:08d}"
        person = self.store.write(insert_person, account, name=account, number=phone)
        leader = Leader(phone, account, RATES[n % len(RATES)], person)
        self._open[phone] = set()
        return leader

    # --- the calendar ---

    def run(self, replies: int) -> OfficeWorld:
        """Until so many replies came in; then no more requests, and what is under way comes to its end."""
        self._wanted = replies
        for leader in self.leaders:
            self._later(self.chance.expovariate(leader.rate / 3600), self._arrives(leader))
        self._later(TIMERS_S, self._timers)
        self._later(SEQUENCE_S, self._sequence)
        while self._calendar:
            self.store.write(self._stretch, self._stretches + 1)
        while self.store.write(sequence, now=self.now, key=self.key):
            pass
        return self

    def _stretch(self, tx: Tx, number: int) -> None:
        """The next happenings, one savepoint each. The calendar moves on, so this work must never be repeated."""
        assert number == self._stretches + 1, "the store repeated a stretch"
        self._stretches = number
        for _ in range(TOGETHER):
            if not self._calendar:
                return
            self.at, _, happening = heapq.heappop(self._calendar)
            with tx.nested():
                happening(tx, self.now)

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.at)

    def _later(self, seconds: float, happening: Happening) -> None:
        self._number += 1
        heapq.heappush(self._calendar, (self.at + seconds, self._number, happening))

    # --- requests ---

    def _arrives(self, leader: Leader) -> Happening:
        def happen(tx: Tx, now: datetime) -> None:
            if self._closing:
                return
            self._later(self.chance.expovariate(leader.rate / 3600), self._arrives(leader))
            many = self.chance.randint(5, MOST_OPEN) if self.chance.random() < BURST else 1
            for _ in range(many):
                self._submit(tx, leader, now)

        return happen

    def _submit(self, tx: Tx, leader: Leader, now: datetime) -> None:
        if len(self._open[leader.phone]) >= MOST_OPEN:
            return
        asked = [leader]
        if self.chance.random() < SECOND_APPROVER:
            other = self.chance.choice(self.leaders)
            if other is not leader and len(self._open[other.phone]) < MOST_OPEN:
                asked.append(other)
        self.tally.items += 1
        number = self.tally.items
        what = submission(
            step(*(one.account for one in asked)), ref=f"S-{number}", title=f"用车第{number}号", summary=""
        )
        request_id = approvals.submit(tx, what, actor=CLIENT, now=now).request_id
        item = Item(number, request_id, tuple(asked))
        self.items[number] = item
        self._keep_content(tx, item)
        self._opened(item)
        self._stir()
        for how, share in ELSEWHERE:
            if self.chance.random() < share:
                self._later(pause(self.chance, 180.0), self._elsewhere(item, how))

    def _keep_content(self, tx: Tx, item: Item) -> None:
        item.contents[item.version + 1] = tx.run(_CONTENT, request_id=item.request_id).scalar()

    def _opened(self, item: Item) -> None:
        for one in item.phones:
            self._open[one.phone].add(item.number)
            self.tally.most_open = max(self.tally.most_open, len(self._open[one.phone]))

    def _over(self, item: Item) -> None:
        for one in item.phones:
            self._open[one.phone].discard(item.number)

    def _elsewhere(self, item: Item, how: str) -> Happening:
        """Decided in the app, withdrawn, or changed; while a decision is in hold the asking side tries again."""

        def happen(tx: Tx, now: datetime) -> None:
            try:
                with tx.nested():
                    self._do_elsewhere(tx, item, how, now)
            except Conflict as refusal:
                if refusal.code == "held":
                    self._later(60.0, happen)
                return
            self.tally.elsewhere += 1
            self._stir()

        return happen

    def _do_elsewhere(self, tx: Tx, item: Item, how: str, now: datetime) -> None:
        if how == "app":
            self._decide_in_the_app(tx, item, now)
        elif how == "withdrawn":
            approvals.withdraw(tx, item.request_id, actor=CLIENT, reason="", now=now)
            self._over(item)
        else:
            title = f"用车第{item.number}号改{item.version + 1}版"
            content = approvals.Content(title, "", {"days": item.version + 1})
            approvals.revise(tx, item.request_id, content=content, actor=CLIENT, now=now)
            self._keep_content(tx, item)
            self.tally.edits += 1

    def _decide_in_the_app(self, tx: Tx, item: Item, now: datetime) -> None:
        leader = item.phones[0]
        task = tx.run(_TASK, request_id=item.request_id, person=leader.person_id).one()
        actor = Actor("person", leader.account, person_id=leader.person_id)
        verdict = self.chance.choice((YES, NO))
        approvals.decide(
            tx, task.id, actor=actor, evidence=BY_APP, verdict=verdict, task_revision=task.revision, now=now
        )
        self._over(item)

    # --- the worker's and the modem's rounds ---

    def _stir(self) -> None:
        if not self._round_set:
            self._round_set = True
            self._later(self.chance.uniform(0.1, ROUND_S), self._round)

    def _round(self, tx: Tx, now: datetime) -> None:
        self._round_set = False
        while outbox.route(tx, self._reactions, now=now):
            pass
        while outbox.deliver_one(tx, self._reactions, now=now):
            pass
        while (claimed := handover.claim(tx, LINE, seconds=180, pause=20, now=now)) is not None:
            sms = claimed.outgoing
            self._reference = (self._reference + 1) % 256
            lost = self.chance.random() < LOST
            if self.chance.random() < UNACKNOWLEDGED:
                self.tally.unacknowledged += 1
                outcome: Any = Unknown("no_answer", 1, expected_reference=self._reference)
                if not lost:
                    self._later(self.chance.uniform(5.0, 600.0), self._reported(self._reference, sms.to))
            else:
                outcome = Sent((PartSent(1, self._reference),))
                if not lost and self.chance.random() < REPORTED:
                    self._later(self.chance.uniform(5.0, 60.0), self._reported(self._reference, sms.to))
            handover.handed_over(tx, sms.id, outcome, LINE, now=now)
            if lost:
                self.tally.lost += 1
            else:
                self._later(self._journey(), self._reaches(sms.to, sms.id, sms.text))

    def _reported(self, reference: int, number: str) -> Happening:
        def happen(tx: Tx, now: datetime) -> None:
            status = StatusReport(reference, number, "delivered", now, "")
            reports.report(tx, status, modem=LINE.modem, now=now)

        return happen

    def _timers(self, tx: Tx, now: datetime) -> None:
        fired = False
        while timers.fire_one(tx, HANDLERS, now=now):
            fired = True
        if fired:
            self._stir()
        due = timers.next_due(tx)
        if due is not None:
            self._later(min(TIMERS_S, max(2.0, (due - now).total_seconds())), self._timers)
        elif self._calendar:
            self._later(TIMERS_S, self._timers)

    def _sequence(self, tx: Tx, now: datetime) -> None:
        sequence(tx, now=now, key=self.key)
        if not self._closing:
            self._later(SEQUENCE_S, self._sequence)

    def _journey(self) -> float:
        if self.chance.random() < LATE:
            self.tally.late += 1
            return self.chance.uniform(60.0, LATEST_S)
        return pause(self.chance, 4.0, 0.5)

    # --- phones ---

    def _reaches(self, phone: str, sms_id: int, text: str) -> Happening:
        def happen(tx: Tx, now: datetime) -> None:
            leader = self.leader(phone)
            kind, seen = leader.read(sms_id, text, self.at)
            if seen is None:
                return
            item = self.items[seen.item]
            if kind == "ask":
                self._opened(item)
                self._later(pause(self.chance), self._picks_up(leader, seen))
            elif kind == "clarify" and self.chance.random() < 0.9:
                again = leader.tries_again(seen, self.chance)
                if again is not None:
                    self._later(pause(self.chance, 60.0), lambda tx, now: self._types(leader, again, now))
            elif kind == "receipt":
                self._over(item)
                if self.chance.random() < TAKES_BACK:
                    regret = leader.takes_back(seen, self.chance)
                    self._later(pause(self.chance, 45.0), lambda tx, now: self._types(leader, regret, now))

        return happen

    def leader(self, number: str) -> Leader:
        return self.leaders[int(number[6:])]

    def _picks_up(self, leader: Leader, seen: Seen) -> Happening:
        def happen(tx: Tx, now: datetime) -> None:
            intent = leader.answers(seen, self.at, self.chance)
            if intent is not None:
                self._types(leader, intent, now)
            if not seen.answered:  # it was no good, or nothing: he looks again later
                self._later(pause(self.chance, 900.0), self._picks_up(leader, seen))

        return happen

    def _types(self, leader: Leader, intent: Intent, now: datetime) -> None:
        self._sends(leader, intent, now)
        if self.chance.random() < PRESSED_AGAIN:
            self.tally.pressed_again += 1
            self._later(pause(self.chance, 60.0), lambda tx, now: self._sends(leader, intent, now))

    def _sends(self, leader: Leader, intent: Intent, now: datetime) -> None:
        """On the air: lost, late (stamped before or after the delay), or twice."""
        if self.chance.random() < LOST:
            self.tally.lost += 1
            return
        journey = self._journey()
        stamped = now + timedelta(seconds=journey * self.chance.random() if journey > 60 else 1.0)
        inbound = Inbound(leader.phone, intent.text, "", stamped.replace(microsecond=0))
        self._later(journey, self._comes_in(inbound, intent))
        if self.chance.random() < SAME_PDU:
            self.tally.same_pdu += 1
            self._later(journey + pause(self.chance, 30.0, 2.0), self._comes_in(inbound, intent))

    def _comes_in(self, inbound: Inbound, intent: Intent) -> Happening:
        def happen(tx: Tx, now: datetime) -> None:
            self.tally.replies += 1
            self._closing = self._closing or self.tally.replies >= self._wanted
            ids = recording.record_all(tx, [inbound], transport=SIM, now=now)
            for sms_id in ids:
                self.intents[sms_id] = intent
                if any(one.version != self.items[one.item].version for one in intent.meant):
                    self.outdated.add(sms_id)
            self._answering(tx, ids, settings=self.settings, now=now)
            self._stir()

        return happen
