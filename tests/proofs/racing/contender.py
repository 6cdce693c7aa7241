"""One of the two processes of a race, on the same database as the other.

    python -m tests.proofs.racing.contender sms|office DATABASE GATE SECRET_FILE KEY

`sms` takes the way of a reply: recorded, committed, answered. `office` is the whole process without a modem (web,
worker, callbacks) in which a button is pressed, or which is called over HTTP. Orders come one a line on standard
input, and each is carried out at the gate, when the other is there too; answers go out one a line.
"""

from __future__ import annotations

import json
import mmap
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from approval_core.approvals import service as approvals
from approval_core.clock import utc_now
from approval_core.errors import OfficeError
from approval_core.people.actor import Actor, Evidence
from approval_core.store import Store, Tx
from gateway.serve import Site
from gateway.settings import load
from sms_modem import recording, service
from sms_modem.models import inbound_outcomes, outbound_sms
from sms_modem.settings import SmsSettings
from sms_modem.transports.base import Inbound

Order = dict[str, Any]
SIM = recording.Receiver("sim-1", "own_sim", "+8613900000000")
GATE_BYTES = 16
GIVE_UP_S = 60.0


class Gate:
    """Two numbers in shared memory: the last round each has come for. Both wait for the lower one to rise."""

    def __init__(self, path: str, place: int) -> None:
        self._file = Path(path).open("r+b")  # noqa: SIM115  # open as long as the process lives
        self._rounds = memoryview(mmap.mmap(self._file.fileno(), GATE_BYTES)).cast("q")
        self._place = place

    def pass_(self, number: int, wait_ns: int) -> None:
        """Returns in both processes within microseconds, and then after `wait_ns`."""
        self._rounds[self._place] = number
        deadline = time.monotonic() + GIVE_UP_S
        while self._rounds[1 - self._place] < number:
            if time.monotonic() > deadline:
                raise TimeoutError("the other did not come")
        start = time.monotonic_ns() + wait_ns
        while time.monotonic_ns() < start:
            pass


def replies(store: Store, settings: SmsSettings) -> Callable[[Order, Gate], Order]:
    def once(order: Order, gate: Gate) -> Order:
        inbound = Inbound(
            sender=order["phone"],
            text=order["text"],
            pdu="",
            smsc_time=datetime.fromisoformat(order["smsc_time"]),
        )
        ids: list[int] = []

        def receive() -> None:
            ids.extend(store.write(recording.record_all, [inbound], transport=SIM, now=utc_now()))

        if order["recorded_before"]:  # else the race begins one commit earlier
            receive()
        gate.pass_(order["round"], order["wait_ns"])
        began = time.monotonic_ns()
        if not ids:
            receive()
        store.write(service.answer_all, ids, settings=settings, now=utc_now())
        ended = time.monotonic_ns()
        return {"began": began, "ended": ended, "inbound": ids[0], **store.read(_told, ids[0])}

    return once


def _told(tx: Tx, inbound_id: int) -> Order:
    endings = tx.execute(
        select(inbound_outcomes.c.outcome).where(inbound_outcomes.c.inbound_id == inbound_id)
    )
    texts = tx.execute(select(outbound_sms.c.text).where(outbound_sms.c.inbound_id == inbound_id))
    return {"outcomes": [row.outcome for row in endings], "answers": [row.text for row in texts]}


def buttons(site: Site, http: httpx.Client) -> Callable[[Order, Gate], Order]:
    def once(order: Order, gate: Gate) -> Order:
        press = {"decide": _decide, "withdraw": _withdraw, "revise": _revise}[order["do"]]
        gate.pass_(order["round"], order["wait_ns"])
        began = time.monotonic_ns()
        told = press(site, http, order)
        return {"began": began, "ended": time.monotonic_ns(), **told}

    return once


def _decide(site: Site, _http: httpx.Client, order: Order) -> Order:
    try:
        decided = site.store.write(
            approvals.decide,
            order["task"],
            actor=Actor("person", order["account"], person_id=order["person"]),
            evidence=Evidence("app", 2, "app:race"),
            verdict=order["verdict"],
            task_revision=order["revision"],
            now=utc_now(),
        )
    except OfficeError as refusal:
        return {"won": False, "code": refusal.code, "data": refusal.data}
    return {"won": True, "decision": decided.decision_id}


def _withdraw(_site: Site, http: httpx.Client, order: Order) -> Order:
    return _answered(http.post(f"/systems/v1/approvals/{order['ref']}/withdraw", json={"reason": "改期"}))


def _revise(_site: Site, http: httpx.Client, order: Order) -> Order:
    body = {"title": f"{order['ref']}改为5天", "summary": "5月6日起", "form": {"days": 5}}
    return _answered(http.put(f"/systems/v1/approvals/{order['ref']}", json=body))


def _answered(answer: httpx.Response) -> Order:
    told = answer.json()
    return {
        "won": answer.status_code == 200,
        "status": answer.status_code,
        "code": told.get("code"),
        "data": told,
    }


def main(role: str, database: str, gate: str, secret_file: str, key: str) -> None:
    if role == "sms":
        store = Store(database)
        try:
            _serve(replies(store, SmsSettings.model_validate({})), Gate(gate, 0))
        finally:
            store.close()
        return
    site = Site(load(database=database, port=0, secret_file=secret_file))
    running = threading.Thread(target=site.run, name="site")
    running.start()
    try:
        while not site.server.started:
            time.sleep(0.01)
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=site.address, headers=headers, timeout=60, trust_env=False) as http:
            http.get("/systems/v1/approvals/none")  # the connection stands before the first race
            _serve(buttons(site, http), Gate(gate, 1))
    finally:
        site.stop()
        running.join(30)


def _serve(once: Callable[[Order, Gate], Order], gate: Gate) -> None:
    _say({"ready": True})
    for line in sys.stdin:
        _say(once(json.loads(line), gate))


def _say(told: Order) -> None:
    sys.stdout.write(json.dumps(told, default=_plain) + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


if __name__ == "__main__":
    main(*sys.argv[1:])
