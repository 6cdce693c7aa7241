"""Passwords are hashed in threads of their own, few at once: each takes memory, and nobody may fill the machine by guessing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from approval_core.errors import Unavailable
from approval_core.people.accounts.hashing import Hashing
from approval_core.people.accounts.settings import AccountSettings

T = TypeVar("T")
LONGEST_QUEUE = 64


class PasswordDesk:
    """`Unavailable("busy")` when too many wait."""

    def __init__(self, settings: AccountSettings) -> None:
        self.settings = settings
        self._hashing = Hashing(settings)
        self._threads = ThreadPoolExecutor(settings.hashing_at_once, "passwords")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        return await self._later(lambda: self._hashing.hash(password))

    async def fits(self, kept: str | None, password: str) -> bool:
        return await self._later(lambda: self._hashing.fits(kept, password))

    def outdated(self, kept: str | None) -> bool:
        return kept is not None and self._hashing.outdated(kept)

    async def _later(self, work: Callable[[], T]) -> T:
        if self._waiting >= LONGEST_QUEUE:
            raise Unavailable("busy", "too many people sign in at this moment; try again")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
