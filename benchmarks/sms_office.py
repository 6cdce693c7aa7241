"""An office whose leaders have telephones: store, worker and modem daemon on our own modem's serial line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import func, select

from approval_core.approvals import service as approvals
from approval_core.approvals.models import Decision
from approval_core.approvals.service import Content, StepPlan, Submission
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Store, Tx
from benchmarks.open_matters import CLIENT
from gateway import wiring
from gateway.settings import Settings, load
from gateway.worker import Worker
from migrations import upgrade
from sms_modem import sending
from sms_modem.models import outbound_sms, prompts
from sms_modem.sending import Wording
from sms_modem.supervisor import Supervisor
from sms_modem.transports.base import SmsTransport
from sms_modem.transports.choose import transport_for
from sms_modem.transports.virtual_modem import VirtualModem
from sms_modem.transports.virtual_radio import Handset, VirtualRadio

decisions = table_of(Decision)
DEMO_PREFIX = "+86129"
PATIENCE_S = 60.0


def transport_on(modem: VirtualModem) -> SmsTransport:
    return transport_for(modem.port, demo_prefix=DEMO_PREFIX, allow_demo_numbers=True)


class SmsOffice:
    """`leaders` people with handsets; `ask_all` puts one open question on each."""

    def __init__(self, folder: Path, leaders: int) -> None:
        url = f"sqlite:///{folder}/office.db"
        upgrade(url)
        self.settings: Settings = load(
            database=url, secret_file=str(folder / "secret"), sms={"quiet_from": 0, "quiet_to": 0}
        )
        self.store = Store(url)
        self.radio = VirtualRadio(demo_prefix=DEMO_PREFIX)
        self.modem = VirtualModem(self.radio, number=f"{DEMO_PREFIX}99999999").start()
        self.handsets: list[Handset] = [
            self.radio.handset(f"{DEMO_PREFIX}{number:08d}") for number in range(1, leaders + 1)
        ]
        self.store.write(self._hire)
        self._worker = Worker(self.store, wiring.reactions(self.settings), wiring.TIMERS)
        self._sms = Supervisor(self.store, [transport_on(self.modem)], settings=self.settings.sms_rules)
        self._refs = count(1)

    def open(self) -> None:
        self._worker.start()
        self._sms.start()

    def close(self) -> None:
        self._sms.stop()
        self._worker.stop()
        self.modem.close()
        self.radio.close()
        self.store.close()

    def _hire(self, tx: Tx) -> None:
        for number, handset in enumerate(self.handsets, 1):
            person_id = people.hire(
                tx, account=f"hy{number:05d}", emp_no=f"{number:05d}", name="李建国", rank="R2", actor=SYSTEM,
                now=utc_now(),
            )  # fmt: skip
            people.bind_phone(tx, person_id, number=handset.number, actor=SYSTEM, now=utc_now())

    def ask_all(self, leaders: int) -> list[tuple[Handset, str]]:
        """One new question on each of the first handsets; the handset and the code, when all have arrived."""
        before = self.store.read(_live)

        def submit_all(tx: Tx) -> None:
            for number in range(1, leaders + 1):
                plan = StepPlan(((f"hy{number:05d}", 1),))
                asked = Submission(
                    source="ctais", ref=f"R-{next(self._refs)}", type="GENERIC",
                    content=Content("申请年休假3天", "5月6日起", {"days": 3}), applicant="王伟", steps=(plan,),
                    hold_seconds=600, sms=True,
                )  # fmt: skip
                approvals.submit(tx, asked, actor=CLIENT, now=utc_now())

        self.store.write(submit_all)
        self.until(lambda: len(self.store.read(_live)) == len(before) + leaders, "the questions are out")
        self.at_rest()
        known = set(before)
        codes = dict(one for one in self.store.read(_live) if one not in known)
        return [(one, codes[one.number]) for one in self.handsets[:leaders]]

    def say_all(self, texts: Sequence[tuple[Handset, str]]) -> None:
        """Queue one SMS to each, in one transaction."""

        def queue(tx: Tx) -> None:
            for handset, text in texts:
                words = Wording("T20", text)
                sending.say(tx, handset.number, words, settings=self.settings.sms_rules, now=utc_now())

        self.store.write(queue)

    def decided(self) -> int:
        return self.store.read(_decided)

    def at_rest(self) -> None:
        """Nothing is queued, nothing lies on the SIM."""
        self.until(
            lambda: self.store.read(_queued) == 0 and not any(self.modem.stored().values()), "it is quiet"
        )

    def until(self, condition: Callable[[], bool], otherwise: str, pause: float = 0.02) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, f"waited in vain: {otherwise}"
            time.sleep(pause)


def _live(tx: Tx) -> list[tuple[str, str]]:
    asked = select(prompts.c.phone, prompts.c.code).where(
        prompts.c.state == "live", prompts.c.sent_at.is_not(None)
    )
    return [(row.phone, row.code) for row in tx.execute(asked)]


def _decided(tx: Tx) -> int:
    return int(tx.execute(select(func.count()).select_from(decisions)).scalar_one())


def _queued(tx: Tx) -> int:
    waiting = select(func.count()).where(outbound_sms.c.state.in_(["queued", "leased"]))
    return int(tx.execute(waiting).scalar_one())


@contextmanager
def open_office(folder: Path, leaders: int) -> Iterator[SmsOffice]:
    office = SmsOffice(folder, leaders)
    office.open()
    try:
        yield office
    finally:
        office.close()
