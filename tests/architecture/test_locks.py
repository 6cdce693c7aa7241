"""The lock files hold every dependency at one version with its hashes, and nothing about where it comes from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.architecture.tree import ROOT

PINNED = re.compile(r"^([a-z0-9-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M)


def locked(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    left_over = PINNED.sub("", re.sub(r"^#.*\n", "", text, flags=re.M)).strip()
    assert left_over == "", "only versions and hashes"
    return {match[1]: match[2] for match in PINNED.finditer(text)}


def asked_for(root: Path, *extras: str) -> set[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return {re.split(r"[^A-Za-z0-9_.-]", line)[0].lower().replace("_", "-") for line in wanted}


def test_each_dependency_is_locked() -> None:
    assert asked_for(ROOT) <= locked("requirements.lock").keys()
    assert asked_for(ROOT, "dev") <= locked("requirements-dev.lock").keys()


def test_tests_run_with_the_versions_that_ship() -> None:
    tested = locked("requirements-dev.lock")
    assert {name: tested.get(name) for name in locked("requirements.lock")} == locked("requirements.lock")
