"""Requests, their steps and tasks, and the decisions taken on them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Numeric, String, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, Json, UtcDateTime


class Request(SQLModel, table=True):
    __tablename__ = "request"
    __table_args__ = (
        UniqueConstraint("source", "source_ref", name="uq_request_source_ref"),
        Index("ix_request_changed", "source", "changed_at", "id"),
        Index("ix_request_applicant", "applicant_id", "id"),
        Index("ix_request_submitter", "submitter_id", "id"),
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
    #: the version of its type that it runs on for ever; None: the asking system brought its own steps
    type_version_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("request_type_version.id"), nullable=True)
    )
    #: the unit for which it is made, and the account that wrote it down where that is somebody else
    unit_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("org_unit.id"), nullable=True)
    )
    submitter_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("person.id"), nullable=True)
    )
    amount: Decimal | None = Field(default=None, sa_column=Column(Numeric(18, 2), nullable=True))
    #: accounts chosen for later steps, by block
    chosen: dict[str, Any] | None = Field(default=None, sa_column=Column(Json, nullable=True))
    #: the finished request which this one takes back; and, on that one, the request which took it back
    revokes_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("request.id"), nullable=True, index=True)
    )
    revoked_by_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("request.id"), nullable=True)
    )
    #: the route as nested blocks: what it will run through, whatever is published later
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
    on_reject: str = "reject"  #: reject | return; a step may say otherwise
    hold_seconds: int = 0
    sms: bool = False
    callback_url: str | None = None
    submitted_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    due_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    closed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    changed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class Token(SQLModel, table=True):
    """Where a request stands in its route: one for each thread of it. A sequence is named by its path in the route."""

    __tablename__ = "token"
    __table_args__ = (Index("ix_token_parent", "parent_id"), Index("ix_token_request", "request_id"))
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False))
    revision: int
    parent_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("token.id"), nullable=True)
    )
    #: "" is the route itself, "2.branches.legal" the branch `legal` of its third block
    sequence: str = Field(sa_column=Column(String(500), nullable=False))
    at: int  #: the index of the block in the sequence
    #: live | split (its children run) | done | cancelled | parked (waits for a detour)
    state: str = Field(sa_column=Column(String(16), nullable=False))
    #: a detour: asked once more after a return; then the tokens parked by it go on
    parked_by: int | None = Field(default=None, sa_column=Column(BigId, nullable=True))


class Step(SQLModel, table=True):
    """One run of a step block; a step that is asked again after a return is another row."""

    __tablename__ = "step"
    __table_args__ = (
        UniqueConstraint("request_id", "revision", "position", name="uq_step_position"),
        Index(
            "ix_step_parent",
            "parent_task_id",
            sqlite_where=text("parent_task_id IS NOT NULL"),
            postgresql_where=text("parent_task_id IS NOT NULL"),
        ),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False))
    revision: int
    position: int  #: counts the steps of a revision in the order in which they were reached
    token_id: int | None = Field(default=None, sa_column=Column(BigId, ForeignKey("token.id"), nullable=True))
    block: str = Field(sa_column=Column(String(64), nullable=False, server_default=""))
    mode: str = Field(sa_column=Column(String(16), nullable=False))  #: any | all | sequence | vote
    #: vote: percent of the weight that must approve
    threshold: int | None = None
    #: all: hear everybody before a rejection counts; and what a rejection does where the request does not say it
    collect_all: bool = Field(default=False, sa_column_kwargs={"server_default": "0"})
    on_reject: str | None = Field(default=None, sa_column=Column(String(16), nullable=True))
    #: waiting (added after) | active | blocked (nobody to ask) | approved | rejected | returned | void | superseded
    state: str = Field(sa_column=Column(String(16), nullable=False))
    #: none | notify | approve: what an SMS may do here; and the assurance level a decision must reach
    sms: str = Field(
        default="approve", sa_column=Column(String(16), nullable=False, server_default="approve")
    )
    floor: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    #: an added step: whose task it belongs to, and `before` | `after` it, or `asked` for an opinion
    parent_task_id: int | None = Field(default=None, sa_column=Column(BigId, nullable=True))
    placed: str | None = Field(default=None, sa_column=Column(String(16), nullable=True))
    opened_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    settled_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


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
    #: | moved (handed to another) | removed
    state: str = Field(sa_column=Column(String(16), nullable=False))
    #: why this person: rule, sentence in zh and en, capacity, and the organisation's revision it was read from
    why: dict[str, Any] | None = Field(default=None, sa_column=Column(Json, nullable=True))
    #: the task it came from (handed over), the step that must approve after it
    from_task_id: int | None = Field(default=None, sa_column=Column(BigId, nullable=True))
    after_step_id: int | None = Field(default=None, sa_column=Column(BigId, nullable=True))
    claimed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    opened_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    closed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class Decision(SQLModel, table=True):
    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("task_id", "task_revision", name="uq_decision_task_revision"),
        Index("ix_decision_request", "request_id"),
        Index("ix_decision_person", "person_id", "id"),
        Index("ix_decision_on_behalf_of", "on_behalf_of_id", "id"),
        Index(
            "ix_decision_held",
            "person_id",
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
    #: a return to an earlier step: its block, and how it goes on: replay | back
    target: str | None = Field(default=None, sa_column=Column(String(64), nullable=True))
    resume: str | None = Field(default=None, sa_column=Column(String(16), nullable=True))
    person_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False))
    on_behalf_of_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("person.id"), nullable=True)
    )
    channel: str = Field(sa_column=Column(String(16), nullable=False))  #: sms | app | web | system
    level: int = 0  #: assurance level 0–4
    floor: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  #: what it had to reach
    evidence: str = Field(sa_column=Column(String(100), nullable=False))  #: e.g. sms_inbound:17
    #: held | effective | undone | superseded
    state: str = Field(sa_column=Column(String(16), nullable=False))
    decided_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    held_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    settled_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class Copy(SQLModel, table=True):
    """Somebody who is informed of a request and asked nothing (抄送, 传阅)."""

    __tablename__ = "copy"
    __table_args__ = (UniqueConstraint("request_id", "person_id", name="uq_copy_person"),)
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False))
    person_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False, index=True))
    #: the block or the moment that sent it: `start`, `end`, a block's id
    place: str = Field(sa_column=Column(String(64), nullable=False))
    why: dict[str, Any] | None = Field(default=None, sa_column=Column(Json, nullable=True))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    read_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class Remark(SQLModel, table=True):
    """A comment on a request that decides nothing. It stays as written: an edit is another row that points to it."""

    __tablename__ = "remark"
    __table_args__ = (UniqueConstraint("replaces_id", name="uq_remark_replaces"),)
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False, index=True))
    person_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("person.id"), nullable=True)
    )
    text: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    #: the version before this one, and the accounts it names with an @
    replaces_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("remark.id"), nullable=True)
    )
    mentions: list[str] = Field(
        default_factory=list, sa_column=Column(Json, nullable=False, server_default="[]")
    )


class Draft(SQLModel, table=True):
    """A request that is being written. Nobody sees it but its owner, and nothing in it counts."""

    __tablename__ = "draft"
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    person_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False, index=True))
    type: str = Field(sa_column=Column(String(48), nullable=False))
    #: whom it is written for
    applicant_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False))
    unit_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("org_unit.id"), nullable=True)
    )
    form: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    chosen: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    urgency: int = 0
    changed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class Numbering(SQLModel, table=True):
    """The last number given on a day, by kind: numbers shown to people have no gaps."""

    __tablename__ = "numbering"
    kind: str = Field(sa_column=Column(String(48), primary_key=True))
    day: str = Field(sa_column=Column(String(8), primary_key=True))
    last: int


class Reading(SQLModel, table=True):
    """Somebody has looked at a request (已阅): when first, when last, by which channel."""

    __tablename__ = "reading"
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), primary_key=True))
    person_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), primary_key=True))
    channel: str = Field(sa_column=Column(String(16), primary_key=True))
    first_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    last_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    times: int = 1


class Talk(SQLModel, table=True):
    """A question to somebody who has to do with a request; the request goes on meanwhile (沟通)."""

    __tablename__ = "talk"
    __table_args__ = (
        Index(
            "ix_talk_open",
            "request_id",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_talk_request", "request_id", "id"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False))
    asker_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False))
    asked_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False))
    question: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    state: str = Field(
        sa_column=Column(String(16), nullable=False)
    )  #: open | answered | over (the request ended)
    answer: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    answered_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class Provisional(SQLModel, table=True):
    """What somebody decided in a way that is not sure enough. It counts when he confirms it, and stops nobody until then."""

    __tablename__ = "provisional"
    __table_args__ = (
        Index(
            "ix_provisional_open",
            "task_id",
            "person_id",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_provisional_request", "request_id"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    request_id: int = Field(sa_column=Column(BigId, ForeignKey("request.id"), nullable=False))
    step_id: int = Field(sa_column=Column(BigId, ForeignKey("step.id"), nullable=False))
    task_id: int = Field(sa_column=Column(BigId, ForeignKey("task.id"), nullable=False))
    task_revision: int
    content_hash: str = Field(sa_column=Column(String(64), nullable=False))
    person_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False))
    on_behalf_of_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("person.id"), nullable=True)
    )
    verdict: str = Field(sa_column=Column(String(16), nullable=False))
    comment: str = Field(sa_column=Column(Text, nullable=False))
    target: str | None = Field(default=None, sa_column=Column(String(64), nullable=True))
    resume: str | None = Field(default=None, sa_column=Column(String(16), nullable=True))
    channel: str = Field(sa_column=Column(String(16), nullable=False))
    level: int
    floor: int
    evidence: str = Field(sa_column=Column(String(100), nullable=False))
    state: str = Field(sa_column=Column(String(16), nullable=False))  #: open | confirmed | replaced | void
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    closed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    decision_id: int | None = Field(default=None, sa_column=Column(BigId, nullable=True))
