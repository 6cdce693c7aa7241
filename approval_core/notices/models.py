"""Who is to be told what. A notice names its path by an opaque word; the senders of that path report back."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, Json, UtcDateTime


class Notice(SQLModel, table=True):
    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_task", "task_id"), Index("ix_notice_request", "request_id"))
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    #: request | elsewhere (decided by another) | changed | withdrawn | expired | undone | result | reopened
    kind: str = Field(sa_column=Column(String(24), nullable=False))
    person_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False, index=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False))
    task_id: int | None = Field(default=None, sa_column=Column(BigId, ForeignKey("task.id"), nullable=True))
    task_revision: int | None = None
    path: str = Field(sa_column=Column(String(16), nullable=False))  #: sms | app | web | …
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    state: str = Field(
        sa_column=Column(String(16), nullable=False)
    )  #: due | handed_over | delivered | failed | dropped
    reason: str = ""
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    settled_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
