"""What an auditor is given by the `pishi audit` commands, and that a stranger can check it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from approval_core.approvals.models import Decision
from approval_core.audit.models import entries
from approval_core.columns import table_of
from approval_core.people.models import RoleGrant
from approval_core.store import Store, Tx
from gateway.cli import run
from gateway.packages import zipped
from sms_modem.models import inbound_sms
from tests.approval_core.audit.records import alone, verdict
from tests.factories import NOW, insert_person
from tests.gateway.audited_office import PUBLIC, SECRET, decided_matter

decisions = table_of(Decision)


@pytest.fixture(autouse=True)
def settings_of_this_office(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PISHI_DATABASE", "PISHI_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PISHI_SECRET", SECRET)


Types = Callable[..., str]


def carry_out(tx: Tx, change: Any) -> None:
    tx.execute(change)


@pytest.fixture
def types(database_url: str, capfdbinary: pytest.CaptureFixture[bytes]) -> Types:
    """Types a command on the database; what it printed."""

    def typed(*words: str, code: int = 0, database: bool = True) -> str:
        capfdbinary.readouterr()
        found = run([*words, *(("--database", database_url) if database else ())])
        said = capfdbinary.readouterr()
        assert found == code, (words, found, said)
        return (said.out + said.err).decode()

    return typed


def test_the_receipt_of_a_decision_holds_in_both_forms(store: Store, types: Types, tmp_path: Path) -> None:
    decided_matter(store)
    numbers = store.read(
        lambda tx: list(tx.execute(select(decisions.c.id).order_by(decisions.c.id)).scalars())
    )
    assert len(numbers) == 3
    for number in numbers:
        path = tmp_path / f"{number}.json"
        types("audit", "receipt", str(number), "-o", str(path))
        shown = json.loads(path.read_text(encoding="utf-8"))
        assert (shown["entry"]["verb"], shown["entry"]["thing"]) == ("decided", f"decision:{number}")
        assert verdict(path, PUBLIC)[0] == 0
        proof = tmp_path / f"{number}.tlog-proof"
        types("audit", "receipt", str(number), "--tlog", "-o", str(proof))
        assert alone(proof, "--key", PUBLIC, folder=tmp_path).returncode == 0
    bare = types("audit", "receipt", str(numbers[0]), "--without-text")
    assert "抓紧" not in bare
    types("audit", "receipt", "99999", code=1)
    types("audit", "receipt", code=2)


def test_a_package_is_checked_by_a_stranger_alone(store: Store, types: Types, tmp_path: Path) -> None:
    _, request = decided_matter(store)
    path = tmp_path / "package.zip"
    types("audit", "export", str(request), "-o", str(path))
    checked = alone(path, "--key", PUBLIC, folder=tmp_path)
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
    facts = checked.stdout
    assert facts.count(", decided by ") == 3
    assert facts.count("grew out of the log of") >= 3
    assert "decision 1, approve through sms, is as recorded" in facts
    assert "sms_inbound:1 from +86138" in facts
    assert f"request:{request} has no gap" in facts
    assert "FAIL" not in facts

    with zipfile.ZipFile(path) as archive:
        copy = tmp_path / "from_the_package"
        archive.extractall(copy)
    sms = json.loads((copy / "sms.json").read_text(encoding="utf-8"))
    assert [one["evidence"]["text"][:1] for one in sms["inbound"]] == ["Y", "X", "Y"]
    assert any("【" in one["text"] for one in sms["outbound"])
    rows = json.loads((copy / "rows.json").read_text(encoding="utf-8"))
    assert [one["state"] for one in rows["decisions"]] == ["undone", "effective", "effective"]
    assert (
        types("audit", "verifier", database=False)
        .encode()
        .startswith((copy / "verify_record.py").read_bytes())
    )


def test_what_was_changed_in_the_database_shows_in_its_package(
    store: Store, types: Types, tmp_path: Path
) -> None:
    _, request = decided_matter(store)
    path = tmp_path / "package.zip"
    changes: list[tuple[Any, str]] = [
        (update(decisions).where(decisions.c.id == 2).values(comment="不同意"), "decision 2"),
        (update(decisions).where(decisions.c.id == 1).values(state="effective"), "decision 1"),
        (update(inbound_sms).where(inbound_sms.c.id == 3).values(text="N"), "sms_inbound:3"),
        (update(entries).where(entries.c.id == 3).values(actor="hy00009"), "entry "),
    ]
    for number, (change, named) in enumerate(changes, 1):
        store.write(carry_out, change)
        types("audit", "export", str(request), "-o", str(path))
        failed, lines = verdict(path, PUBLIC)
        assert failed >= number if named != "entry " else failed > 0
        assert any(line.startswith("FAIL  " + named) for line in lines.splitlines()), lines


def test_a_package_changed_on_its_way_is_refused(store: Store, types: Types, tmp_path: Path) -> None:
    _, request = decided_matter(store)
    path = tmp_path / "package.zip"
    types("audit", "export", str(request), "-o", str(path))
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for name in files:
        changed = files | {name: files[name].replace(b"e", b"f", 1)}
        path.write_bytes(zipped(changed))
        assert verdict(path, PUBLIC)[0], name
        path.write_bytes(zipped({other: files[other] for other in files if other != name}))
        assert verdict(path, PUBLIC)[0], name
    path.write_bytes(zipped(files | {"more.txt": b"x"}))
    assert verdict(path, PUBLIC)[0]
    path.write_bytes(zipped(files))
    assert verdict(path, PUBLIC)[0] == 0


def test_the_newest_decision_is_put_under_a_checkpoint_before_it_is_given_away(
    store: Store, types: Types, tmp_path: Path
) -> None:
    office, _ = decided_matter(store)
    office.later(minutes=1)
    path = tmp_path / "package.zip"
    other = office.ask("hy00002", title="刚刚报来")
    office.reply(office.leaders["hy00002"][1], f"Y{office.code(office.leaders['hy00002'][1])}")
    types("audit", "export", str(other), "-o", str(path))
    failed, lines = verdict(path, PUBLIC)
    assert failed == 0, lines
    assert "decided by hy00002" in lines


def test_without_the_office_s_secret_nothing_is_given_away(
    store: Store, types: Types, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, request = decided_matter(store)
    monkeypatch.delenv("PISHI_SECRET")
    monkeypatch.setenv("PISHI_SECRET_FILE", str(tmp_path / "none"))
    assert "secret is not known" in types("audit", "export", str(request), code=1)


def test_a_reading_is_an_entry_and_only_an_auditor_reads_as_one(store: Store, types: Types) -> None:
    _, request = decided_matter(store)

    def appoint(tx: Tx) -> None:
        person = insert_person(tx, "sj00001", name="审计员")
        tx.session.add(RoleGrant(person_id=person, role="auditor", valid_from=NOW.replace(year=2020)))

    store.write(appoint)
    shown = json.loads(
        types("audit", "entries", "--chain", f"request:{request}", "--as", "sj00001", "--json")
    )
    assert [one["verb"] for one in shown["items"]][:2] == ["submitted", "decided"]
    assert "only an auditor" in types("audit", "entries", "--as", "hy00001", code=1)
    assert "only an auditor" in types("audit", "entries", "--as", "nobody", code=1)
    types("audit", "export", str(request), "--as", "hy00001", code=1)
    types("audit", "entries", "--person", "hy00001", "--limit", "1")
    told = json.loads(types("audit", "entries", "--chain", "auditors", "--json"))["items"]
    assert [(one["actor"], one["thing"]) for one in told] == [
        ("sj00001", f"request:{request}"), ("operator", "entries"), ("operator", "auditors"),
    ]  # fmt: skip


def test_pages_and_periods(store: Store, types: Types) -> None:
    decided_matter(store)
    whole = json.loads(types("audit", "entries", "--json", "--limit", "1000"))["items"]
    seen: list[Any] = []
    marker: str | None = None
    while True:
        words = [] if marker is None else ["--after", marker]
        page = json.loads(
            types("audit", "entries", "--json", "--limit", "5", "--until", "2026-05-07", *words)
        )
        seen += page["items"]
        marker = page["next"]
        if marker is None:
            break
    assert [one["id"] for one in seen] == [one["id"] for one in whole if one["at"] < "2026-05-06T16"]
    assert len(seen) > 10
    types("audit", "entries", "--after", "nonsense", code=1)
    types("audit", "entries", "--since", "nonsense", code=2)


def test_a_witness_is_kept_and_the_office_is_held_against_it(
    store: Store, types: Types, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, request = decided_matter(store)
    file, bundle, package = tmp_path / "witness", tmp_path / "bundle", tmp_path / "package.zip"
    assert types("audit", "witness", "size", str(file), database=False) == "0\n"
    types("audit", "witness", "export", "-o", str(bundle))
    assert "name the office's public key" in types(
        "audit", "witness", "append", str(file), str(bundle), code=1, database=False
    )
    types("audit", "witness", "append", str(file), str(bundle), "--key", PUBLIC, database=False)
    size = types("audit", "witness", "size", str(file), database=False).strip()
    types("audit", "export", str(request), "-o", str(package))  # a reading, and so a longer log
    monkeypatch.setattr("sys.stdin", io.StringIO(types("audit", "witness", "export", "--after", size)))
    types("audit", "witness", "append", str(file), database=False)
    types("audit", "verify", "--witness", str(file))
    types("audit", "export", str(request), "--witness", str(file), "-o", str(package))
    failed, lines = verdict(package, PUBLIC, witness=file)
    assert failed == 0, lines
    assert lines.count("the witness has seen the same log") == 2
    assert types("audit", "key").strip() == PUBLIC


def test_a_second_signature_is_made_carried_and_checked(
    store: Store, types: Types, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gmssl_pyx", reason="SM2 is optional: pip install 'pishi[sm]'")
    _, request = decided_matter(store)
    file, package = tmp_path / "sm2.key", tmp_path / "package.zip"
    assert "public" in types("audit", "sm2-key", "-o", str(file), database=False)
    types("audit", "sm2-key", "-o", str(file), code=2, database=False)  # never over an existing one
    monkeypatch.setenv("PISHI_SM2_KEY_FILE", str(file))
    types("audit", "export", str(request), "-o", str(package))
    assert verdict(package, PUBLIC)[0] == 0
    with zipfile.ZipFile(package) as archive:
        log = json.loads(archive.read("log.json"))
    assert [key["algorithm"] for key in log["keys"]] == ["ed25519", "sm2-sm3"]
    assert log["checkpoints"][-1]["cosignatures"][0]["algorithm"] == "sm2-sm3"
    assert json.loads(types("audit", "verify", "--json"))["cosignatures"] == 1
    file.write_text("spoilt")
    assert "no SM2 key" in types("audit", "verify", code=1)
