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


def test_f41_requests_are_carried_over_after_a_dry_run_and_put_back(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.publish(step("a", "zhao"), step("chief"))
    ref = house.file("li").ref
    house.publish(step("first", "wang"), step("chief"))
    carry = ["types", "migrate", "LEAVE", "--from", "1", "--to", "2", "--map", "a=first"]
    assert run([*carry, "--dry-run"]) == 0
    assert capsys.readouterr().out == f"{ref}: a→first; asks wang instead of zhao\n"
    assert house.asked() == {"zhao"}
    assert run(carry) == 2
    assert run([*carry, "--reason", "新流程"]) == 0
    assert f"{ref}: migrated" in capsys.readouterr().out
    assert house.asked() == {"wang"}
    number = str(house.request_id)
    assert (
        run(["types", "migrate", "LEAVE", "--to", "1", "--request", number, "--back", "--reason", "有误"])
        == 0
    )
    assert house.asked() == {"zhao"}


def test_f41_what_cannot_be_carried_over_is_named(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.publish(step("a", "zhao"))
    house.file("li")
    house.publish(step("chief"))
    assert run(["types", "migrate", "LEAVE", "--from", "1", "--to", "2", "--dry-run"]) == 1
    assert "no counterpart of a" in capsys.readouterr().out
    assert run(["types", "migrate", "LEAVE", "--from", "1", "--to", "2", "--map", "a", "--dry-run"]) == 2
    assert run(["types", "migrate", "LEAVE", "--to", "2", "--dry-run"]) == 2


def test_b9_closed_requests_are_replayed_on_a_new_text(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    house.publish(step("zhao"))
    ref = house.file("li").ref
    house.say("zhao")
    file = written(tmp_path, step("wang", own="forbid"), step("chief"))
    assert run(["types", "replay", file]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "wang: 1 would be asked as well", f"  {ref}: nobody → wang",
        "chief: 1 would be asked as well", f"  {ref}: nobody → chief",
        "zhao: 1 would not be asked", f"  {ref}: zhao → nobody",
    ]  # fmt: skip
    assert "1 replayed, 0 as they were decided" in said.err
    assert run(["types", "replay", file, "--since", "2030-01-01", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["requests"] == 0
