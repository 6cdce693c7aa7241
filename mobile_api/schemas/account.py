"""Sign-in, and who I am."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from mobile_api.schemas.fields import Account, Outgoing, Password
from web.bodies import Incoming


class SignInIn(Incoming):
    account: Account
    password: Password


class PasswordIn(Incoming):
    current: Password
    new: Password


class SignedInOut(Outgoing):
    account: str
    name: str
    csrf: str = Field(description="Send it as `X-CSRF-Token` with every change.")
    must_change: bool = Field(description="Only a new password can be chosen.")
    expires_at: datetime
    idle_minutes: int = Field(description="Without a request for so long, the session ends earlier.")


class LeaderOut(Outgoing):
    account: str
    name: str
    posts: list[str]


class UnitOut(Outgoing):
    code: str
    name: str


class MeOut(SignedInOut):
    id: int
    rank: str
    posts: list[str]
    units: list[str]
    places: list[UnitOut] = Field(description="The units with their codes, the main one first.")
    roles: list[str]
    zone: str = Field(description="office, vpn or outside")
    leaders: list[LeaderOut] = Field(description="Whose secretary I am.")
