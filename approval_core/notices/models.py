"""Who is to be told what: notices, which name their path by an opaque word; alarms, told to the office; urges."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, Json, UtcDateTime


class Notice(SQLModel, table=True):
    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_task", "task_id"), Index("ix_notice_request", "request_id"))
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    #: request | elsewhere (decided by another) | changed | withdrawn | expired | undone | result | reopened
    #: | remind | urged | tell_secretary | alarm | recalled | cancelled | jumped | moved
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


class Alarm(SQLModel, table=True):
    """Something that somebody of the office must look at. One live row for each kind and thing; repeats are counted."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index(
            "uq_alarm_live",
            "kind",
            "thing",
            unique=True,
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index("ix_alarm_request", "request_id"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    kind: str = Field(sa_column=Column(String(48), nullable=False))
    #: what it is about, e.g. task:17 or prompt:5
    thing: str = Field(sa_column=Column(String(100), nullable=False))
    #: of an alarm about a request, so that one look at the request shows it
    request_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("request.id"), nullable=True)
    )
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    raised_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    last_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    times: int = 1
    acknowledged_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    acknowledged_by: str | None = Field(default=None, sa_column=Column(String(64), nullable=True))
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
    settled_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class Urge(SQLModel, table=True):
    """The applicant asked the people who hold a request to hurry."""

    __tablename__ = "urge"
    __table_args__ = (UniqueConstraint("request_id", "number", name="uq_urge_number"),)
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False))
    #: the how-manieth of this request
    number: int
    actor: str = Field(sa_column=Column(String(64), nullable=False))
    person_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("person.id"), nullable=True)
    )
    path: str = Field(sa_column=Column(String(16), nullable=False))
    #: the tasks whose holders were told
    task_ids: list[int] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
