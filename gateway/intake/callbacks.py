"""Sends callbacks: leases rows, talks with no transaction open, marks them. Standard Webhooks, no redirects.

Order: of one approval the earliest unsent callback goes alone. One slow system holds `per_client` places, never all.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import os
import socket
import ssl
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import httpx
from sqlalchemy import ColumnElement, and_, exists, select, update

from approval_core import outbound
from approval_core.clients.queries import client_by_id, live_secrets
from approval_core.clients.rules import callback_allowed
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.store import Store, Tx
from gateway.intake.addresses import AddressRefusedError, Pinned, Reach, pin
from gateway.intake.models import OutboundCallback
from gateway.settings import CallbackSettings

log = logging.getLogger("pishi.callbacks")

callbacks = table_of(OutboundCallback)
_EARLIER = callbacks.alias("earlier")
#: Only the earliest unsent one of each approval.
IN_ORDER: ColumnElement[bool] = ~exists(
    select(_EARLIER.c.id).where(
        _EARLIER.c.request_id == callbacks.c.request_id,
        _EARLIER.c.id < callbacks.c.id,
        _EARLIER.c.state.in_(["queued", "leased"]),
    )
)
PAUSE_S = 1.0
LONGEST_PAUSE_S = 14_400


@dataclass(frozen=True, slots=True)
class Letter:
    """A leased callback with all that sending it needs."""

    id: int
    client_id: int
    message_id: str
    url: str
    body: bytes
    secrets: tuple[str, ...]
    allowed: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an attempt ended. `status` is the answer's, when there was one."""

    sent: bool
    error: str = ""
    permanent: bool = False
    status: int | None = None


def signatures(secrets: tuple[str, ...], message_id: str, timestamp: int, body: bytes) -> str:
    """`webhook-signature` of Standard Webhooks: one `v1,` signature for each live secret."""
    told = f"{message_id}.{timestamp}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    return " ".join(
        "v1," + base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode() for key in keys
    )


def take(tx: Tx, *, by: str, busy: list[int], limit: int, seconds: int, now: datetime) -> list[Letter]:
    """Lease what is due and in order, but nothing for clients that have enough on the way."""
    where = and_(IN_ORDER, callbacks.c.client_id.not_in(busy)) if busy else IN_ORDER
    ids = outbound.lease(tx, OutboundCallback, by=by, now=now, seconds=seconds, limit=limit, where=where)
    if not ids:
        return []
    rows = tx.execute(select(callbacks).where(callbacks.c.id.in_(ids)).order_by(callbacks.c.id)).all()
    return [_letter(tx, row, now) for row in rows]


def _letter(tx: Tx, row: Any, now: datetime) -> Letter:
    client = client_by_id(tx, row.client_id)
    return Letter(
        id=row.id,
        client_id=row.client_id,
        message_id=row.message_id,
        url=row.url,
        body=row.body.encode(),
        secrets=tuple(live_secrets(tx, client.name, now)),
        allowed=callback_allowed(row.url, client.callback_prefixes),
    )


def mark(tx: Tx, letter: Letter, verdict: Verdict, *, by: str, now: datetime) -> str:
    """Write down how it ended; the row's state now."""
    if verdict.sent:
        kept = outbound.mark_sent(tx, OutboundCallback, letter.id, by=by, now=now, answered=verdict.status)
        if kept:
            tx.signal(OutboundCallback.topic)  # the next one of the same approval may go
        return "sent" if kept else "lost"
    state = outbound.mark_failed(
        tx, OutboundCallback, letter.id, by=by, now=now, error=verdict.error, permanent=verdict.permanent
    )
    if state == "queued":
        tries = tx.execute(select(callbacks.c.attempts).where(callbacks.c.id == letter.id)).scalar_one()
        later = update(callbacks).where(callbacks.c.id == letter.id, callbacks.c.state == "queued")
        tx.execute(later.values(due_at=now + pause(tries)))
    return state


def pause(tries: int) -> timedelta:
    """1, 2, 4 … seconds, four hours at most: twenty attempts take a little more than a day."""
    return timedelta(seconds=min(LONGEST_PAUSE_S, 2 ** min(max(tries - 1, 0), 30)))


def _next_due(tx: Tx) -> datetime | None:
    return outbound.next_due(tx, OutboundCallback, where=IN_ORDER)


