"""A refusal is never an HTTP 200: whatever a client shows, it cannot show "approved" for what was refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gateway.serve import Site
from tests.gateway.conftest import register
from tests.gateway.story import System
from tests.mobile_api.browser import Browser

At = Callable[..., Browser]
YES = {"verdict": "approve", "task_revision": 1}


@pytest.fixture
def system(site: Site) -> Iterator[System]:
    with register(site, "erp") as registered:
        yield registered


def test_every_refusal_of_a_decision_has_its_status_and_the_state_as_it_is(system: System, at: At) -> None:
    assert system.ask("R-1", hold=0).status_code == 201
    leader, other = at("hy00001"), at("hy00002")
    task = leader.asks("/inbox")["items"][0]["task_id"]
    statuses = {}
    statuses["of another"] = other.does(f"/tasks/{task}/decide", YES, status=403)
    statuses["no verdict"] = leader.does(f"/tasks/{task}/decide", YES | {"verdict": "maybe"}, status=422)
    statuses["no task"] = leader.does("/tasks/424242/decide", YES, status=404)
    assert leader.does(f"/tasks/{task}/decide", YES)["effect"] == "approved"
    again = leader.does(f"/tasks/{task}/decide", YES | {"verdict": "reject"}, status=409)
    assert (again["code"], again["verdict"], again["same"]) == ("already_decided", "approve", False)
    assert again["current"]["request_state"] == "approved"
    for why, body in statuses.items():
        assert (body["status"] >= 400, "ok" in body, "effect" in body) == (True, False, False), why
