"""Who may come in, and how every refusal looks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from approval_core.clients import service as clients
from approval_core.clock import utc_now
from gateway.serve import Site
from tests.gateway.conftest import add_client, register
from tests.gateway.story import System, request

ROUTES = [
    ("POST", "/systems/v1/approvals"),
    ("GET", "/systems/v1/approvals"),
    ("GET", "/systems/v1/approvals/R-1"),
    ("PUT", "/systems/v1/approvals/R-1"),
    ("POST", "/systems/v1/approvals/R-1/withdraw"),
]


@pytest.fixture
def stranger(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.address, trust_env=False) as http:
        yield http


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_door_asks_for_a_key(stranger: httpx.Client, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}):
        answer = stranger.request(method, path, headers=headers, json=request())
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Bearer" in answer.headers["www-authenticate"]
        assert answer.json()["code"] in {"no_key", "bad_key"}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_key_without_the_scope_is_forbidden(site: Site, method: str, path: str) -> None:
    with register(site, "holder", scopes=("hold",)) as other:
        answer = other.http.request(method, path, json=request())
    assert (answer.status_code, answer.json()["code"], answer.json()["scope"]) == (
        403,
        "no_scope",
        "approvals",
    )


def test_a_rotated_key_works_until_its_overlap_is_over(site: Site, stranger: httpx.Client) -> None:
    old = add_client(site.store, "erp")
    new = site.store.write(clients.rotate_key, "erp", overlap=timedelta(hours=1), now=utc_now())
    last = site.store.write(clients.rotate_key, "erp", overlap=timedelta(0), now=utc_now())
    statuses = [
        stranger.get("/systems/v1/approvals", headers={"Authorization": f"Bearer {key}"}).status_code
        for key in (old, new, last)
    ]
    assert statuses == [401, 401, 200]


def test_two_keys_on_one_request_are_refused(system: System) -> None:
    headers = [("Authorization", f"Bearer {system.key}"), ("Authorization", "Bearer other")]
    with httpx.Client(base_url=system.site.address, trust_env=False) as http:
        assert http.get("/systems/v1/approvals", headers=headers).status_code == 422


def test_what_is_not_there_and_what_is_not_allowed_are_problems_too(system: System) -> None:
    for method, path, status, code in (
        ("GET", "/nothing", 404, "not_found"),
        ("DELETE", "/systems/v1/approvals", 405, "method_not_allowed"),
        ("GET", "/systems/v1/approvals/none", 404, "no_approval"),
    ):
        answer = system.http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_body_that_is_no_json_is_a_problem(system: System) -> None:
    headers = {"Content-Type": "application/json"}
    for content in (b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}', b""):
        answer = system.http.post("/systems/v1/approvals", content=content, headers=headers)
        assert answer.status_code in {400, 422}, (content[:20], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_number_that_no_store_can_keep_is_a_problem(system: System) -> None:
    import json

    for value in ("1e999", "NaN", "9" * 400, "9" * 5000):
        body = json.dumps(request(form={"n": "HERE"})).replace('"HERE"', value)
        headers = {"Content-Type": "application/json"}
        answer = system.http.post("/systems/v1/approvals", content=body, headers=headers)
        assert answer.status_code in {400, 422}, answer.text


def test_more_than_a_megabyte_is_too_large(system: System) -> None:
    answer = system.ask(summary="长" * 400_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")

    def pieces() -> Iterator[bytes]:
        yield from (b"x" * 65_536 for _ in range(20))

    streamed = system.http.post(
        "/systems/v1/approvals", content=pieces(), headers={"Content-Type": "application/json"}
    )
    assert streamed.status_code == 413


@pytest.mark.parametrize(
    "path", ["/systems/v1/approvals/%00", "/systems/v1/approvals/%ED%A0%80", "/systems/v1/approvals/a%00b"]
)
def test_a_ref_that_no_store_can_keep_is_no_breakdown(system: System, path: str) -> None:
    assert system.http.get(path).status_code in {404, 422}


def test_an_unusable_idempotency_key_is_named(system: System) -> None:
    for key in (b"", b"k" * 201, "k\u00fc".encode("latin-1")):
        answer = system.http.post(
            "/systems/v1/approvals", json=request(), headers=[(b"Idempotency-Key", key)]
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_idempotency_key"), key


def test_a_harmless_request_id_is_kept_and_another_replaced(stranger: httpx.Client) -> None:
    kept = stranger.get("/healthz", headers={"X-Request-Id": "abc-1"})
    replaced = stranger.get("/healthz", headers={"X-Request-Id": "a b{}"})
    assert kept.headers["x-request-id"] == "abc-1"
    assert len(replaced.headers["x-request-id"]) == 16


def test_the_demo_is_absent_outside_the_demo(stranger: httpx.Client) -> None:
    assert stranger.get("/demo").status_code == 404
