"""A client that costs little, the same for figure and floor: bare HTTP/1.1 over kept connections, no pipelining."""

from __future__ import annotations

import asyncio
import gc
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

import uvloop

CONNECTIONS = 32


@dataclass(slots=True)
class Run:
    """What a run of requests took: seconds in all, seconds of each, how many answers of each status."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: dict[bytes, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds


def request(path: str, body: bytes, **headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def post_all(port: int, requests: Iterable[bytes], connections: int = CONNECTIONS) -> Run:
    """Every request once, over so many connections, each waiting for its answer before the next."""
    run, waiting = Run(), deque(requests)
    gc.collect()
    uvloop.run(_post_all(port, waiting, connections, run))
    return run


async def _post_all(port: int, waiting: deque[bytes], connections: int, run: Run) -> None:
    loop = asyncio.get_running_loop()
    talkers = [_Talker(waiting, run) for _ in range(connections)]
    for talker in talkers:
        await loop.create_connection(lambda talker=talker: talker, "127.0.0.1", port)  # type: ignore[misc]  # a default binds the loop's value
    began = time.perf_counter()
    for talker in talkers:
        talker.ask()
    await asyncio.gather(*[talker.ended for talker in talkers])
    run.seconds = time.perf_counter() - began


class _Talker(asyncio.Protocol):
    def __init__(self, waiting: deque[bytes], run: Run) -> None:
        self._waiting, self._run = waiting, run
        self._got = bytearray()
        self._asked = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def ask(self) -> None:
        if not self._waiting:
            self._transport.close()
            if not self.ended.done():
                self.ended.set_result(None)
            return
        self._asked = time.perf_counter()
        self._transport.write(self._waiting.popleft())

    def data_received(self, data: bytes) -> None:
        self._got += data
        head = self._got.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._got.find(b"content-length: ", 0, head)
        size = int(self._got[at + 16 : self._got.find(b"\r\n", at)])
        if len(self._got) < head + 4 + size:
            return
        self._run.times.append(time.perf_counter() - self._asked)
        status = bytes(self._got[9:12])
        self._run.statuses[status] = self._run.statuses.get(status, 0) + 1
        self._got.clear()
        self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the server closed the connection"))
