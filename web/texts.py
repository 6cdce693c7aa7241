"""What text may come in: no NUL (PostgreSQL cannot keep it), no half of a surrogate pair, no number without a value."""

from __future__ import annotations

import math
from typing import Any

MAX_DEPTH = 32


def flaw_in(value: Any, where: str = "body", depth: int = 0) -> str | None:
    """The first thing in decoded JSON that no store can keep, said with its place; None when all is well."""
    if isinstance(value, str):
        return _flaw_in_text(value, where)
    if isinstance(value, float) and not math.isfinite(value):
        return f"{where} is not a finite number"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return f"{where} is beyond 64 bits"
    if depth >= MAX_DEPTH:
        return f"{where} is nested more than {MAX_DEPTH} deep" if isinstance(value, dict | list) else None
    if isinstance(value, dict):
        for key, item in value.items():
            flaw = _flaw_in_text(key, where) if isinstance(key, str) else None
            flaw = flaw or flaw_in(item, f"{where}.{key}", depth + 1)
            if flaw:
                return flaw
    elif isinstance(value, list):
        for place, item in enumerate(value):
            flaw = flaw_in(item, f"{where}[{place}]", depth + 1)
            if flaw:
                return flaw
    return None


def clean(value: str) -> str:
    """The text itself; ValueError when it holds a NUL or a lone surrogate. For pydantic's AfterValidator."""
    flaw = _flaw_in_text(value, "the value")
    if flaw:
        raise ValueError(flaw)
    return value


def _flaw_in_text(text: str, where: str) -> str | None:
    if "\x00" in text:
        return f"{where} holds a NUL character"
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        return f"{where} holds half of a surrogate pair"
    return None
