"""Who may do what from where: every route of every door, one line each. A route that does not stand here is closed,
and a test fails for it; so does one for a line whose route is gone.

Zones: `office`, `vpn`, `outside` (`web.zones`). Roles: `web.permissions`. A rule says who may come in at all; whose
request he may then see or decide is the matter's own question (`mobile_api.queries.sight_of`, `approvals.service`).
"""

from __future__ import annotations

from web.permissions import Permissions, Role, Rule
from web.zones import Zone

INSIDE: frozenset[Zone] = frozenset({"office", "vpn"})
EVERYWHERE: frozenset[Zone] = frozenset({"office", "vpn", "outside"})

#: A person's own matters. An auditor's account is none of these: it decides nothing and asks for nothing.
PERSONS: tuple[Role, ...] = (
    "person", "secretary", "unit_admin", "hr", "designer", "operator", "security", "admin",
)  # fmt: skip
READERS: tuple[Role, ...] = (*PERSONS, "auditor")


def _rule(zones: frozenset[Zone], *roles: Role, password_due: bool = False) -> Rule:
    return Rule(dict.fromkeys(roles, zones), password_due)


PUBLIC = _rule(EVERYWHERE, "public")
PUBLIC_INSIDE = _rule(INSIDE, "public")
SYSTEMS = _rule(EVERYWHERE, "client")
OWN = _rule(INSIDE, *PERSONS)  #: reads or changes what is the person's own
READ = _rule(INSIDE, *READERS)  #: shows; changes nothing
ACCOUNT = _rule(INSIDE, *READERS, password_due=True)  #: the account itself

PERSON_API: Permissions = {
    ("GET", "/api/v1/openapi.json"): PUBLIC_INSIDE,
    ("POST", "/api/v1/sign-in"): PUBLIC_INSIDE,
    ("POST", "/api/v1/sign-out"): _rule(EVERYWHERE, *READERS, password_due=True),
    ("GET", "/api/v1/me"): ACCOUNT,
    ("POST", "/api/v1/me/password"): ACCOUNT,
    ("GET", "/api/v1/inbox"): OWN,
    ("GET", "/api/v1/inbox/counts"): OWN,
    ("GET", "/api/v1/requests/{request_id}"): READ,
    ("POST", "/api/v1/requests/{request_id}/remarks"): OWN,
    ("POST", "/api/v1/requests/{request_id}/withdraw"): OWN,
    ("POST", "/api/v1/tasks/{task_id}/decide"): OWN,
    ("POST", "/api/v1/decisions/{decision_id}/undo"): OWN,
}

SYSTEMS_API: Permissions = {
    ("GET", "/systems/v1/openapi.json"): PUBLIC,
    ("POST", "/systems/v1/approvals"): SYSTEMS,
    ("GET", "/systems/v1/approvals"): SYSTEMS,
    ("GET", "/systems/v1/approvals/{ref}"): SYSTEMS,
    ("PUT", "/systems/v1/approvals/{ref}"): SYSTEMS,
    ("POST", "/systems/v1/approvals/{ref}/withdraw"): SYSTEMS,
}

OPERATIONS: Permissions = {
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/metrics"): PUBLIC_INSIDE,
}

DEMO: Permissions = {
    ("GET", "/"): PUBLIC_INSIDE,
    ("GET", "/demo"): PUBLIC_INSIDE,
    ("POST", "/demo/approvals"): PUBLIC_INSIDE,
    ("POST", "/demo/approvals/{matter}/content"): PUBLIC_INSIDE,
    ("POST", "/demo/approvals/{matter}/withdraw"): PUBLIC_INSIDE,
    ("POST", "/demo/handsets/{number}/sms"): PUBLIC_INSIDE,
    ("POST", "/demo/asking/callbacks"): PUBLIC_INSIDE,
    ("GET", "/demo/live"): PUBLIC_INSIDE,
    ("GET", "/demo/{name}"): PUBLIC_INSIDE,
}


def permissions(*, demo: bool) -> Permissions:
    return {**PERSON_API, **SYSTEMS_API, **OPERATIONS, **(DEMO if demo else {})}
