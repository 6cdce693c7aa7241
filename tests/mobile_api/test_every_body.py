"""Every body of the person's API: a member that it does not know is refused and named, whichever route it is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from approval_core.people.accounts.rules import csrf_of
from gateway.app import openapi
from gateway.serve import Site
from tests.mobile_api.browser import give_password
from tests.mobile_api.office import At
from tests.mobile_api.test_every_route_and_role import GRANT, enter
from web.permissions import OF_PERSONS, Role
from web.signin import COOKIE, CSRF_HEADER


def with_json(site: Site) -> Iterator[tuple[str, str]]:
    document: dict[str, Any] = openapi(site.app, "person")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "application/json" in operation.get("requestBody", {}).get("content", {}):
                yield method.upper(), path


def test_a_member_that_a_body_does_not_know_is_refused_by_its_name(site: Site, at: At) -> None:
    browser, tokens = at(), {}
    for role in sorted(OF_PERSONS - {"secretary", "auditor"}):
        give_password(site.store, f"of_{role}", role=GRANT.get(role))
        tokens[role] = enter(site, f"of_{role}", f"token-of-{role}")
    routes = list(with_json(site))
    assert len(routes) >= 35
    for method, path in routes:
        token = tokens[_who_may(site, method, path)]
        place = re.sub(r"\{queue\}", "sms", path)
        headers = {"Cookie": f"{COOKIE}={token}", CSRF_HEADER: csrf_of(token)}
        answer = browser.request(
            method, re.sub(r"\{\w+\}", "1", place), json={"surprise": 1}, headers=headers
        )
        assert answer.status_code == 422, (method, path, answer.text)
        assert {"where": "body.surprise", "what": "Extra inputs are not permitted"} in answer.json()[
            "errors"
        ], path


def _who_may(site: Site, method: str, path: str) -> Role:
    zones = site.app.state.permissions[method, path].zones
    return next((role for role in ("person", "operator", "designer", "hr") if role in zones), "person")
