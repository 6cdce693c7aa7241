"""What proves a person: his credential, the failures counted against an account, and his sessions."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, String, text
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, UtcDateTime, table_of


class Credential(SQLModel, table=True):
    """One password per person, as argon2id writes it."""

    __tablename__ = "credential"
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    person_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False, unique=True))
    hash: str = Field(sa_column=Column(String(300), nullable=False))
    #: given by somebody else: good for nothing but choosing a new one
    must_change: bool = False
    changed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    #: locked by an administrator, until he unlocks it
    barred_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class SignInFailure(SQLModel, table=True):
    """Wrong passwords in a row for one account name, whether or not anybody has it: both are locked alike."""

    __tablename__ = "sign_in_failure"
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    #: SHA-256 of the name typed: people type passwords into the wrong field
    account_digest: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    failed: int = 0
    #: how often it was locked since the last success: each lock is longer
    locks: int = 0
    locked_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    last_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))


class PersonSession(SQLModel, table=True):
    """One sign-in. The row stays after its end: decisions name it as their evidence."""

    __tablename__ = "person_session"
    __table_args__ = (
        Index(
            "ix_person_session_live",
            "person_id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    #: SHA-256 of the token; the token itself is only in the cookie
    token_hash: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    person_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False))
    channel: str = Field(sa_column=Column(String(16), nullable=False))  #: web | app
    user_agent: str = Field(default="", sa_column=Column(String(200), nullable=False))
    source: str = Field(default="", sa_column=Column(String(64), nullable=False))  #: network address
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    seen_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    #: signed_out | replaced | password_changed | left | barred
    ended_why: str = Field(default="", sa_column=Column(String(24), nullable=False))


credentials, failures, sessions = table_of(Credential), table_of(SignInFailure), table_of(PersonSession)
