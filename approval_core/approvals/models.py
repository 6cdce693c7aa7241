"""Requests, their steps and tasks, and the decisions taken on them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, Json, UtcDateTime


class Request(SQLModel, table=True):
    __tablename__ = "request"
    __table_args__ = (
        UniqueConstraint("source", "source_ref", name="uq_request_source_ref"),
        Index("ix_request_changed", "source", "changed_at", "id"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    #: the asking system's name, and its own number for the matter
    source: str = Field(sa_column=Column(String(48), nullable=False))
    source_ref: str = Field(sa_column=Column(String(200), nullable=False))
    type: str = Field(sa_column=Column(String(48), nullable=False))
    title: str = Field(sa_column=Column(String(200), nullable=False))
    summary: str = Field(sa_column=Column(Text, nullable=False))
    applicant: str = Field(sa_column=Column(String(100), nullable=False))
    #: the applicant's row where the name given is an account of ours
    applicant_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("person.id"), nullable=True)
    )
    form: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    #: the route as submitted, so that a resubmission can be compared and rebuilt
    route: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    revision: int = 1
    content_hash: str = Field(sa_column=Column(String(64), nullable=False))
    #: one random salt per field of this revision: a hidden field can travel as its digest
    salts: dict[str, str] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    #: digest of the whole submission, so that a repeated one is told from a different one
    fingerprint: str = Field(sa_column=Column(String(64), nullable=False))
    urgency: int = 0
    #: draft | pending | approved | rejected | returned | withdrawn | cancelled | expired
    state: str = Field(sa_column=Column(String(16), nullable=False))
    on_reject: str = "reject"  #: reject | return
    hold_seconds: int = 0
    sms: bool = False
    callback_url: str | None = None
    submitted_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    due_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    closed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    changed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class Step(SQLModel, table=True):
    __tablename__ = "step"
    __table_args__ = (UniqueConstraint("request_id", "revision", "position", name="uq_step_position"),)
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False))
    revision: int
    position: int
    mode: str = Field(sa_column=Column(String(16), nullable=False))  #: any | all | sequence | vote
    #: vote: percent of the weight that must approve
    threshold: int | None = None
    #: waiting | active | approved | rejected | returned | void
    state: str = Field(sa_column=Column(String(16), nullable=False))


class Task(SQLModel, table=True):
    """One person asked in one step. `revision` is what a decision must name: it grows with new content and with every undo."""

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_step", "step_id", "position"),
        Index(
            "ix_task_person_open",
            "person_id",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_task_request", "request_id"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False))
    step_id: int = Field(sa_column=Column(BigId, ForeignKey("step.id"), nullable=False))
    person_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False))
    position: int
    weight: int = 1
    revision: int = 1
    #: waiting (its turn has not come) | open | decided | over (closed by another's decision) | void (withdrawn, changed, expired)
    state: str = Field(sa_column=Column(String(16), nullable=False))
    opened_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    closed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class Decision(SQLModel, table=True):
    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("task_id", "task_revision", name="uq_decision_task_revision"),
        Index("ix_decision_request", "request_id"),
        Index(
            "ix_decision_held",
            "held_until",
            sqlite_where=text("state = 'held'"),
            postgresql_where=text("state = 'held'"),
        ),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False))
    step_id: int = Field(sa_column=Column(BigId, ForeignKey("step.id"), nullable=False))
    task_id: int = Field(sa_column=Column(BigId, ForeignKey("task.id"), nullable=False))
    task_revision: int
    content_hash: str = Field(sa_column=Column(String(64), nullable=False))
    verdict: str = Field(sa_column=Column(String(16), nullable=False))  #: approve | reject | return
    comment: str = Field(sa_column=Column(Text, nullable=False))
    person_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False))
    on_behalf_of_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("person.id"), nullable=True)
    )
    channel: str = Field(sa_column=Column(String(16), nullable=False))  #: sms | app | web | system
    level: int = 0  #: assurance level 0–4
    evidence: str = Field(sa_column=Column(String(100), nullable=False))  #: e.g. sms_inbound:17
    #: held | effective | undone | superseded
    state: str = Field(sa_column=Column(String(16), nullable=False))
    decided_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    held_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    settled_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class Remark(SQLModel, table=True):
    """A comment on a request that decides nothing."""

    __tablename__ = "remark"
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False, index=True))
    person_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("person.id"), nullable=True)
    )
    text: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
