"""What every body that comes in has in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from web.texts import flaw_in


class Incoming(BaseModel):
    """Root of every body: unknown members are refused, and text that no store can keep wherever it stands."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        flaw = flaw_in(value)
        if flaw:
            raise ValueError(flaw)
        return value


def problems(*statuses: int, said: dict[int, str] | None = None) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route: the statuses every route may answer with, and `statuses`, all of the one shape of a problem."""
    words = SAID | (said or {})
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
    return {
        status: {"description": words[status], "content": content}
        for status in sorted({400, 401, 403, 413, 422, 503, *statuses})
    }


SAID: dict[int, str] = {
    400: "The body cannot be read, or the request bears two credentials.",
    401: "Nobody is signed in.",
    403: "Not for this person, not from this network, or without the X-CSRF-Token.",
    404: "There is no such thing, or it is not for this person to see.",
    409: "The state does not allow it any more; `current` says how things stand.",
    413: "The body is larger than 1 MB, or than a file may be.",
    422: "The request cannot be used as it is; `code` and `detail` say why.",
    503: "Try again after `Retry-After`.",
}
