"""What another system gets when its approval is decided, over a real connection, from receivers of every mood."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from standardwebhooks.webhooks import Webhook

from approval_core.clients import service as clients
from approval_core.clients.queries import live_secrets
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.store import Row, Tx
from gateway.intake import callbacks as sending
from gateway.intake.models import OutboundCallback
from gateway.intake.service import resend_callback
from gateway.serve import Site
from tests.gateway.conftest import register, until
from tests.gateway.receiver import Receiver, answers
from tests.gateway.story import System

rows = table_of(OutboundCallback)


def all_rows(tx: Tx) -> list[Row]:
    return tx.run(select(rows).order_by(rows.c.id)).all()


def callbacks(site: Site) -> list[Row]:
    return site.store.read(all_rows)


def decided(system: System, receiver: Receiver, ref: str = "R-1") -> None:
    answer = system.ask(ref, hold=0, callback_url=f"{receiver.address}/hook")
    assert answer.status_code == 201, answer.text
    system.decides("hy00001", ref)


def hurry(site: Site) -> bool:
    """As if the pause before the next attempt were over. Always False: a condition may go on after it."""

    def at_once(tx: Tx) -> None:
        tx.execute(update(rows).where(rows.c.state == "queued").values(due_at=utc_now()))
        tx.signal("callbacks")

    site.store.write(at_once)
    return False


def settled(site: Site, state: str) -> Row:
    def last() -> Row | None:
        found = callbacks(site)
        return found[-1] if found and found[-1].state == state else None

    row: Row = until(last, f"no callback became {state}: {[r.state for r in callbacks(site)]}")
    return row


def test_an_effective_decision_is_called_back_with_a_signature(
    system: System, receiver: Receiver, site: Site
) -> None:
    decided(system, receiver)
    until(lambda: receiver.received, "nothing was called back")
    [got] = receiver.received
    [secret] = site.store.read(live_secrets, "erp", utc_now())
    told = Webhook(secret).verify(got.body, got.headers)
    assert told["type"] == "approval.effective"
    assert (told["data"]["ref"], told["data"]["state"]) == ("R-1", "approved")
    assert told["data"]["decisions"][0]["by"] == "hy00001"
    assert got.path == "/hook"
    settled(site, "sent")


def test_nothing_is_called_back_while_the_decision_is_held(
    system: System, receiver: Receiver, site: Site
) -> None:
    system.ask(hold=600, callback_url=receiver.address)
    system.decides("hy00001")
    decided(system, receiver, "R-2")
    until(lambda: receiver.received, "nothing was called back")
    assert [json.loads(got.body)["data"]["ref"] for got in receiver.received] == ["R-2"]


def test_a_refused_callback_comes_again_with_the_same_id_and_body(
    system: System, receiver: Receiver, site: Site
) -> None:
    receiver.then = [answers(500), answers(404)]
    decided(system, receiver)
    until(lambda: hurry(site) or len(receiver.received) >= 3, "it did not come again")
    assert len({(got.headers["webhook-id"], got.body) for got in receiver.received}) == 1
    assert settled(site, "sent").attempts == 3


def test_after_a_rotation_both_secrets_sign(system: System, receiver: Receiver, site: Site) -> None:
    [old] = site.store.read(live_secrets, "erp", utc_now())
    new = site.store.write(clients.rotate_secret, "erp", overlap=timedelta(hours=1), now=utc_now())
    decided(system, receiver)
    until(lambda: receiver.received, "nothing was called back")
    [got] = receiver.received
    for secret in (old, new):
        assert Webhook(secret).verify(got.body, got.headers)


def test_a_redirect_is_not_followed(system: System, receiver: Receiver, site: Site) -> None:
    with Receiver() as elsewhere:
        receiver.then = [answers(307, Location=f"{elsewhere.address}/hook")]
        decided(system, receiver)
        until(lambda: callbacks(site) and callbacks(site)[0].error, "the redirect was not noticed")
        assert "redirect" in callbacks(site)[0].error
        until(lambda: hurry(site) or len(receiver.received) >= 2, "it did not come again")
        assert elsewhere.received == []


def test_a_receiver_that_stalls_is_given_up_and_tried_again(
    system: System, receiver: Receiver, site: Site
) -> None:
    receiver.then = [receiver.stalls]
    decided(system, receiver)
    until(lambda: hurry(site) or len(receiver.received) >= 2, "it did not come again")
    assert settled(site, "sent").attempts == 2


def test_gone_is_final(system: System, receiver: Receiver, site: Site) -> None:
    receiver.then = [answers(410)]
    decided(system, receiver)
    assert settled(site, "failed").attempts == 1


def test_an_operator_can_send_a_dead_letter_again(system: System, receiver: Receiver, site: Site) -> None:
    receiver.then = [answers(500)] * 20
    decided(system, receiver)
    until(lambda: hurry(site) or any(row.state == "dead" for row in callbacks(site)), "it was never given up")
    row = settled(site, "dead")
    assert row.attempts == row.max_attempts == len(receiver.received)
    site.store.write(resend_callback, row.id, now=utc_now())
    assert settled(site, "sent").message_id == row.message_id


def test_callbacks_of_one_approval_go_in_their_order(system: System, receiver: Receiver, site: Site) -> None:
    receiver.then = [answers(503)]
    two_steps = [{"approvers": ["hy00001"]}, {"approvers": ["hy00002"]}]
    system.ask(hold=0, callback_url=receiver.address, steps=two_steps)
    system.decides("hy00001")
    until(lambda: receiver.received, "nothing was called back")
    system.decides("hy00002")
    until(lambda: len(callbacks(site)) == 2, "the second was not written")
    until(lambda: hurry(site) or len(receiver.received) >= 3, "not everything came")
    told = [(got.headers["webhook-id"], json.loads(got.body)["data"]["state"]) for got in receiver.received]
    assert [state for _, state in told] == ["pending", "pending", "approved"]
    assert told[0][0] == told[1][0]


def test_a_system_that_stalls_does_not_hold_up_another(
    system: System, receiver: Receiver, site: Site
) -> None:
    receiver.then = [receiver.stalls] * 30
    for number in range(12):
        decided(system, receiver, f"S-{number}")
    with Receiver() as healthy, register(site, "oa2", healthy.address) as other:
        decided(other, healthy)
        until(lambda: healthy.received, "the healthy system waited for the sick one")
    assert len(receiver.received) <= site.settings.callbacks.per_client


def test_an_expired_approval_is_called_back(system: System, receiver: Receiver) -> None:
    soon = (utc_now() + timedelta(seconds=1)).isoformat()
    system.ask(callback_url=receiver.address, expires=soon)
    until(lambda: receiver.received, "nothing was called back")
    told = json.loads(receiver.received[0].body)
    assert (told["type"], told["data"]["state"]) == ("approval.closed", "expired")


@pytest.mark.parametrize(
    "path", ["http://127.0.0.2:{port}/", "http://localhost:{port}/", "https://127.0.0.1:{port}/"]
)
def test_a_callback_under_no_registered_prefix_is_refused_at_once(
    system: System, receiver: Receiver, path: str
) -> None:
    answer = system.ask(callback_url=path.format(port=receiver.port))
    assert (answer.status_code, answer.json()["code"]) == (422, "callback_not_allowed")


def test_a_prefix_taken_away_later_stops_the_callback(system: System, receiver: Receiver, site: Site) -> None:
    from approval_core.clients.models import clients as registered

    system.ask(hold=0, callback_url=receiver.address)
    site.store.write(lambda tx: tx.execute(update(registered).values(callback_prefixes=[])))
    system.decides("hy00001")
    assert "no registered prefix" in settled(site, "failed").error
    assert receiver.received == []


def test_the_name_is_resolved_once_and_the_connection_bears_it(site: Site, receiver: Receiver) -> None:
    named = f"http://localhost:{receiver.port}"
    with register(site, "named", named) as other:
        other.ask(hold=0, callback_url=f"{named}/hook")
        other.decides("hy00001")
        until(lambda: receiver.received, "nothing was called back")
    assert receiver.received[0].headers["host"] == f"localhost:{receiver.port}"


@pytest.fixture
def strict(site: Site) -> Iterator[Site]:
    """The same office, but callbacks must not reach loopback: its sender is replaced by one that obeys."""
    from gateway.intake.addresses import Reach
    from gateway.intake.callbacks import CallbackSender

    site.parts["callbacks"].stop()
    obeying = CallbackSender(site.store, site.settings.callbacks, Reach(loopback=False))
    obeying.start()
    yield site
    obeying.stop()


def test_loopback_is_refused_unless_it_is_allowed(strict: Site, receiver: Receiver) -> None:
    with register(strict, "inside", receiver.address) as other:
        decided(other, receiver)
        until(lambda: callbacks(strict) and callbacks(strict)[0].error, "nothing was tried")
    assert "loopback" in callbacks(strict)[0].error
    assert receiver.received == []


def test_twenty_attempts_take_a_day() -> None:
    whole = sum((sending.pause(tries) for tries in range(1, 20)), timedelta())
    assert timedelta(hours=20) < whole < timedelta(hours=30)
