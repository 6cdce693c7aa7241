"""What a person does with a request where the core does not ask whether it is his: looked at here, in the same work."""

from __future__ import annotations

from datetime import datetime

from approval_core.approvals import service as approvals
from approval_core.errors import Forbidden
from approval_core.people.actor import Actor
from approval_core.store import Tx
from mobile_api.queries import Viewer, must_see


def remark(tx: Tx, request_id: int, *, viewer: Viewer, actor: Actor, text: str, now: datetime) -> None:
    if must_see(tx, viewer, request_id, now=now).reason == "administrator":
        raise Forbidden("not_yours", "you are no part of this matter")
    approvals.remark(tx, request_id, actor=actor, text=text, now=now)


def withdraw(tx: Tx, request_id: int, *, viewer: Viewer, actor: Actor, reason: str, now: datetime) -> None:
    """By who asked for it, or wrote it down for him."""
    if must_see(tx, viewer, request_id, now=now).reason not in {"applicant", "submitter"}:
        raise Forbidden("not_yours", "only who asked for it takes it back")
    approvals.withdraw(tx, request_id, actor=actor, reason=reason, now=now)
