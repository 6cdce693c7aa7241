"""The office closes and opens again: what was under way goes on, what came meanwhile is read, nothing is done twice."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from approval_core.clock import utc_now
from sms_modem.models import inbound_sms
from tests.flows.office import SIGN, Leader, Office, at_work, until


def test_what_was_under_way_goes_on_after_a_restart(database_url: str, tmp_path: Path) -> None:
    with at_work(database_url, tmp_path, part_timeout=1) as office:
        absent, held, halting = office.leader("龚等"), office.leader("温定"), office.leader("游断")
        waiting = office.ask(absent, title="用车申请", hold=1)
        decided = office.ask(held, title="采购申请", hold=1)
        halved = office.ask(halting, title="出差申请")
        codes = {ref: office.asked(who, ref) for who, ref in ((absent, waiting), (halting, halved))}
        office.asked(held, decided)

        started = utc_now()
        halting.phone.send(f"Y{codes[halved]} " + "请办公室按规定办理" * 10, order=(1,))
        until(lambda: _gathering(office, halting), "half an SMS is kept")
        receipt = office.reply(held, "Y").answer
        office.close()

        absent.phone.send("Y")
        assert office.modem.stored()["SM"] == 1
        until(lambda: (utc_now() - started).total_seconds() > 1.5, "the missing part is overdue")
        office.open()

        sms = until(lambda: office.settled(absent.phone, 0), "the reply that lay on the SIM is read")
        answered = office.outcome_of(sms.id, absent.phone)
        assert answered.ends == [("DECIDED", "C1(c)")]
        assert (
            answered.answer == f"{SIGN}已记录:同意 用车申请({codes[waiting]})。有误请1秒内回X{codes[waiting]}"
        )
        for ref in (waiting, decided):
            office.becomes(ref, "approved")
            until(lambda ref=ref: office.called_back(ref), "the asking system is told")  # type: ignore[misc]  # bound in the loop

        lost = until(lambda: office.settled(halting.phone, 0), "half an SMS is given up")
        given_up = office.outcome_of(lost.id, halting.phone)
        assert (given_up.ends, given_up.answer) == ([("PART_LOST", "only parts 1 came")], None)
        assert office.decisions(halved) == []
        assert office.reply(halting, f"Y{codes[halved]}").outcome == "DECIDED"

        office.at_rest()
        assert absent.phone.texts()[1:] == [answered.answer]
        assert held.phone.texts()[1:] == [receipt]
        assert [len(office.called_back(ref)) for ref in (waiting, decided)] == [1, 1]
        assert [len(office.decisions(ref)) for ref in (waiting, decided, halved)] == [1, 1, 1]


def _gathering(office: Office, leader: Leader) -> bool:
    mine = select(inbound_sms.c.id).where(
        inbound_sms.c.sender == leader.phone.number, inbound_sms.c.state == "gathering"
    )
    return bool(office.rows(mine)) and office.modem.stored()["SM"] == 0
