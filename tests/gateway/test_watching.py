"""What an operator's monitoring sees: health, metrics, and logs that name nobody."""

from __future__ import annotations

import json
import logging
import os
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from approval_core.approvals.models import Decision
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.notices import alarms
from approval_core.store import Tx
from gateway.logs import JsonLines
from gateway.metrics import Meter
from gateway.serve import Site
from gateway.settings import Settings
from gateway.wiring import QUEUES
from sms_modem.models import InboundOutcome, InboundSms
from sms_modem.transports.base import ModemState
from tests.gateway.conftest import running, until
from tests.gateway.receiver import Receiver, answers
from tests.gateway.story import System


def metrics(site: Site) -> dict[str, float]:
    text = httpx.get(f"{site.address}/metrics", trust_env=False).text
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def test_a_dead_part_is_not_ready_but_still_healthy(site: Site) -> None:
    with httpx.Client(base_url=site.address, trust_env=False) as http:
        assert http.get("/readyz").json() == {
            "ready": True,
            "parts": {"worker": True, "callbacks": True, "store": True},
        }
        site.parts["worker"].stop()
        answer = http.get("/readyz")
        assert (answer.status_code, answer.json()["parts"]["worker"]) == (503, False)
        assert http.get("/healthz").status_code == 200
    assert metrics(site)['pishi_part_alive{part="worker"}'] == 0


def test_metrics_count_what_waits_and_what_gave_up(system: System, receiver: Receiver, site: Site) -> None:
    receiver.then = [answers(410)]
    system.ask(hold=0, callback_url=receiver.address)
    system.decides("hy00001")
    until(
        lambda: metrics(site).get('pishi_queue_rows{queue="callbacks",state="failed"}') == 1,
        "it was not counted",
    )
    found = metrics(site)
    assert found['pishi_queue_rows{queue="callbacks",state="queued"}'] == 0
    assert found["pishi_store_batches_total"] > 0


def test_metrics_tell_of_each_modem(site: Site) -> None:
    import asyncio

    state = ModemState("ttyUSB0", connected=True, signal=None, registered=True, sim_used=3, sim_total=50)
    text = asyncio.run(Meter(QUEUES).text(site.store, [state], {}, utc_now())).decode()
    assert 'pishi_modem_sim_used{modem="ttyUSB0"} 3.0' in text
    assert 'pishi_modem_signal{modem="ttyUSB0"} -1.0' in text


def test_metrics_count_open_alarms_by_kind(site: Site) -> None:
    for thing in ("prompt:1", "prompt:2", "prompt:3"):
        site.store.write(alarms.raise_alarm, "prompt_not_delivered", thing, now=utc_now())
    site.store.write(alarms.settle_alarm, "prompt_not_delivered", "prompt:3", now=utc_now())
    assert metrics(site)['pishi_alarms_open{kind="prompt_not_delivered"}'] == 2


def lines_of(caplog: pytest.LogCaptureFixture) -> list[Any]:
    formatter = JsonLines()
    return [json.loads(formatter.format(record)) for record in caplog.records]


def test_logs_name_nobody(system: System, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        system.ask("张三-1", title="张三请假", summary="13800000000", applicant="张三", key="k-1")
        system.show("张三-1")
        system.ask("R-2", title="", applicant="张三")
        until(lambda: len(caplog.records) >= 3, "nothing was logged")
    written = json.dumps(lines_of(caplog), ensure_ascii=False)
    assert '"route": "/systems/v1/approvals/{ref}"' in written
    for secret in ("张三", "13800000000", system.key):
        assert secret not in written


def test_an_errors_own_text_stays_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("bad phone 13800000000")
    except ValueError:
        logging.getLogger("pishi.test").exception("unexpected", extra={"request_id": "abc"})
    [line] = lines_of(caplog)
    assert (line["error"], line["request_id"]) == ("ValueError", "abc")
    assert "13800000000" not in json.dumps(line)
    assert line["frames"]


def one_reply(tx: Tx, seconds: float) -> None:
    """A reply that was decided so long after it came."""
    now = utc_now()
    decision_id = tx.execute(select(table_of(Decision).c.id)).scalar_one()
    sms = InboundSms(
        provider="ttyUSB0", transport_kind="own_sim", sender="+8612900000001", sent_to="", text="Y", dedupe=str(now),
        pdu="", received_at=now, state="settled",
    )  # fmt: skip
    tx.session.add(sms)
    tx.session.flush()
    assert sms.id is not None
    outcome = InboundOutcome(
        inbound_id=sms.id, position=1, outcome="DECIDED", reason="code", decision_id=decision_id, at=now + timedelta(seconds=seconds)
    )  # fmt: skip
    tx.session.add(outcome)
    tx.session.flush()


def test_metrics_tell_how_long_a_reply_took_to_decide(system: System, site: Site) -> None:
    system.ask(hold=0)
    system.decides("hy00001")
    site.store.write(one_reply, 0.2)
    site.store.write(one_reply, 3.0)
    for _ in range(2):  # a second scrape counts nothing again
        after = metrics(site)
    assert after["pishi_decision_latency_seconds_count"] == 2
    assert after['pishi_decision_latency_seconds_bucket{le="0.25"}'] == 1
    assert after["pishi_decision_latency_seconds_sum"] == pytest.approx(3.2)


class Silent:
    """A serial port with nothing behind it: it opens, and never answers."""

    def __enter__(self) -> str:
        self._ours, theirs = os.openpty()
        return os.ttyname(theirs)

    def __exit__(self, *_: object) -> None:
        os.close(self._ours)


def test_sms_is_not_ready_until_a_modem_has_answered_once(settings: Settings) -> None:
    with Silent() as port, running(settings.model_copy(update={"modem": [port]})) as site:
        answer = httpx.get(f"{site.address}/readyz", trust_env=False)
        assert (answer.status_code, answer.json()["parts"]["sms"]) == (503, False)
        assert metrics(site)['pishi_part_alive{part="sms"}'] == 0
    with running(settings.model_copy(update={"modem": ["virtual"]})) as site:
        until(
            lambda: httpx.get(f"{site.address}/readyz", trust_env=False).status_code == 200,
            "it never was ready",
        )
