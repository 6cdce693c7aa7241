"""The verbs of an approval, and the handlers of its timers. The only writers of these tables stand behind them."""

from __future__ import annotations

from datetime import datetime

from approval_core.approvals.closing import expire, overdue, withdraw
from approval_core.approvals.commenting import remark
from approval_core.approvals.deciding import Decided, Undone, decide, receipt_handed_over, settle, undo
from approval_core.approvals.handover import HandedOver, hand_over
from approval_core.approvals.overriding import ask_again, jump, override, reassign, terminate
from approval_core.approvals.reading import mark_read
from approval_core.approvals.revoking import revoke, withdraw_by_person
from approval_core.approvals.rules.route import Content, StepPlan, Submission
from approval_core.approvals.submitting import Submitted, phone_warnings, revise, submit
from approval_core.approvals.take_back import TakenBack, take_back
from approval_core.approvals.talking import answer_question, ask_question
from approval_core.store import Tx

__all__ = [
    "Content",
    "Decided",
    "HandedOver",
    "StepPlan",
    "Submission",
    "Submitted",
    "TakenBack",
    "Undone",
    "answer_question",
    "ask_again",
    "ask_question",
    "decide",
    "expire",
    "hand_over",
    "jump",
    "mark_read",
    "on_deadline",
    "on_expiry",
    "on_hold_end",
    "overdue",
    "override",
    "phone_warnings",
    "reassign",
    "receipt_handed_over",
    "remark",
    "revise",
    "revoke",
    "settle",
    "submit",
    "take_back",
    "terminate",
    "undo",
    "withdraw",
    "withdraw_by_person",
]


def on_hold_end(tx: Tx, ref: str, now: datetime) -> None:
    settle(tx, int(ref), now=now)


def on_expiry(tx: Tx, ref: str, now: datetime) -> None:
    expire(tx, int(ref), now=now)


def on_deadline(tx: Tx, ref: str, now: datetime) -> None:
    overdue(tx, int(ref), now=now)
