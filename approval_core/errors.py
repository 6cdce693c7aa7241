"""What can go wrong in the office, said without any HTTP.

OfficeError
├── NotFound     the thing is not there, or not for this caller
├── Forbidden    the caller may not do this
├── Conflict     the state does not allow it any more
├── Invalid      the input cannot be used as it is
└── Unavailable  try again later: a queue is full or the store is away

Each carries a stable `code` (lower_snake_case), a sentence for people and named facts in `data`;
every face (HTTP problem, SMS text, command line) chooses how to say it.
"""

from __future__ import annotations

from typing import Any


class OfficeError(Exception):
    """Root of everything the core raises on purpose."""

    def __init__(self, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class NotFound(OfficeError):
    pass


class Forbidden(OfficeError):
    pass


class Conflict(OfficeError):
    pass


class Invalid(OfficeError):
    pass


class Unavailable(OfficeError):
    pass
