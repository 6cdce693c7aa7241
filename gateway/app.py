"""The web application: doors, problems, health, metrics. It starts nothing; `gateway.serve` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from fastapi import Depends, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from sqlalchemy import select

from approval_core.clock import utc_now
from approval_core.store import Store, Tx
from gateway import wiring
from gateway.intake.schemas import ProblemOut
from gateway.metrics import Meter
from gateway.permissions import permissions
from gateway.settings import Settings
from sms_modem.transports.base import ModemState
from web import problems
from web.body_limit import BodyLimit
from web.gate import gate
from web.papers import FILE_SLACK, UPLOADS, PaperDesk
from web.passwords import PasswordDesk
from web.request_ids import RequestIds

VERSION = "0.1.0"
SUMMARY = "Other systems ask a leader of the office for a decision; the answer comes back signed."
#: which part of the API → (path prefix, title, summary); each part has a document of its own
PARTS = {
    "systems": ("/systems/v1/", "Pishi", SUMMARY),
    "person": (
        "/api/v1/",
        "Pishi: the person's API",
        "What a person of the office sees and does; phone and PC alike.",
    ),
}


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
        dependencies=[Depends(gate)],
    )
    app.state.settings, app.state.store = settings, store
    app.state.office = office or Office()
    app.state.permissions = permissions(demo=settings.demo)
    app.state.accounts, app.state.zones = settings.accounts, settings.networks.zones
    app.state.passwords = PasswordDesk(settings.accounts)
    app.state.papers = PaperDesk(settings.files_folder, settings.files)
    app.state.meter = Meter(wiring.QUEUES)
    app.state.documents = {}
    problems.install(app)
    app.add_middleware(
        BodyLimit, most=settings.body_bytes, larger=[(UPLOADS, settings.files.most_bytes + FILE_SLACK)]
    )
    app.add_middleware(RequestIds)  # the outermost: what the limit refuses has an id too
    for router in wiring.routers(settings):
        app.include_router(router)
    _operations(app)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]  # FastAPI's own way to extend the document
    return app


def openapi(app: FastAPI, part: str = "systems") -> dict[str, Any]:
    """The document of one part of the API, with the one shape of a problem."""
    documents: dict[str, dict[str, Any]] = app.state.documents
    if part not in documents:
        prefix, title, summary = PARTS[part]
        routes = [one for one in iter_route_contexts(app.routes) if (one.path or "").startswith(prefix)]
        document = get_openapi(title=title, version=app.version, summary=summary, routes=routes)
        document["components"]["schemas"]["ProblemOut"] = ProblemOut.model_json_schema()
        if part == "person":
            _told_once(document)
        documents[part] = document
    return documents[part]


def _told_once(document: dict[str, Any]) -> None:
    """The same refusal of a hundred routes stands in the document once."""
    kept: dict[str, Any] = document["components"].setdefault("responses", {})
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if "application/problem+json" in answer.get("content", {}):
                    name = f"Problem{status}"
                    if kept.setdefault(name, answer) == answer:
                        operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}


def _operations(app: FastAPI) -> None:
    @app.get("/api/v1/openapi.json", include_in_schema=False)
    async def person_document() -> JSONResponse:
        return JSONResponse(openapi(app, "person"))

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
