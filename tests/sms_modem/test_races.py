"""Replies against the PC, against each other, and against the questions: one winner, every loser told."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from approval_core.errors import Conflict
from sms_modem import service
from sms_modem.models import inbound_outcomes, prompts
from tests.sms_modem.office import Office


def at_once(*works: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(work) for work in works]]


def test_a_reply_and_the_pc_at_once_make_one_decision(office: Office, seed: int) -> None:
    rng = random.Random(seed)
    phone = office.leader("hy00001")
    tally: Counter[str] = Counter()
    for number in range(15):
        request = office.ask("hy00001", title=f"事项{number}")
        office.later(minutes=2)
        sms = office.receive(phone, f"Y{office.code(phone)}")
        assert sms is not None

        def by_sms(sms: int = sms) -> None:
            office.store.write(service.answer_all, [sms], settings=office.settings, now=office.now)

        def by_pc(request: int = request) -> tuple[str, Any]:
            try:
                office.decide_elsewhere("hy00001", request, "reject")
            except Conflict as late:
                return late.code, late.data["channel"]
            return "won", None

        works = [by_sms, by_pc]
        rng.shuffle(works)
        results = at_once(*works)
        assert len(office.decisions(request)) == 1
        outcome = office.outcomes(sms)[0]
        assert (("already_decided", "sms") if outcome == "DECIDED" else ("won", None)) in results
        assert office.answer_to(sms) is not None
        tally[outcome] += 1
    assert set(tally) <= {"DECIDED", "ALREADY_OTHER"}


def test_two_leaders_at_once_over_one_or_sign(office: Office) -> None:
    first, second = office.leader("hy00001"), office.leader("hy00002")
    for number in range(10):
        request = office.ask("hy00001", "hy00002", title=f"事项{number}")
        office.later(minutes=2)
        given = [
            office.receive(first, f"Y{office.code(first)}"),
            office.receive(second, f"N{office.code(second)}"),
        ]
        at_once(
            *[
                lambda sms=sms: office.store.write(
                    service.answer_all, [sms], settings=office.settings, now=office.now
                )
                for sms in given
            ]
        )
        outcomes = sorted(office.outcomes(sms)[0] for sms in given if sms is not None)
        assert outcomes == ["ALREADY_OTHER", "DECIDED"]
        assert len(office.decisions(request)) == 1


def test_the_same_inbound_answered_by_two_processes_has_one_outcome(office: Office) -> None:
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    sms = office.receive(phone, "Y")
    assert sms is not None
    at_once(
        *[
            lambda: office.store.write(service.answer_all, [sms], settings=office.settings, now=office.now)
            for _ in range(4)
        ]
    )
    assert office.outcomes(sms) == ["DECIDED"]
    assert len(office.decisions(request)) == 1
    assert office.answer_to(sms) is not None


def test_questions_composed_at_once_never_share_a_code_and_only_one_is_bare(office: Office) -> None:
    phone = office.leader("hy00001")
    for number in range(12):
        office.submit("hy00001", title=f"事项{number}")
    at_once(*[office.react for _ in range(4)])
    rows = office.all(select(prompts).where(prompts.c.phone == phone))
    assert len({row.code for row in rows}) == len(rows) == 12
    assert sum(row.bare for row in rows) == 1


@pytest.mark.parametrize("text", ["X", "N"])
def test_taking_back_at_the_last_moment_wins_or_loses_cleanly(office: Office, text: str) -> None:
    from approval_core.approvals import service as approvals

    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    office.reply(phone, "Y")
    office.deliver()
    (decision,) = office.decisions(request)
    sms = office.receive(phone, text)
    assert sms is not None
    at_end = decision.held_until
    at_once(
        lambda: office.store.write(service.answer_all, [sms], settings=office.settings, now=office.now),
        lambda: office.store.write(approvals.settle, decision.id, now=at_end),
    )
    (after,) = office.decisions(request)
    (outcome,) = office.outcomes(sms)
    assert (after.state, outcome) in {
        ("undone", "UNDONE"),
        ("effective", "CLOSED"),
        ("effective", "NOTHING_OPEN"),
    }


def test_every_inbound_has_exactly_one_outcome_whatever_is_typed(office: Office, seed: int) -> None:
    rng = random.Random(seed)
    phone = office.leader("hy00001")
    request = office.ask("hy00001")
    pieces = [
        "Y",
        "N",
        "X",
        office.code(phone),
        "7382",
        "同意",
        "不",
        "？",
        "\x00",
        "👍",
        "待办",
        "详",
        " ",
        "\n",
    ]
    sent = []
    for _ in range(150):
        office.later(seconds=rng.randrange(200))
        text = "".join(rng.choice(pieces) for _ in range(rng.randrange(6)))
        sent.append(office.reply(phone, text))
        if rng.random() < 0.3:
            office.deliver()
    counted = Counter(row.inbound_id for row in office.all(select(inbound_outcomes)))
    assert set(counted) == set(sent)
    assert sum(one.state != "undone" for one in office.decisions(request)) <= 1
