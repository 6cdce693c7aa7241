"""A submission as a value, and the checks a route must pass before anything is written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from approval_core.approvals.rules.content import canonical
from approval_core.errors import Invalid
from approval_core.files.rules.names import labelled
from approval_core.files.rules.stored import Stored

Mode = Literal["any", "all", "sequence", "vote"]
MODES: tuple[Mode, ...] = ("any", "all", "sequence", "vote")
ON_REJECT = ("reject", "return")

MOST_STEPS = 30
MOST_APPROVERS = 200
MOST_WEIGHT = 1_000_000


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One step: accounts with their weight (1 unless it is a vote), a mode, and for a vote the percent that must approve."""

    approvers: tuple[tuple[str, int], ...]
    mode: Mode = "any"
    threshold: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What the approvers are shown. A change of it is a new revision."""

    title: str
    summary: str
    form: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Submission:
    source: str
    ref: str
    type: str
    content: Content
    applicant: str
    #: what the asking system brings; a request of a type of ours has a `route` of blocks instead
    steps: tuple[StepPlan, ...] = ()
    on_reject: str = "reject"
    hold_seconds: int = 0
    sms: bool = False
    callback_url: str | None = None
    urgency: int = 0
    due_at: datetime | None = None
    expires_at: datetime | None = None
    route: list[Any] | None = None
    type_version_id: int | None = None
    unit_id: int | None = None
    submitter_id: int | None = None
    amount: Decimal | None = None
    chosen: dict[str, list[str]] | None = None
    revokes_id: int | None = None
    #: the files that come with it, part of what is decided on
    papers: tuple[Stored, ...] = ()

    @property
    def digests(self) -> dict[str, str]:
        return labelled((one.name, one.sha256) for one in self.papers)


def check(submission: Submission) -> None:
    """Raises Invalid with a code and the place of the fault; returns when the route can be run to an end."""
    if not submission.ref.strip():
        raise Invalid("bad_ref", "ref must not be empty")
    if not submission.content.title.strip():
        raise Invalid("bad_title", "title must not be empty")
    if submission.on_reject not in ON_REJECT:
        raise Invalid("bad_on_reject", "on_reject must be reject or return")
    if submission.hold_seconds < 0:
        raise Invalid("bad_hold", "hold must not be negative")
    if submission.route is None:
        check_steps(submission.steps)


def check_steps(steps: tuple[StepPlan, ...]) -> None:
    if not 1 <= len(steps) <= MOST_STEPS:
        raise Invalid("bad_steps", f"a route has 1 to {MOST_STEPS} steps", found=len(steps))
    for number, step in enumerate(steps, start=1):
        _check_step(number, step)


def _check_step(number: int, step: StepPlan) -> None:
    if step.mode not in MODES:
        raise Invalid("bad_mode", f"step {number}: mode must be one of {', '.join(MODES)}", step=number)
    if not 1 <= len(step.approvers) <= MOST_APPROVERS:
        raise Invalid("bad_approvers", f"step {number}: name 1 to {MOST_APPROVERS} approvers", step=number)
    accounts = [account for account, _ in step.approvers]
    if len(set(accounts)) != len(accounts):
        raise Invalid("approver_twice", f"step {number}: an approver is named twice", step=number)
    if any(not 1 <= weight <= MOST_WEIGHT for _, weight in step.approvers):
        raise Invalid("bad_weight", f"step {number}: a weight is a whole number from 1", step=number)
    if step.mode == "vote" and (step.threshold is None or not 1 <= step.threshold <= 100):
        raise Invalid(
            "bad_threshold", f"step {number}: a vote needs a threshold from 1 to 100 percent", step=number
        )


def blocks_of(steps: tuple[StepPlan, ...]) -> list[dict[str, Any]]:
    """The steps an asking system brings, as a route. Whom it names it has chosen: the applicant too, where it says so."""
    return [
        {
            "step": f"step{number}",
            "approvers": [
                {"rule": "USER", "account": account, "weight": weight} for account, weight in step.approvers
            ],
            "mode": step.mode,
            "threshold": step.threshold,
            "own": "allow",
        }
        for number, step in enumerate(steps, start=1)
    ]


def plan_of(blocks: list[dict[str, Any]]) -> tuple[StepPlan, ...]:
    """The steps that `blocks_of` made these of."""
    return tuple(
        StepPlan(
            tuple((one["account"], one["weight"]) for one in block["approvers"]),
            block["mode"],
            block["threshold"],
        )
        for block in blocks
    )


def fingerprint(submission: Submission) -> str:
    """SHA-256 of everything submitted: a repeated submission has the same, another one under the same ref has not."""
    s = submission
    plan = [
        {"approvers": [list(pair) for pair in one.approvers], "mode": one.mode, "threshold": one.threshold}
        for one in s.steps
    ]
    told = [
        s.source, s.ref, s.type, s.content.title, s.content.summary, s.content.form, s.applicant, plan,
        s.on_reject, s.hold_seconds, s.sms, s.callback_url, s.urgency,
        s.due_at and s.due_at.isoformat(), s.expires_at and s.expires_at.isoformat(),
    ]  # fmt: skip
    if s.papers:
        told.append(s.digests)
    return hashlib.sha256(canonical(told).encode("utf-8", "surrogatepass")).hexdigest()
