"""What came in, what was asked, what went out, and where a phone stands. Everything keyed to keep its proof."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, Json, UtcDateTime
from approval_core.outbound import Outbound, outbound_indexes


class InboundSms(SQLModel, table=True):
    """One SMS that reached us. The raw text is on disk before anything reads it."""

    __tablename__ = "sms_inbound"
    __table_args__ = (
        UniqueConstraint("provider", "provider_id", name="uq_sms_inbound_provider"),
        Index("ix_sms_inbound_sender", "sender", "received_at"),
        Index(
            "ix_sms_inbound_unsettled",
            "received_at",
            sqlite_where=text("state <> 'settled'"),
            postgresql_where=text("state <> 'settled'"),
        ),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    #: the transport's name (one modem, one box, one provider account) and its class: own_sim | provider
    provider: str = Field(sa_column=Column(String(100), nullable=False))
    transport_kind: str = Field(sa_column=Column(String(16), nullable=False))
    provider_id: str | None = Field(default=None, sa_column=Column(String(100), nullable=True))
    sender: str = Field(sa_column=Column(String(40), nullable=False))
    sent_to: str = Field(sa_column=Column(String(40), nullable=False))
    text: str = Field(sa_column=Column(Text, nullable=False))
    #: SHA-256 over (sender, to, SMSC time, text), or over the PDU where there is no time: the same SMS, one row (C7)
    dedupe: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    pdu: str = Field(sa_column=Column(Text, nullable=False))
    alphanumeric: bool = False
    #: the service centre's time and ours; both are kept (C9)
    smsc_time: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    received_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    #: how often the very same SMS was handed to us
    copies: int = 1
    #: gathering (parts missing) | received | settled
    state: str = Field(sa_column=Column(String(16), nullable=False))
    #: of a message in parts: the sender's reference, how many, 8 or 16 bits
    reference: int | None = None
    total: int | None = None
    bits: int | None = None
    person_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("person.id"), nullable=True)
    )
    #: how often reading it failed through a fault of ours, and the last one
    faults: int = 0
    fault: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    #: how it was read; the comment is not kept twice, the text stands above
    verdict: str | None = Field(default=None, sa_column=Column(String(16), nullable=True))
    settled_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    #: the one SMS that answered it
    answered_by: int | None = Field(default=None, sa_column=Column(BigId, nullable=True))


class InboundPart(SQLModel, table=True):
    """One part of a long SMS, kept until the whole is there. Half an emoji at its seam is kept as the transport gave it."""

    __tablename__ = "sms_inbound_part"
    __table_args__ = (UniqueConstraint("inbound_id", "number", name="uq_sms_inbound_part"),)
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    inbound_id: int = Field(sa_column=Column(BigId, ForeignKey("sms_inbound.id"), nullable=False))
    number: int
    text: str = Field(sa_column=Column(Text, nullable=False))
    pdu: str = Field(sa_column=Column(Text, nullable=False))
    dedupe: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    received_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class InboundOutcome(SQLModel, table=True):
    """What became of an inbound SMS: exactly one row, or one for each code in it (C6)."""

    __tablename__ = "sms_inbound_outcome"
    __table_args__ = (
        UniqueConstraint("inbound_id", "position", name="uq_sms_inbound_outcome"),
        Index("ix_sms_inbound_outcome", "outcome", "at"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    inbound_id: int = Field(sa_column=Column(BigId, ForeignKey("sms_inbound.id"), nullable=False))
    position: int
    outcome: str = Field(sa_column=Column(String(24), nullable=False))
    reason: str = Field(sa_column=Column(String(64), nullable=False))
    code: str | None = Field(default=None, sa_column=Column(String(6), nullable=True))
    prompt_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("sms_prompt.id"), nullable=True)
    )
    decision_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("decision.id"), nullable=True)
    )
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class Quarantine(SQLModel, table=True):
    """A PDU that is beyond us. Kept as it came; the others go on."""

    __tablename__ = "sms_quarantine"
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    inbound_id: int = Field(sa_column=Column(BigId, ForeignKey("sms_inbound.id"), nullable=False, index=True))
    provider: str = Field(sa_column=Column(String(100), nullable=False))
    pdu: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    received_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class Prompt(SQLModel, table=True):
    """One question to one phone. The row is what a code is bound to: task, revision, content, person, phone (C2)."""

    __tablename__ = "sms_prompt"
    __table_args__ = (
        Index(
            "uq_sms_prompt_live_code",
            "phone",
            "code",
            unique=True,
            sqlite_where=text("state = 'live'"),
            postgresql_where=text("state = 'live'"),
        ),
        Index("ix_sms_prompt_phone", "phone", "state", "closed_at"),
        Index("ix_sms_prompt_task", "task_id", "task_revision"),
        Index("ix_sms_prompt_request", "request_id"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False))
    task_id: int = Field(sa_column=Column(BigId, ForeignKey("task.id"), nullable=False))
    task_revision: int
    content_hash: str = Field(sa_column=Column(String(64), nullable=False))
    person_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False))
    phone: str = Field(sa_column=Column(String(20), nullable=False))
    #: which transport handed it over and from which number: unknown until it did
    sent_by: str | None = Field(default=None, sa_column=Column(String(100), nullable=True))
    sent_from: str | None = Field(default=None, sa_column=Column(String(40), nullable=True))
    code: str = Field(sa_column=Column(String(6), nullable=False))
    #: as it was printed: T01 | T02 | T03 | T05 | T19 | T27
    form: str = Field(sa_column=Column(String(8), nullable=False))
    #: printed so that Y alone is an answer: T01, or T03 with the bare ending
    bare: bool = False
    floor: int = 1
    transport_kind: str = Field(sa_column=Column(String(16), nullable=False))  #: own_sim | provider
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    sent_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    delivered_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    #: live | answered (by this phone) | closed
    state: str = Field(sa_column=Column(String(16), nullable=False))
    #: of one no longer live: decided (by anybody, on any channel) | changed | withdrawn | expired | undone | replaced | read
    closed_reason: str | None = Field(default=None, sa_column=Column(String(16), nullable=True))
    closed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    closed_by_bare: bool = False


class OutboundSms(Outbound, table=True):
    """One SMS to send. At most once: after a lost acknowledgement it is `unknown` and never sent again blindly."""

    __tablename__ = "sms_outbound"
    __table_args__ = (
        *outbound_indexes("sms_outbound"),
        Index("ix_sms_outbound_recipient", "recipient", "created_at"),
        Index("ix_sms_outbound_prompt", "prompt_id"),
        Index("ix_sms_outbound_inbound", "inbound_id"),
        Index(
            "ix_sms_outbound_unknown",
            "due_at",
            sqlite_where=text("state = 'unknown'"),
            postgresql_where=text("state = 'unknown'"),
        ),
    )
    at_most_once: ClassVar[bool] = True
    topic: ClassVar[str] = "sms"
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    recipient: str = Field(sa_column=Column(String(20), nullable=False))
    text: str = Field(sa_column=Column(Text, nullable=False))
    template: str = Field(sa_column=Column(String(8), nullable=False))
    #: receipt | approval | reminder | result | notice | otp | bulk
    category: str = Field(sa_column=Column(String(16), nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    prompt_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("sms_prompt.id"), nullable=True)
    )
    #: the decisions whose receipt this is: their hold counts from the hand-over
    decision_ids: list[int] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    inbound_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("sms_inbound.id"), nullable=True)
    )
    notice_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("notice.id"), nullable=True)
    )
    #: the transport that handed it over
    modem: str | None = Field(default=None, sa_column=Column(String(100), nullable=True))
    delivered_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class OutboundPart(SQLModel, table=True):
    """One part the network took, under the number its status report will name. Survives a restart."""

    __tablename__ = "sms_outbound_part"
    __table_args__ = (
        UniqueConstraint("sms_id", "number", name="uq_sms_outbound_part"),
        Index("ix_sms_outbound_part_report", "modem", "reference", "recipient"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    sms_id: int = Field(sa_column=Column(BigId, ForeignKey("sms_outbound.id"), nullable=False))
    number: int
    #: after a lost acknowledgement the likely one, or none
    reference: int | None = None
    modem: str = Field(sa_column=Column(String(100), nullable=False))
    recipient: str = Field(sa_column=Column(String(20), nullable=False))
    sent_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    #: sent | unknown | delivered | failed
    state: str = Field(sa_column=Column(String(16), nullable=False))
    #: of its status report: our clock, and the service centre's, from which its offset is learnt (C9)
    reported_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    discharged_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class Standing(SQLModel, table=True):
    """What a phone has used up of our patience. Times are epoch seconds in lists, cut to the rule's own span."""

    __tablename__ = "sms_standing"
    phone: str = Field(sa_column=Column(String(20), primary_key=True))
    wrong_codes: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    six_digits_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    off_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    stopped_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    clarified: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    service_words: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))


inbound_sms = SQLModel.metadata.tables["sms_inbound"]
inbound_parts = SQLModel.metadata.tables["sms_inbound_part"]
inbound_outcomes = SQLModel.metadata.tables["sms_inbound_outcome"]
quarantine = SQLModel.metadata.tables["sms_quarantine"]
prompts = SQLModel.metadata.tables["sms_prompt"]
outbound_sms = SQLModel.metadata.tables["sms_outbound"]
outbound_parts = SQLModel.metadata.tables["sms_outbound_part"]
standings = SQLModel.metadata.tables["sms_standing"]
