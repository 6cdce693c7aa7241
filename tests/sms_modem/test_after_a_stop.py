"""What a stop in the wrong moment leaves behind must not be taken for something else."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from approval_core.clock import utc_now
from approval_core.store import Tx
from sms_modem import handover, reports, supervisor
from sms_modem.models import outbound_parts, outbound_sms
from sms_modem.supervisor import Supervisor
from sms_modem.transports.base import StatusReport
from tests.sms_modem.office import SIM, Office


def line(run: str, modem: str = SIM.name) -> handover.Line:
    return handover.Line(modem, f"{modem}#{run}", SIM.number)


def claim(office: Office, by: handover.Line) -> handover.Claimed:
    claimed = office.store.write(handover.claim, by, seconds=60, pause=20, now=office.now)
    assert claimed is not None
    return claimed


def test_a_report_read_again_after_a_stop_settles_no_other_sms(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    reference = office.one(select(outbound_parts)).reference
    report = StatusReport(reference, phone, "delivered", office.now, "")
    told = office.store.write(reports.report, report, modem=SIM.name, now=office.now)
    assert told is not None
    office.reply(phone, "Y")
    receipt = claim(office, line("first"))  # and here the process is killed; the report still lies on the SIM
    office.store.write(handover.take_over, line("second"), pause=20, now=office.now)
    assert office.store.write(reports.report, report, modem=SIM.name, now=office.now) is None
    row = office.one(select(outbound_sms).where(outbound_sms.c.id == receipt.outgoing.id))
    assert row.state == "unknown"
    office.later(seconds=21)
    assert [sms.template for sms in office.deliver()] == []
    assert office.store.write(handover.send_again, now=office.now) == 1
    assert [sms.template for sms in office.deliver()] == ["T06"]


def test_a_report_of_half_an_sms_never_settles_the_whole(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001", summary="因" * 150)
    office.reply(phone, f"详{office.code(phone)}")
    sms = claim(office, line("first"))  # killed after the first of its parts
    office.store.write(handover.take_over, line("second"), pause=20, now=office.now)
    report = StatusReport(77, phone, "delivered", office.now, "")
    office.store.write(reports.report, report, modem=SIM.name, now=office.now)
    row = office.one(select(outbound_sms).where(outbound_sms.c.id == sms.outgoing.id))
    assert (row.template, row.state) == ("DETAIL", "unknown")
    office.later(seconds=21)
    assert office.store.write(handover.send_again, now=office.now) == 1


def test_reports_that_lay_on_the_sim_never_make_an_old_reply_look_new(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    reference = office.one(select(outbound_parts)).reference
    report = StatusReport(reference, phone, "delivered", office.now + timedelta(seconds=5), "")
    office.later(hours=2)  # we were down
    office.store.write(reports.report, report, modem=SIM.name, now=office.now)
    office.reply(phone, f"Y{office.code(phone)}")
    office.ask("hy00001", title="申请用车")
    late = office.reply(phone, "Y", at=office.now - timedelta(minutes=30))
    assert office.outcomes(late) == ["STALE"]


def test_a_modem_that_opens_leaves_its_namesake_s_work_alone(office: Office) -> None:
    office.leader("hy00001")
    office.submit("hy00001")
    office.react()
    sms = claim(office, line("b", "virtual#2"))
    for run in ("virtual", "virtual#"):
        left = office.store.write(handover.take_over, line("a", run), pause=20, now=office.now)
        assert list(left) == []
    left = office.store.write(handover.take_over, line("c", "virtual#2"), pause=20, now=office.now)
    assert list(left) == [sms.outgoing.id]


def test_whoever_sweeps_outlives_a_fault_of_the_database(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "SWEEP_SECONDS", 0.1)
    monkeypatch.setattr(supervisor, "LOOK_SECONDS", 0.05)
    office.store.write(run_sql, "ALTER TABLE sms_prompt RENAME TO sms_prompt_away")
    watching = Supervisor(office.store, [], settings=office.settings)
    watching.start()
    try:
        wait_for(lambda: office.store.metrics.failed_works > 0)
        office.store.write(run_sql, "ALTER TABLE sms_prompt_away RENAME TO sms_prompt")
        phone = office.leader("hy00001")
        office.now = utc_now()
        sms = office.receive(phone, "Y")
        assert sms is not None
        wait_for(lambda: office.outcomes(sms) == ["NOTHING_OPEN"])
    finally:
        watching.stop()


def run_sql(tx: Tx, words: str) -> None:
    tx.execute(text(words))


def wait_for(happened: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < give_up, "it never happened"
        time.sleep(0.05)
