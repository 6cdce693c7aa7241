"""No request body is larger than the office wants to hold in memory, whatever its Content-Length says."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problems import problem


class BodyLimit:
    """Pure ASGI: a declared size is refused before the body is read, an undeclared one while it is read."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > self.most:
            refusal = problem(
                Request(scope), 413, "body_too_large", self._said, headers={"Connection": "close"}
            )
            await refusal(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most:
                raise HTTPException(413, self._said, {"Connection": "close"})
            return message

        await self.app(scope, counted, send)

    @property
    def _said(self) -> str:
        return f"a body has at most {self.most} bytes"
