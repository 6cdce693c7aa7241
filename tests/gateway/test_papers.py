"""Paper and files as an operator takes them out, and looks after them, with the `pishi` command."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from approval_core import audit
from approval_core.audit.models import entries
from approval_core.files import service as files
from approval_core.files.scanning import StandInScanner
from approval_core.files.storage import Storage
from approval_core.files.taking import Stored, take
from approval_core.sheets.archive import verify_package
from approval_core.store import Store
from gateway.cli import run
from gateway.settings import SettingsError, load
from tests.approval_core.files.papers import PDF
from tests.factories import CLIENT, NOW, ask, hire, step


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PISHI_DATABASE", "PISHI_CONFIG", "PISHI_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PISHI_FILES__FOLDER", str(tmp_path / "files"))
    return tmp_path


@pytest.fixture
def request_id(store: Store, folder: Path) -> int:
    hire(store, "wangzhe", name="王喆")
    hire(store, "zhangms", name="张秘书")
    number = ask(store, step("wangzhe"), ref="A-17").request_id
    store.write(files.attach_at_submission, number, [paper(folder)], actor=CLIENT, now=NOW)
    return number


def paper(folder: Path) -> Stored:
    storage = Storage(folder / "files")
    return take([PDF], name="合同.pdf", declared=None, storage=storage, scanner=StandInScanner())


def exports(store: Store) -> list[tuple[str, str]]:
    def read(tx: Any) -> Any:
        return tx.execute(select(entries.c.actor, entries.c.verb).where(entries.c.chain == "exports")).all()

    return [tuple(row) for row in store.read(read)]


def test_f45_the_sheet_comes_out_as_a_file_and_that_goes_on_record(
    store: Store, database_url: str, folder: Path, request_id: int
) -> None:
    out = folder / "sheet.pdf"
    words = ["approvals", "sheet", "A-17", "--for", "zhangms", "--out", str(out), "--database", database_url]

    assert run(words) == 0
    text = PdfReader(out).pages[0].extract_text()
    assert "张秘书（zhangms）" in text
    assert "合同.pdf" in text
    assert out.stat().st_mode & 0o777 == 0o600
    assert exports(store) == [("zhangms", "exported.sheet")]
    assert run(words) == 1, "a file that is there is not touched"
    assert run([*words[:3], "--for", "nobody", *words[5:]]) == 1
    assert store.read(audit.verify).ok


def test_f45_the_archive_package_comes_out_whole_or_not_at_all(
    store: Store, database_url: str, folder: Path, request_id: int, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder / "a.zip"
    words = ["approvals", "archive", str(request_id), "--for", "zhangms", "--out", str(out), "--en"]
    assert run([*words, "--database", database_url]) == 0
    assert verify_package(io.BytesIO(out.read_bytes())) == []
    assert exports(store) == [("zhangms", "exported.archive")]

    out.unlink()
    Storage(folder / "files").place(paper(folder).sha256).unlink()
    capsys.readouterr()
    assert run([*words, "--database", database_url]) == 1
    assert "backup" in capsys.readouterr().err
    assert not out.exists()
    assert len(exports(store)) == 1


def test_missing_and_damaged_files_are_named(
    store: Store, database_url: str, folder: Path, request_id: int, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["files", "check", "--database", database_url, "--json"]
    assert run(words) == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "files": 1, "flaws": {}}

    sha256 = paper(folder).sha256
    os.truncate(Storage(folder / "files").place(sha256), 3)
    assert run(words) == 1
    assert json.loads(capsys.readouterr().out)["flaws"] == {sha256: "file_damaged"}


def test_the_sweep_leaves_what_somebody_attached(
    store: Store, database_url: str, folder: Path, request_id: int, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = Storage(folder / "files")
    orphan = take([PDF + b"%%EOF"], name="a.pdf", declared=None, storage=storage, scanner=StandInScanner())
    for sha256, found in list(storage.stored()):
        os.utime(storage.place(sha256), (found.st_mtime - 200_000,) * 2)

    assert run(["files", "sweep", "--database", database_url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"files": 1, "size": orphan.size}
    assert [sha256 for sha256, _ in storage.stored()] == [paper(folder).sha256]


def test_files_lie_beside_the_database_unless_a_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PISHI_FILES__FOLDER", raising=False)
    assert load(database=f"sqlite:///{tmp_path}/p.db").files_folder == tmp_path / "files"
    assert load(database="postgresql://h/p").files_folder == Path("var/files")
    assert load(files={"folder": "/srv/f"}).files_folder == Path("/srv/f")
    with pytest.raises(SettingsError, match=r"PISHI_FILES__SCANNER.*is no scanner"):
        load(files={"scanner": "norton"})
