"""Files at the rim: their bytes go from the wire to the folder and back without a stop in memory or in a transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, BinaryIO, cast
from urllib.parse import quote

from fastapi import Depends, Request, Response
from fastapi.responses import StreamingResponse

from approval_core.files.rules.stored import Stored
from approval_core.files.scanning import Scanner, scanner_of
from approval_core.files.settings import FilesSettings
from approval_core.files.storage import PORTION, Storage
from approval_core.files.taking import take_stream

#: addresses that take the bytes of a file as they are
UPLOADS = re.compile(r"/api/v1/(?:drafts/\d+/files|requests/\d+/files|decisions/\d+/signature)")
#: what is too large for a file is told by the file's own words, not by the limit of bodies
FILE_SLACK = 1024 * 1024
#: nothing that was uploaded runs on the office's own address
_CLOSED = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-store",
}


class PaperDesk:
    """The folder is made when the first file comes or goes."""

    def __init__(self, folder: Path, settings: FilesSettings) -> None:
        self._folder, self._settings = folder, settings

    @cached_property
    def storage(self) -> Storage:
        return Storage(self._folder)

    @cached_property
    def scanner(self) -> Scanner:
        return scanner_of(self._settings.scanner, seconds=self._settings.scanner_seconds)

    async def take(self, request: Request, name: str) -> Stored:
        """The body of this request as a file. Invalid with its reason; then nothing of it is left."""
        declared = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
        known = None if declared in {"", "application/octet-stream"} else declared
        return await take_stream(
            request.stream(), name=name, declared=known, storage=self.storage, scanner=self.scanner,
            most=self._settings.most_bytes,
        )  # fmt: skip


def _desk(request: Request) -> PaperDesk:
    return cast(PaperDesk, request.app.state.papers)


PapersDep = Annotated[PaperDesk, Depends(_desk)]


def download(portions: Iterator[bytes], *, name: str, mime: str, size: int | None = None) -> Response:
    """To be saved, never shown in place."""
    headers = _CLOSED | {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    if size is not None:
        headers["Content-Length"] = str(size)
    return StreamingResponse(portions, media_type=mime, headers=headers)


def portions_of(file: BinaryIO) -> Iterator[bytes]:
    """To its end; then it is closed."""
    with file:
        while portion := file.read(PORTION):
            yield portion
