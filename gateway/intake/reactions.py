"""Answers events with callbacks to the asking system. Database only, once for each event, perhaps late."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from approval_core.approvals.models import Request
from approval_core.clients.models import Client
from approval_core.columns import table_of
from approval_core.outbox import Happening, Reaction
from approval_core.store import Tx
from gateway.intake import queries, service

requests, clients = table_of(Request), table_of(Client)

_WHO = (
    select(clients.c.id)
    .join_from(requests, clients, clients.c.name == requests.c.source)
    .where(requests.c.id == bindparam("of_request"), requests.c.callback_url.is_not(None))
)


def call_back(max_attempts: int) -> Reaction:
    """`approval.effective`: one callback for each decision that counts now; `approval.taken_back`: for one that no longer does."""

    def on_effective(tx: Tx, happening: Happening, now: datetime) -> None:
        _queue(tx, happening, max_attempts, now)

    return on_effective


def call_back_undecided(max_attempts: int) -> Reaction:
    """`approval.closed`: a callback only where no decision closed it and the system did not do it itself."""

    def on_closed(tx: Tx, happening: Happening, now: datetime) -> None:
        if happening.payload.get("state") in ("expired", "cancelled"):
            _queue(tx, happening, max_attempts, now)

    return on_closed


def _queue(tx: Tx, happening: Happening, max_attempts: int, now: datetime) -> None:
    request_id = happening.payload["request_id"]
    client_id = tx.run(_WHO, of_request=request_id).scalar()
    if client_id is None:
        return
    service.call_back(
        tx,
        client_id=client_id,
        view=queries.approval_by_id(tx, request_id),
        type=happening.type,
        message_id=f"evt_{happening.id}",
        max_attempts=max_attempts,
        now=now,
    )
