"""The one writer of to-do items."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import bindparam, case, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as put  # its ON CONFLICT compiles for SQLite as well

from approval_core.columns import BigId, table_of
from approval_core.inbox.models import ToDo
from approval_core.store import Tx

todos = table_of(ToDo)

#: 0 平 | 1 急 | 2 特急
MOST_URGENT = 2
#: Stands for "no due date": the open list stays one index range.
NO_DUE_DATE = datetime(9999, 12, 31, tzinfo=UTC)

_INSERT = insert(todos).returning(todos.c.id)
#: whoever was taken off, or has answered before, has the same row again
_PUT = (
    put(todos)
    .values({column.name: bindparam(column.name) for column in todos.c if column.name != "id"})
    .on_conflict_do_update(
        index_elements=[todos.c.source, todos.c.ref],
        set_={
            "state": "open",
            "closed_at": None,
            "opened_at": bindparam("opened_at"),
            "title": bindparam("title"),
        },
    )
    .returning(todos.c.id)
)
_CLOSE = (
    update(todos)
    .where(todos.c.task_id == bindparam("of_task"), todos.c.state == "open")
    .values(state=bindparam("new_state"), closed_at=bindparam("at"))
)
_DECIDED = (
    update(todos)
    .where(todos.c.task_id == bindparam("of_task"), todos.c.state == "open")
    .values(
        state=case((todos.c.person_id == bindparam("by", type_=BigId), "done"), else_="over"),
        closed_at=bindparam("at"),
    )
)
_HOLDERS = select(todos.c.person_id).where(todos.c.task_id == bindparam("of_task"), todos.c.state == "open")
_TAKE_OFF = (
    update(todos)
    .where(
        todos.c.task_id == bindparam("of_task"),
        todos.c.person_id == bindparam("of_person"),
        todos.c.state == "open",
    )
    .values(state="over", closed_at=bindparam("at"))
)
_CLOSE_COPY = (
    update(todos)
    .where(
        todos.c.request_id == bindparam("of_request"),
        todos.c.person_id == bindparam("of_person"),
        or_(todos.c.kind == "copy", todos.c.kind == "mention", todos.c.kind == "told"),
        todos.c.state == "open",
    )
    .values(state="done", closed_at=bindparam("at"))
)
_REOPEN = (
    update(todos)
    .where(todos.c.task_id == bindparam("of_task"))
    .values(state="open", closed_at=None, opened_at=bindparam("at"))
)
_RETITLE = (
    update(todos)
    .where(todos.c.request_id == bindparam("of_request"), todos.c.state == "open")
    .values(title=bindparam("new_title"))
)
_CLOSE_WORD = (
    update(todos)
    .where(
        todos.c.source == bindparam("of_source"), todos.c.ref == bindparam("of_ref"), todos.c.state == "open"
    )
    .values(state=bindparam("new_state"), closed_at=bindparam("at"))
)


def retitle(tx: Tx, request_id: int, title: str) -> None:
    """The request is called something else now, on every list where it is open."""
    tx.run(_RETITLE, of_request=request_id, new_title=title)


def open_for_task(
    tx: Tx,
    *,
    source: str,
    request_id: int,
    task_id: int,
    person_id: int,
    title: str,
    applicant: str,
    urgency: int,
    due_at: datetime | None,
    now: datetime,
) -> int:
    """One to-do per task and person, however often it is put before him."""
    todo_id: int = tx.run(
        _PUT,
        source=source,
        ref=f"task/{task_id}/{person_id}",
        kind="task",
        person_id=person_id,
        request_id=request_id,
        task_id=task_id,
        title=title,
        applicant=applicant,
        precedence=MOST_URGENT - urgency,
        due_at=due_at or NO_DUE_DATE,
        state="open",
        opened_at=now,
        closed_at=None,
    ).scalar()
    return todo_id


def open_word(
    tx: Tx,
    *,
    kind: str,
    ref: str,
    source: str,
    request_id: int,
    person_id: int,
    title: str,
    applicant: str,
    urgency: int,
    now: datetime,
) -> int:
    """What is said to somebody about a request: `talk` ends by his answer, `copy`, `mention` and `told` by reading."""
    todo_id: int = tx.run(
        _INSERT,
        source=source,
        ref=ref,
        kind=kind,
        person_id=person_id,
        request_id=request_id,
        task_id=None,
        title=title,
        applicant=applicant,
        precedence=MOST_URGENT - urgency,
        due_at=NO_DUE_DATE,
        state="open",
        opened_at=now,
        closed_at=None,
    ).scalar()
    return todo_id


def close_word(tx: Tx, source: str, ref: str, *, state: str, now: datetime) -> None:
    tx.run(_CLOSE_WORD, of_source=source, of_ref=ref, new_state=state, at=now)


def close_copy(tx: Tx, request_id: int, person_id: int, *, now: datetime) -> bool:
    """He has read it, and what was said to him about it. False: nothing was open."""
    return tx.run(_CLOSE_COPY, of_request=request_id, of_person=person_id, at=now).rowcount > 0


def decided(tx: Tx, task_id: int, *, by: int | None, now: datetime) -> None:
    """The task is decided: done for whoever did it, over for everybody else who had it on his list."""
    tx.run(_DECIDED, of_task=task_id, by=by, at=now)


def holders_of_task(tx: Tx, task_id: int) -> set[int]:
    """Who has it on his list now."""
    return {row.person_id for row in tx.run(_HOLDERS, of_task=task_id)}


def take_off(tx: Tx, task_id: int, person_id: int, *, now: datetime) -> None:
    """One person need not look at it any more; the others still have it."""
    tx.run(_TAKE_OFF, of_task=task_id, of_person=person_id, at=now)


def close_for_task(tx: Tx, task_id: int, *, state: str, now: datetime) -> None:
    """`done`: this person decided it. `over`: somebody else did. `withdrawn`: it is no longer asked."""
    tx.run(_CLOSE, of_task=task_id, new_state=state, at=now)


def reopen_for_task(tx: Tx, task_id: int, *, now: datetime) -> bool:
    """False: there never was one."""
    return tx.run(_REOPEN, of_task=task_id, at=now).rowcount > 0
