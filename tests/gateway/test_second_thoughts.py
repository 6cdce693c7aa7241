"""The asking system hears of what became of a decision afterwards: taken back, or ended by the flow administrator."""

from __future__ import annotations

import json

from approval_core.approvals import queries, service
from approval_core.clock import utc_now
from approval_core.people.actor import SYSTEM, Actor, Evidence
from approval_core.people.queries import person_by_account
from approval_core.store import Tx
from gateway.serve import Site
from tests.gateway.conftest import until
from tests.gateway.receiver import Receiver
from tests.gateway.story import System


def deciding_person(tx: Tx, request_id: int) -> Actor:
    account = queries.by_id(tx, request_id).decisions[-1].by
    person = person_by_account(tx, account)
    assert person is not None
    return Actor("person", account, person.id)


def test_f24_a_decision_that_is_taken_back_is_called_back_too(
    system: System, receiver: Receiver, site: Site
) -> None:
    steps = [{"approvers": ["hy00001"]}, {"approvers": ["hy00002"]}]
    system.ask(hold=0, callback_url=receiver.address, steps=steps)
    decided = system.decides("hy00001")
    until(lambda: receiver.received, "nothing was called back")
    actor = site.store.read(deciding_person, decided.request_id)
    site.store.write(
        service.take_back, decided.decision_id, actor=actor, evidence=Evidence("web", 2, "session:1"), now=utc_now()
    )  # fmt: skip
    until(lambda: len(receiver.received) == 2, "the asking system was not told")
    told = json.loads(receiver.received[1].body)
    assert told["type"] == "approval.taken_back"
    assert [one["state"] for one in told["data"]["decisions"]] == ["undone"]
    assert told["data"]["state"] == "pending"


def test_f25_an_approval_that_the_administrator_ended_is_called_back(
    system: System, receiver: Receiver, site: Site
) -> None:
    number = system.ask(callback_url=receiver.address).json()["id"]
    site.store.write(service.terminate, number, actor=SYSTEM, reason="重复", now=utc_now())
    until(lambda: receiver.received, "nothing was called back")
    told = json.loads(receiver.received[0].body)
    assert (told["type"], told["data"]["state"]) == ("approval.closed", "cancelled")
