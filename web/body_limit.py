"""No request body is larger than the office wants to hold in memory, whatever its Content-Length says."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problems import problem


class BodyLimit:
    """Pure ASGI: a declared size is refused before the body is read, an undeclared one while it is read.

    `larger`: addresses whose bodies are not held in memory but streamed, with what they may have.
    """

    def __init__(self, app: ASGIApp, most: int, larger: Sequence[tuple[re.Pattern[str], int]] = ()) -> None:
        self.app, self.most, self.larger = app, most, larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = next((size for path, size in self.larger if path.fullmatch(scope["path"])), self.most)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > most:
            refusal = problem(
                Request(scope), 413, "body_too_large", _said(most), headers={"Connection": "close"}
            )
            await refusal(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413, _said(most), {"Connection": "close"})
            return message

        await self.app(scope, counted, send)


def _said(most: int) -> str:
    return f"a body has at most {most} bytes"
