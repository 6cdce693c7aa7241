"""Tables of the proof: entries in chains, their heads, and the log over all entries with its signed checkpoints.

Entries, leaves, nodes, checkpoints and their cosignatures are written once. Only `audit_entry.leaf` (set by the sequencer), the text
and salt of an entry (taken away on time), `audit_head` and `log_state` ever change.
"""

from sqlalchemy import Column, Index, String, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, table_of


class Entry(SQLModel, table=True):
    """One thing that was done, linked to the one before it in its chain."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        UniqueConstraint("chain", "seq", name="uq_audit_entry_chain_seq"),
        Index(
            "ix_audit_entry_new",
            "id",
            sqlite_where=text("leaf IS NULL"),
            postgresql_where=text("leaf IS NULL"),
        ),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    chain: str = Field(sa_column=Column(String(100), nullable=False))
    seq: int = Field(sa_column=Column(BigId, nullable=False))
    prev_hash: str = Field(sa_column=Column(String(64), nullable=False))
    hash: str = Field(sa_column=Column(String(64), nullable=False))
    actor: str = Field(sa_column=Column(String(200), nullable=False))
    verb: str = Field(sa_column=Column(String(64), nullable=False))
    thing: str = Field(sa_column=Column(String(200), nullable=False))
    #: UTC with microseconds, as hashed: 2026-03-01T08:00:00.000000Z
    at: str = Field(sa_column=Column(String(32), nullable=False))
    #: SHA-256 of salt and data; it stays when they are taken away
    digest: str = Field(sa_column=Column(String(64), nullable=False))
    salt: str | None = Field(default=None, sa_column=Column(String(32), nullable=True))
    #: canonical JSON, exactly the text that was hashed
    data: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    #: its place in the log; none until the sequencer has taken it
    leaf: int | None = Field(default=None, sa_column=Column(BigId, nullable=True))


class Head(SQLModel, table=True):
    """The end of a chain: the next entry builds on it, and a chain cut short is noticed by it."""

    __tablename__ = "audit_head"
    chain: str = Field(sa_column=Column(String(100), primary_key=True))
    seq: int = Field(sa_column=Column(BigId, nullable=False))
    hash: str = Field(sa_column=Column(String(64), nullable=False))


class Leaf(SQLModel, table=True):
    __tablename__ = "log_leaf"
    position: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    hash: str = Field(sa_column=Column(String(64), nullable=False))
    entry_id: int = Field(sa_column=Column(BigId, nullable=False, unique=True))


class Node(SQLModel, table=True):
    """The root of a complete subtree of 2^level leaves, level 1 and above."""

    __tablename__ = "log_node"
    level: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    position: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    hash: str = Field(sa_column=Column(String(64), nullable=False))


class Checkpoint(SQLModel, table=True):
    """What the log was at a moment, signed. Numbers have no gap, so that a missing one is noticed."""

    __tablename__ = "log_checkpoint"
    __table_args__ = (Index("ix_log_checkpoint_size", "size"),)
    number: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    size: int = Field(sa_column=Column(BigId, nullable=False))
    root: str = Field(sa_column=Column(String(64), nullable=False))
    at: str = Field(sa_column=Column(String(32), nullable=False))
    key_id: str = Field(sa_column=Column(String(8), nullable=False))
    signature: str = Field(sa_column=Column(String(88), nullable=False))


class Cosignature(SQLModel, table=True):
    """A second signature on a checkpoint, of another kind: SM2 with SM3 beside Ed25519."""

    __tablename__ = "log_cosignature"
    number: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    algorithm: str = Field(sa_column=Column(String(16), primary_key=True))
    key_id: str = Field(sa_column=Column(String(8), nullable=False))
    signature: str = Field(sa_column=Column(String(200), nullable=False))


class LogState(SQLModel, table=True):
    """One row: how far the log has come. Whoever holds its lock is the sequencer."""

    __tablename__ = "log_state"
    id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    size: int = Field(sa_column=Column(BigId, nullable=False))
    checkpoints: int = Field(sa_column=Column(BigId, nullable=False))


entries = table_of(Entry)
heads = table_of(Head)
leaves = table_of(Leaf)
nodes = table_of(Node)
checkpoints = table_of(Checkpoint)
cosignatures = table_of(Cosignature)
log_state = table_of(LogState)
