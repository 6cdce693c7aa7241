"""How passwords are kept and how long a session lives. Plain values; `gateway.settings` reads them."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field


class AccountSettings(BaseModel):
    """The hashing parameters are the second recommended option of RFC 9106 (argon2id)."""

    model_config = ConfigDict(extra="forbid")
    memory_kib: int = Field(default=65_536, ge=64, le=4_194_304)
    passes: int = Field(default=3, ge=1, le=100)
    lanes: int = Field(default=4, ge=1, le=64)
    hashing_at_once: int = Field(default=2, ge=1, le=64)
    shortest_password: int = Field(default=10, ge=8, le=64)
    failures: int = Field(default=5, ge=1, le=100)
    lock_minutes: int = Field(default=15, ge=1, le=1440)
    idle_minutes: int = Field(default=30, ge=1, le=1440)
    session_hours: int = Field(default=12, ge=1, le=168)
    secure_cookie: bool = False

    @property
    def idle(self) -> timedelta:
        return timedelta(minutes=self.idle_minutes)

    @property
    def longest(self) -> timedelta:
        return timedelta(hours=self.session_hours)
