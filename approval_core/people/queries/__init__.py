"""What may be asked about people. Every answer is for a moment: ties that do not hold at `now` are not seen."""

from approval_core.people.queries.cards import (
    PersonCard,
    person_by_account,
    person_by_id,
    persons_by_account,
    persons_by_id,
    profile,
)
from approval_core.people.queries.phones import Handset, bound_phone, leaders_with_phones, person_by_phone
from approval_core.people.queries.standins import absences_of, delegates_of, is_absent, may_act_for
from approval_core.people.queries.structure import (
    Head,
    OrgCounts,
    holders_of_role,
    leader_in_charge,
    leaders_of,
    org_counts,
    secretaries_of,
    unit_by_code,
    unit_head,
    units_in_charge,
)

__all__ = [
    "Handset",
    "Head",
    "OrgCounts",
    "PersonCard",
    "absences_of",
    "bound_phone",
    "delegates_of",
    "holders_of_role",
    "is_absent",
    "leader_in_charge",
    "leaders_of",
    "leaders_with_phones",
    "may_act_for",
    "org_counts",
    "person_by_account",
    "person_by_id",
    "person_by_phone",
    "persons_by_account",
    "persons_by_id",
    "profile",
    "secretaries_of",
    "unit_by_code",
    "unit_head",
    "units_in_charge",
]
