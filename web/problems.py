"""OfficeError → application/problem+json (RFC 9457): the only table from errors to HTTP status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from approval_core.errors import Conflict, Forbidden, Invalid, NotFound, OfficeError, Unavailable

STATUS: dict[type[OfficeError], int] = {
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    Invalid: 422,
    Unavailable: 503,
}
#: codes whose status is not their class's
STATUS_BY_CODE: dict[str, int] = {
    "no_key": 401,
    "bad_key": 401,
    "no_session": 401,
    "bad_sign_in": 401,
    "two_credentials": 400,
}
#: codes for what the framework itself refuses
CODE_BY_STATUS: dict[int, str] = {
    400: "bad_request",
    401: "no_key",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "not_json",
    422: "invalid",
}


def status_of(error: OfficeError) -> int:
    if error.code in STATUS_BY_CODE:
        return STATUS_BY_CODE[error.code]
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Response:
    """A problem document. `code` is stable; `facts` stand beside it by name, never over the standard members."""
    body: dict[str, Any] = {name: _plain(value) for name, value in (facts or {}).items()}
    body |= {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": getattr(request.state, "request_id", ""),
    }
    content = json.dumps(body, ensure_ascii=True).encode(
        "ascii"
    )  # a lone surrogate in a fact is shown, not raised
    return Response(content, status, dict(headers or {}), "application/problem+json")


def install(app: FastAPI) -> None:
    app.add_exception_handler(OfficeError, _office)
    app.add_exception_handler(RequestValidationError, _unusable)
    app.add_exception_handler(HTTPException, _refused)


async def _office(request: Request, error: Exception) -> Response:
    assert isinstance(error, OfficeError)  # noqa: S101  # registered for this class
    status = status_of(error)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="pishi"'
    if status == 503:
        headers["Retry-After"] = "1"
    return problem(request, status, error.code, error.message, headers=headers, facts=error.data)


async def _unusable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for this class
    found = [
        {
            "where": ".".join(str(part) for part in entry["loc"]),
            "what": str(entry["msg"]).removeprefix("Value error, "),
        }
        for entry in error.errors()[:20]
    ]
    first = found[0] if found else {"where": "body", "what": "cannot be read"}
    code = "bad_json" if error.errors() and error.errors()[0]["type"] == "json_invalid" else "invalid"
    return problem(request, 422, code, f"{first['where']}: {first['what']}", facts={"errors": found})


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for this class
    code = CODE_BY_STATUS.get(error.status_code, "refused")
    return problem(request, error.status_code, code, str(error.detail), headers=error.headers)


def broken(request: Request) -> Response:
    """For what nobody expected; the log has the rest under the same request id."""
    return problem(
        request, 500, "unexpected", "Something went wrong on our side; the log has this request id."
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
