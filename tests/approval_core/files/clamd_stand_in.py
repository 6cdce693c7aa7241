"""A stand-in for `clamd` on loopback: it speaks INSTREAM, and can refuse, stall, drip, break off or talk nonsense."""

from __future__ import annotations

import socket
import struct
import threading
from types import TracebackType

from approval_core.files.scanning import EICAR


class Clamd:
    """`mood`: fair | stalls | drips | breaks | hangs_up | nonsense | full. What it was given is in `given`."""

    def __init__(self, mood: str = "fair", path: str | None = None) -> None:
        self.mood = mood
        self.given = b""
        self._line = socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_STREAM)
        self._line.bind(path or ("127.0.0.1", 0))
        self._line.listen(8)
        self.address = f"clamd+unix://{path}" if path else f"clamd://127.0.0.1:{self._line.getsockname()[1]}"
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> Clamd:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                line, _ = self._line.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(line,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, line: socket.socket) -> None:
        with line:
            line.settimeout(10)
            try:
                self._talk(line)
            except OSError:
                return

    def _talk(self, line: socket.socket) -> None:
        if self.mood == "hangs_up":
            return
        assert self._exactly(line, 10) == b"zINSTREAM\0"
        if self.mood == "full":
            line.sendall(b"INSTREAM size limit exceeded. ERROR\0")
            return
        given = b""
        while size := struct.unpack("!L", self._exactly(line, 4))[0]:
            given += self._exactly(line, size)
            if self.mood == "breaks":
                return
        self.given = given
        if self.mood == "stalls":
            self._over.wait(10)
        elif self.mood == "drips":
            while not self._over.wait(0.05):
                line.sendall(b"s")
        elif self.mood == "nonsense":
            line.sendall(b"stream: perhaps\0")
        else:
            line.sendall(b"stream: Eicar-Test-Signature FOUND\0" if EICAR in given else b"stream: OK\0")

    @staticmethod
    def _exactly(line: socket.socket, size: int) -> bytes:
        read = b""
        while len(read) < size:
            portion = line.recv(size - len(read))
            if not portion:
                raise ConnectionError("gone")
            read += portion
        return read
