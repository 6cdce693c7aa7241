"""Somebody else's modem: a small script that shares no line of code with ours and has other manners.

Nothing it says is broken; every habit here has been seen in the field.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import threading
import time
import tty
from dataclasses import dataclass, field


@dataclass
class Manners:
    echo_for_ever: bool = False  # takes ATE0 and goes on echoing
    newline: str = "\r\n\r\n"  # before and after every line
    memories: tuple[str, ...] = ("SM",)
    quotes: bool = True  # around memory names
    alpha: bool = True  # an alpha field in +CMGL
    prompt: bytes = b">"
    delay: float = 0.01
    chatter: str = "+ZUSIMR:2"
    refused: tuple[str, ...] = (
        "AT+CPIN?",
        "AT+CMEE",
        "AT+CSMS",
        "AT+CGMM",
        "AT+CNUM",
        "AT+CLAC",
        "AT+WIND",
        "AT+CSCS",
        "AT+CREG",
        "AT+CNMI=2",
        "AT+CNMI=1,1,0,1",
    )
    refusal: str = "ERROR"
    silent_first: int = 0  # so many first commands go unanswered: it has just woken up


@dataclass
class ForeignModem:
    manners: Manners = field(default_factory=Manners)
    store: dict[int, tuple[int, str]] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    indication: str = ""

    def __enter__(self) -> ForeignModem:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._running = False
        self._thread.join(5)
        os.close(self._slave)
        os.close(self._master)

    def deliver(self, index: int, pdu: str, *, indication: str = "+CMTI") -> None:
        self.store[index] = (0, pdu)
        quote = '"' if self.manners.quotes else ""
        self._say(f"{indication}: {quote}{self.manners.memories[0]}{quote},{index}")

    def _say(self, *lines: str) -> None:
        end = self.manners.newline
        os.write(self._master, "".join(f"{end}{line}{end}" for line in lines).encode())

    def _run(self) -> None:
        buffer, body = b"", False
        while self._running:
            ready, _, _ = select.select([self._master], [], [], 0.05)
            if not ready:
                continue
            with contextlib.suppress(OSError):
                buffer += os.read(self._master, 1000)
            while found := re.search(rb"[\r\x1a\x1b]", buffer):
                text, stop, buffer = buffer[: found.start()], found[0], buffer[found.end() :]
                if self.manners.echo_for_ever and stop != b"\x1b":
                    os.write(self._master, text + stop)
                if body:
                    body = False
                    if stop == b"\x1a":
                        self.bodies.append(text.decode().strip())
                        self._say(self.manners.chatter, f"+CMGS:{len(self.bodies)}", "OK")
                elif stop == b"\r" and text:
                    body = self._command(text.decode().strip())

    def _command(self, line: str) -> bool:
        self.commands.append(line)
        if self.manners.silent_first > 0:
            self.manners.silent_first -= 1
            return False
        time.sleep(self.manners.delay)
        if line.startswith(self.manners.refused):
            self._say(self.manners.refusal)
        elif line.startswith("AT+CMGS="):
            os.write(self._master, b"\r\n" + self.manners.prompt)
            return True
        else:
            self._say(self.manners.chatter, *self._lines(line), "OK")
        return False

    def _lines(self, line: str) -> list[str]:
        size = f"{len(self.store)},20"
        if line == "AT+CPMS=?":
            names = ",".join(f'"{name}"' for name in self.manners.memories)
            return [f"+CPMS: ({names}),({names})"]
        if line.startswith("AT+CPMS"):
            return [f"+CPMS:{size},{size}"]
        if line.startswith("AT+CNMI="):
            self.indication = line.partition("=")[2]
        if line == "AT+CNMI?":
            return [f"+CNMI: {self.indication}"]
        if line == "AT+CSQ":
            return ["+CSQ: 15, 0"]
        if line == "AT+CGMI":
            return ["Some Maker Ltd."]
        if line == "AT+CMGL=4":
            lines = []
            for index, (status, pdu) in sorted(self.store.items()):
                length = len(pdu) // 2 - 1 - int(pdu[:2], 16)
                alpha = ',"Bob, Ltd."' if self.manners.alpha else ""
                lines += [f"+CMGL: {index},{status}{alpha},{length}", pdu]
            return lines
        if line.startswith("AT+CMGD="):
            self.store.pop(int(line.partition("=")[2].split(",")[0]))
        return []
