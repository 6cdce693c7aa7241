"""The virus scanner as it is asked. No answer is no permission: a scanner that cannot be reached lets nothing in.

`StandInScanner` finds the harmless test string that every scanner knows (EICAR), so that an office without a scanner
can try the way; `ClamdScanner` speaks the protocol of `clamd` over TCP or a local socket.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from approval_core.errors import Invalid, Unavailable

PORTION = 64 * 1024
#: Written in two parts, or every scanner would find it in this file.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

_TCP = re.compile(r"clamd://(\[[0-9A-Fa-f:.]+\]|[^/:]+):(\d{1,5})")
_UNIX = re.compile(r"clamd\+unix://(/.+)")
_FOUND = re.compile(r"stream: (.{1,200}) FOUND")


@dataclass(frozen=True, slots=True)
class Verdict:
    #: the scanner that said it, as it stands on record
    by: str
    #: the name of what it found; None: nothing
    found: str | None = None


class Scanner(Protocol):
    def scan(self, file: BinaryIO) -> Verdict:
        """Reads it from the start. Unavailable("scanner_away") unless there is a clear answer."""
        ...


class StandInScanner:
    """Finds EICAR anywhere in the bytes, and nothing else in the world."""

    def scan(self, file: BinaryIO) -> Verdict:
        file.seek(0)
        tail = b""
        while portion := file.read(PORTION):
            if EICAR in tail + portion:
                return Verdict("stand-in", "Eicar-Test-Signature")
            tail = portion[-len(EICAR) :]
        return Verdict("stand-in")


class ClamdScanner:
    """`seconds`: for the whole talk, however slowly the other side drips."""

    def __init__(self, address: tuple[str, int] | str, *, seconds: float = 30.0) -> None:
        self._address = address
        self._seconds = seconds

    def scan(self, file: BinaryIO) -> Verdict:
        file.seek(0)
        until = time.monotonic() + self._seconds
        try:
            with closing(self._connect(until)) as line:
                answer = _talk(line, file, until)
        except OSError as error:
            raise _away(str(error) or type(error).__name__) from error
        if answer == "stream: OK":
            return Verdict("clamd")
        found = _FOUND.fullmatch(answer)
        if found is None:
            raise _away(f"it answered {answer[:100]!r}")
        return Verdict("clamd", found[1])

    def _connect(self, until: float) -> socket.socket:
        if isinstance(self._address, tuple):
            return socket.create_connection(self._address, timeout=_left(until))
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(_left(until))
            line.connect(self._address)
        except OSError:
            line.close()
            raise
        return line


def _talk(line: socket.socket, file: BinaryIO, until: float) -> str:
    """INSTREAM: portions with their length before each, a zero length at the end, one line back."""
    answer = b""
    try:
        _send(line, b"zINSTREAM\0", until)
        while portion := file.read(PORTION):
            _send(line, struct.pack("!L", len(portion)) + portion, until)
        _send(line, struct.pack("!L", 0), until)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it may have said why before it hung up
    while not answer.endswith(b"\0") and len(answer) < 1024:
        line.settimeout(_left(until))
        portion = line.recv(1024)
        if not portion:
            break
        answer += portion
    if not answer.endswith(b"\0"):
        raise ConnectionError("it hung up without an answer")
    return answer.rstrip(b"\0").decode("utf-8", "replace").strip()


def _send(line: socket.socket, data: bytes, until: float) -> None:
    line.settimeout(_left(until))
    line.sendall(data)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("it took too long")
    return left


def _away(why: str) -> Unavailable:
    return Unavailable(
        "scanner_away",
        f"the virus scanner gave no answer, so nothing is accepted: {why}",
        zh="病毒扫描暂不可用，文件未被接受，请稍后再试",
    )


def scanner_of(setting: str, *, seconds: float = 30.0) -> Scanner:
    """`stand-in`, `clamd://HOST:PORT` or `clamd+unix:///PATH`. Invalid("bad_scanner") for anything else."""
    if setting == "stand-in":
        return StandInScanner()
    if (found := _TCP.fullmatch(setting)) and 0 < int(found[2]) <= 65_535:
        return ClamdScanner((found[1].strip("[]"), int(found[2])), seconds=seconds)
    if found := _UNIX.fullmatch(setting):
        return ClamdScanner(found[1], seconds=seconds)
    raise Invalid(
        "bad_scanner", f"{setting!r} is no scanner: write stand-in, clamd://HOST:PORT or clamd+unix:///PATH"
    )
