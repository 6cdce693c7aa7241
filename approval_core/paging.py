"""One page of a list, and the cursor that asks for the next: keyset values, opaque to the caller.

A cursor is a place, never a permission: the query behind it applies the same visibility to every page.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from approval_core.errors import Invalid

T = TypeVar("T")

LONGEST = 2000  # characters of a cursor we look at
BIGGEST = 2**63 - 1


@dataclass(frozen=True)
class Page(Generic[T]):
    """`next` is the cursor of the following page, None at the end."""

    items: list[T]
    next: str | None = None


def encode_cursor(*values: str | int | bool | datetime | None) -> str:
    """The sort values of a page's last row as url-safe text."""
    shown = [
        {"at": value.astimezone(UTC).isoformat()} if isinstance(value, datetime) else value
        for value in values
    ]
    raw = json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(cursor: str, *types: type | tuple[type, ...]) -> tuple[Any, ...]:
    """The values again. With `types` given, also their number and types are checked (a bool is not an int).

    Invalid("bad_cursor") for anything that `encode_cursor` did not make: a cursor comes from outside.
    """
    values = _values(cursor)
    if types and (len(types) != len(values) or not all(map(_fits, values, types))):
        raise _bad()
    return values


def _values(cursor: str) -> tuple[Any, ...]:
    if not 0 < len(cursor) <= LONGEST or not cursor.isascii():
        raise _bad()
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        shown = json.loads(raw.decode())
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _bad() from error
    if not isinstance(shown, list):
        raise _bad()
    return tuple(_value(entry) for entry in shown)


def _value(entry: Any) -> Any:
    if entry is None or isinstance(entry, bool):
        return entry
    if isinstance(entry, int) and -BIGGEST <= entry <= BIGGEST:
        return entry
    if (
        isinstance(entry, str)
        and "\0" not in entry
        and not any("\ud800" <= letter <= "\udfff" for letter in entry)
    ):
        return entry
    if isinstance(entry, dict) and entry.keys() == {"at"} and isinstance(entry["at"], str):
        return _moment(entry["at"])
    raise _bad()


def _moment(shown: str) -> datetime:
    try:
        moment = datetime.fromisoformat(shown)
        return moment.astimezone(UTC) if moment.tzinfo is not None else _refuse()
    except (ValueError, OverflowError) as error:
        raise _bad() from error


def _fits(value: Any, kind: type | tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return kind is bool or (isinstance(kind, tuple) and bool in kind)
    return isinstance(value, kind)


def _refuse() -> datetime:
    raise ValueError("a moment without a zone")


def _bad() -> Invalid:
    return Invalid("bad_cursor", "this page marker is not one of ours; begin with the first page")
