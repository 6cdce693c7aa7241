"""F25: an officer steps into a flow. By a named right, with a reason that stays on record, and who loses a task is told."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import bindparam, select

from approval_core.approvals.rules import rights
from approval_core.errors import Forbidden, Invalid
from approval_core.people.actor import Actor
from approval_core.people.models import role_grants
from approval_core.people.queries.moments import holds
from approval_core.store import Tx

LONGEST_REASON = 2000

_GRANTS = select(role_grants.c.role).where(
    role_grants.c.person_id == bindparam("of_person"), holds(role_grants)
)


def check(
    tx: Tx,
    actor: Actor,
    reason: str,
    *,
    may: Callable[[Collection[str]], bool] = rights.may_run_flows,
    now: datetime,
) -> str:
    """The reason, trimmed. Forbidden("no_right"); Invalid("reason_required" | "long_reason").

    The system itself may: whoever gives its orders at the machine has the database anyway.
    """
    if actor.kind != "system" and not (
        actor.person_id is not None and may(grants_of(tx, actor.person_id, now=now))
    ):
        raise Forbidden("no_right", "this is for the flow administrator")
    if not reason.strip():
        raise Invalid("reason_required", "say why: it stays on record", zh="须填写原因")
    if len(reason) > LONGEST_REASON:
        raise Invalid("long_reason", f"a reason has at most {LONGEST_REASON} characters")
    return reason.strip()


def grants_of(tx: Tx, person_id: int, *, now: datetime) -> frozenset[str]:
    return frozenset(row.role for row in tx.run(_GRANTS, of_person=person_id, now=now))
