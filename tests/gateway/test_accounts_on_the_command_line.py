"""`pishi init` and `pishi people password | lock | unlock | role`, as an operator types them."""

from __future__ import annotations

import io
import stat
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import select

from approval_core.audit.models import entries
from approval_core.clock import utc_now
from approval_core.people.accounts.hashing import Hashing
from approval_core.people.accounts.models import credentials
from approval_core.people.accounts.queries import Standing, standing_of
from approval_core.people.accounts.settings import AccountSettings
from approval_core.people.models import persons, role_grants
from approval_core.store import Store
from gateway.cli import run
from gateway.settings import EXAMPLE_SECRET, load
from tests.factories import insert_person


@pytest.fixture(autouse=True)
def settings_of_this_test(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PISHI_DATABASE", "PISHI_CONFIG", "PISHI_SECRET"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("MEMORY_KIB", "64"), ("PASSES", "1"), ("LANES", "1")):
        monkeypatch.setenv(f"PISHI_ACCOUNTS__{name}", value)


@pytest.fixture
def types(capsys: pytest.CaptureFixture[str]) -> Typing:
    return Typing(capsys)


class Typing:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.error = ""

    def __call__(self, *words: str, code: int = 0) -> str:
        self._capsys.readouterr()
        found = run(list(words))
        said = self._capsys.readouterr()
        self.error = said.err
        assert found == code, (words, found, said)
        return said.out.strip()


def standing(store: Store, account: str) -> Standing:
    return store.read(standing_of, account, now=utc_now())


def opens(store: Store, account: str, password: str) -> bool:
    return Hashing(AccountSettings()).fits(standing(store, account).hash, password)


def test_an_office_begins_with_its_settings_its_schema_and_one_administrator(
    empty_database_url: str, tmp_path: Path, types: Typing
) -> None:
    config = tmp_path / "office" / "pishi.toml"
    password = types(
        "init", "--config", str(config), "--database", empty_database_url, "--account", "sysadmin"
    )
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    written = tomllib.loads(config.read_text(encoding="utf-8"))
    assert (len(written["secret"]), written["secret"] == EXAMPLE_SECRET) == (64, False)
    assert load(config).database == load(database=empty_database_url).database
    assert password.count("\n") == 0
    assert "shown this once" in types.error
    store = Store(empty_database_url)
    try:
        assert opens(store, "sysadmin", password)
        assert standing(store, "sysadmin").must_change is True
        roles = store.read(lambda tx: list(tx.execute(select(role_grants.c.role)).scalars()))
        assert roles == ["admin"]
        assert store.read(lambda tx: list(tx.execute(select(persons.c.account)).scalars())) == ["sysadmin"]
        assert password not in config.read_text(encoding="utf-8")
        assert password not in str(store.read(lambda tx: tx.execute(select(entries)).all()))
    finally:
        store.close()


def test_a_file_that_is_there_stays_as_it_is(empty_database_url: str, tmp_path: Path, types: Typing) -> None:
    config = tmp_path / "pishi.toml"
    config.write_text("port = 1\n")
    types("init", "--config", str(config), "--database", empty_database_url, code=2)
    assert config.read_text() == "port = 1\n"
    assert "exists" in types.error


def test_a_second_beginning_on_the_same_database_is_refused_and_leaves_no_file(
    empty_database_url: str, tmp_path: Path, types: Typing
) -> None:
    types("init", "--config", str(tmp_path / "a.toml"), "--database", empty_database_url)
    types("init", "--config", str(tmp_path / "b.toml"), "--database", empty_database_url, code=1)
    assert "pishi people password" in types.error
    assert not (tmp_path / "b.toml").exists()


def test_two_offices_never_share_a_secret_or_a_password(tmp_path: Path, types: Typing) -> None:
    passwords, secrets = set(), set()
    for name in ("a", "b"):
        config = tmp_path / f"{name}.toml"
        passwords.add(types("init", "--config", str(config), "--database", str(tmp_path / f"{name}.db")))
        secrets.add(tomllib.loads(config.read_text(encoding="utf-8"))["secret"])
    assert (len(passwords), len(secrets)) == (2, 2)


def test_a_made_password_is_printed_once_and_must_be_changed(
    database_url: str, store: Store, types: Typing
) -> None:
    store.write(insert_person, "hy00001", name="王伟")
    made = types("people", "password", "hy00001", "--generate", "--database", database_url)
    assert opens(store, "hy00001", made)
    assert standing(store, "hy00001").must_change is True
    kept = types("people", "password", "hy00001", "--generate", "--keep", "--database", database_url)
    assert (opens(store, "hy00001", kept), opens(store, "hy00001", made)) == (True, False)
    assert standing(store, "hy00001").must_change is False
    types("people", "password", "nobody", "--generate", "--database", database_url, code=1)


def test_a_typed_password_is_asked_twice_and_a_poor_one_refused(
    database_url: str, store: Store, types: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(insert_person, "hy00001", name="王伟")
    for typed, code in (("password123", 1), ("海屿-潮声-3071", 0)):
        monkeypatch.setattr("getpass.getpass", lambda *_a, said=typed, **_k: said)
        monkeypatch.setattr("click.termui.hidden_prompt_func", lambda *_a, said=typed, **_k: said)
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n{typed}\n"))
        types("people", "password", "hy00001", "--database", database_url, code=code)
    assert opens(store, "hy00001", "海屿-潮声-3071")


def test_an_account_is_locked_and_unlocked_and_given_a_role(
    database_url: str, store: Store, types: Typing
) -> None:
    store.write(insert_person, "hy00001", name="王伟")
    there = ("--database", database_url)
    types("people", "lock", "hy00001", "--reason", "调查", *there, code=1)
    assert "no password" in types.error
    types("people", "password", "hy00001", "--generate", *there)
    types("people", "lock", "hy00001", "--reason", "调查", *there)
    assert standing(store, "hy00001").barred is True
    types("people", "unlock", "hy00001", *there)
    assert standing(store, "hy00001").barred is False
    types("people", "role", "hy00001", "auditor", *there)
    types("people", "role", "hy00001", "auditor", *there, code=1)
    assert store.read(lambda tx: list(tx.execute(select(role_grants.c.role)).scalars())) == ["auditor"]
    assert len(store.read(lambda tx: tx.execute(select(credentials)).all())) == 1
