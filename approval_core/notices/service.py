"""Writes notices and takes the senders' reports on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, or_, update

from approval_core import outbox
from approval_core.columns import table_of
from approval_core.notices.models import Notice
from approval_core.store import Tx

notices = table_of(Notice)

_INSERT = insert(notices).returning(notices.c.id)
_SETTLE = (
    update(notices)
    .where(
        notices.c.id == bindparam("notice_id"),
        or_(notices.c.state == "due", notices.c.state == "handed_over"),
    )
    .values(state=bindparam("new_state"), reason=bindparam("why"), settled_at=bindparam("at"))
)
_DROP_OPEN = (
    update(notices)
    .where(notices.c.task_id == bindparam("of_task"), notices.c.state == "due")
    .values(state="dropped", reason=bindparam("why"), settled_at=bindparam("at"))
)


def tell(
    tx: Tx,
    *,
    kind: str,
    person_id: int,
    request_id: int,
    task_id: int | None = None,
    task_revision: int | None = None,
    path: str = "sms",
    facts: dict[str, Any] | None = None,
    now: datetime,
) -> int:
    """A person is to be told something on one path. Emits `notice.due`; returns the notice's id."""
    notice_id: int = tx.run(
        _INSERT,
        kind=kind,
        person_id=person_id,
        request_id=request_id,
        task_id=task_id,
        task_revision=task_revision,
        path=path,
        facts=facts or {},
        state="due",
        reason="",
        created_at=now,
        settled_at=None,
    ).scalar()
    outbox.emit(
        tx, "notice.due", key=f"person:{person_id}", payload={"notice_id": notice_id, "path": path}, now=now
    )
    return notice_id


def handed_over(tx: Tx, notice_id: int, *, now: datetime) -> None:
    """The path has taken it: from here the network answers for it."""
    tx.run(_SETTLE, notice_id=notice_id, new_state="handed_over", why="", at=now)


def failed(tx: Tx, notice_id: int, *, reason: str, now: datetime) -> None:
    tx.run(_SETTLE, notice_id=notice_id, new_state="failed", why=reason, at=now)


def dropped(tx: Tx, notice_id: int, *, reason: str, now: datetime) -> None:
    tx.run(_SETTLE, notice_id=notice_id, new_state="dropped", why=reason, at=now)


def drop_for_task(tx: Tx, task_id: int, *, reason: str, now: datetime) -> None:
    """Whatever was not yet told about a task is no longer true."""
    tx.run(_DROP_OPEN, of_task=task_id, why=reason, at=now)
