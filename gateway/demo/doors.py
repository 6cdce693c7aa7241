"""Who may press a button here, and what a page from here may load: its own files and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request, Response
from fastapi.routing import APIRoute

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class GuardedRoute(APIRoute):
    """Every answer of the demo carries `HEADERS`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            response = await answer(request)
            response.headers.update(HEADERS)
            return response

        return guarded


def _own_page_only(request: Request) -> None:
    """A button of this page, not of somebody else's: browsers say where a request comes from."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
    if site not in ("same-origin", "none") or foreign:
        raise HTTPException(403, "this form belongs to the demo page")


OwnPage = Depends(_own_page_only)
