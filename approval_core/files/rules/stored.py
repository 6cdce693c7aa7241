"""A file that was accepted, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that were accepted and lie in their place; `service.attach` makes them somebody's."""

    sha256: str
    size: int
    mime: str
    #: clean, in NFC
    name: str
    scanned_by: str
