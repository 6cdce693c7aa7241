"""Other systems that may call us: hashed keys, scopes, allowed callback prefixes, webhook secrets."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, String
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, Json, UtcDateTime


class Client(SQLModel, table=True):
    __tablename__ = "client"
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    name: str = Field(sa_column=Column(String(48), nullable=False, unique=True))
    state: str = "on"  #: on | paused
    scopes: list[str] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    callback_prefixes: list[str] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class ClientKey(SQLModel, table=True):
    """An API key, kept as a SHA-256 of a 256-bit random string: nothing to guess, so nothing slow is needed."""

    __tablename__ = "client_key"
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    client_id: int = Field(sa_column=Column(BigId, ForeignKey("client.id"), nullable=False, index=True))
    digest: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    #: set when a newer key was made: the old one works until then
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class ClientSecret(SQLModel, table=True):
    """A webhook signing secret (`whsec_…`). Readable, because every callback is signed with it."""

    __tablename__ = "client_secret"
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    client_id: int = Field(sa_column=Column(BigId, ForeignKey("client.id"), nullable=False, index=True))
    secret: str = Field(sa_column=Column(String(80), nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


clients = SQLModel.metadata.tables["client"]
client_keys = SQLModel.metadata.tables["client_key"]
client_secrets = SQLModel.metadata.tables["client_secret"]
