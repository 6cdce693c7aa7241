"""PostgreSQL: a question is composed while somebody decides; neither waits for the other."""

from __future__ import annotations

import threading

from approval_core.approvals import stepping
from approval_core.notices import service as notices
from approval_core.outbox import deliver_one, route
from approval_core.store import Store, Tx
from sms_modem.reactions import reactions
from tests.sms_modem.office import Office


def test_a_question_is_composed_beside_a_decision_on_the_same_request(postgres_url: str) -> None:
    office = Office(Store(postgres_url))
    try:
        office.leader("hy00001")
        request = office.submit("hy00001")
        task = office.task(request, "hy00001").id
        table = reactions(office.settings)
        while office.store.write(route, table, now=office.now):
            pass
        locked, go = threading.Event(), threading.Event()

        def decide_slowly(tx: Tx) -> None:
            stepping.lock(tx, request)
            locked.set()
            go.wait(20)
            notices.drop_for_task(tx, task, reason="elsewhere", now=office.now)

        def compose() -> None:
            while office.store.write(deliver_one, table, now=office.now):
                pass

        deciding = threading.Thread(target=office.store.write, args=(decide_slowly,))
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
        assert office.store.metrics.repeated_works == 0  # no deadlock was broken
    finally:
        office.store.close()
