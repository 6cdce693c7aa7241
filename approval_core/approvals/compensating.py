"""A request that takes back a finished one is approved: the finished one is revoked. It stays approved, and bears the mark."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, update

from approval_core import audit
from approval_core.approvals import stepping
from approval_core.approvals.models import Request
from approval_core.approvals.stepping import Matter
from approval_core.columns import table_of
from approval_core.store import Tx

requests = table_of(Request)

_REVOKE = (
    update(requests)
    .where(
        requests.c.id == bindparam("of_request"),
        requests.c.state == "approved",
        requests.c.revoked_by_id.is_(None),
    )
    .values(revoked_by_id=bindparam("by_request"), changed_at=bindparam("at"))
)


def take_back_the_end(tx: Tx, revocation: Matter, original_id: int, *, now: datetime) -> None:
    """Once: the event `approval.revoked` of the original is what its own effects are undone by."""
    original = stepping.lock(tx, original_id)
    if (
        original is None
        or not tx.run(_REVOKE, of_request=original_id, by_request=revocation.id, at=now).rowcount
    ):
        return
    for matter, verb, thing in (
        (original, "revoked", f"request:{revocation.id}"),
        (revocation, "revokes", f"request:{original_id}"),
    ):
        audit.append(
            tx, chain=matter.chain, actor="system", verb=verb, thing=thing,
            data={"original": original.source_ref, "revocation": revocation.source_ref}, now=now,
        )  # fmt: skip
    stepping.tell(tx, original, "approval.revoked", revocation_id=revocation.id, now=now)
