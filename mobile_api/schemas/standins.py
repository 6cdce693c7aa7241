"""Who is away, and who answers for him."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from mobile_api.schemas.fields import Account, Outgoing, Text, Words
from mobile_api.schemas.filing import TypeName
from web.bodies import Incoming
from web.moments import Moment


class AbsenceIn(Incoming):
    kind: Literal["leave", "travel", "training", "sick"]
    valid_from: Moment
    valid_to: Moment


class AbsenceOut(Outgoing):
    id: int
    kind: str
    valid_from: datetime
    valid_to: datetime


class AbsencesOut(Outgoing):
    items: list[AbsenceOut]


class AwayOut(AbsenceOut):
    account: str
    name: str
    proxies: list[str]


class AwaysOut(Outgoing):
    items: list[AwayOut]


class ProposalOut(Outgoing):
    """Whom the office proposes; `types` (none: all) and `ceiling` as he was limited the last time."""

    account: str
    name: str
    types: list[str]
    ceiling: Decimal | None
    because: Words


class NewAbsenceOut(Outgoing):
    id: int
    proposal: ProposalOut | None


class ProxyIn(Incoming):
    to: Account | None = Field(default=None, description="Absent: whom the office proposes.")


class DelegationIn(Incoming):
    to: Account
    types: Annotated[list[TypeName], Field(max_length=100)] = Field(
        default_factory=list, description="None: every type."
    )
    ceiling: Annotated[Decimal, Field(gt=0, max_digits=15, decimal_places=2)] | None = Field(
        default=None, description="The largest amount, in yuan."
    )
    reason: Text = ""
    valid_from: Moment
    valid_to: Moment


class DelegationOut(Outgoing):
    id: int
    giver: str
    giver_name: str
    taker: str
    taker_name: str
    types: list[str]
    ceiling: Decimal | None
    reason: str
    absence_id: int | None
    valid_from: datetime
    valid_to: datetime
    revoked_at: datetime | None


class DelegationsOut(Outgoing):
    given: list[DelegationOut]
    received: list[DelegationOut]
