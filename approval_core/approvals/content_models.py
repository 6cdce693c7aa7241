"""What a request said before, who wrote which field of it, and who has opened its files."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, Text
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, Json, UtcDateTime


class ContentRevision(SQLModel, table=True):
    """The content of one revision as it stood when another took its place."""

    __tablename__ = "content_revision"
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), primary_key=True))
    revision: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    title: str = Field(sa_column=Column(String(200), nullable=False))
    summary: str = Field(sa_column=Column(Text, nullable=False))
    form: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    #: `name#n` → sha256 of the files that were decided on
    papers: dict[str, str] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    salts: dict[str, str] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    content_hash: str = Field(sa_column=Column(String(64), nullable=False))
    #: when another content took its place, and whose
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    by: str = Field(sa_column=Column(String(100), nullable=False))


class FieldChange(SQLModel, table=True):
    """One field of the form got another value (F40). `old` and `new` are what is stored, null for an empty field."""

    __tablename__ = "field_change"
    __table_args__ = (Index("ix_field_change_request", "request_id", "id"),)
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False))
    #: of the request after the change
    revision: int
    field: str = Field(sa_column=Column(String(200), nullable=False))
    old: Any = Field(default=None, sa_column=Column(Json, nullable=True))
    new: Any = Field(default=None, sa_column=Column(Json, nullable=True))
    #: None: an asking system
    person_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("person.id"), nullable=True)
    )
    #: the step in which it was written, and the decision it came with; None: the applicant's own writing
    block: str | None = Field(default=None, sa_column=Column(String(64), nullable=True))
    decision_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("decision.id"), nullable=True, index=True)
    )
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class PaperReading(SQLModel, table=True):
    """Somebody has opened a file of a request: when first."""

    __tablename__ = "paper_reading"
    attachment_id: int = Field(sa_column=Column(BigId, ForeignKey("attachment.id"), primary_key=True))
    person_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), primary_key=True))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
