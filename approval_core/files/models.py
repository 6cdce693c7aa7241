"""Which bytes are here, and which request each file belongs to. A row is never deleted; a file taken off keeps its row."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, String, text
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, UtcDateTime, table_of


class Blob(SQLModel, table=True):
    """Bytes that lie in the folder, once per content."""

    __tablename__ = "blob"
    sha256: str = Field(sa_column=Column(String(64), primary_key=True))
    size: int = Field(sa_column=Column(BigId, nullable=False))
    mime: str = Field(sa_column=Column(String(100), nullable=False))
    #: clean | condemned (a later scan found something; nobody is given it any more)
    state: str = Field(sa_column=Column(String(16), nullable=False))
    scanned_by: str = Field(sa_column=Column(String(48), nullable=False))
    scanned_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    reason: str = Field(default="", sa_column=Column(String(200), nullable=False))


class Attachment(SQLModel, table=True):
    """One file of a request. Two of them may have the same name, and the same bytes."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_request", "request_id", "id"),
        Index("ix_attachment_sha256", "sha256"),
        Index(
            "uq_attachment_signature",
            "decision_id",
            unique=True,
            sqlite_where=text("kind = 'signature' AND state = 'clean'"),
            postgresql_where=text("kind = 'signature' AND state = 'clean'"),
        ),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False))
    #: NFC, without path and control characters
    name: str = Field(sa_column=Column(String(120), nullable=False))
    sha256: str = Field(sa_column=Column(String(64), ForeignKey("blob.sha256"), nullable=False))
    size: int = Field(sa_column=Column(BigId, nullable=False))
    mime: str = Field(sa_column=Column(String(100), nullable=False))
    #: content (part of what is decided on) | comment | signature
    kind: str = Field(sa_column=Column(String(16), nullable=False))
    #: clean | detached (taken off a draft)
    state: str = Field(sa_column=Column(String(16), nullable=False))
    #: the comment or the decision it came with
    remark_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("remark.id"), nullable=True)
    )
    decision_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("decision.id"), nullable=True)
    )
    uploaded_by: str = Field(sa_column=Column(String(100), nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    detached_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class DraftFile(SQLModel, table=True):
    """A file of a request that is still being written; it goes with the draft, or becomes an attachment."""

    __tablename__ = "draft_file"
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    draft_id: int = Field(
        sa_column=Column(BigId, ForeignKey("draft.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    name: str = Field(sa_column=Column(String(120), nullable=False))
    sha256: str = Field(sa_column=Column(String(64), ForeignKey("blob.sha256"), nullable=False, index=True))
    size: int = Field(sa_column=Column(BigId, nullable=False))
    mime: str = Field(sa_column=Column(String(100), nullable=False))
    scanned_by: str = Field(sa_column=Column(String(48), nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


blobs = table_of(Blob)
attachments = table_of(Attachment)
draft_files = table_of(DraftFile)
