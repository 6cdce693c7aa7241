"""A journey of a request that is nowhere written down: everything about it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from approval_core.approvals.journey import Content, Journey
from approval_core.approvals.past import InThought
from approval_core.approvals.stepping import Matter
from approval_core.definitions.queries import Version
from approval_core.definitions.rules.known_names import amount_of
from approval_core.store import Tx


def thought(
    tx: Tx,
    version: Version,
    *,
    form: Mapping[str, Any],
    chosen: Mapping[str, Sequence[str]],
    applicant_id: int | None,
    unit_id: int | None,
    now: datetime,
    applicant: str = "",
    title: str = "",
    today: date | None = None,
) -> Journey:
    """`now`: the moment of the organisation; `today`: the day for conditions, where that is another."""
    document = version.document
    given: dict[str, Any] = {
        "id": 0, "source": "", "source_ref": "", "type": version.type, "type_version_id": version.id, "title": title,
        "applicant": applicant, "applicant_id": applicant_id, "unit_id": unit_id,
        "amount": amount_of(document, form), "revision": 1, "content_hash": "", "state": "pending",
        "on_reject": document.on_reject, "hold_seconds": document.hold, "sms": document.sms != "none", "urgency": 0,
    }  # fmt: skip
    unsaid: dict[str, Any] = dict.fromkeys(Matter.__slots__)
    matter = Matter(**(unsaid | given))
    journey = Journey(tx, matter, now)
    journey.version = version
    journey.route = version.route
    journey.content = Content(form, chosen, now)
    journey.past = InThought()
    if today is not None:
        journey.today = today
    return journey
