"""Sheets and packages as somebody takes them out of the office: gathered, put on record, and only then handed over.

These work on the store and on the folder of bytes, so they are called from a thread at the rim, never inside a work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import BinaryIO

from approval_core.errors import Unavailable
from approval_core.files import queries as files
from approval_core.files.storage import Storage
from approval_core.people.actor import Actor
from approval_core.sheets.archive import Paper, write_package
from approval_core.sheets.queries import build, signature_files, trail_of
from approval_core.sheets.render import render
from approval_core.sheets.service import record_export
from approval_core.sheets.sheet import Sheet
from approval_core.store import Store


def print_sheet(
    store: Store,
    storage: Storage,
    request_id: int,
    *,
    viewer: Actor,
    hidden: Collection[str] = (),
    lang: str = "zh",
    now: datetime,
) -> bytes:
    """The PDF. Whether the viewer may see the request, and which fields he may not, is the caller's to know."""
    sheet = store.read(build, request_id, viewer=viewer, hidden=hidden, lang=lang, now=now)
    pdf = _rendered(store, storage, sheet, lang)
    digest = hashlib.sha256(pdf).hexdigest()
    store.write(
        record_export, what="sheet", thing=f"request:{request_id}", sha256=digest, actor=viewer, now=now
    )
    return pdf


def pack(
    store: Store,
    storage: Storage,
    request_id: int,
    out: BinaryIO,
    *,
    viewer: Actor,
    lang: str = "zh",
    now: datetime,
) -> str:
    """The archive package into `out`, with everything, hidden fields too: for the archive, not for a reader.

    The SHA-256 of its manifest. Unavailable("file_missing" | "file_damaged") when a file is not as it came.
    """
    sheet = store.read(build, request_id, viewer=viewer, lang=lang, now=now)
    papers = [
        Paper(one.name, one.sha256, storage.portions(one.sha256, one.size), one.kind)
        for one in store.read(files.of_request, request_id)
        if one.state == "clean"
    ]
    digest = write_package(
        out,
        sheet=sheet,
        pdf=_rendered(store, storage, sheet, lang),
        papers=papers,
        trail=store.read(trail_of, request_id),
    )
    store.write(
        record_export, what="archive", thing=f"request:{request_id}", sha256=digest, actor=viewer, now=now
    )
    return digest


def _rendered(store: Store, storage: Storage, sheet: Sheet, lang: str) -> bytes:
    images = dict(_images(store, storage, sheet))
    return render(sheet, lang=lang, images=images)


def _images(store: Store, storage: Storage, sheet: Sheet) -> Iterator[tuple[str, bytes]]:
    """The signatures; one whose bytes are gone is named by its digest on the sheet, for the rest is still true."""
    wanted = signature_files(sheet)
    sizes = {one.sha256: one.size for one in store.read(files.of_request, sheet.request_id)} if wanted else {}
    for sha256 in wanted:
        try:
            yield sha256, b"".join(storage.portions(sha256, sizes[sha256]))
        except Unavailable:
            continue
