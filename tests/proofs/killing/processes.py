"""The gateway as its own process, killed and started again; and the modem as another, which outlives it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from sms_modem.transports.virtual_control import ask

PISHI = Path(sys.executable).with_name("pishi")
IN_FLIGHT_SAID = "in flight at the last stop"
PREFIX = "+86129"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class ModemProcess:
    """Our own modem and its handsets, reached over the control socket."""

    def __init__(self, folder: Path) -> None:
        self.link, self._control = str(folder / "tty"), str(folder / "control")
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "sms_modem.transports.virtual_modem"),
                *("--link", self.link, "--control", self._control),
                *("--number", f"{PREFIX}99999999", "--demo-prefix", PREFIX),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == self.link

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        return ask(self._control, do=do, **what)

    def end(self) -> None:
        _end(self._process, signal.SIGTERM)
        if self._process.stdout is not None:
            self._process.stdout.close()


class GatewayProcess:
    """`pishi serve`, again and again on the same database, port and modem."""

    def __init__(self, database: str, modem: ModemProcess, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._folder, self._database, self._modem = folder, database, modem
        self._settings = {
            "PISHI_SECRET_FILE": str(folder / "pishi.secret"),
            "PISHI_CALLBACKS__ALLOW_LOOPBACK": "true",
            **settings,
        }
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.ready = threading.Event()
        self.in_flight: list[list[int]] = []
        self.complaints: list[str] = []

    def _environment(self) -> dict[str, str]:
        return {
            name: value for name, value in os.environ.items() if not name.startswith("PISHI_")
        } | self._settings

    def start(self) -> None:
        self.ready = threading.Event()
        self.in_flight.append([])
        self._process = subprocess.Popen(
            [
                *(str(PISHI), "serve", "--database", self._database, "--port", str(self.port)),
                *("--modem", self._modem.link, "--allow-demo-numbers"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment(),
        )
        arguments = (self._process, self.ready, self.in_flight[-1])
        self._reader = threading.Thread(target=self._read, args=arguments, daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[str], ready: threading.Event, in_flight: list[int]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("Pishi listens"):
                ready.set()
                continue
            try:
                told = json.loads(line)
            except ValueError:
                self.complaints.append(line)
                continue
            if told.get("said") == IN_FLIGHT_SAID:
                in_flight.extend(told["sms"])
            elif told["level"] == "ERROR":
                self.complaints.append(line)

    def kill(self) -> None:
        """SIGKILL: nothing in it is asked."""
        self.end(signal.SIGKILL)

    def stop(self) -> int:
        """In order, as an operator would; its exit code."""
        return self.end(signal.SIGTERM)

    def end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        code = _end(process, how)
        if self._reader is not None:
            self._reader.join(10)
        if process.stderr is not None:
            process.stderr.close()
        return code

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def audit_verify(self, database: str | None = None) -> subprocess.CompletedProcess[str]:
        """`pishi audit verify`, as an operator types it."""
        return subprocess.run(
            [str(PISHI), "audit", "verify", "--database", database or self._database],
            env=self._environment(),
            capture_output=True,
            text=True,
        )


def _end(process: subprocess.Popen[str], how: signal.Signals) -> int:
    with suppress(ProcessLookupError):
        process.send_signal(how)
    try:
        return process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
