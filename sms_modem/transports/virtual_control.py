"""The line-JSON control socket of a modem that runs in a process of its own, and its client.

One JSON object a line in, one out. `do` is one of:
send {from, to?, text, smsc_time?, order?, reference?, bits?} · inbox {number} · wait_inbox {number, count, seconds}
· fault {name, value} · clear_faults · unplug · plug · reset {mark?} · stored · on_air · radio {name, value}
· raw {pdu} · switch {number, on} · release · bad_bodies · stop.
The answer is {"ok": true, …} or {"ok": false, "error": "…"}.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sms_modem.transports.virtual_modem import VirtualModem
from sms_modem.transports.virtual_radio import VirtualRadio

Request = dict[str, Any]


class Control:
    """Serves one modem's socket until `stopped` is set."""

    def __init__(self, modem: VirtualModem, path: str) -> None:
        self.modem, self.path = modem, path
        self.stopped = threading.Event()
        control = self

        class Line(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for line in self.rfile:
                    self.wfile.write(json.dumps(control.answer(line)).encode() + b"\n")

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self._server = Server(path, Line)
        threading.Thread(target=self._server.serve_forever, name="modem control", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def answer(self, line: bytes) -> Request:
        try:
            request = json.loads(line)
            action = _ACTIONS[request.get("do")]
            return {"ok": True, **(action(self, request) or {})}
        except (ValueError, KeyError, LookupError, AttributeError, TypeError, TimeoutError) as error:
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}

    def _send(self, request: Request) -> Request:
        moment = request.get("smsc_time")
        pdus = self.modem.radio.handset(request["from"]).send(
            request["text"],
            request.get("to"),
            smsc_time=datetime.fromisoformat(moment) if moment else None,
            order=request.get("order"),
            reference=request.get("reference"),
            bits=request.get("bits", 8),
        )
        return {"pdus": pdus}

    def _inbox(self, request: Request) -> Request:
        handset = self.modem.radio.handset(request["number"])
        return {
            "inbox": [
                {"text": m.text, "at": m.at.isoformat(), "sender": m.sender, "parts": m.parts}
                for m in list(handset.inbox)
            ]
        }

    def _wait_inbox(self, request: Request) -> Request:
        handset = self.modem.radio.handset(request["number"])
        deadline = time.monotonic() + float(request.get("seconds", 10))
        while len(handset.inbox) < int(request["count"]) and time.monotonic() < deadline:
            time.sleep(0.005)
        return self._inbox(request)

    def _switch(self, request: Request) -> None:
        handset = self.modem.radio.handset(request["number"])
        if request["on"]:
            handset.switch_on()
        else:
            handset.on = False

    def _radio(self, request: Request) -> None:
        if request["name"] not in ("delivery_delay", "report_delay", "reports", "demo_prefix"):
            raise KeyError(request["name"])
        setattr(self.modem.radio, request["name"], request["value"])

    def _on_air(self, _request: Request) -> Request:
        return {"on_air": [{"to": s.to, "units": s.units} for s in list(self.modem.radio.on_air)]}


_ACTIONS: dict[str, Callable[[Control, Request], Request | None]] = {
    "send": Control._send,
    "inbox": Control._inbox,
    "wait_inbox": Control._wait_inbox,
    "switch": Control._switch,
    "radio": Control._radio,
    "on_air": Control._on_air,
    "fault": lambda control, request: control.modem.faults.set(request["name"], request["value"]),
    "clear_faults": lambda control, _: control.modem.faults.clear(),
    "unplug": lambda control, _: control.modem.unplug(),
    "plug": lambda control, _: control.modem.plug(),
    "reset": lambda control, request: control.modem.reset(request.get("mark", "^SYSSTART")),
    "release": lambda control, _: control.modem.release_indications(),
    "stored": lambda control, _: {"stored": control.modem.stored()},
    "raw": lambda control, request: control.modem.radio.send_raw(request["pdu"], request.get("to")),
    "bad_bodies": lambda control, _: {"bad_bodies": list(control.modem.engine.bad_bodies)},
    "stop": lambda control, _: control.stopped.set(),
}


def ask(path: str, **request: Any) -> Request:
    """One request to a control socket; the answer without its "ok". Raises RuntimeError when it says no."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(60)
        line.connect(path)
        line.sendall(json.dumps(request).encode() + b"\n")
        answer: Request = json.loads(line.makefile().readline() or '{"ok": false, "error": "gone"}')
    if not answer.pop("ok"):
        raise RuntimeError(answer["error"])
    return answer


def main(arguments: list[str] | None = None) -> None:
    """Prints the port when it is ready; ends at SIGTERM, SIGINT or {"do": "stop"}."""
    parser = argparse.ArgumentParser(
        prog="virtual_modem", description="Our own AT modem on a pseudo-terminal."
    )
    parser.add_argument("--link", required=True, help="path under which the port is found")
    parser.add_argument("--control", required=True, help="path of the unix socket")
    parser.add_argument("--number", default="+99900000000", help="the modem's own number")
    parser.add_argument(
        "--demo-prefix", default=None, help="the only numbers the network knows begin with this"
    )
    chosen = parser.parse_args(arguments)
    radio = VirtualRadio(chosen.demo_prefix)
    with VirtualModem(radio, chosen.number, link=chosen.link) as modem:
        control = Control(modem, chosen.control)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: control.stopped.set())
        print(modem.port, flush=True)
        while not control.stopped.wait(1):
            pass
        control.close()
    radio.close()
