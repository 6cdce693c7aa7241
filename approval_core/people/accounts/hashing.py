"""argon2id, as slow as the settings say. For the rim: never inside the store's work."""

from __future__ import annotations

from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from approval_core.people.accounts.rules import LONGEST_PASSWORD, normal
from approval_core.people.accounts.settings import AccountSettings


class Hashing:
    """Makes and compares hashes."""

    def __init__(self, settings: AccountSettings) -> None:
        self._argon2 = PasswordHasher(
            time_cost=settings.passes,
            memory_cost=max(settings.memory_kib, 8 * settings.lanes),
            parallelism=settings.lanes,
            type=Type.ID,
        )

    def hash(self, password: str) -> str:
        return self._argon2.hash(_bytes(password))

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one behind the hash. Without a hash: False, after the same work."""
        try:
            self._argon2.verify(kept or self._nobodys, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None

    def outdated(self, kept: str) -> bool:
        """Made with other parameters than today's."""
        return self._argon2.check_needs_rehash(kept)

    @cached_property
    def _nobodys(self) -> str:
        return self._argon2.hash(b"nobody's password")


def _bytes(password: str) -> bytes:
    return normal(password[: 4 * LONGEST_PASSWORD]).encode("utf-8", "surrogatepass")
