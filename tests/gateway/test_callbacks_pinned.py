"""The connection goes to the address that was judged, and reads no more of an answer than it must."""

from __future__ import annotations

import asyncio
from http.server import BaseHTTPRequestHandler

from approval_core.clock import utc_now
from gateway.intake.addresses import Pinned
from gateway.intake.callbacks import Letter, Verdict, _post
from tests.gateway.receiver import Received, Receiver

LETTER = Letter(1, 1, "evt_1", "http://unused/", b"{}", ("whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=",), True)


def post(pinned: Pinned) -> Verdict:
    async def once() -> Verdict:
        async with asyncio.timeout(20):
            return await _post(LETTER, pinned, 65_536, utc_now())

    return asyncio.run(once())


def test_a_name_is_not_asked_for_a_second_time(receiver: Receiver) -> None:
    """It has no address at all: only the pinned one can have been used."""
    url = f"http://rebound.invalid:{receiver.port}/hook"
    verdict = post(Pinned(url, "rebound.invalid", receiver.port, ("127.0.0.1",)))
    assert verdict == Verdict(True, status=204)
    assert receiver.received[0].headers["host"] == f"rebound.invalid:{receiver.port}"


def test_the_next_address_of_a_name_is_tried_when_one_refuses(receiver: Receiver) -> None:
    url = f"http://rebound.invalid:{receiver.port}/hook"
    assert post(Pinned(url, "rebound.invalid", receiver.port, ("127.0.0.9", "127.0.0.1"))).sent
    assert len(receiver.received) == 1


def test_an_answer_without_end_is_read_to_its_limit_and_counts(receiver: Receiver) -> None:
    sent = 0

    def endless(_: Received, handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        try:
            while sent < 50_000_000:
                handler.wfile.write(b"x" * 10_000)
                sent += 10_000
        except OSError:
            return

    receiver.then = [endless]
    url = f"{receiver.address}/hook"
    assert post(Pinned(url, "127.0.0.1", receiver.port, ("127.0.0.1",))).sent
    assert sent < 50_000_000
