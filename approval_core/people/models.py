"""Who works here, in which post, and who may speak for whom. Every tie has validity dates (half-open: from ≤ t < to)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, text
from sqlmodel import Field, SQLModel

from approval_core.columns import BigId, Json, UtcDateTime


def _id() -> Any:
    return Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))


def _ref(target: str, *, nullable: bool = False, index: bool = True) -> Any:
    column: Column[int] = Column(BigId, ForeignKey(target), nullable=nullable, index=index)
    return Field(default=None, sa_column=column)


def _when(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable))


class OrgUnit(SQLModel, table=True):
    __tablename__ = "org_unit"
    id: int | None = _id()
    code: str = Field(sa_column=Column(String(32), nullable=False, unique=True))
    name: str
    short: str
    #: bureau | leadership | internal | direct | institution | branch | section | office
    kind: str
    parent_id: int | None = _ref("org_unit.id", nullable=True)
    level: int
    sort: int = 0
    site: str = ""
    valid_from: datetime = _when()
    valid_to: datetime | None = _when(nullable=True)
    successor_id: int | None = _ref("org_unit.id", nullable=True, index=False)


class Person(SQLModel, table=True):
    __tablename__ = "person"
    id: int | None = _id()
    account: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    emp_no: str = Field(sa_column=Column(String(32), nullable=False, unique=True))
    name: str = Field(sa_column=Column(String(100), nullable=False, index=True))
    email: str = ""
    #: R1 (director) … R8 (other staff)
    rank: str
    #: on the establishment (在编)
    established: bool = True
    birthday: date | None = None
    entered_on: date | None = None
    state: str = "active"  #: active | left
    left_at: datetime | None = _when(nullable=True)


class Post(SQLModel, table=True):
    __tablename__ = "post"
    id: int | None = _id()
    code: str = Field(sa_column=Column(String(48), nullable=False, unique=True))
    unit_id: int = _ref("org_unit.id")
    name: str
    rank: str
    is_head: bool = False
    is_deputy: bool = False
    sort: int = 0


class Assignment(SQLModel, table=True):
    """A person in a post. More than one at a time is a concurrent post; exactly one is the main one."""

    __tablename__ = "assignment"
    id: int | None = _id()
    person_id: int = _ref("person.id")
    post_id: int = _ref("post.id")
    kind: str = "main"  #: main 主职 | concurrent 兼任 | temporary 挂职 | seconded 借调 | acting 主持工作
    sort: int = 0
    valid_from: datetime = _when()
    valid_to: datetime | None = _when(nullable=True)


class InCharge(SQLModel, table=True):
    """A leader in charge (分管) of a unit: a bureau leader of departments, a deputy head of sections."""

    __tablename__ = "in_charge"
    id: int | None = _id()
    leader_id: int = _ref("person.id")
    unit_id: int = _ref("org_unit.id")
    valid_from: datetime = _when()
    valid_to: datetime | None = _when(nullable=True)


class Secretary(SQLModel, table=True):
    """May prepare, remind, read and register for a leader. Never decides."""

    __tablename__ = "secretary"
    id: int | None = _id()
    leader_id: int = _ref("person.id")
    person_id: int = _ref("person.id")
    valid_from: datetime = _when()
    valid_to: datetime | None = _when(nullable=True)


class RoleGrant(SQLModel, table=True):
    __tablename__ = "role_grant"
    id: int | None = _id()
    person_id: int = _ref("person.id")
    role: str = Field(sa_column=Column(String(48), nullable=False, index=True))
    unit_id: int | None = _ref("org_unit.id", nullable=True)
    valid_from: datetime = _when()
    valid_to: datetime | None = _when(nullable=True)


class Delegation(SQLModel, table=True):
    """`from_id` lets `to_id` decide in his name for a period; both names go on record."""

    __tablename__ = "delegation"
    id: int | None = _id()
    from_id: int = _ref("person.id")
    to_id: int = _ref("person.id")
    #: request types it covers; empty = all
    types: list[str] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    #: up to this amount, in fen (0.01 yuan); none = whatever the amount
    ceiling_fen: int | None = Field(default=None, sa_column=Column(BigId, nullable=True))
    #: the absence it was given for, and ends with
    absence_id: int | None = _ref("absence.id", nullable=True)
    reason: str = ""
    valid_from: datetime = _when()
    valid_to: datetime = _when()
    revoked_at: datetime | None = _when(nullable=True)


class Absence(SQLModel, table=True):
    __tablename__ = "absence"
    id: int | None = _id()
    person_id: int = _ref("person.id")
    kind: str  #: leave | travel | training | sick
    valid_from: datetime = _when()
    valid_to: datetime = _when()


class Phone(SQLModel, table=True):
    """A mobile number bound to one person. One live row per number and per person."""

    __tablename__ = "phone"
    __table_args__ = (
        Index(
            "uq_phone_live_number",
            "number",
            unique=True,
            sqlite_where=text("state <> 'unbound'"),
            postgresql_where=text("state <> 'unbound'"),
        ),
        Index(
            "uq_phone_live_person",
            "person_id",
            unique=True,
            sqlite_where=text("state <> 'unbound'"),
            postgresql_where=text("state <> 'unbound'"),
        ),
    )
    id: int | None = _id()
    person_id: int = Field(sa_column=Column(BigId, ForeignKey("person.id"), nullable=False))
    number: str = Field(sa_column=Column(String(20), nullable=False, index=True))
    state: str = "bound"  #: pending | bound | suspended | unbound
    bound_at: datetime | None = _when(nullable=True)
    suspended_until: datetime | None = _when(nullable=True)
    unbound_at: datetime | None = _when(nullable=True)


org_units = SQLModel.metadata.tables["org_unit"]
persons = SQLModel.metadata.tables["person"]
posts = SQLModel.metadata.tables["post"]
assignments = SQLModel.metadata.tables["assignment"]
charges = SQLModel.metadata.tables["in_charge"]
secretaries = SQLModel.metadata.tables["secretary"]
role_grants = SQLModel.metadata.tables["role_grant"]
delegations = SQLModel.metadata.tables["delegation"]
absences = SQLModel.metadata.tables["absence"]
phones = SQLModel.metadata.tables["phone"]
