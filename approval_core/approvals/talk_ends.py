"""Questions about a request that has ended wait for no answer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, update

from approval_core.approvals.models import Talk
from approval_core.columns import table_of
from approval_core.inbox import service as inbox
from approval_core.store import Tx

talks = table_of(Talk)

_OVER = (
    update(talks)
    .where(talks.c.request_id == bindparam("of_request"), talks.c.state == "open")
    .values(state="over")
    .returning(talks.c.id)
)


def place_on_list(talk_id: int) -> str:
    """How the to-do of a question is found again."""
    return f"talk/{talk_id}"


def end_talks(tx: Tx, source: str, request_id: int, *, now: datetime) -> None:
    for row in tx.run(_OVER, of_request=request_id):
        inbox.close_word(tx, source, place_on_list(row.id), state="over", now=now)
