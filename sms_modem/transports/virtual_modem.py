"""Our own AT modem on a pseudo-terminal: the demo's modem, and the tests'.

    radio = VirtualRadio(demo_prefix="+999")
    modem = VirtualModem(radio, number="+99900000000")
    modem.start()                       # modem.port is a path that stays the same over unplug and plug
    radio.handset("+99912345678").send("Y")

Alone, so that it outlives the gateway: `python -m sms_modem.transports.virtual_modem --link PATH --control PATH`.
"""

from __future__ import annotations

import contextlib
import os
import select
import tempfile
import threading
import time
import tty
from collections import deque
from collections.abc import Callable
from pathlib import Path

from sms_modem.transports.virtual_at import AtEngine
from sms_modem.transports.virtual_faults import Faults
from sms_modem.transports.virtual_pdu import Submit
from sms_modem.transports.virtual_radio import VirtualRadio

_PATIENCE = 5.0  # seconds a full port is waited for before bytes are dropped, as a UART would


class VirtualModem:
    """One thread owns the port and the AT engine; everything else is asked of it through a queue."""

    def __init__(
        self,
        radio: VirtualRadio,
        number: str = "+99900000000",
        *,
        link: str | None = None,
        capacity: dict[str, int] | None = None,
        report_modes: tuple[int, ...] = (0, 1, 2),
        echo: bool = True,
        pin: str | None = None,
    ) -> None:
        self.radio, self.number = radio, number
        self.faults = Faults()
        self._directory = None if link else tempfile.TemporaryDirectory(prefix="modem-")
        self.port = link or str(Path(self._directory.name if self._directory else "") / "tty")
        self.engine = AtEngine(
            self._emit,
            self._put_on_air,
            self.faults,
            number,
            capacity or {"SM": 50, "ME": 255},
            report_modes,
            echo,
            pin,
        )
        self._master = self._slave = -1
        self._asked: deque[Callable[[], None]] = deque()
        self._wake_read, self._wake_write = os.pipe()
        self._thread: threading.Thread | None = None
        self._running = False

    # --- life ---

    def start(self) -> VirtualModem:
        self._running = True
        self._open_port()
        self.radio.attach(self)
        self._thread = threading.Thread(target=self._run, name=f"virtual modem {self.number}", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        if not self._running:
            return
        self.radio.detach(self)
        self._running = False
        os.write(self._wake_write, b".")
        if self._thread is not None:
            self._thread.join(5)
        self._close_port()
        for descriptor in (self._wake_read, self._wake_write):
            os.close(descriptor)
        if self._directory is not None:
            self._directory.cleanup()

    def __enter__(self) -> VirtualModem:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- what tests and the demo do to it, from any thread ---

    def unplug(self) -> None:
        """The port vanishes with whatever was on it; a half-typed message is gone, what is stored stays."""
        self._ask(self._unplug)

    def plug(self) -> None:
        self._ask(self._open_port)

    def reset(self, mark: str = "^SYSSTART") -> None:
        """Restart with settings lost; `mark` is what it says, "" for a silent one."""
        self._ask(lambda: self.engine.restart(mark))

    def say(self, raw: bytes) -> None:
        """Any bytes out of the port, between responses."""
        self._ask(lambda: self._emit(raw))

    def release_indications(self) -> None:
        self._ask(self.engine.release)

    def fill(self, memory: str, pdus: list[str]) -> None:
        """Messages that arrived while nobody was there: stored and not announced."""
        self._ask(lambda: [self.engine._store(memory, pdu) for pdu in pdus])

    def stored(self) -> dict[str, int]:
        """How many messages lie in each memory, and under "waiting" those the network keeps for want of room.

        Whatever was sent before this call has arrived when it returns.
        """
        counts: dict[str, int] = {}

        def count() -> None:
            counts.update({name: len(messages) for name, messages in self.engine.memories.items()})
            counts["waiting"] = len(self.engine.waiting)

        self._ask(count)
        return counts

    # --- Station ---

    def arrive(self, pdu: str) -> None:
        if self.faults.bad_time_stamps > 0:
            self.faults.bad_time_stamps -= 1
            pdu = _without_time(pdu)
        self._post(lambda: self.engine.arrive(pdu))

    def arrive_report(self, pdu: str) -> None:
        self._post(lambda: self.engine.arrive_report(pdu))

    # --- the thread ---

    def _put_on_air(self, submit: Submit, reference: int) -> int | None:
        return self.radio.submit(self, submit, reference)

    def _post(self, work: Callable[[], None]) -> None:
        self._asked.append(work)
        if self._running and threading.current_thread() is not self._thread:
            with contextlib.suppress(OSError):
                os.write(self._wake_write, b".")

    def _ask(self, work: Callable[[], object]) -> None:
        """Have it done by the thread and wait until it is."""
        done = threading.Event()

        def asked() -> None:
            try:
                work()
            finally:
                done.set()

        self._post(asked)
        if not done.wait(30):
            raise TimeoutError("the virtual modem is stuck")

    def _run(self) -> None:
        while self._running:
            ports = [self._wake_read] + ([self._master] if self._master >= 0 else [])
            readable, _, _ = select.select(ports, [], [], None if not self._asked else 0)
            if self._wake_read in readable:
                os.read(self._wake_read, 4096)
            if self._master >= 0 and self._master in readable:
                self._read()
            while self._asked and self._running:
                self._asked.popleft()()

    def _read(self) -> None:
        try:
            data = os.read(self._master, 4096)
        except OSError:
            return
        if not self.faults.hang:
            self.engine.feed(data)

    def _emit(self, data: bytes) -> None:
        if self.faults.hang:
            return
        deadline = time.monotonic() + _PATIENCE
        while data and self._master >= 0 and time.monotonic() < deadline:
            _, writable, _ = select.select([], [self._master], [], 0.1)
            if writable:
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(self._master, data) :]

    # --- the port ---

    def _open_port(self) -> None:
        self._close_port()
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        new = f"{self.port}.new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        os.symlink(os.ttyname(self._slave), new)
        os.replace(new, self.port)

    def _unplug(self) -> None:
        self._close_port()
        self.engine.restart("")

    def _close_port(self) -> None:
        if self._master < 0:
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.port)
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1


def _without_time(pdu: str) -> str:
    """The same message with month 19 and day 99 in its time stamp."""
    start = 2 * (1 + int(pdu[:2], 16))
    digits = int(pdu[start + 2 : start + 4], 16)
    stamp = start + 2 + 4 + 2 * ((digits + 1) // 2) + 4
    return pdu[: stamp + 2] + "9199" + pdu[stamp + 6 :]


if __name__ == "__main__":
    from sms_modem.transports.virtual_control import main

    main()
