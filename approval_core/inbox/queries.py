"""A person's lists and their counts. Every read starts from the person: nobody sees another's list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select, tuple_

from approval_core.columns import table_of
from approval_core.inbox.models import ToDo
from approval_core.inbox.service import MOST_URGENT, NO_DUE_DATE
from approval_core.paging import Page, decode_cursor, encode_cursor
from approval_core.store import Row, Tx

todos = table_of(ToDo)

_SHOWN = (todos.c.id, todos.c.source, todos.c.ref, todos.c.title, todos.c.applicant, todos.c.precedence, todos.c.due_at,
          todos.c.state, todos.c.request_id, todos.c.task_id, todos.c.opened_at, todos.c.closed_at, todos.c.kind)  # fmt: skip
# The state stands in the text of the statement, not in a parameter: only then is the partial index chosen.
_OPEN: ColumnElement[str] = literal_column("'open'")
_DONE: ColumnElement[str] = literal_column("'done'")
_ORDER = (todos.c.precedence, todos.c.due_at, todos.c.id)

_FIRST_OPEN = (
    select(*_SHOWN)
    .where(todos.c.person_id == bindparam("person"), todos.c.state == _OPEN)
    .order_by(*_ORDER)
    .limit(bindparam("most"))
)
_MORE_OPEN = (
    select(*_SHOWN)
    .where(
        todos.c.person_id == bindparam("person"),
        todos.c.state == _OPEN,
        tuple_(todos.c.precedence, todos.c.due_at, todos.c.id)
        > tuple_(
            bindparam("precedence", type_=todos.c.precedence.type),
            bindparam("due", type_=todos.c.due_at.type),
            bindparam("after", type_=todos.c.id.type),
        ),
    )
    .order_by(*_ORDER)
    .limit(bindparam("most"))
)
_DONE_PAGE = (
    select(*_SHOWN)
    .where(todos.c.person_id == bindparam("person"), todos.c.state == _DONE, todos.c.id < bindparam("before"))
    .order_by(todos.c.id.desc())
    .limit(bindparam("most"))
)
_COUNTS = (
    select(todos.c.source, func.count().label("open"))
    .where(todos.c.person_id == bindparam("person"), todos.c.state == _OPEN)
    .group_by(todos.c.source)
    .order_by(todos.c.source)
)

_BEGINNING = 2**62


@dataclass(frozen=True, slots=True)
class Item:
    id: int
    source: str
    ref: str
    title: str
    applicant: str
    urgency: int
    due_at: datetime | None
    state: str
    request_id: int | None
    task_id: int | None
    opened_at: datetime
    closed_at: datetime | None
    kind: str  #: task | talk | copy | mention | told


def _item(row: Row) -> Item:
    values: list[Any] = list(row)
    values[5] = MOST_URGENT - values[5]
    values[6] = None if values[6] >= NO_DUE_DATE else values[6]
    return Item(*values)


def open_items(tx: Tx, person_id: int, *, cursor: str | None = None, limit: int = 50) -> Page[Item]:
    """Open to-dos, the most urgent first, then by due date. A bad cursor is Invalid."""
    if cursor is None:
        rows = tx.run(_FIRST_OPEN, person=person_id, most=limit + 1).all()
    else:
        precedence, due, after = decode_cursor(cursor, int, datetime, int)
        rows = tx.run(
            _MORE_OPEN, person=person_id, precedence=precedence, due=due, after=after, most=limit + 1
        ).all()
    shown = rows[:limit]
    more = encode_cursor(shown[-1].precedence, shown[-1].due_at, shown[-1].id) if len(rows) > limit else None
    return Page(items=[_item(row) for row in shown], next=more)


def done_items(tx: Tx, person_id: int, *, cursor: str | None = None, limit: int = 50) -> Page[Item]:
    """What this person decided, the newest first."""
    before = _BEGINNING if cursor is None else decode_cursor(cursor, int)[0]
    rows = tx.run(_DONE_PAGE, person=person_id, before=before, most=limit + 1).all()
    shown = rows[:limit]
    more = encode_cursor(shown[-1].id) if len(rows) > limit else None
    return Page(items=[_item(row) for row in shown], next=more)


def open_counts(tx: Tx, person_id: int) -> dict[str, int]:
    """How many open to-dos, by source. The sum is what the open list holds."""
    return {row.source: row.open for row in tx.run(_COUNTS, person=person_id)}
