"""The folder of bytes: one copy per content, named by its SHA-256, written so that a kill leaves nothing half.

A file is received into `incoming/`, hashed while it is written, flushed to the disk and only then renamed to its
place; what lies in its place is whole. Nothing here knows a request or a name that a person gave.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from approval_core.errors import Unavailable
from approval_core.files.rules.faults import fault

PORTION = 256 * 1024
_NAME = re.compile(r"[0-9a-f]{64}")
#: What nobody refers to is left alone for so long: its transaction may still be under way.
GRACE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Swept:
    files: int
    size: int


class Incoming:
    """One file on its way in. `keep` or `drop` ends it; whoever forgets leaves it to the sweep."""

    def __init__(self, storage: Storage, most: int) -> None:
        self._storage = storage
        self._most = most
        self._digest = hashlib.sha256()
        self.size = 0
        self.path = storage.incoming / secrets.token_hex(16)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self.file: BinaryIO = os.fdopen(handle, "w+b")

    def write(self, portion: bytes) -> None:
        """Invalid("file_too_large") as soon as it is; the rest need not be sent."""
        self.size += len(portion)
        if self.size > self._most:
            raise fault("file_too_large", most=self._most // (1024 * 1024))
        self._digest.update(portion)
        self.file.write(portion)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def keep(self) -> str:
        """To its place, on the disk for certain; the sha256."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        self._storage.settle(self.path, self.sha256)
        return self.sha256

    def drop(self) -> None:
        self.file.close()
        self.path.unlink(missing_ok=True)


class Storage:
    """`folder` is made when it is missing; only this user may read in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.incoming = folder / "incoming"
        try:
            self.incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable("files_away", f"{folder} cannot be used: {error.strerror}") from error

    @contextmanager
    def receiving(self, *, most: int) -> Iterator[Incoming]:
        """One file on its way in, gone again on every way out but `keep`."""
        try:
            incoming = Incoming(self, most)
        except OSError as error:
            raise Unavailable("files_away", f"no file can be taken now: {error.strerror}") from error
        try:
            yield incoming
        except OSError as error:  # a full disk, a folder that went away
            raise Unavailable("files_away", f"the file could not be kept: {error.strerror}") from error
        finally:
            incoming.drop()

    def place(self, sha256: str) -> Path:
        if not _NAME.fullmatch(sha256):
            raise ValueError("a sha256 has 64 hexadecimal digits")
        return self.folder / sha256[:2] / sha256

    def settle(self, path: Path, sha256: str) -> None:
        """The received file to its place; a second copy of one content only renews the first one's time."""
        place = self.place(sha256)
        with self._lock(fcntl.LOCK_SH):
            if place.exists() and place.stat().st_size == path.stat().st_size:
                os.utime(place)  # young again: the sweep must not take it from under a new attachment
                path.unlink()
                return
            place.parent.mkdir(mode=0o700, exist_ok=True)
            path.replace(place)
            for folder in (place.parent, self.folder):
                _flush_folder(folder)

    def open(self, sha256: str, size: int) -> BinaryIO:
        """The bytes. Unavailable("file_missing" | "file_damaged") when they are not there or not that many."""
        try:
            file = self.place(sha256).open("rb")
        except FileNotFoundError:
            raise Unavailable(
                "file_missing",
                f"the bytes of {sha256[:12]}… are not in {self.folder}; bring them back from the backup",
                sha256=sha256,
                zh="文件内容缺失，请联系管理员从备份中恢复",
            ) from None
        except OSError as error:
            raise Unavailable("files_away", f"the file cannot be read: {error.strerror}") from error
        have = os.fstat(file.fileno()).st_size
        if have != size:
            file.close()
            raise _damaged(sha256, f"{have} bytes instead of {size}")
        return file

    def portions(self, sha256: str, size: int) -> Iterator[bytes]:
        """The bytes in portions; Unavailable("file_damaged") at the end when they are not those that came in.

        The length is looked at before the first portion, the digest after the last.
        """
        return _checked(self.open(sha256, size), sha256)

    def check(self, sha256: str, size: int) -> str | None:
        """What is wrong with the stored bytes; None when they are as they came."""
        try:
            for _ in self.portions(sha256, size):
                pass
        except Unavailable as error:
            return error.code
        return None

    def stored(self) -> Iterator[tuple[str, os.stat_result]]:
        for folder in sorted(self.folder.glob("[0-9a-f][0-9a-f]")):
            for path in sorted(folder.iterdir()):
                if _NAME.fullmatch(path.name):
                    yield path.name, path.stat()

    def sweep(self, wanted: Callable[[list[str]], set[str]], *, now: datetime) -> Swept:
        """Take away what nobody refers to and what was never finished, when older than a day.

        `wanted`: of these sha256, the ones that something refers to; it is asked in portions.
        """
        before = (now - GRACE).timestamp()
        old = [sha256 for sha256, found in self.stored() if found.st_mtime < before]
        files = size = 0
        for start in range(0, len(old), 500):
            some = old[start : start + 500]
            for sha256 in set(some) - wanted(some):
                gone = self._take_away(self.place(sha256), before)
                files, size = files + (gone is not None), size + (gone or 0)
        for path in self.incoming.iterdir():
            gone = self._take_away(path, before)
            files, size = files + (gone is not None), size + (gone or 0)
        return Swept(files, size)

    def _take_away(self, path: Path, before: float) -> int | None:
        """Its size; None when it is young again or gone already."""
        with self._lock(fcntl.LOCK_EX):
            try:
                found = path.stat()
                if found.st_mtime >= before:
                    return None
                path.unlink()
            except FileNotFoundError:
                return None
        return found.st_size

    @contextmanager
    def _lock(self, kind: int) -> Iterator[None]:
        handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, kind)
            yield
        finally:
            os.close(handle)


def _checked(file: BinaryIO, sha256: str) -> Iterator[bytes]:
    digest = hashlib.sha256()
    with file:
        while portion := file.read(PORTION):
            digest.update(portion)
            yield portion
    if digest.hexdigest() != sha256:
        raise _damaged(sha256, "other bytes than those that came in")


def _damaged(sha256: str, why: str) -> Unavailable:
    return Unavailable(
        "file_damaged",
        f"the stored file {sha256[:12]}… is damaged: {why}; bring it back from the backup",
        sha256=sha256,
        zh="存储的文件已损坏，请联系管理员从备份中恢复",
    )


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
