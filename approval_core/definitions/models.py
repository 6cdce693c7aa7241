"""Published versions of request types. A row never changes but for its state."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, String, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, Json, UtcDateTime, table_of


class RequestTypeVersion(SQLModel, table=True):
    __tablename__ = "request_type_version"
    __table_args__ = (
        UniqueConstraint("type", "version", name="uq_request_type_version"),
        # at most one version of a type takes new requests
        Index(
            "uq_request_type_current",
            "type",
            unique=True,
            sqlite_where=text("state = 'published'"),
            postgresql_where=text("state = 'published'"),
        ),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    type: str = Field(sa_column=Column(String(48), nullable=False))
    version: int
    #: the document as JSON, and its route with every default written out, as they were understood at publishing
    document: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    route: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    source: str = Field(sa_column=Column(Text, nullable=False))
    sha256: str = Field(sa_column=Column(String(64), nullable=False))
    #: draft | published (takes new requests) | retired (runs out)
    state: str = Field(sa_column=Column(String(16), nullable=False))
    published_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    published_by: str = Field(sa_column=Column(String(100), nullable=False))


versions = table_of(RequestTypeVersion)
