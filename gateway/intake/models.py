"""First answers kept for replays, and callbacks to other systems."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Column, ForeignKey, Index, String, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, UtcDateTime
from approval_core.outbound import Outbound, outbound_indexes


class Idempotency(SQLModel, table=True):
    """The first answer to a request, by client and key. `key:…` is an Idempotency-Key, `ref:…` an approval's number."""

    __tablename__ = "idempotency"
    __table_args__ = (UniqueConstraint("client_id", "key", name="uq_idempotency_client_key"),)
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    client_id: int = Field(sa_column=Column(BigId, ForeignKey("client.id"), nullable=False))
    key: str = Field(sa_column=Column(String(260), nullable=False))
    #: SHA-256 over method, address and body as understood
    fingerprint: str = Field(sa_column=Column(String(64), nullable=False))
    #: 0 only inside the transaction that makes the answer
    status: int = 0
    body: str = Field(default="", sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))


class OutboundCallback(Outbound, table=True):
    """One message to another system. The body is fixed when written: every attempt carries the same bytes and id."""

    __tablename__ = "outbound_callback"
    __table_args__ = (
        *outbound_indexes("outbound_callback"),
        Index("ix_outbound_callback_request", "request_id", "id"),
        UniqueConstraint("message_id", name="uq_callback_message"),
    )
    topic: ClassVar[str] = "callbacks"
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    client_id: int = Field(sa_column=Column(BigId, ForeignKey("client.id"), nullable=False))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False))
    #: `webhook-id`: stable over retries
    message_id: str = Field(sa_column=Column(String(64), nullable=False))
    type: str = Field(sa_column=Column(String(48), nullable=False))
    url: str = Field(sa_column=Column(Text, nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))
    #: HTTP status of the last answer, if there was one
    answered: int | None = None
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
