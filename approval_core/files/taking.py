"""A file comes in: received, looked at, scanned, and only then in its place. No database and no transaction here."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable

import anyio.to_thread

from approval_core.files.inspection import inspect
from approval_core.files.rules.faults import fault
from approval_core.files.rules.kinds import Kind, kind_of
from approval_core.files.rules.names import clean_name
from approval_core.files.rules.stored import Stored
from approval_core.files.scanning import Scanner
from approval_core.files.storage import Incoming, Storage

__all__ = ["MOST_BYTES", "Stored", "take", "take_stream"]

MOST_BYTES = 50 * 1024 * 1024


def take(
    portions: Iterable[bytes],
    *,
    name: str | None,
    declared: str | None,
    storage: Storage,
    scanner: Scanner,
    most: int = MOST_BYTES,
) -> Stored:
    """Invalid with its reason, Unavailable("scanner_away" | "files_away"); then nothing of it is left."""
    cleaned = clean_name(name)
    kind = kind_of(cleaned, declared)
    with storage.receiving(most=most) as incoming:
        for portion in portions:
            incoming.write(portion)
        return _accept(incoming, kind, cleaned, scanner)


async def take_stream(
    portions: AsyncIterable[bytes],
    *,
    name: str | None,
    declared: str | None,
    storage: Storage,
    scanner: Scanner,
    most: int = MOST_BYTES,
) -> Stored:
    """`take` for the rim: looking and scanning run in a thread, the loop goes on."""
    cleaned = clean_name(name)
    kind = kind_of(cleaned, declared)
    with storage.receiving(most=most) as incoming:
        async for portion in portions:
            incoming.write(portion)
        return await anyio.to_thread.run_sync(_accept, incoming, kind, cleaned, scanner)


def _accept(incoming: Incoming, kind: Kind, name: str, scanner: Scanner) -> Stored:
    if incoming.size == 0:
        raise fault("file_empty")
    incoming.file.flush()
    inspect(incoming.file, kind)
    verdict = scanner.scan(incoming.file)
    if verdict.found is not None:
        raise fault("file_infected", found=verdict.found)
    return Stored(incoming.keep(), incoming.size, kind.mime, name, verdict.by)
