"""What an operator's monitoring sees: health, metrics, and logs that name nobody."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest

from approval_core.clock import utc_now
from gateway.logs import JsonLines
from gateway.metrics import Meter
from gateway.serve import Site
from gateway.wiring import QUEUES
from sms_modem.transports.base import ModemState
from tests.gateway.conftest import until
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
