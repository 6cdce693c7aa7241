"""An auditor's package of a request whose form its approvers wrote into, with a file, checks by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from approval_core import audit
from approval_core.approvals import resubmitting
from approval_core.approvals.resubmitting import Resubmission
from approval_core.files.rules.stored import Stored
from approval_core.store import Store
from gateway import packages
from tests.approval_core.approvals.types import House, step
from tests.gateway.audited_office import KEY


def test_f40_a_package_with_fields_changed_and_files_checks_without_a_server(
    store: Store, tmp_path: Path
) -> None:
    house = House(store).open("li", "wang")
    house.publish(step("wang", fields={"note": "write"}), step("chief"))
    paper = Stored("a" * 64, 100, "application/pdf", "报价.pdf", "stand-in")
    house.file("li", papers=(paper,))
    house.say("wang", form={"note": "已核"})
    house.say("chief", "return")
    house.store.write(
        resubmitting.resubmit,
        house.request_id,
        Resubmission({"days": 2}),
        actor=house.person("li"),
        now=house.now(),
    )
    house.say("wang", form={"note": "再核"})
    house.say("chief")
    while store.write(audit.sequence, now=house.now(), key=KEY, limit=100):
        pass
    files = store.read(packages.package, house.request_id, key=KEY, now=house.now())
    made = tmp_path / "package.zip"
    made.write_bytes(packages.zipped(files))
    (tmp_path / "verify_record.py").write_bytes(files["verify_record.py"])
    said = subprocess.run(
        [sys.executable, "verify_record.py", made.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout
    assert "FAIL" not in said.stdout
