"""What "now" means in a query."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Table, and_, bindparam, or_

from approval_core.columns import UtcDateTime

#: The moment of a module-level statement run with `now=`.
NOW = bindparam("now", type_=UtcDateTime)


def holds(table: Table, now: datetime | None = None) -> ColumnElement[bool]:
    """from ≤ now < to. Without a moment: the statement's own `now` parameter."""
    moment = NOW if now is None else now
    return and_(table.c.valid_from <= moment, or_(table.c.valid_to.is_(None), table.c.valid_to > moment))
