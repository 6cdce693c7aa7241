"""However many decisions and SMS lie in the past, what runs at every reply and every sweep never walks over them."""

from __future__ import annotations

import pytest
from sqlalchemy.sql.elements import ClauseElement

from approval_core.approvals import refusals, stepping
from sms_modem import handover, prompts, queries, receipts, recording, situations
from tests.approval_core.plans import plan_of


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (stepping._SUPERSEDE_HELD, "ix_decision_request"),
        (refusals._LIVE, "ix_decision_request"),
        (situations._VERDICTS, "ix_decision_request"),
        (receipts._OF_STEP, "ix_decision_request"),
        (situations._HELD, "ix_decision_held"),
        (receipts._HELD_ITEMS, "ix_decision_held"),
        (queries._UNASKED, "ix_task_person_open"),
        (recording._OVERDUE, "ix_sms_inbound_unsettled"),
        (recording._UNANSWERED, "ix_sms_inbound_unsettled"),
        (prompts._OVERDUE, "uq_sms_prompt_live_code"),
        (handover._LEFT_BEHIND, "ix_sms_outbound_due"),
        (handover._SEND_AGAIN, "ix_sms_outbound_unknown"),
    ],
)
def test_replies_and_sweeps_never_walk_over_the_past(
    sqlite_url: str, statement: ClauseElement, index: str
) -> None:
    assert f"USING INDEX {index}" in plan_of(sqlite_url, statement)
