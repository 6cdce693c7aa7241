"""A reply over the real serial line: +CMTI to the committed decision, and 200 replies at once.

Our virtual modem without network delay; the real library, daemon, grammar, core and store (SQLite, synchronous=FULL) in
one process with the worker. The floor of the burst is the bare transport in the same run: list, hand over and delete
200 messages, and nothing else. `python -m benchmarks.reply_by_sms [LEADERS] [ROUNDS]`
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import bindparam, func, literal_column, select

from approval_core.approvals import service as approvals
from approval_core.approvals.models import Decision
from approval_core.approvals.service import Content, StepPlan, Submission
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM, Actor
from approval_core.store import Store, Tx
from benchmarks.measuring import ROUNDS, interleaved, machine, percentile, show
from gateway import wiring
from gateway.settings import load
from gateway.worker import Worker
from migrations import upgrade
from sms_modem.models import prompts
from sms_modem.supervisor import Supervisor
from sms_modem.transports.gsm import GsmTransport
from sms_modem.transports.virtual_modem import VirtualModem
from sms_modem.transports.virtual_radio import VirtualRadio

decisions = table_of(Decision)
CLIENT = Actor("client", "ctais")
SINGLES = 60
P50_MS, BURST_PER_S = 50, 300
_OF = select(decisions.c.id).where(decisions.c.request_id == bindparam("of_request"))
_ALL = select(func.count()).select_from(decisions)
_ASKED = (
    select(func.count())
    .select_from(prompts)
    .where(prompts.c.state == literal_column("'live'"), prompts.c.sent_at.is_not(None))
)


class Office:
    """A worker and one modem on a fresh database; `leaders` people with demo phones."""

    def __init__(self, folder: Path, leaders: int) -> None:
        url = f"sqlite:///{folder / 'office.db'}"
        upgrade(url)
        settings = load(database=url, demo=True, modem=["virtual"])
        rules = settings.sms_rules.model_copy(update={"quiet_from": 0, "quiet_to": 0})
        self.store, self.radio = Store(url), VirtualRadio()
        self.modem = VirtualModem(self.radio, "+8613900000000", capacity={"SM": 50, "ME": 500}).start()
        transport = GsmTransport(
            self.modem.port, name="m", own_number=self.modem.number, allows_demo_numbers=True
        )
        self.worker = Worker(self.store, wiring.reactions(settings), wiring.TIMERS)
        self.supervisor = Supervisor(self.store, [transport], settings=rules)
        self.phones = self.store.write(_hire, leaders)
        self.worker.start()
        self.supervisor.start()
        self._refs = 0

    def close(self) -> None:
        self.supervisor.stop()
        self.worker.stop()
        self.modem.close()
        self.radio.close()
        self.store.close()

    def ask(self, *accounts: str) -> list[int]:
        """A request for each account, and every question handed over."""
        asked = []
        for account in accounts:
            self._refs += 1
            what = Submission(
                source="ctais", ref=f"R-{self._refs}", type="GENERIC", content=Content("申请年休假3天", "", {}), applicant="王伟",
                steps=(StepPlan(((account, 1),)),), hold_seconds=600, sms=True,
            )  # fmt: skip
            asked.append(self.store.write(approvals.submit, what, actor=CLIENT, now=utc_now()).request_id)
        until(lambda: self.store.read(_count_asked) >= len(accounts))
        return asked


def _hire(tx: Tx, leaders: int) -> dict[str, str]:
    now, phones = utc_now() - timedelta(days=10), {}
    for number in range(1, leaders + 1):
        account, phone = f"hy{number:05d}", f"+8612900{number:06d}"
        person = people.hire(
            tx, account=account, emp_no=account, name="李建国", rank="R2", actor=SYSTEM, now=now
        )
        people.bind_phone(tx, person, number=phone, actor=SYSTEM, now=now)
        phones[account] = phone
    return phones


def _count_asked(tx: Tx) -> int:
    return int(tx.run(_ASKED).scalar())


def _decided(tx: Tx, request_id: int) -> bool:
    return tx.run(_OF, of_request=request_id).first() is not None


def _count_decided(tx: Tx) -> int:
    return int(tx.run(_ALL).scalar())


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("waited in vain")
        time.sleep(0.0005)


def single_replies(office: Office) -> list[float]:
    """Milliseconds from the handset's sending to the decision that another connection can read."""
    times = []
    for account in list(office.phones)[:SINGLES]:
        (request_id,) = office.ask(account)
        began = time.perf_counter()
        office.radio.handset(office.phones[account]).send("Y")
        until(lambda request_id=request_id: office.store.read(_decided, request_id))  # type: ignore[misc]
        times.append((time.perf_counter() - began) * 1000)
        until(lambda: office.store.read(_count_asked) == 0)
    return times


def burst(office: Office) -> float:
    """Every leader answers at once; decisions per second until the last is committed. A lost one raises."""
    office.ask(*office.phones)
    before = office.store.read(_count_decided)
    began = time.perf_counter()
    for phone in office.phones.values():
        office.radio.handset(phone).send("Y")
    until(lambda: office.store.read(_count_decided) == before + len(office.phones))
    rate = len(office.phones) / (time.perf_counter() - began)
    until(lambda: office.store.read(_count_asked) == 0)
    return rate


def bare_transport(messages: int) -> float:
    """Messages per second, listed and deleted by the transport alone."""
    radio = VirtualRadio()
    modem = VirtualModem(radio, "+8613900000001", capacity={"SM": 50, "ME": 500}).start()
    transport = GsmTransport(modem.port, name="floor", own_number=modem.number, allows_demo_numbers=True)
    transport.open()
    began, seen = time.perf_counter(), 0
    for number in range(messages):
        radio.handset(f"+8612900{number:06d}").send("Y")
    while seen < messages:
        for inbound in transport.fetch().inbound:
            transport.delete(inbound)
            seen += 1
    rate = messages / (time.perf_counter() - began)
    transport.close()
    modem.close()
    radio.close()
    return rate


def main() -> None:
    leaders = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    show("machine", said=machine())
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Path(folder), leaders)
        try:
            times = single_replies(office)
            p50 = percentile(times, 0.5)
            show("reply to committed decision", p50_ms=p50, p99_ms=percentile(times, 0.99), target=f"p50 <= {P50_MS} ms",
                 met=p50 <= P50_MS, replies=len(times))  # fmt: skip
            taken = interleaved(lambda: bare_transport(leaders), lambda: burst(office), rounds)
            show(
                f"burst of {leaders} replies, all decided",
                per_second=taken.value,
                target=f">= {BURST_PER_S} per second",
                met=taken.value >= BURST_PER_S,
                bare_transport_per_second=taken.floor,
                ratio=taken.ratio,
                runs=rounds,
            )
        finally:
            office.close()


if __name__ == "__main__":
    main()
