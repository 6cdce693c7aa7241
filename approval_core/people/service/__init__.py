"""The only writer of people: units and posts, persons and their posts, phones, delegations and absences.

Every call is one entry of the audit chain "people". Entries name persons by account, never by number or birthday."""

from approval_core.people.service.persons import (
    assign,
    end_assignment,
    grant_role,
    hire,
    leave,
    name_secretary,
    put_in_charge,
    revoke_role,
)
from approval_core.people.service.phones import bind_phone, resume_phone, suspend_phone, unbind_phone
from approval_core.people.service.standins import (
    activate_proxy,
    come_back,
    delegate,
    mark_absent,
    revoke_delegation,
)
from approval_core.people.service.structure import close_unit, move_unit, open_post, open_unit

__all__ = [
    "activate_proxy",
    "assign",
    "bind_phone",
    "close_unit",
    "come_back",
    "delegate",
    "end_assignment",
    "grant_role",
    "hire",
    "leave",
    "mark_absent",
    "move_unit",
    "name_secretary",
    "open_post",
    "open_unit",
    "put_in_charge",
    "resume_phone",
    "revoke_delegation",
    "revoke_role",
    "suspend_phone",
    "unbind_phone",
]
