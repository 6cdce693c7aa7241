"""Types over the whole office, as an administrator types the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from approval_core.store import Store
from gateway.cli import run
from tests.approval_core.approvals.types import House, Plain, document, step


@pytest.fixture(autouse=True)
def this_office(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.delenv("PISHI_CONFIG", raising=False)
    monkeypatch.setenv("PISHI_DATABASE", database_url)


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao")


def written(folder: Path, *route: Any, name: str = "leave.yaml", **settings: Any) -> str:
    file = folder / name
    text = yaml.dump(document(*route, **settings), Dumper=Plain, allow_unicode=True)
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_b9_a_file_is_checked_over_the_whole_office(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, step("head", rules=[{"rule": "HEAD"}]))
    assert run(["check", file, "--organisation"]) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"{file}: error: head: only a higher authority could")
    assert said.rstrip().endswith("[outside] (1: chief)")
    good = written(tmp_path, step("zhao"), name="good.yaml")
    assert run(["check", good, "--organisation", "--json"]) == 0
    assert [(one["code"], one["examples"]) for one in json.loads(capsys.readouterr().out)] == [
        ("own_up", ["zhao"])
    ]


def test_b9_a_bad_file_is_not_asked_about_people(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, step("zhao"), amount="nothing")
    assert run(["check", file, "--organisation"]) == 1
    assert "[no_field]" in capsys.readouterr().out
    assert run(["check", "--organisation"]) == 2
    assert "name the request types" in capsys.readouterr().err
