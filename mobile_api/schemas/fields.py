"""What bodies are made of: how long a text may be, how a person is named, what every answer has."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from web.bodies import Incoming
from web.texts import clean

Account = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(clean)]
Password = Annotated[str, Field(min_length=1, max_length=800), AfterValidator(clean)]
Text = Annotated[str, Field(max_length=2000), AfterValidator(clean)]
Reason = Annotated[
    str,
    Field(min_length=1, max_length=2000, pattern=r"\S", description="Stays on record."),
    AfterValidator(clean),
]
Block = Annotated[
    str, Field(min_length=1, max_length=64, description="A block of the route."), AfterValidator(clean)
]
Revision = Annotated[
    int,
    Field(ge=1, le=2**31 - 1, description="Of the task, as it was shown: what changed meanwhile is a 409."),
]
RowId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Words = dict[str, Any]


class ReasonIn(Incoming):
    reason: Reason


class Outgoing(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class NewOut(Outgoing):
    id: int
