"""Alembic's environment: `alembic -x url=sqlite:///var/pishi.db upgrade head`, or PISHI_DATABASE, or migrations.upgrade."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import BigInteger, Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.types import JSON
from sqlmodel.sql.sqltypes import AutoString

from approval_core.columns import UtcDateTime
from approval_core.connections import Turn, database_url, open_engine
from migrations.tables import target

ONE_AT_A_TIME = 7_011_382  # the number of the advisory lock; any, but always the same


def address() -> URL:
    given = (
        context.config.attributes.get("url")
        or context.get_x_argument(as_dictionary=True).get("url")
        or os.environ.get("PISHI_DATABASE")
    )
    if not given:
        raise SystemExit("which database? Give -x url=… or set PISHI_DATABASE")
    return database_url(given)


def render_item(kind: str, thing: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Our column types by their names, so that a revision reads like the models and runs on both engines."""
    if kind != "type":
        return False
    if isinstance(thing, AutoString):
        return f"sa.String(length={thing.length})" if thing.length else "sa.String()"
    if isinstance(thing, UtcDateTime):
        name = "UtcDateTime"
    elif isinstance(thing, JSON):
        name = "Json"
    elif isinstance(thing, BigInteger):
        name = "BigId"
    else:
        return False
    autogen.imports.add("from approval_core import columns")
    return f"columns.{name}"


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=target(),
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


@contextmanager
def one_at_a_time(connection: Connection, url: URL) -> Iterator[None]:
    """Two processes that start together migrate one after the other, each revision whole or not at all."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_lock(:n)"), {"n": ONE_AT_A_TIME})
        connection.commit()
        try:
            yield
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": ONE_AT_A_TIME})
            connection.commit()
        return
    turn = Turn(str(url.database))
    turn.take()
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys = OFF")  # batch mode moves whole tables
    driver.execute("BEGIN IMMEDIATE")
    try:
        yield
        broken = driver.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise SystemExit(f"the migration left rows that refer to nothing: {broken[:5]}")
    finally:
        turn.close()


def migrate() -> None:
    url = address()
    engine = open_engine(url, read_only=False)
    with engine.connect() as connection, one_at_a_time(connection, url):
        run(connection)
    engine.dispose()


if context.is_offline_mode():
    raise SystemExit("migrations need the database itself: SQLite's batch mode reads the tables it changes")
migrate()
