"""To-do items of all systems: one list per person."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, String, text
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, UtcDateTime


class ToDo(SQLModel, table=True):
    __tablename__ = "todo"
    __table_args__ = (
        Index("uq_todo_source_ref", "source", "ref", unique=True),
        Index(
            "ix_todo_open",
            "person_id",
            "precedence",
            "due_at",
            "id",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "ix_todo_open_source",
            "person_id",
            "source",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "ix_todo_done",
            "person_id",
            "id",
            sqlite_where=text("state = 'done'"),
            postgresql_where=text("state = 'done'"),
        ),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    source: str = Field(sa_column=Column(String(48), nullable=False))
    ref: str = Field(sa_column=Column(String(200), nullable=False))
    #: task: to be decided | talk: to be answered | copy (待阅), mention, told: to be read, end by reading
    kind: str = Field(default="task", sa_column=Column(String(16), nullable=False, server_default="task"))
    person_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False))
    request_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("request.id"), nullable=True, index=True)
    )
    task_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("task.id"), nullable=True, index=True)
    )
    title: str = Field(sa_column=Column(String(200), nullable=False))
    applicant: str = Field(sa_column=Column(String(100), nullable=False))
    #: the smaller, the earlier on the list: 0 特急 | 1 急 | 2 平; so that the list is one ascending index range
    precedence: int
    #: a far date stands for "none", so that the open list is one index range
    due_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    state: str = Field(sa_column=Column(String(16), nullable=False))  #: open | done | over | withdrawn
    opened_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    closed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
