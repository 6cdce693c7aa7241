"""PostgreSQL: questions are composed while others decide. No deadlock has to be broken, each of which costs a second."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from approval_core.approvals import stepping
from approval_core.notices import service as notices
from approval_core.outbox import deliver_one, route
from approval_core.store import Store, Tx
from gateway.worker import Worker
from sms_modem.daemon import answer_in_groups
from sms_modem.reactions import reactions
from tests.sms_modem.office import Office


@pytest.fixture
def busy(postgres_url: str) -> Iterator[Office]:
    office = Office(Store(postgres_url))
    yield office
    office.store.close()


def test_a_question_is_composed_beside_a_decision_on_the_same_request(busy: Office) -> None:
    busy.leader("hy00001")
    request = busy.submit("hy00001")
    task = busy.task(request, "hy00001").id
    table = reactions(busy.settings)
    while busy.store.write(route, table, now=busy.now):
        pass
    locked, go = threading.Event(), threading.Event()

    def decide_slowly(tx: Tx) -> None:
        stepping.lock(tx, request)
        locked.set()
        go.wait(20)
        notices.drop_for_task(tx, task, reason="elsewhere", now=busy.now)

    def compose() -> None:
        while busy.store.write(deliver_one, table, now=busy.now):
            pass

    deciding = threading.Thread(target=busy.store.write, args=(decide_slowly,))
    deciding.start()
    assert locked.wait(20)
    composing = threading.Thread(target=compose)
    composing.start()
    composing.join(10)
    waited = composing.is_alive()
    go.set()
    deciding.join(20)
    composing.join(20)
    assert not waited
    assert busy.store.metrics.repeated_works == 0


def test_many_leaders_answer_while_the_worker_asks_them_more(busy: Office) -> None:
    accounts = [f"hy{number:05d}" for number in range(16)]
    phones = [busy.leader(account) for account in accounts]
    worker = Worker(busy.store, reactions(busy.settings), {})
    for _ in range(3):
        busy.later(hours=3)
        for account in accounts:
            busy.submit(account, hold_seconds=0)
        busy.deliver()
        replies = [busy.receive(phone, f"Y{busy.code(phone)}") for phone in reversed(phones)]
        for account in accounts:
            busy.submit(account, title="申请用车", hold_seconds=0)
        start = threading.Barrier(2)

        def ask_more(start: threading.Barrier = start) -> None:
            start.wait()
            while worker.round(busy.now + timedelta(seconds=1)):
                pass

        asking = threading.Thread(target=ask_more)
        asking.start()
        start.wait()
        ids = [one for one in replies if one is not None]
        answer_in_groups(busy.store, ids, settings=busy.settings, clock=lambda: busy.now)
        asking.join(60)
        assert [busy.outcomes(one) for one in ids] == [["DECIDED"]] * len(accounts)
        busy.deliver()
    worker.stop()
    assert busy.store.metrics.repeated_works == 0
