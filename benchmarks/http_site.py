"""The server of the HTTP figures, a process of its own.

The product's application (`create_app`: problems, limits, request ids, log, gate) with one route more, open to anybody, so that
a decision is measured without a session: `POST /benchmark/decisions` awaits `store.awrite(approvals.decide, …)`. Beside it, in
the same server, stands the floor: a FastAPI application with one `async def` and no database. uvicorn as `pishi
serve` runs it.
"""

from __future__ import annotations

import signal
import sys
from datetime import datetime

import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from approval_core.approvals import service as approvals
from approval_core.clock import utc_now
from approval_core.people.actor import Actor, Evidence
from approval_core.store import Store
from gateway.app import create_app
from gateway.logs import set_up
from gateway.permissions import PUBLIC
from gateway.serve import DRAIN_S, _listen, worker_for
from gateway.settings import load

FLOOR, DECIDE, SUBMIT = "/floor/decisions", "/benchmark/decisions", "/systems/v1/approvals"


class DecisionIn(BaseModel):
    task_id: int
    task_revision: int
    person_id: int
    account: str
    verdict: str
    comment: str = ""


class DecisionOut(BaseModel):
    decision_id: int
    request_id: int
    state: str
    held_until: datetime | None
    verdict: str
    effect: str


async def decide(request: Request, body: DecisionIn) -> DecisionOut:
    store: Store = request.app.state.store
    decided = await store.awrite(
        approvals.decide,
        body.task_id,
        actor=Actor("person", body.account, person_id=body.person_id),
        evidence=Evidence("web", 2, "session:1"),
        verdict=body.verdict,
        task_revision=body.task_revision,
        comment=body.comment,
        now=utc_now(),
    )
    return DecisionOut(
        decision_id=decided.decision_id,
        request_id=decided.request_id,
        state=decided.state,
        held_until=decided.held_until,
        verdict=decided.verdict,
        effect=decided.effect,
    )


async def nothing(body: DecisionIn) -> DecisionOut:
    return DecisionOut(
        decision_id=1,
        request_id=body.task_id,
        state="held",
        held_until=None,
        verdict=body.verdict,
        effect="approved",
    )


class BothApps:
    """By the path: the floor, or the product."""

    def __init__(self, product: ASGIApp, floor: ASGIApp) -> None:
        self._product, self._floor = product, floor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._floor if scope.get("path") == FLOOR else self._product
        await app(scope, receive, send)


def main() -> None:
    """`DATABASE SECRET_FILE worker|alone`; says its port on standard output, ends at SIGTERM."""
    database, secret_file, company = sys.argv[1:4]
    settings = load(database=database, secret_file=secret_file, port=0)
    set_up(settings.log_level)
    store = Store(settings.database)
    product = create_app(settings, store)
    product.state.meter.begin(store)
    product.add_api_route(DECIDE, decide, methods=["POST"], response_model=DecisionOut)
    product.state.permissions = {**product.state.permissions, ("POST", DECIDE): PUBLIC}
    floor = FastAPI(openapi_url=None)
    floor.add_api_route(FLOOR, nothing, methods=["POST"], response_model=DecisionOut)
    worker = worker_for(settings, store, "benchmark") if company == "worker" else None
    if worker is not None:
        worker.start()
    listener = _listen("127.0.0.1", 0)
    config = uvicorn.Config(
        BothApps(product, floor),
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=DRAIN_S,
        h11_max_incomplete_event_size=65_536,
    )
    signal.signal(
        signal.SIGTERM, lambda *_: None
    )  # uvicorn repeats it when it has ended; the store still closes
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(config).run(sockets=[listener])
    if worker is not None:
        worker.stop()
    store.close()
