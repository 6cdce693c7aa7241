"""Every promise of docs/operations/promises.md is held by tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/operations/promises.md"
TESTS = {
    name
    for file in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text("utf-8"), re.M)
}


def promises() -> list[tuple[str, str]]:
    return re.findall(r"^\| (\d+) \|.*\| (.+) \|$", PAGE.read_text("utf-8"), re.M)


@pytest.mark.parametrize(("number", "held_by"), promises())
def test_a_promise_is_held_by_tests_that_exist(number: str, held_by: str) -> None:
    named = re.findall(r"`(test_\w+)`", held_by)
    assert named, f"promise {number} names no test"
    assert [name for name in named if name not in TESTS] == []
    assert [file for file in re.findall(r"`(tests/\S+)`", held_by) if not (ROOT / file).exists()] == []


def test_all_seventeen_are_there() -> None:
    assert [number for number, _ in promises()] == [str(number) for number in range(1, 18)]
