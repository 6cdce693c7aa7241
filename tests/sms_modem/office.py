"""An office with phones and no modem: what was queued is handed over by hand, what a leader types is recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from approval_core.approvals import service as approvals
from approval_core.approvals.models import Decision, Request, Task
from approval_core.columns import table_of
from approval_core.outbox import deliver_one, route
from approval_core.people.actor import Actor, Evidence
from approval_core.store import Row, Store, Tx
from sms_modem import handover, service
from sms_modem.models import inbound_outcomes, inbound_sms, outbound_sms, prompts
from sms_modem.reactions import reactions
from sms_modem.recording import Receiver, record
from sms_modem.settings import SmsSettings
from sms_modem.transports.base import Inbound, PartSent, Sent
from tests.factories import CLIENT, NOW, insert_person, step, submission

requests, tasks, decisions = table_of(Request), table_of(Task), table_of(Decision)

#: ten in the morning of a working day, so that nothing waits for the end of the quiet hours
MORNING = NOW.replace(hour=2)
SIM = Receiver("sim-1", "own_sim", "+8613900000000")
OTHER_SIM = Receiver("sim-2", "own_sim", "+8613900000009")
PROVIDER = Receiver("cloud", "provider", "+8613900000001")


@dataclass
class Office:
    store: Store
    settings: SmsSettings = field(default_factory=SmsSettings)
    now: datetime = MORNING
    leaders: dict[str, tuple[Actor, str]] = field(default_factory=dict)
    _sent: int = 0
    _refs: int = 0

    # --- people and requests ---

    def leader(self, account: str, name: str = "") -> str:
        """A leader with a bound phone; returns the number."""
        number = f"+86138{len(self.leaders):08d}"
        person = self.store.write(insert_person, account, name=name or account, number=number)
        self.leaders[account] = (Actor("person", account, person_id=person), number)
        return number

    def ask(self, *accounts: str, mode: str = "any", title: str = "申请年休假3天", **facts: Any) -> int:
        """A request that reached its phones. Returns its id."""
        self._refs += 1
        request_id = self.submit(*accounts, mode=mode, title=title, **facts)
        self.deliver()
        return request_id

    def submit(self, *accounts: str, mode: str = "any", title: str = "申请年休假3天", **facts: Any) -> int:
        self._refs += 1
        what = submission(step(*accounts, mode=mode), ref=f"R-{self._refs}", title=title, **facts)
        return self.store.write(approvals.submit, what, actor=CLIENT, now=self.now).request_id

    def decide_elsewhere(self, account: str, request_id: int, verdict: str = "approve") -> int:
        """On the PC. Returns the decision."""
        actor = self.leaders[account][0]
        task = self.task(request_id, account)
        decided = self.store.write(
            approvals.decide,
            task.id,
            actor=actor,
            evidence=Evidence("web", 2, "web:1"),
            verdict=verdict,
            task_revision=task.revision,
            now=self.now,
        )
        return decided.decision_id

    # --- time and the mail rounds ---

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def react(self) -> None:
        """Every event reaches its reactions."""
        table = reactions(self.settings)
        while self.store.write(route, table, now=self.now):
            pass
        while self.store.write(deliver_one, table, now=self.now):
            pass

    def deliver(self, sim: Receiver = SIM) -> list[Row]:
        """React, then hand over everything that is due, in its order. Returns what was sent."""
        self.react()
        line = handover.Line(sim.name, f"{sim.name}#test", sim.number)
        sent = []
        while claimed := self.store.write(handover.claim, line, seconds=60, pause=20, now=self.now):
            self._sent += 1
            outcome = Sent((PartSent(1, self._sent % 256),))
            self.store.write(handover.handed_over, claimed.outgoing.id, outcome, line, now=self.now)
            sent.append(self.one(select(outbound_sms).where(outbound_sms.c.id == claimed.outgoing.id)))
        return sent

    # --- what leaders type ---

    def reply(
        self, number: str, text: str, *, through: Receiver = SIM, at: datetime | None = None, **facts: Any
    ) -> int:
        """An SMS is received and answered. Returns its id."""
        sms_id = self.receive(number, text, through=through, at=at, **facts)
        assert sms_id is not None
        self.store.write(service.answer_all, [sms_id], settings=self.settings, now=self.now)
        return sms_id

    def receive(
        self,
        number: str,
        text: str | None,
        *,
        through: Receiver = SIM,
        at: datetime | None = None,
        **facts: Any,
    ) -> int | None:
        provider_id = facts.pop("provider_id", None)
        inbound = Inbound(
            sender=number, text=text, pdu=facts.pop("pdu", ""), smsc_time=at or self.now, **facts
        )
        return self.store.write(record, inbound, transport=through, provider_id=provider_id, now=self.now)

    # --- looking ---

    def all(self, statement: Any) -> list[Row]:
        return self.store.read(_all, statement)

    def one(self, statement: Any) -> Row:
        rows = self.all(statement)
        assert len(rows) == 1, rows
        return rows[0]

    def task(self, request_id: int, account: str) -> Row:
        person = self.leaders[account][0].person_id
        found = self.all(
            select(tasks)
            .where(tasks.c.request_id == request_id, tasks.c.person_id == person)
            .order_by(tasks.c.id.desc())
        )
        return found[0]

    def request(self, request_id: int) -> Row:
        return self.one(select(requests).where(requests.c.id == request_id))

    def decisions(self, request_id: int) -> list[Row]:
        return self.all(
            select(decisions).where(decisions.c.request_id == request_id).order_by(decisions.c.id)
        )

    def outcomes(self, sms_id: int) -> list[str]:
        return [row.outcome for row in self.endings(sms_id)]

    def endings(self, sms_id: int) -> list[Row]:
        return self.all(
            select(inbound_outcomes)
            .where(inbound_outcomes.c.inbound_id == sms_id)
            .order_by(inbound_outcomes.c.position)
        )

    def answer_to(self, sms_id: int) -> Row | None:
        """The one SMS that answers it; more than one is a fault."""
        rows = self.all(select(outbound_sms).where(outbound_sms.c.inbound_id == sms_id))
        assert len(rows) <= 1, rows
        inbound = self.one(select(inbound_sms).where(inbound_sms.c.id == sms_id))
        assert inbound.answered_by == (rows[0].id if rows else None)
        return rows[0] if rows else None

    def template(self, sms_id: int) -> str | None:
        answer = self.answer_to(sms_id)
        return None if answer is None else answer.template

    def prompt(self, number: str) -> Row:
        """The newest question to this phone."""
        return self.all(select(prompts).where(prompts.c.phone == number).order_by(prompts.c.id.desc()))[0]

    def code(self, number: str) -> str:
        return str(self.prompt(number).code)

    def texts_to(self, number: str) -> list[Row]:
        return self.all(
            select(outbound_sms).where(outbound_sms.c.recipient == number).order_by(outbound_sms.c.id)
        )


def write(office: Office, work: Any, *args: Any, **facts: Any) -> Any:
    """A service of the core, at the office's time."""
    return office.store.write(work, *args, **facts, now=office.now)


def _all(tx: Tx, statement: Any) -> list[Any]:
    return list(tx.execute(statement))
