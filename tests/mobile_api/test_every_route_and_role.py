"""Every route × every role × every zone, over HTTP: in or out as the permission table says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from approval_core.clock import utc_now
from approval_core.people.accounts import queries, service
from approval_core.people.accounts.rules import csrf_of
from approval_core.people.accounts.service import Knock, SignedIn
from gateway.permissions import permissions
from gateway.serve import Site
from gateway.settings import Settings, load
from tests.gateway.conftest import add_client, running
from tests.gateway.story import some_people
from tests.mobile_api.browser import give_password
from tests.mobile_api.conftest import QUICK
from web.permissions import OF_PERSONS, ROLES, Permissions, Role
from web.signin import COOKIE
from web.zones import Zone

SOURCES: dict[Zone, str] = {"office": "10.1.2.3", "vpn": "10.200.0.7", "outside": "203.0.113.9"}
REFUSED_AT_THE_GATE = {"no_session", "no_key", "not_your_role", "not_from_here", "closed"}
GRANT: dict[Role, str] = {role: role for role in OF_PERSONS - {"person", "secretary"}}


@dataclass
class Doors:
    site: Site
    http: httpx.Client
    sessions: dict[Role, str]
    key: str

    def knock(self, method: str, path: str, role: Role, zone: Zone) -> httpx.Response:
        """With made-up numbers in the path and no body: whoever is let in is told that, and not that he is not."""
        place = re.sub(r"\{\w+\}", "999999", path)
        headers = {"X-Forwarded-For": SOURCES[zone]}
        if role == "client":
            headers["Authorization"] = f"Bearer {self.key}"
        elif role != "public":
            token = self.sessions[role] if "sign-out" not in path else self._spare(role)
            headers |= {"Cookie": f"{COOKIE}={token}", "X-CSRF-Token": csrf_of(token)}
        return self.http.request(method, place, headers=headers)

    def _spare(self, role: Role) -> str:
        return enter(self.site, f"of_{role}", utc_now().isoformat())


def enter(site: Site, account: str, token: str) -> str:
    now = utc_now()
    seen = site.store.read(queries.standing_of, account, now=now)
    facts: dict[str, Any] = {"fits": True, "knock": Knock(), "settings": site.settings.accounts, "now": now}
    done = site.store.write(service.record_sign_in, seen, token=token, **facts)
    assert isinstance(done, SignedIn)
    assert done.expires_at - now == timedelta(hours=12)
    return token


def held_by(site: Site) -> Iterator[tuple[Role, str]]:
    for role in sorted(OF_PERSONS):
        account = f"of_{role}"
        secretary_of = "hy00001" if role == "secretary" else None
        give_password(site.store, account, role=GRANT.get(role), secretary_of=secretary_of)
        yield role, enter(site, account, f"token-of-{role}")


@pytest.fixture
def settings(database_url: str, tmp_path: Any) -> Settings:
    secret = str(tmp_path / "pishi.secret")
    return load(
        database=database_url, port=0, secret_file=secret, accounts=QUICK, networks={"vpn": ["10.200.0.0/16"]}
    )


@pytest.fixture
def doors(settings: Settings) -> Iterator[Doors]:
    with running(settings) as site, httpx.Client(base_url=site.address, timeout=20, trust_env=False) as http:
        site.store.write(some_people, now=utc_now())
        yield Doors(site, http, dict(held_by(site)), add_client(site.store, "erp"))


def expected(table: Permissions, method: str, path: str, role: Role, zone: Zone) -> set[int] | None:
    """The statuses of a refusal; None: let in."""
    zones = table[method, path].zones
    if "public" in zones:
        return None if zone in zones["public"] else {403}
    if zone in zones.get(role, ()) or (role in OF_PERSONS - {"auditor"} and zone in zones.get("person", ())):
        return None
    wants_key = "client" in zones
    if wants_key or role in {"public", "client"}:
        return {401}
    return {403}


def test_every_role_gets_through_exactly_the_doors_of_the_table(doors: Doors) -> None:
    table, wrong, knocks = permissions(demo=False), [], 0
    for (method, path), zone, role in (
        (route, zone, role) for route in table for zone in SOURCES for role in ROLES
    ):
        answer = doors.knock(method, path, role, zone)
        knocks += 1
        code = answer.json().get("code", "") if "problem" in answer.headers.get("content-type", "") else ""
        refused = {answer.status_code} if code in REFUSED_AT_THE_GATE else None
        due = expected(table, method, path, role, zone)
        if (refused is None) != (due is None) or (due and not due >= (refused or set())):
            wrong.append(f"{method} {path} as {role} from {zone}: {answer.status_code} {code}, due {due}")
        assert answer.status_code < 500, (method, path, role, answer.text)
    assert wrong == []
    assert knocks == len(table) * len(ROLES) * len(SOURCES)


def test_a_route_that_no_rule_names_is_closed_to_everybody(doors: Doors) -> None:
    doors.site.app.add_api_route("/api/v1/planted", lambda: "in", methods=["GET"])
    for role in ROLES:
        answer = doors.knock("GET", "/api/v1/planted", role, "office")
        assert (answer.status_code, answer.json()["code"]) == (403, "closed"), role


def test_a_role_struck_from_the_table_is_out_at_once(doors: Doors) -> None:
    """The gate reads the table, and nothing else lets a person in."""
    table = dict(permissions(demo=False))
    del table["GET", "/api/v1/inbox"]
    doors.site.app.state.permissions = table
    assert doors.knock("GET", "/api/v1/inbox", "person", "office").status_code == 403
    assert doors.knock("GET", "/api/v1/inbox/counts", "person", "office").status_code == 200
