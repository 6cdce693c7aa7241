"""Who may use a route, and from where: one rule a route, judged here. The table itself knows every door: `gateway.permissions`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from web.zones import Zone

Role = Literal[
    "public", "client", "person", "secretary", "unit_admin", "hr", "designer", "operator",
    "security", "auditor", "admin",
]  # fmt: skip
ROLES: tuple[Role, ...] = (
    "public", "client", "person", "secretary", "unit_admin", "hr", "designer", "operator",
    "security", "auditor", "admin",
)  # fmt: skip
OF_PERSONS: frozenset[Role] = frozenset(ROLES) - {"public", "client"}

#: name of a grant (`role_grant.role`) -> role here. Other grants matter to approver rules only.
ROLE_OF_GRANT: Mapping[str, Role] = {
    "unit_admin": "unit_admin",
    "hr": "hr",
    "hr_clerk": "hr",
    "designer": "designer",
    "operator": "operator",
    "security": "security",
    "security_admin": "security",
    "auditor": "auditor",
    "audit_admin": "auditor",
    "admin": "admin",
    "system_admin": "admin",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """Role → zones in which it may. A role that is not named may nowhere."""

    zones: Mapping[Role, frozenset[Zone]]
    #: open to a person who must choose a new password first
    password_due: bool = False

    def admits(self, roles: Collection[Role], zone: Zone) -> bool:
        return any(zone in self.zones.get(role, ()) for role in roles)

    def knows(self, roles: Collection[Role]) -> bool:
        """Some zone would do."""
        return any(self.zones.get(role) for role in roles)


#: (method, path as the router writes it) → rule
Permissions = Mapping[tuple[str, str], Rule]


def roles_of(grants: Collection[str], *, is_secretary: bool) -> frozenset[Role]:
    """The roles a person acts in. An auditor's account is for reading: it holds no other role, not even a person's own."""
    granted = {ROLE_OF_GRANT[grant] for grant in grants if grant in ROLE_OF_GRANT}
    if "auditor" in granted:
        return frozenset({"auditor"})
    held: set[Role] = {"person", *granted}
    if is_secretary:
        held.add("secretary")
    return frozenset(held)
