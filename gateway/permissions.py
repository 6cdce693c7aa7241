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
DESIGN = _rule(INSIDE, "designer")  #: request types
FLOWS = _rule(INSIDE, "operator")  #: steps into a matter that is not his
DESKS = _rule(INSIDE, "operator", "hr")  #: empties the desk of who leaves, enters absences
KEEPS = _rule(INSIDE, "operator", "admin")  #: alarms and what does not go out
FIGURES = _rule(INSIDE, "operator", "hr", "auditor")
AUDIT = _rule(INSIDE, "auditor")
ACCOUNT = _rule(INSIDE, *READERS, password_due=True)  #: the account itself

PERSON_API: Permissions = {
    ("GET", "/api/v1/openapi.json"): PUBLIC_INSIDE,
    ("POST", "/api/v1/sign-in"): PUBLIC_INSIDE,
    ("POST", "/api/v1/sign-out"): _rule(EVERYWHERE, *READERS, password_due=True),
    ("GET", "/api/v1/me"): ACCOUNT,
    ("POST", "/api/v1/me/password"): ACCOUNT,
    ("GET", "/api/v1/inbox"): OWN,
    ("GET", "/api/v1/inbox/counts"): OWN,
    ("GET", "/api/v1/types"): OWN,
    ("GET", "/api/v1/types/{type}"): READ,
    ("POST", "/api/v1/types/{type}/preview"): OWN,
    ("GET", "/api/v1/requests"): OWN,
    ("POST", "/api/v1/requests"): OWN,
    ("GET", "/api/v1/requests/{request_id}"): READ,
    ("GET", "/api/v1/requests/{request_id}/form"): READ,
    ("POST", "/api/v1/requests/{request_id}/resubmit"): OWN,
    ("POST", "/api/v1/requests/{request_id}/withdraw"): OWN,
    ("POST", "/api/v1/requests/{request_id}/revoke"): OWN,
    ("GET", "/api/v1/requests/{request_id}/urge"): OWN,
    ("POST", "/api/v1/requests/{request_id}/urge"): OWN,
    ("GET", "/api/v1/requests/{request_id}/rest"): READ,
    ("GET", "/api/v1/requests/{request_id}/history"): READ,
    ("GET", "/api/v1/requests/{request_id}/difference"): READ,
    ("POST", "/api/v1/requests/{request_id}/copy"): OWN,
    ("POST", "/api/v1/requests/{request_id}/remarks"): OWN,
    ("GET", "/api/v1/requests/{request_id}/talks"): READ,
    ("POST", "/api/v1/requests/{request_id}/talks"): OWN,
    ("POST", "/api/v1/talks/{talk_id}/answer"): OWN,
    ("POST", "/api/v1/requests/{request_id}/read"): OWN,
    ("GET", "/api/v1/requests/{request_id}/readings"): READ,
    ("GET", "/api/v1/requests/{request_id}/files"): READ,
    ("POST", "/api/v1/requests/{request_id}/files"): OWN,
    ("GET", "/api/v1/requests/{request_id}/files/{file_id}"): READ,
    ("GET", "/api/v1/requests/{request_id}/sheet.pdf"): READ,
    ("GET", "/api/v1/requests/{request_id}/sms"): OWN,
    ("POST", "/api/v1/prompts/{prompt_id}/resend"): OWN,
    ("GET", "/api/v1/exports/requests"): OWN,
    ("GET", "/api/v1/drafts"): OWN,
    ("POST", "/api/v1/drafts"): OWN,
    ("GET", "/api/v1/drafts/{draft_id}"): OWN,
    ("PUT", "/api/v1/drafts/{draft_id}"): OWN,
    ("DELETE", "/api/v1/drafts/{draft_id}"): OWN,
    ("POST", "/api/v1/drafts/{draft_id}/submit"): OWN,
    ("POST", "/api/v1/drafts/{draft_id}/files"): OWN,
    ("DELETE", "/api/v1/drafts/{draft_id}/files/{file_id}"): OWN,
    ("POST", "/api/v1/tasks/{task_id}/decide"): OWN,
    ("POST", "/api/v1/tasks:decide-batch"): OWN,
    ("POST", "/api/v1/tasks/{task_id}/transfer"): OWN,
    ("POST", "/api/v1/tasks/{task_id}/add"): OWN,
    ("POST", "/api/v1/tasks/{task_id}/remove"): OWN,
    ("POST", "/api/v1/tasks/{task_id}/claim"): OWN,
    ("POST", "/api/v1/tasks/{task_id}/release"): OWN,
    ("POST", "/api/v1/decisions/{decision_id}/undo"): OWN,
    ("POST", "/api/v1/decisions/{decision_id}/take-back"): OWN,
    ("POST", "/api/v1/decisions/{decision_id}/signature"): OWN,
    ("GET", "/api/v1/me/absences"): OWN,
    ("POST", "/api/v1/me/absences"): OWN,
    ("POST", "/api/v1/absences/{absence_id}/end"): OWN,
    ("GET", "/api/v1/absences/{absence_id}/proposal"): OWN,
    ("POST", "/api/v1/absences/{absence_id}/proxy"): OWN,
    ("GET", "/api/v1/me/delegations"): OWN,
    ("POST", "/api/v1/me/delegations"): OWN,
    ("POST", "/api/v1/delegations/{delegation_id}/revoke"): OWN,
}

