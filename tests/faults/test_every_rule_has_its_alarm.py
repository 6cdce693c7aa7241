"""Each rule of F1–F48, switched off, is noticed by its own test. On a copy of the tree, on SQLite."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.architecture.tree import PRODUCT, ROOT
from tests.faults.flows import FLOWS
from tests.faults.offices import OFFICES
from tests.faults.plan import Fault

FAULTS = (*FLOWS, *OFFICES)
AT_A_TIME = {"small": 24, "full": len(FAULTS)}
COPIED = (*PRODUCT, "migrations", "tests", "docs", "pyproject.toml", "alembic.ini", "pishi.example.toml")
ROWS = {f"F{number:02d}" for number in range(1, 49)}


class Tree:
    """A copy of the project, and a process that runs its tests."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root / "tree"
        self.said = root / "said.txt"
        for name in COPIED:
            whence, whither = ROOT / name, self.root / name
            if whence.is_dir():
                shutil.copytree(whence, whither, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
            else:
                whither.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(whence, whither)
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST", "PISHI", "PYTHON"))
        }
        kept["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # their modules are loaded before a run begins
        env = kept | {"PISHI_TEST_DATABASES": "sqlite", "PROOF_SCALE": "small", "PISHI_TEST_SEED": str(seed)}
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(Path(__file__).with_name("forked.py")), str(self.root)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=self.root,
        )  # fmt: skip

    def run(self, *tests: str, whole: bool = False) -> int:
        asked, told = self.process.stdin, self.process.stdout
        assert asked is not None
        assert told is not None
        asked.write(json.dumps({"tests": list(tests), "say": str(self.said), "whole": whole}) + "\n")
        asked.flush()
        return int(json.loads(told.readline())["code"])

    @contextmanager
    def planted(self, fault: Fault, age: int) -> Iterator[None]:
        file = self.root / fault.file
        sound, stat = file.read_text(encoding="utf-8"), file.stat()
        file.write_text(sound.replace(fault.old, fault.new), encoding="utf-8")
        os.utime(
            file, (stat.st_atime, stat.st_mtime + age)
        )  # so that nothing compiled before is taken for it
        try:
            yield
        finally:
            file.write_text(sound, encoding="utf-8")
            os.utime(file, (stat.st_atime, stat.st_mtime))

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def tree(tmp_path: Path, seed: int) -> Iterator[Tree]:
    made = Tree(tmp_path, seed)
    yield made
    made.close()


def test_every_fault_can_still_be_planted_and_every_row_has_one() -> None:
    misplaced = [said for fault in FAULTS if (said := fault.misplaced(ROOT))]
    assert not misplaced, "\n" + "\n".join(misplaced)
    assert {fault.row for fault in FAULTS} == ROWS
    for fault in FAULTS:
        assert re.search(rf"::test_f{fault.row[1:]}_", fault.test), (
            f"{fault.name}: {fault.test} is of another row"
        )


def test_each_fault_is_noticed_by_its_own_test(tree: Tree, scale: str, seed: int) -> None:
    chosen = random.Random(f"{seed}/faults").sample(FAULTS, AT_A_TIME[scale])
    print("planted:", *(fault.name for fault in chosen), sep="\n  ")
    assert tree.run(*dict.fromkeys(fault.test for fault in chosen), whole=True) == 0, tree.said.read_text()
    overlooked = []
    for age, fault in enumerate(chosen, start=1000):
        with tree.planted(fault, age):
            code = tree.run(fault.test)
        if code != 1:
            last = tree.said.read_text()[-2000:]
            overlooked.append(f"{fault.name}\n  pytest ended with {code}: {fault.test}\n{last}")
    assert not overlooked, "\n" + "\n".join(overlooked)
