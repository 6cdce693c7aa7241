"""Each contract on imports sees a breach: a pattern that matches nothing would be kept in silence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.tree import PRODUCT, ROOT, plant

# contract -> {planted module: its bad import}
PLANTS: dict[str, dict[str, str]] = {
    "The doors stand on the channel, the channel on the web, the web on the core": {
        "approval_core.planted": "import web",
        "approval_core.planted_too": "import sms_modem",
        "web.planted": "import sms_modem",
        "sms_modem.planted": "import gateway",
        "sms_modem.planted_too": "import mobile_api",
        "mobile_api.planted": "import sms_modem",
        "mobile_api.planted_too": "import gateway",
    },
    "The core knows no channel and no HTTP": {
        "approval_core.planted": "import fastapi",
        "approval_core.people.planted": "import starlette.requests",
        "approval_core.approvals.planted": "import httpx",
        "approval_core.inbox.planted": "import gsmmodem",
    },
    "Rules are pure": {
        "approval_core.approvals.rules.planted": "import sqlalchemy",
        "sms_modem.rules.planted": "import sqlmodel",
        "approval_core.inbox.rules": "import sqlalchemy.orm",
        "web.rules": "import fastapi",
        "gateway.intake.rules.planted": "import httpx",
    },
    "Services and reactions never talk to a transport": {
        "sms_modem.planted.service": "import sms_modem.transports.gsm",
        "sms_modem.planted.reactions": "from sms_modem.transports import base, virtual_modem",
        "gateway.intake.service": "import serial",
    },
    "Transports know no database": {
        "sms_modem.transports.planted": "import approval_core.store",
        "sms_modem.transports.planted_too": "import sqlalchemy",
    },
}


def contracts() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


def report_on(tree: Path) -> str:
    # the copy must be read, not the installed project: lint-imports looks in its own folder first
    lint = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run(
        [str(lint), "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    return ran.stdout + ran.stderr


def plant_module(tree: Path, module: str, line: str) -> None:
    *packages, name = module.split(".")
    for depth in range(1, len(packages) + 1):
        init = "/".join(packages[:depth]) + "/__init__.py"
        if not (tree / init).exists():
            plant(tree, init, '"""Planted."""\n')
    plant(tree, "/".join((*packages, name)) + ".py", line + "\n")


@pytest.mark.parametrize("contract", PLANTS)
def test_a_contract_on_imports_names_the_breach(contract: str, tmp_path: Path) -> None:
    for package in PRODUCT:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for module, line in PLANTS[contract].items():
        plant_module(tmp_path, module, line)

    report = report_on(tmp_path)

    assert {name for name in contracts() if f"{name} BROKEN" in report} == {contract}, report
    assert {name for name in contracts() if f"{name} KEPT" in report} == contracts() - {contract}, report
    unnamed = [module for module in PLANTS[contract] if f"{module} -> " not in report]
    assert unnamed == [], report


def test_no_contract_is_left_unproven() -> None:
    assert contracts() == PLANTS.keys()
