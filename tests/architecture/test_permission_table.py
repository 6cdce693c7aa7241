"""Every route of the application has its line in the permission table, and every line its route."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts

from gateway.app import create_app
from gateway.permissions import permissions
from gateway.settings import load
from web.permissions import OF_PERSONS, ROLES, Permissions

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def application(*, demo: bool) -> FastAPI:
    return create_app(load(demo=demo, secret="0" * 64), None)


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """(method, path) as the gate looks them up: by the path of the route itself, not of what it is included in."""
    for found in iter_route_contexts(app.routes):
        served = found.original_route
        for method in sorted((found.methods or set()) - {"HEAD"}):
            yield method, str(getattr(served, "path_format", None) or getattr(served, "path", "?"))


def differences(app: FastAPI, table: Permissions) -> list[str]:
    served = set(routes_of(app))
    missing = [f"not in the table: {method} {path}" for method, path in sorted(served - table.keys())]
    return missing + [f"no such route: {method} {path}" for method, path in sorted(table.keys() - served)]


@pytest.mark.parametrize("demo", [False, True])
def test_the_table_and_the_routes_are_the_same(demo: bool) -> None:
    assert differences(application(demo=demo), permissions(demo=demo)) == []


def test_a_route_without_a_line_and_a_line_without_a_route_are_named() -> None:
    app, table = application(demo=False), dict(permissions(demo=False))
    planted = APIRouter(prefix="/api/v1")
    planted.add_api_route("/planted", lambda: None, methods=["DELETE"])
    app.include_router(planted)
    table["GET", "/api/v1/gone"] = table["GET", "/api/v1/me"]
    assert differences(app, table) == [
        "not in the table: DELETE /api/v1/planted",
        "no such route: GET /api/v1/gone",
    ]


def test_a_prefix_given_while_including_is_named_because_the_gate_would_not_see_it() -> None:
    app = application(demo=False)
    planted = APIRouter()
    planted.add_api_route("/planted", lambda: None, methods=["GET"])
    app.include_router(planted, prefix="/api/v1")
    assert differences(app, permissions(demo=False)) == ["not in the table: GET /planted"]


def test_the_table_keeps_the_office_s_own_promises() -> None:
    table = permissions(demo=True)
    for (method, path), rule in table.items():
        named = set(rule.zones)
        assert named <= set(ROLES), path
        assert len({bool(named & OF_PERSONS), "client" in named, "public" in named} - {False}) == 1, path
        if path.startswith("/api/v1/") and path != "/api/v1/sign-out":
            assert all("outside" not in zones for zones in rule.zones.values()), path
        if method in UNSAFE and path not in {"/api/v1/sign-out", "/api/v1/me/password"}:
            assert "auditor" not in named, f"an auditor would change something: {method} {path}"


def test_only_the_account_itself_is_open_while_a_new_password_is_due() -> None:
    due = {path for (_, path), rule in permissions(demo=True).items() if rule.password_due}
    assert due == {"/api/v1/sign-out", "/api/v1/me", "/api/v1/me/password"}
