"""The set-up: tools/setup.sh installs when it must, only then, and says in one sentence what is missing.

The interpreter here is a small stand-in that writes down what it is asked for: no test of this file fetches anything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, plant

INTERPRETER = """#!{bash}
here="$(dirname "$0")"
case "$*" in
    *ensurepip*) exit {without_venv} ;;
    *sys.version_info*) exec "{real}" "$@" ;;
    "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
    "-V") echo "Python 3.11.7" ;;
    "-m pip --version") echo pip ;;
    *"-m pip install"*) echo "$*" >>"$LOG"; [ ! -e "$LOG.broken" ] ;;
esac
"""


class Machine:
    """A fresh folder with the project's set-up files, and a PATH that holds what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "pishi"
        self.bin = folder / "bin"
        self.log = folder / "log"
        self.bin.mkdir(parents=True)
        plant(self.tree, "pyproject.toml", "[project]\n")
        plant(self.tree, "requirements.lock", "one==1\n")
        plant(self.tree, "requirements-dev.lock", "one==1\ntwo==2\n")
        for script in ("tools/setup.sh", "tools/chromium.sh"):
            plant(self.tree, script, (ROOT / script).read_text(encoding="utf-8"))
        for tool in ("bash", "cat", "cp", "dirname", "id", "mkdir", "rm", "sha256sum"):
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)

    def give_python(self, *, with_venv: bool = True) -> None:
        script = INTERPRETER.format(
            bash=self.bin / "bash", real=sys.executable, without_venv=int(not with_venv)
        )
        plant(self.bin, "python3", script)
        (self.bin / "python3").chmod(0o755)

    def set_up(self, part: str = "run", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.bin / "bash"), str(self.tree / "tools/setup.sh"), part],
            env={"PATH": str(self.bin), "LOG": str(self.log), **environment},
            capture_output=True,
            text=True,
        )

    def find_chromium(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.bin / "bash"), str(self.tree / "tools/chromium.sh")],
            env={"PATH": str(self.bin), **environment},
            capture_output=True,
            text=True,
        )

    def installed(self) -> list[str]:
        """The lock files installed since the last look."""
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [line.rpartition(" ")[2] for line in lines if " -r " in line]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "machine")
    machine.give_python()
    return machine


def test_dependencies_are_installed_once(machine: Machine) -> None:
    assert machine.set_up().returncode == 0
    assert machine.installed() == ["requirements.lock"]
    assert machine.set_up().returncode == 0
    assert machine.installed() == []


def test_the_development_lock_serves_the_demo_as_well(machine: Machine) -> None:
    machine.set_up("dev")
    assert machine.installed() == ["requirements-dev.lock"]
    machine.set_up("run")
    assert machine.installed() == []


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml", "newcomer/__init__.py"])
def test_a_changed_file_is_installed_again(machine: Machine, changed: str) -> None:
    machine.set_up()
    machine.installed()
    plant(machine.tree, changed, "three==3\n")
    os.utime(machine.tree / changed, (0, 0))  # an old date does not hide the change

    machine.set_up()

    assert machine.installed() == ["requirements.lock"]


def test_a_failed_installation_is_not_remembered_as_done(machine: Machine) -> None:
    broken = Path(f"{machine.log}.broken")
    broken.touch()
    assert machine.set_up().returncode != 0
    machine.installed()
    broken.unlink()

    assert machine.set_up().returncode == 0
    assert machine.installed() == ["requirements.lock"]


def test_a_moved_folder_gets_a_new_environment(machine: Machine) -> None:
    machine.set_up()
    machine.installed()
    machine.tree = machine.tree.rename(machine.tree.with_name("elsewhere"))

    made = machine.set_up()

    assert "Making .venv" in made.stderr
    assert machine.installed() == ["requirements.lock"]


def test_a_machine_without_python_is_told_in_one_sentence(tmp_path: Path) -> None:
    told = Machine(tmp_path).set_up()
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert "needs Python 3.11 or newer" in told.stderr


def test_an_interpreter_that_does_not_fit_is_named(machine: Machine) -> None:
    told = machine.set_up(PYTHON="/bin/false")
    assert told.returncode == 1
    assert "PYTHON=/bin/false" in told.stderr


def test_a_machine_without_the_venv_module_is_told_in_one_sentence(machine: Machine) -> None:
    machine.give_python(with_venv=False)
    told = machine.set_up()
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert "has no venv module" in told.stderr


def test_a_machine_without_chromium_is_told_in_one_sentence(machine: Machine) -> None:
    told = machine.find_chromium()
    assert told.returncode == 0  # the other tests still run
    assert told.stderr.count("\n") == 1
    assert "Chromium is missing" in told.stderr


def test_where_changes_land_a_missing_chromium_is_a_failure(machine: Machine) -> None:
    assert machine.find_chromium(CI="true").returncode == 1


def test_nothing_is_said_where_chromium_is(machine: Machine) -> None:
    plant(machine.bin, "chromium", "")
    (machine.bin / "chromium").chmod(0o755)
    found = machine.find_chromium(CI="true")
    assert (found.returncode, found.stderr) == (0, "")
