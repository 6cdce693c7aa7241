"""The folder of bytes: one copy per content, whole or not there."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from approval_core.clock import utc_now
from approval_core.errors import Invalid, Unavailable
from approval_core.files.scanning import StandInScanner
from approval_core.files.storage import Storage, Swept
from approval_core.files.taking import take, take_stream
from tests.approval_core.files.papers import PDF

SHA = hashlib.sha256(PDF).hexdigest()
TWO_DAYS = timedelta(days=2).total_seconds()


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "files")


def put(storage: Storage, content: bytes = PDF, name: str = "a.pdf") -> str:
    return take([content], name=name, declared=None, storage=storage, scanner=StandInScanner()).sha256


def age(path: Path, seconds: float = TWO_DAYS) -> None:
    found = path.stat()
    os.utime(path, (found.st_atime - seconds, found.st_mtime - seconds))


def test_the_same_content_lies_there_once_whatever_it_is_called(storage: Storage) -> None:
    assert put(storage) == put(storage, name="别的名字.pdf") == SHA

    assert [name for name, _ in storage.stored()] == [SHA]
    assert list(storage.incoming.iterdir()) == []


def test_only_this_user_may_read_the_bytes(storage: Storage) -> None:
    put(storage)

    assert stat.S_IMODE(storage.place(SHA).stat().st_mode) == 0o600
    for folder in (storage.incoming, storage.place(SHA).parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_missing_bytes_are_said_clearly(storage: Storage) -> None:
    with pytest.raises(Unavailable, match="backup") as caught:
        storage.open(SHA, len(PDF))
    assert caught.value.code == "file_missing"
    assert storage.check(SHA, len(PDF)) == "file_missing"


def test_bytes_cut_short_are_refused_before_the_first_of_them_is_given(storage: Storage) -> None:
    put(storage)
    os.truncate(storage.place(SHA), 10)

    with pytest.raises(Unavailable) as caught:
        storage.portions(SHA, len(PDF))
    assert caught.value.code == "file_damaged"


def test_a_flipped_byte_is_noticed(storage: Storage) -> None:
    put(storage)
    storage.place(SHA).write_bytes(PDF.replace(b"Root", b"Boot"))

    assert storage.check(SHA, len(PDF)) == "file_damaged"


def test_a_copy_cut_short_is_replaced_when_the_content_comes_again(storage: Storage) -> None:
    put(storage)
    os.truncate(storage.place(SHA), 10)
    put(storage)

    assert storage.check(SHA, len(PDF)) is None


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, SHA[:-1]])
def test_only_a_digest_names_a_place(storage: Storage, name: str) -> None:
    with pytest.raises(ValueError, match="sha256"):
        storage.place(name)


def test_the_sweep_takes_what_is_old_and_belongs_to_nobody(storage: Storage) -> None:
    orphan, kept, young = (put(storage, PDF + bytes([n]) * 9 + b"%%EOF") for n in (1, 2, 3))
    half = storage.incoming / "0f"
    half.write_bytes(b"never finished")
    for path in (storage.place(orphan), storage.place(kept), half):
        age(path)

    swept = storage.sweep(lambda some: set(some) & {kept}, now=utc_now())

    assert swept.files == 2
    assert {name for name, _ in storage.stored()} == {kept, young}
    assert not half.exists()
    assert storage.sweep(lambda some: {kept}, now=utc_now()) == Swept(0, 0)


def test_a_content_that_comes_again_while_the_sweep_runs_is_left_alone(storage: Storage) -> None:
    put(storage)
    age(storage.place(SHA))

    def meanwhile(some: list[str]) -> set[str]:
        put(storage)  # the row that will refer to it is not committed yet
        return set()

    assert storage.sweep(meanwhile, now=utc_now()).files == 0
    assert storage.check(SHA, len(PDF)) is None


def test_a_folder_that_cannot_be_made_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot be used"):
        Storage(tmp_path / "file" / "files")


def test_a_disk_that_fails_leaves_nothing(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        put(storage)
    assert list(storage.stored()) == []
    assert list(storage.incoming.iterdir()) == []


def test_a_stream_is_taken_without_holding_the_loop(storage: Storage) -> None:
    async def arriving() -> AsyncIterator[bytes]:
        for start in range(0, len(PDF), 10):
            yield PDF[start : start + 10]

    async def breaking() -> AsyncIterator[bytes]:
        yield PDF[:10]
        raise ConnectionResetError("the phone left the lift")

    async def both() -> str:
        rest = {"name": "a.pdf", "declared": None, "storage": storage, "scanner": StandInScanner()}
        stored = await take_stream(arriving(), **rest)  # type: ignore[arg-type]  # one dict for both calls
        with pytest.raises((ConnectionResetError, Unavailable)):
            await take_stream(breaking(), **rest)  # type: ignore[arg-type]  # the same
        return stored.sha256

    assert asyncio.run(both()) == SHA
    assert list(storage.incoming.iterdir()) == []


def test_a_name_that_is_refused_is_refused_before_a_byte_is_read(storage: Storage) -> None:
    def never() -> object:
        raise AssertionError("read")
        yield b""

    with pytest.raises(Invalid):
        take(never(), name="a.exe", declared=None, storage=storage, scanner=StandInScanner())  # type: ignore[arg-type]  # a generator of bytes
