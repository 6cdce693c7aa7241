"""Each request has an id: the caller's `X-Request-Id` when it is harmless, else ours. One log line each, no content."""

from __future__ import annotations

import logging
import re
import secrets
import time

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problems import broken

log = logging.getLogger("pishi.http")
HARMLESS = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestIds:
    """Pure ASGI: reads and sets the header, logs method, route pattern, status and time taken."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"")
        request_id = given.decode() if HARMLESS.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        status, started = 0, time.perf_counter()

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, marked)
        except Exception:  # the outermost catch of a request: answer, log, carry on serving
            log.exception("unexpected", extra={"request_id": request_id})
            if status:
                raise
            await broken(Request(scope))(scope, receive, marked)
        finally:
            route = scope.get("route")
            facts = {
                "request_id": request_id,
                "method": scope["method"],
                "route": getattr(route, "path_format", "none"),
                "status": status,
                "ms": round((time.perf_counter() - started) * 1000, 1),
            }
            log.info("request", extra=facts)
