"""`pishi types` and `pishi check FILE` as an administrator types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from approval_core.definitions.queries import cards, current
from approval_core.store import Store
from gateway.cli import run
from tests.approval_core.definitions.papers import LEAVE, changed


@pytest.fixture(autouse=True)
def this_office(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.delenv("PISHI_CONFIG", raising=False)
    monkeypatch.setenv("PISHI_DATABASE", database_url)


def written(folder: Path, text: str, name: str = "leave.yaml") -> str:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_good_file_is_checked_without_a_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", written(tmp_path, LEAVE)]) == 0
    assert capsys.readouterr().out == ""


def test_a_bad_file_is_told_with_its_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, changed("form.days > 3", "form.day > 3"))
    for command in (["check", file], ["types", "check", file]):
        assert run(command) == 1
        said = capsys.readouterr().out
        assert (
            f"{file}: error: route[1].branches[0].when: character 1: there is no form.day / 没有 form.day"
            in said
        )
    broken = written(tmp_path, "type: [", "broken.yaml")
    assert run(["check", file, broken, "--json"]) == 1
    assert [one["code"] for one in json.loads(capsys.readouterr().out)] == ["bad_condition", "bad_document"]


def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(tmp_path / "none.yaml")]) == 1
    assert "none.yaml" in capsys.readouterr().err
    (tmp_path / "latin.yaml").write_bytes(b"\xff\xfe")
    assert run(["types", "publish", str(tmp_path / "latin.yaml")]) == 1
    assert "UTF-8" in capsys.readouterr().err


def test_publishing_is_shown_and_repeating_it_changes_nothing(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, LEAVE)
    assert run(["types", "publish", file]) == 0
    assert capsys.readouterr().out == "LEAVE 1\n"
    assert run(["types", "publish", file]) == 0
    assert capsys.readouterr().out == "LEAVE 1 (as it was)\n"
    assert run(["types", "show", "LEAVE"]) == 0
    assert capsys.readouterr().out == LEAVE
    assert run(["types", "show", "LEAVE", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["route"][0]["step"] == "chief"
    assert run(["types", "retire", "LEAVE"]) == 0
    assert store.read(current, "LEAVE") is None
    capsys.readouterr()
    assert run(["types", "list", "--retired", "--json"]) == 0
    assert [(one["type"], one["state"]) for one in json.loads(capsys.readouterr().out)] == [
        ("LEAVE", "retired")
    ]


def test_of_several_files_all_are_published_or_none(tmp_path: Path, store: Store) -> None:
    good, bad = written(tmp_path, LEAVE), written(tmp_path, changed("form.days", "form.day"), "bad.yaml")
    assert run(["types", "publish", good, bad]) == 1
    assert store.read(cards, retired=True) == []


def test_all_shipped_types_are_published_at_once(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["types", "publish", "--all"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(store.read(cards)) == 33
    assert run(["types", "publish"]) == 2


def test_a_new_office_begins_with_the_shipped_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PISHI_DATABASE", f"sqlite:///{tmp_path}/new.db")
    assert run(["migrate"]) == 0
    capsys.readouterr()
    assert run(["types", "list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 33
