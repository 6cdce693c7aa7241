"""Phone numbers as E.164, and who can be a person at all."""

from __future__ import annotations

from enum import StrEnum

import phonenumbers

from approval_core.errors import Invalid


class SenderKind(StrEnum):
    NUMBER = "number"  # may belong to a person
    SHORT_CODE = "short_code"
    NAME = "name"  # alphanumeric sender
    UNKNOWN = "unknown"  # hidden or empty


def e164(raw: str, *, demo_prefix: str | None = None, region: str = "CN") -> str:
    """`raw` with +86, 0086, 86 or nothing before it, blanks and dashes allowed, as +8613….

    Demo numbers (possible, never valid) pass only where `demo_prefix` is configured.
    Raises Invalid("bad_number").
    """
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException as broken:
        raise _bad(raw) from broken
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if number.extension:
        raise _bad(raw)
    if phonenumbers.is_valid_number(number):
        return written
    if demo_prefix and is_demo(written, demo_prefix) and _possible_mobile(number):
        return written
    raise _bad(raw)


def is_demo(number: str, prefix: str | None) -> bool:
    """`number` in E.164 belongs to the invented range, which every real provider refuses."""
    return bool(prefix) and number.startswith(prefix or "")


def sender_kind(raw: str) -> SenderKind:
    """Only a NUMBER can be a person's; names and short codes never approve."""
    bare = raw.strip()
    if not bare:
        return SenderKind.UNKNOWN
    if any(char.isalpha() for char in bare):
        return SenderKind.NAME
    digits = [char for char in bare if char.isdecimal()]
    if not digits or any(not char.isdecimal() and char not in "+ -()" for char in bare):
        return SenderKind.UNKNOWN
    return SenderKind.NUMBER if len(digits) >= 10 else SenderKind.SHORT_CODE


def _possible_mobile(number: phonenumbers.PhoneNumber) -> bool:
    return phonenumbers.is_possible_number_for_type(number, phonenumbers.PhoneNumberType.MOBILE)


def _bad(raw: str) -> Invalid:
    return Invalid("bad_number", f"{raw!r} is no phone number that can receive our SMS", number=raw)
