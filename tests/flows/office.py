"""An office at work: the whole process on a modem's port, telephones on the air, another system asking over HTTP.

Nothing stands in for anything. What is asserted is what a leader reads, what the asking system is told, and the rows.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select, update
from standardwebhooks import Webhook

from approval_core.approvals.models import Decision, Request, Task
from approval_core.approvals.service import Decided, decide
from approval_core.clients import service as clients
from approval_core.clients.queries import live_secrets
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.outbox import Delivery, Event
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM, Actor, Evidence
from approval_core.store import Row, Store, Tx
from gateway.intake.models import OutboundCallback
from gateway.serve import Site
from gateway.settings import load
from sms_modem.explain import Explanation, why
from sms_modem.models import inbound_outcomes, inbound_sms, outbound_sms, prompts
from sms_modem.transports.virtual_modem import VirtualModem
from sms_modem.transports.virtual_radio import Handset, VirtualRadio
from tests.gateway.receiver import Receiver

requests, tasks, decisions = table_of(Request), table_of(Task), table_of(Decision)
events, deliveries, callbacks = table_of(Event), table_of(Delivery), table_of(OutboundCallback)

SIGN = "【政务OA】"
SYSTEM_NAME = "ctais"
OUR_NUMBER = "+8612999999999"
PATIENCE_S = 30.0


def until(condition: Callable[[], Any], otherwise: str, seconds: float = PATIENCE_S) -> Any:
    """The condition's first true value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"waited in vain: {otherwise}")


@dataclass(frozen=True)
class Leader:
    """A person of the office, with a telephone or without."""

    person_id: int
    account: str
    name: str
    handset: Handset | None

    @property
    def phone(self) -> Handset:
        assert self.handset is not None, f"{self.account} has no phone"
        return self.handset

    @property
    def actor(self) -> Actor:
        return Actor("person", self.account, person_id=self.person_id)


@dataclass(frozen=True)
class Reply:
    """What became of one SMS: its outcomes with their reasons, and the one answer, as the handset shows it."""

    sms_id: int
    ends: list[tuple[str, str]]
    answer: str | None

    @property
    def outcome(self) -> str:
        assert len(self.ends) == 1, self.ends
        return self.ends[0][0]

    @property
    def reason(self) -> str:
        assert len(self.ends) == 1, self.ends
        return self.ends[0][1]


