"""The web application: doors, problems, health, metrics. It starts nothing; `gateway.serve` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from sqlalchemy import select

from approval_core.clock import utc_now
from approval_core.store import Store, Tx
from gateway import wiring
from gateway.intake.schemas import ProblemOut
from gateway.metrics import Meter
from gateway.settings import Settings
from sms_modem.transports.base import ModemState
from web import problems
from web.body_limit import BodyLimit
from web.request_ids import RequestIds

VERSION = "0.1.0"
SUMMARY = "Other systems ask a leader of the office for a decision; the answer comes back signed."


@dataclass
class Office:
    """What runs beside the web in this process, as far as health and metrics ask for it."""

    parts: Mapping[str, Callable[[], bool]] = field(default_factory=dict)
    modems: Callable[[], Iterable[ModemState]] = list

    def alive(self) -> dict[str, bool]:
        return {name: living() for name, living in self.parts.items()}


def create_app(settings: Settings, store: Store | None, office: Office | None = None) -> FastAPI:
    """Without a store only the OpenAPI document can be asked for."""
    app = FastAPI(
        title="Pishi",
        version=VERSION,
        summary=SUMMARY,
        docs_url=None,
        redoc_url=None,
        openapi_url="/systems/v1/openapi.json",
    )
    app.state.settings, app.state.store = settings, store
    app.state.office = office or Office()
    app.state.meter = Meter(wiring.QUEUES)
    problems.install(app)
    app.add_middleware(BodyLimit, most=settings.body_bytes)
    app.add_middleware(RequestIds)  # the outermost: what the limit refuses has an id too
    for router in wiring.routers(settings):
        app.include_router(router)
    _operations(app)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]  # FastAPI's own way to extend the document
    return app


def openapi(app: FastAPI) -> dict[str, Any]:
    """The document of the systems API, with the one shape of a problem."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        document["components"]["schemas"]["ProblemOut"] = ProblemOut.model_json_schema()
        app.openapi_schema = document
    return app.openapi_schema


def _operations(app: FastAPI) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz(request: Request) -> Response:
        parts = cast(Office, request.app.state.office).alive()
        parts["store"] = await _store_answers(request.app.state.store)
        ready = all(parts.values())
        return JSONResponse({"ready": ready, "parts": parts}, 200 if ready else 503)

    @app.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        state = request.app.state
        office = cast(Office, state.office)
        text = await cast(Meter, state.meter).text(state.store, office.modems(), office.alive(), utc_now())
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


async def _store_answers(store: Store) -> bool:
    try:
        return bool(await store.aread(_one) == 1)
    except Exception:  # noqa: BLE001  # whatever is wrong with it, it is not ready
        return False


def _one(tx: Tx) -> int:
    return int(tx.execute(select(1)).scalar_one())
