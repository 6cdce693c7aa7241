"""The asking system of the demo: a client like any other, with a key, a signing secret and an address for callbacks."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.types import ASGIApp

from approval_core.clients import queries as client_queries
from approval_core.clients import service as clients
from approval_core.errors import NotFound
from approval_core.store import Store, Tx

NAME = "demo-leave"
CALLBACK_PATH = "/demo/asking/callbacks"
KEPT = 200


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback as it arrived; `genuine`: its signature is ours."""

    ref: str
    type: str
    state: str
    message_id: str
    genuine: bool
    at: datetime


class AskingSystem:
    """Speaks to the office only through its public door, `/systems/v1`."""

    def __init__(self, store: Store, address: str, *, now: datetime) -> None:
        """`address`: where this process listens, e.g. http://127.0.0.1:8000."""
        self.callback_url = address + CALLBACK_PATH
        self.received: deque[Callback] = deque(maxlen=KEPT)
        self.key, self.secret = store.write(_register, self.callback_url, now=now)

    async def call(
        self, app: ASGIApp, method: str, path: str, body: dict[str, Any] | None = None
    ) -> httpx.Response:
        """One request to the office, through every door and check that a foreign system passes."""
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://office") as office:
            return await office.request(
                method,
                f"/systems/v1/approvals{path}",
                json=body,
                headers={"Authorization": f"Bearer {self.key}"},
            )

    def receive(self, body: bytes, headers: dict[str, str], *, now: datetime) -> bool:
        """Takes a callback; False for one that is not signed by the office."""
        try:
            told = Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            self.received.append(Callback("?", "?", "?", headers.get("webhook-id", "?"), False, now))
            return False
        data = told["data"]
        self.received.append(
            Callback(data["ref"], told["type"], data["state"], headers["webhook-id"], True, now)
        )
        return True

    def told_of(self, ref: str) -> list[Callback]:
        return [callback for callback in self.received if callback.ref == ref]


def _register(tx: Tx, callback_url: str, *, now: datetime) -> tuple[str, str]:
    """A fresh key at every start: the one before dies with the process that knew it."""
    try:
        key = clients.rotate_key(tx, NAME, overlap=timedelta(0), now=now)
        clients.allow_callbacks(tx, NAME, [callback_url], now=now)
    except NotFound:
        key = clients.add(tx, NAME, scopes=["approvals"], callback_prefixes=[callback_url], now=now)
    return key, client_queries.secret(tx, NAME)