class Office:
    """`open` and `close` may alternate: the modem, the telephones and the database stay."""

    def __init__(self, database: str, folder: Path, **sms: Any) -> None:
        self.radio = VirtualRadio(demo_prefix="+86129")
        self.modem = VirtualModem(self.radio, number=OUR_NUMBER).start()
        self.receiver = Receiver()
        self.receiver.__enter__()
        self.settings = load(
            database=database,
            port=0,
            secret_file=str(folder / "pishi.secret"),
            modem=[self.modem.port],
            allow_demo_numbers=True,
            callbacks={"allow_loopback": True},
            sms={"quiet_from": 0, "quiet_to": 0, **sms},
        )
        self._numbers, self._refs = count(1), count(1)
        self._key = ""
        self._secret = ""

    # --- the day ---

    def open(self) -> None:
        self.site = Site(self.settings)
        self._thread = threading.Thread(target=self.site.run, name="site")
        self._thread.start()
        until(lambda: self.site.server.started, "the office opens")
        if not self._key:
            self._key = self.store.write(
                clients.add,
                SYSTEM_NAME,
                scopes=["approvals"],
                callback_prefixes=[self.receiver.address],
                now=utc_now(),
            )
            self._secret = self.store.read(live_secrets, SYSTEM_NAME, utc_now())[0]
        self._http = httpx.Client(
            base_url=self.site.address,
            headers={"Authorization": f"Bearer {self._key}"},
            timeout=20,
            trust_env=False,
        )

    def close(self) -> None:
        self._http.close()
        self.site.stop()
        self._thread.join(40)
        assert not self._thread.is_alive(), "the office does not close"

    def leave(self) -> None:
        """For good."""
        self.modem.close()
        self.radio.close()
        self.receiver.__exit__()

    @property
    def store(self) -> Store:
        return self.site.store

    # --- people ---

    def leader(self, name: str = "李建国", *, phone: bool = True) -> Leader:
        """Somebody new, whom no SMS has reached yet."""
        number = next(self._numbers)
        account = f"hy{number:05d}"
        person_id = self.store.write(
            people.hire,
            account=account,
            emp_no=f"{number:05d}",
            name=name,
            rank="R2",
            actor=SYSTEM,
            now=utc_now(),
        )
        if not phone:
            return Leader(person_id, account, name, None)
        handset = self.radio.handset(f"+86129{number:08d}")
        self.store.write(people.bind_phone, person_id, number=handset.number, actor=SYSTEM, now=utc_now())
        return Leader(person_id, account, name, handset)

    # --- the asking system ---

    def ask(self, *approvers: Leader, title: str = "申请年休假3天", mode: str = "any", **facts: Any) -> str:
        """A request over HTTP; its ref."""
        answer = self.submit(
            [{"approvers": [one.account for one in approvers], "mode": mode}], title=title, **facts
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["state"] == "pending"
        return str(answer.json()["ref"])

    def submit(self, steps: list[dict[str, Any]], **facts: Any) -> httpx.Response:
        body: dict[str, Any] = {
            "ref": f"R-{next(self._refs)}",
            "type": "GENERIC",
            "title": "申请年休假3天",
            "summary": "5月6日起",
            "applicant": "王伟",
            "steps": steps,
            "hold": 600,
            "form": {"days": 3},
            "sms": True,
            "callback_url": f"{self.receiver.address}/answers",
        }
        headers = {"Idempotency-Key": f"submit {body['ref']}"}
        return self._http.post("/systems/v1/approvals", json=body | facts, headers=headers)

    def show(self, ref: str) -> Any:
        answer = self._http.get(f"/systems/v1/approvals/{ref}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def revise(self, ref: str, **content: Any) -> httpx.Response:
        return self._http.put(f"/systems/v1/approvals/{ref}", json=content)

    def withdraw(self, ref: str) -> httpx.Response:
        return self._http.post(f"/systems/v1/approvals/{ref}/withdraw", json={"reason": "不再需要"})

    def state(self, ref: str) -> str:
        return str(self.show(ref)["state"])

    def becomes(self, ref: str, state: str) -> Any:
        until(lambda: self.state(ref) == state, f"{ref} becomes {state}")
        return self.show(ref)

    def called_back(self, ref: str) -> list[tuple[str, Any]]:
        """(message id, what it says), each with a signature that verifies."""
        opened = []
        for one in list(self.receiver.received):
            said = Webhook(self._secret).verify(one.body, one.headers)
            if said["data"]["ref"] == ref:
                opened.append((one.headers["webhook-id"], said))
        return opened

    # --- telephones ---

    def asked(self, leader: Leader, ref: str, *, instead_of: str = "") -> str:
        """Waits until the handset has the question about this request, and gives its code."""
        return str(self.question(leader, ref, instead_of).code)

    def question(self, leader: Leader, ref: str, instead_of: str = "") -> Row:
        """The live prompt that is with the network."""
        query = (
            select(prompts)
            .join(requests, requests.c.id == prompts.c.request_id)
            .where(requests.c.source_ref == ref, prompts.c.person_id == leader.person_id)
            .where(prompts.c.state == "live", prompts.c.sent_at.is_not(None), prompts.c.code != instead_of)
            .order_by(prompts.c.id)
        )
        row: Row = until(lambda: self.rows(query), f"{leader.account} is asked about {ref}")[-1]
        until(
            lambda: any(row.code in text for text in leader.phone.texts()), "the question is on the handset"
        )
        return row

    def reply(self, sender: Leader | Handset, text: str, **how: Any) -> Reply:
        """Send it from the handset and wait for what becomes of it."""
        handset = sender.phone if isinstance(sender, Leader) else sender
        before = self.last_sms(handset)
        handset.send(text, **how)
        sms = until(lambda: self.settled(handset, before), f"an outcome of {text!r}")
        return self.outcome_of(sms.id, handset)

    def last_sms(self, handset: Handset) -> int:
        newest = select(func.max(inbound_sms.c.id)).where(inbound_sms.c.sender == handset.number)
        return int(self.rows(newest)[0][0] or 0)

    def settled(self, handset: Handset, after: int) -> Row | None:
        query = select(inbound_sms).where(
            inbound_sms.c.sender == handset.number, inbound_sms.c.id > after, inbound_sms.c.state == "settled"
        )
        return next(iter(self.rows(query)), None)

    def outcome_of(self, sms_id: int, handset: Handset) -> Reply:
        ends = self.rows(
            select(inbound_outcomes.c.outcome, inbound_outcomes.c.reason)
            .where(inbound_outcomes.c.inbound_id == sms_id)
            .order_by(inbound_outcomes.c.position)
        )
        said = self.rows(select(outbound_sms).where(outbound_sms.c.inbound_id == sms_id))
        assert len(said) <= 1, "answered at most once"
        if said:
            self.arrives(handset, said[0].text)
        return Reply(sms_id, [(row.outcome, row.reason) for row in ends], said[0].text if said else None)

    def arrives(self, handset: Handset | Leader, text: str, times: int = 1) -> None:
        phone = handset.phone if isinstance(handset, Leader) else handset
        until(lambda: phone.texts().count(text) >= times, f"{text!r} among {phone.texts()}")

    def at_rest(self) -> None:
        """Waits until nothing is on its way: no event, no SMS, no callback. What is not there now does not come."""

        def busy(tx: Tx) -> int:
            waiting = (
                select(func.count()).select_from(events).where(events.c.routed.is_(False)),
                select(func.count()).select_from(deliveries).where(deliveries.c.state == "due"),
                select(func.count())
                .select_from(outbound_sms)
                .where(outbound_sms.c.state.in_(["queued", "leased"])),
                select(func.count())
                .select_from(callbacks)
                .where(callbacks.c.state.in_(["queued", "leased"])),
                select(func.count()).select_from(inbound_sms).where(inbound_sms.c.state == "received"),
            )
            return sum(int(tx.execute(query).scalar_one()) for query in waiting)

        until(lambda: self.modem.stored()["SM"] == 0 and self.store.read(busy) == 0, "the office is at rest")

    # --- in the app, and after some time ---

    def decides_in_the_app(
        self, leader: Leader, ref: str, verdict: str = "approve", comment: str = ""
    ) -> Decided:
        task = self.task(leader, ref)
        return self.store.write(
            decide,
            task.id,
            actor=leader.actor,
            evidence=Evidence("app", 2, "app:1"),
            verdict=verdict,
            task_revision=task.revision,
            comment=comment,
            now=utc_now(),
        )

    def ends_its_code(self, leader: Leader, ref: str) -> None:
        """The days of the reply window go by."""
        ending = update(prompts).where(prompts.c.id == self.question(leader, ref).id)
        self.store.write(lambda tx: tx.execute(ending.values(expires_at=utc_now())).rowcount)

    # --- looking ---

    def rows(self, statement: Any) -> Sequence[Any]:
        return self.store.read(lambda tx: tx.execute(statement).all())

    def task(self, leader: Leader, ref: str) -> Row:
        found: Row = self.rows(
            select(tasks)
            .join(requests, requests.c.id == tasks.c.request_id)
            .where(requests.c.source_ref == ref, tasks.c.person_id == leader.person_id)
            .order_by(tasks.c.id.desc())
        )[0]
        return found

    def decisions(self, ref: str) -> list[tuple[str, str, str, str, str]]:
        """(verdict, by, channel, comment, state) as the asking system sees them."""
        return [
            (one["verdict"], one["by"], one["channel"], one["comment"], one["state"])
            for one in self.show(ref)["decisions"]
        ]

    def why(self, sender: Leader | Handset, at: datetime | None = None) -> Explanation:
        handset = sender.phone if isinstance(sender, Leader) else sender
        return self.store.read(why, handset.number, at)


@contextmanager
def at_work(database: str, folder: Path, **sms: Any) -> Iterator[Office]:
    """An office from opening to closing."""
    office = Office(database, folder, **sms)
    try:
        office.open()
        try:
            yield office
        finally:
            office.close()
    finally:
        office.leave()
