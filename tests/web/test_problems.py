"""Errors of the office as HTTP says them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from approval_core.errors import Conflict, Forbidden, Invalid, NotFound, OfficeError, Unavailable
from web import problems
from web.request_ids import RequestIds
from web.texts import MAX_DEPTH, flaw_in

RAISED: dict[str, OfficeError] = {
    "absent": NotFound("no_thing", "there is none"),
    "closed": Conflict(
        "already_decided", "decided", by="hy00001", at=datetime(2026, 5, 6, tzinfo=UTC), same=False
    ),
    "shut": Forbidden("not_yours", "not yours"),
    "unknown": Forbidden("bad_key", "not valid"),
    "odd": Invalid("bad_text", "half", text="\ud83d", status=200),
    "full": Unavailable("queue_full", "later"),
}


@pytest.fixture
def app() -> FastAPI:
    made = FastAPI()
    problems.install(made)
    made.add_middleware(RequestIds)

    @made.get("/raise/{name}")
    async def fail(name: str) -> None:
        raise RAISED[name]

    return made


@pytest.fixture
def ask(app: FastAPI) -> Iterator[Any]:
    async def call(path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://office") as http:
            return await http.get(path)

    import asyncio

    with asyncio.Runner() as runner:
        yield lambda path: runner.run(call(path))


@pytest.mark.parametrize(
    ("name", "status"),
    [("absent", 404), ("closed", 409), ("shut", 403), ("unknown", 401), ("odd", 422), ("full", 503)],
)
def test_each_kind_of_error_has_its_status(ask: Any, name: str, status: int) -> None:
    answer = ask(f"/raise/{name}")
    said = answer.json()
    assert (answer.status_code, said["status"], said["code"]) == (status, status, RAISED[name].code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["request_id"] == answer.headers["x-request-id"]


def test_facts_stand_beside_and_never_over_the_standard_members(ask: Any) -> None:
    said = ask("/raise/closed").json()
    assert (said["by"], said["at"], said["same"]) == ("hy00001", "2026-05-06T00:00:00+00:00", False)
    assert ask("/raise/odd").json()["status"] == 422


def test_unavailable_says_when_to_come_again(ask: Any) -> None:
    assert ask("/raise/full").headers["retry-after"] == "1"


def test_the_unexpected_is_a_problem_with_an_id_and_without_its_text(ask: Any) -> None:
    answer = ask("/raise/nothing-of-that-name")
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")
    assert "nothing-of-that-name" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        "\x00",
        "\ud800",
        {"a\x00": 1},
        {"a": ["\udfff"]},
        float("nan"),
        float("-inf"),
        2**63,
        deep(MAX_DEPTH + 2),
    ],
)
def test_what_no_store_can_keep_is_found(value: Any) -> None:
    assert flaw_in(value) is not None


@pytest.mark.parametrize("value", ["", "汉字 😀", {"a": [1, 2.5, None, True]}, -(2**63) + 1, deep(MAX_DEPTH)])
def test_what_can_be_kept_is_left_alone(value: Any) -> None:
    assert flaw_in(value) is None
    json.dumps(value)