async def attempt(letter: Letter, settings: CallbackSettings, reach: Reach, *, now: datetime) -> Verdict:
    """One attempt, `timeout_seconds` in all, resolving and reading included. Never raises."""
    if not letter.allowed:
        return Verdict(False, "the address is under no registered prefix any more", permanent=True)
    if not letter.secrets:
        return Verdict(False, "the client has no signing secret")
    try:
        async with asyncio.timeout(settings.timeout_seconds):
            pinned = await asyncio.to_thread(pin, letter.url, reach)
            return await _post(letter, pinned, settings.answer_bytes, now)
    except AddressRefusedError as error:
        return Verdict(False, str(error))
    except TimeoutError:
        return Verdict(False, f"no answer within {settings.timeout_seconds:g} s")
    except (OSError, httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return Verdict(False, f"{type(error).__name__}: {error}"[:300])


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """The machine's own trust store (or SSL_CERT_FILE): an office's systems are often certified by the office."""
    return ssl.create_default_context()


async def _post(letter: Letter, pinned: Pinned, most: int, now: datetime) -> Verdict:
    timestamp = int(now.timestamp())
    headers = {
        "content-type": "application/json",
        "user-agent": "Pishi",
        "webhook-id": letter.message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(letter.secrets, letter.message_id, timestamp, letter.body),
    }
    async with httpx.AsyncClient(
        verify=_tls(), trust_env=False, follow_redirects=False, timeout=60
    ) as client:
        for address in pinned.addresses[:-1]:
            try:
                return await _post_to(client, pinned, address, headers, letter.body, most)
            except httpx.ConnectError:
                continue  # a name with several addresses: the next one
        return await _post_to(client, pinned, pinned.addresses[-1], headers, letter.body, most)


async def _post_to(
    client: httpx.AsyncClient, pinned: Pinned, address: str, headers: dict[str, str], body: bytes, most: int
) -> Verdict:
    url = httpx.URL(pinned.url)
    request = client.build_request(
        "POST",
        url.copy_with(host=address),
        content=body,
        headers={**headers, "host": url.netloc.decode("ascii")},
        extensions={"sni_hostname": pinned.host},
    )
    answer = await client.send(request, stream=True)
    try:
        read = 0
        async for chunk in answer.aiter_raw():
            read += len(chunk)
            if read > most:
                break
    finally:
        await answer.aclose()
    return judged(answer.status_code)


def judged(status: int) -> Verdict:
    if 200 <= status < 300:
        return Verdict(True, status=status)
    if status == 410:
        return Verdict(False, "410: the other side wants no more of it", permanent=True, status=status)
    if 300 <= status < 400:
        return Verdict(False, f"{status}: redirects are not followed", status=status)
    return Verdict(False, f"answered {status}", status=status)


class CallbackSender:
    """A thread with its own loop: up to `at_once` callbacks on the way. `stop` lets those under way end."""

    def __init__(self, store: Store, settings: CallbackSettings, reach: Reach) -> None:
        self._store, self._settings, self._reach = store, settings, reach
        self.name = f"callbacks@{socket.gethostname()}:{os.getpid()}:{threading.get_native_id()}"
        self._stopping = threading.Event()
        self._listener = store.signals.listen(OutboundCallback.topic)
        self._thread = threading.Thread(target=self._run, name="callbacks", daemon=True)
        self.last_round = utc_now()

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float = 15.0) -> None:
        self._stopping.set()
        self._store.signals.fire([OutboundCallback.topic])  # it need not wait for the end of its pause
        self._thread.join(seconds)
        self._listener.close()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() and utc_now() - self.last_round < timedelta(seconds=60)

    def _run(self) -> None:
        asyncio.run(self._loop())

    async def _loop(self) -> None:
        under_way: dict[asyncio.Task[None], int] = {}
        while not self._stopping.is_set():
            wait = PAUSE_S
            try:
                due = await self._store.aread(_next_due)
                if due is not None and due <= utc_now():
                    taken = await self._round(under_way)
                    wait = 0.0 if taken else 0.2  # due but held back: its client or we are busy
                elif due is not None:
                    wait = min(PAUSE_S, (due - utc_now()).total_seconds() + 0.01)
            except Exception:  # the store may be away for a while; the sender must outlive that
                log.exception("callbacks: a round failed")
            self.last_round = utc_now()
            if wait > 0:
                await self._listener.await_(wait)
        if under_way:
            await asyncio.wait(under_way)

    async def _round(self, under_way: dict[asyncio.Task[None], int]) -> int:
        loads = Counter(under_way.values())
        busy = [client for client, load in loads.items() if load >= self._settings.per_client]
        heaviest = max((load for client, load in loads.items() if client not in busy), default=0)
        # all that is taken now may be of one client, and even then it must not exceed its share
        free = min(self._settings.at_once - len(under_way), self._settings.per_client - heaviest)
        if free <= 0:
            return 0
        letters = await self._store.awrite(
            take,
            by=self.name,
            busy=busy,
            limit=free,
            seconds=int(self._settings.timeout_seconds) + 20,
            now=utc_now(),
        )
        for letter in letters:
            task = asyncio.create_task(self._deliver(letter))
            under_way[task] = letter.client_id
            task.add_done_callback(lambda done: under_way.pop(done, None) and None)
        return len(letters)

    async def _deliver(self, letter: Letter) -> None:
        try:
            verdict = await attempt(letter, self._settings, self._reach, now=utc_now())
            state = await self._store.awrite(mark, letter, verdict, by=self.name, now=utc_now())
            facts = {"callback": letter.id, "state": state, "status": verdict.status}
            log.info("callback", extra=facts)
        except Exception:  # unmarked, it comes back when its lease ends
            log.exception("callback: not marked", extra={"callback": letter.id})
