"""Tables and works of the store's own tests, importable by child processes too."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    bindparam,
    create_engine,
    insert,
    select,
    update,
)
from sqlalchemy.orm import registry
from sqlalchemy.pool import NullPool

from approval_core.columns import BigId, Json, UtcDateTime
from approval_core.errors import Conflict
from approval_core.store import Tx

metadata = MetaData()
papers = Table(
    "paper",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("name", String(40), unique=True),
    Column("state", String(10), nullable=False, default="open"),
    Column("count", Integer, nullable=False, default=0),
    Column("at", UtcDateTime),
    Column("form", Json),
    Column("urgent", Boolean),
    Column("fee", Numeric(10, 2)),
)
stamps = Table(
    "stamp",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("paper_id", BigId, ForeignKey("paper.id"), nullable=False),
    Column("by", String(40), nullable=False),
)

ADD = insert(papers).values(name=bindparam("called")).returning(papers.c.id)
STAMP = insert(stamps).values(paper_id=bindparam("paper"), by=bindparam("who"))
BY_NAME = select(papers).where(papers.c.name == bindparam("called"))
NAMES = select(papers.c.name).order_by(papers.c.id)
ADD_ONE = update(papers).values(count=papers.c.count + 1).where(papers.c.name == bindparam("called"))
STAMPED_BY = select(stamps.c.by)
DECIDE = (
    update(papers)
    .values(state=bindparam("new"))
    .where(papers.c.name == bindparam("called"), papers.c.state == "open")
)


_orm = registry(metadata=metadata)


class Paper:
    id: int
    name: str
    count: int

    def __init__(self, name: str) -> None:
        self.name = name


_orm.map_imperatively(Paper, papers)


def create(url: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    metadata.create_all(engine)
    engine.dispose()


def add(tx: Tx, name: str) -> int:
    return int(tx.run(ADD, called=name).scalar())


def add_then(tx: Tx, name: str, error: BaseException) -> None:
    add(tx, name)
    raise error


def names(tx: Tx) -> list[str]:
    return [row.name for row in tx.run(NAMES)]


def count_up(tx: Tx, name: str) -> None:
    tx.run(ADD_ONE, called=name)


def decide(tx: Tx, name: str, who: str) -> str:
    """Compare-and-set, then the stamp; the loser is told."""
    if tx.run(DECIDE, called=name, new="decided").rowcount == 0:
        raise Conflict("already_decided", "somebody was faster")
    paper = tx.run(BY_NAME, called=name).one()
    tx.run(STAMP, paper=paper.id, who=who)
    return who


def stamped_by(tx: Tx) -> list[Any]:
    return [row.by for row in tx.run(STAMPED_BY)]
