"""The scanner decides, and no answer is no permission."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest

from approval_core.errors import Invalid, Unavailable
from approval_core.files.scanning import EICAR, ClamdScanner, StandInScanner, scanner_of
from approval_core.files.settings import FilesSettings
from approval_core.files.storage import Storage
from approval_core.files.taking import take
from tests.approval_core.files.clamd_stand_in import Clamd
from tests.approval_core.files.papers import PDF, portions

LARGE = b"a line of text\n" * 20_000


def test_a_clean_file_passes_and_arrives_at_the_scanner_byte_by_byte() -> None:
    with Clamd() as clamd:
        verdict = scanner_of(clamd.address).scan(io.BytesIO(LARGE))

        assert (verdict.by, verdict.found) == ("clamd", None)
        assert clamd.given == LARGE


def test_a_local_socket_serves_as_well(tmp_path: Path) -> None:
    with Clamd(path=str(tmp_path / "clamd.ctl")) as clamd:
        assert scanner_of(clamd.address).scan(io.BytesIO(EICAR)).found == "Eicar-Test-Signature"


def test_what_clamd_finds_is_refused_by_its_name(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    with Clamd() as clamd, pytest.raises(Invalid) as caught:
        take([EICAR], name="a.txt", declared=None, storage=storage, scanner=scanner_of(clamd.address))

    assert caught.value.code == "file_infected"
    assert caught.value.data["found"] == "Eicar-Test-Signature"
    assert list(storage.stored()) == []


@pytest.mark.parametrize("mood", ["stalls", "drips", "breaks", "hangs_up", "nonsense", "full"])
def test_a_scanner_without_a_clear_answer_lets_nothing_in(tmp_path: Path, mood: str) -> None:
    storage = Storage(tmp_path)
    with Clamd(mood) as clamd:
        scanner = scanner_of(clamd.address, seconds=0.5)
        with pytest.raises(Unavailable) as caught:
            take(portions(LARGE), name="a.txt", declared=None, storage=storage, scanner=scanner)

    assert caught.value.code == "scanner_away"
    assert list(storage.stored()) == []
    assert list(storage.incoming.iterdir()) == []


@pytest.mark.parametrize("address", ["tcp", "unix"])
def test_a_scanner_that_is_not_there_lets_nothing_in(tmp_path: Path, address: str) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        port = bound.getsockname()[1]
        scanner = ClamdScanner(("127.0.0.1", port) if address == "tcp" else str(tmp_path / "none"), seconds=1)
        with pytest.raises(Unavailable) as caught:
            take([PDF], name="a.pdf", declared=None, storage=Storage(tmp_path / "f"), scanner=scanner)
    assert caught.value.code == "scanner_away"


def test_a_scanner_whose_time_is_over_is_not_even_asked() -> None:
    with Clamd() as clamd, pytest.raises(Unavailable, match="too long"):
        scanner_of(clamd.address, seconds=0).scan(io.BytesIO(LARGE))


def test_the_stand_in_finds_the_test_string_across_portions() -> None:
    for before in (0, 64 * 1024 - 30, 64 * 1024 - 1):
        assert StandInScanner().scan(io.BytesIO(b"a" * before + EICAR)).found
    assert StandInScanner().scan(io.BytesIO(EICAR[:-1])).found is None


@pytest.mark.parametrize(
    "setting", ["clamd://10.0.0.5:3310", "clamd://[::1]:3310", "clamd+unix:///run/c.ctl"]
)
def test_a_scanner_is_chosen_by_one_setting(setting: str) -> None:
    assert isinstance(scanner_of(FilesSettings(scanner=setting).scanner), ClamdScanner)
    assert isinstance(scanner_of(FilesSettings().scanner), StandInScanner)


@pytest.mark.parametrize(
    "setting", ["", "none", "clamd://host", "clamd://h:99999", "http://h:1", "clamd+unix://a"]
)
def test_a_scanner_that_nobody_knows_is_refused_when_settings_are_read(setting: str) -> None:
    with pytest.raises(ValueError, match="is no scanner"):
        FilesSettings(scanner=setting)
