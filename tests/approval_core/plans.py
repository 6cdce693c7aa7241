"""What SQLite's planner does with a statement of ours: the partial indexes are there to be used."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.elements import ClauseElement


def plan_of(url: str, statement: ClauseElement) -> str:
    """The plan in SQLite's words; parameters are left empty, a partial index must not need them."""
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
    nothing: dict[str, Any] = dict.fromkeys(compiled.params)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {compiled}", nothing).fetchall()
    return "\n".join(row[-1] for row in rows)
