"""A decision is taken back before the news of it has reached everybody: what was true a moment ago is not sent any more."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from approval_core.approvals import service as approvals
from approval_core.people.actor import SYSTEM, Evidence
from approval_core.people.service import standins
from sms_modem.models import prompts
from sms_modem.settings import SmsSettings
from tests.factories import BY_APP
from tests.sms_modem.office import Office

ON_THE_PC = Evidence("web", 2, "web:1")


def take_back(office: Office, account: str, decision: int) -> None:
    actor = office.leaders[account][0]
    office.store.write(approvals.undo, decision, actor=actor, evidence=ON_THE_PC, now=office.now)


def test_decided_by_another_is_not_said_in_the_morning_once_the_question_is_open_again(
    office: Office,
) -> None:
    office.now = office.now.replace(hour=14)  # 22:00 in the office
    office.leader("hy00001")
    office.leader("hy00002")
    request = office.ask("hy00001", "hy00002")
    office.later(hours=3)  # so long ago that nobody is woken by its end
    decision = office.decide_elsewhere("hy00001", request)
    assert office.deliver() == []
    office.later(seconds=30)
    take_back(office, "hy00001", decision)
    assert [row.template for row in office.deliver()] == ["T02", "T02"]
    office.later(hours=7)
    assert office.deliver() == []


def test_decided_by_another_is_never_composed_after_the_decision_was_taken_back(office: Office) -> None:
    office.leader("hy00001")
    second = office.leader("hy00002")
    request = office.ask("hy00001", "hy00002")
    take_back(office, "hy00001", office.decide_elsewhere("hy00001", request))
    assert [row.template for row in office.deliver() if row.recipient == second] == ["T02"]


def test_a_question_reopened_before_anybody_noticed_counts_as_closed_when_it_was_reopened(
    office: Office,
) -> None:
    office.leader("hy00001")
    second = office.leader("hy00002")
    request = office.ask("hy00001", "hy00002")
    office.later(hours=3)
    take_back(office, "hy00001", office.decide_elsewhere("hy00001", request))
    office.deliver()
    first = office.all(select(prompts).where(prompts.c.phone == second).order_by(prompts.c.id))[0]
    assert (first.bare, first.closed_reason, first.closed_at) == (True, "undone", office.now)
    office.later(seconds=61)
    office.reply(second, f"N{office.code(second)}")
    office.ask("hy00002", title="申请用车")
    assert not office.prompt(second).bare  # a late Y to the first question must not decide this one


def test_a_question_that_ended_is_closed_even_where_no_code_rests(office: Office) -> None:
    office.settings = SmsSettings(code_rest=0)
    phone = office.leader("hy00001")
    office.decide_elsewhere("hy00001", office.ask("hy00001"))
    office.later(seconds=1)
    office.deliver()
    assert (office.prompt(phone).state, office.prompt(phone).closed_reason) == ("closed", "decided")


def test_whoever_was_asked_is_asked_again_when_his_stand_in_takes_the_decision_back(office: Office) -> None:
    leader = office.leader("hy00001")
    other = office.leader("hy00009")
    (giver, taker) = (office.leaders[one][0] for one in ("hy00001", "hy00009"))
    request = office.ask("hy00001")
    assert giver.person_id is not None
    assert taker.person_id is not None
    office.store.write(
        standins.delegate,
        giver.person_id,
        taker.person_id,
        types=["GENERIC"],
        valid_from=office.now - timedelta(days=1),
        valid_to=office.now + timedelta(days=1),
        actor=SYSTEM,
        now=office.now,
    )
    task = office.task(request, "hy00001")
    office.store.write(
        approvals.decide,
        task.id,
        actor=taker,
        evidence=BY_APP,
        verdict="approve",
        task_revision=task.revision,
        now=office.now,
    )
    office.deliver()
    assert office.outcomes(office.reply(other, "X")) == ["UNDONE"]
    assert [(row.recipient, row.template) for row in office.deliver()] == [(other, "T27"), (leader, "T02")]


def test_a_receipt_still_in_the_queue_does_not_follow_the_undo(office: Office) -> None:
    phone = office.leader("hy00001")
    office.ask("hy00001")
    office.reply(phone, "Y")
    office.later(seconds=2)
    assert office.outcomes(office.reply(phone, "X")) == ["UNDONE"]
    assert [row.template for row in office.deliver()] == ["T27"]