#: what only some do: design types, step into matters, look after the office, audit
OFFICES: Permissions = {
    ("POST", "/api/v1/types"): DESIGN,
    ("POST", "/api/v1/types/check"): DESIGN,
    ("GET", "/api/v1/versions"): DESIGN,
    ("GET", "/api/v1/types/{type}/source"): DESIGN,
    ("POST", "/api/v1/types/{type}/retire"): DESIGN,
    ("POST", "/api/v1/types/{type}/migrations"): DESIGN,
    ("POST", "/api/v1/types/{type}/migrations/plan"): DESIGN,
    ("POST", "/api/v1/types/{type}/replay"): DESIGN,
    ("POST", "/api/v1/requests/{request_id}/migration/revert"): DESIGN,
    ("POST", "/api/v1/requests/{request_id}/terminate"): FLOWS,
    ("POST", "/api/v1/requests/{request_id}/jump"): FLOWS,
    ("POST", "/api/v1/requests/{request_id}/ask-again"): FLOWS,
    ("POST", "/api/v1/tasks/{task_id}/override"): FLOWS,
    ("POST", "/api/v1/tasks/{task_id}/reassign"): FLOWS,
    ("GET", "/api/v1/people/{account}/desk"): DESKS,
    ("POST", "/api/v1/people/{account}/hand-over"): DESKS,
    ("GET", "/api/v1/absences"): DESKS,
    ("POST", "/api/v1/people/{account}/absences"): DESKS,
    ("GET", "/api/v1/forecast"): DESKS,
    ("GET", "/api/v1/requests/{request_id}/alarms"): KEEPS,
    ("GET", "/api/v1/alarms"): KEEPS,
    ("GET", "/api/v1/alarms/counts"): KEEPS,
    ("GET", "/api/v1/alarms/{alarm_id}"): KEEPS,
    ("POST", "/api/v1/alarms/{alarm_id}/acknowledge"): KEEPS,
    ("GET", "/api/v1/queues/{queue}"): KEEPS,
    ("POST", "/api/v1/queues/{queue}/{number}/resend"): KEEPS,
    ("GET", "/api/v1/statistics"): FIGURES,
    ("GET", "/api/v1/audit/entries"): AUDIT,
    ("GET", "/api/v1/audit/receipts/{decision_id}"): AUDIT,
    ("GET", "/api/v1/audit/packages/{request_id}"): AUDIT,
    ("GET", "/api/v1/requests/{request_id}/package.zip"): AUDIT,
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
    return {**PERSON_API, **OFFICES, **SYSTEMS_API, **OPERATIONS, **(DEMO if demo else {})}
