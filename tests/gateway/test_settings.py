"""Settings come from the command line, the environment and a file; a bad one is named in one sentence."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from gateway.misspelt import known_names, misspelt
from gateway.settings import (
    DEMO_SECRET,
    Settings,
    SettingsError,
    database_address,
    known_secret,
    load,
    secret_of,
)

EXAMPLE = Path(__file__).parents[2] / "pishi.example.toml"


@pytest.fixture(autouse=True)
def no_settings_of_this_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PISHI_DATABASE", "PISHI_CONFIG", "PISHI_SECRET", "PISHI_PORT", "PISHI_MODEM"):
        monkeypatch.delenv(name, raising=False)


def test_every_setting_stands_in_the_example() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    told = tomllib.loads(text.replace("# secret =", "secret ="))
    for name, field in Settings.model_fields.items():
        assert name in told, f"{name} is not in pishi.example.toml"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            assert set(told[name]) == set(field.annotation.model_fields), name


def test_the_example_shows_the_defaults() -> None:
    assert load(EXAMPLE).model_dump() == load().model_dump()


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pishi.toml"
    file.write_text('port = 1\nhost = "::1"\n[sms]\nbare_rest = 60\n')
    monkeypatch.setenv("PISHI_PORT", "2")
    monkeypatch.setenv("PISHI_SMS__CODE_REST", "90")
    monkeypatch.setenv("PISHI_MODEM", "/dev/ttyUSB0, virtual")
    settings = load(file, port=3)
    assert (settings.port, settings.host, settings.sms.bare_rest, settings.sms.code_rest) == (
        3,
        "::1",
        60,
        90,
    )
    assert settings.modem == ["/dev/ttyUSB0", "virtual"]
    assert load(file).port == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PISHI_PORT", "many"),
        ("PISHI_PORT", "70000"),
        ("PISHI_DATABASE", "mysql://x"),
        ("PISHI_SMS", "{"),
        ("PISHI_SMS__BARE_REST", "-1"),
        ("PISHI_CALLBACKS__TIMEOUT_SECONDS", "0"),
        ("PISHI_LOG_LEVEL", "LOUD"),
        ("PISHI_CONFIG", "/nowhere/pishi.toml"),
    ],
)
def test_a_bad_setting_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load()
    assert caught.value.message.startswith(f"{name}: ")
    assert "\n" not in caught.value.message


def test_an_unknown_setting_in_the_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "pishi.toml"
    file.write_text("prot = 1\n")
    with pytest.raises(SettingsError, match="PISHI_PROT"):
        load(file)
    file.write_text("[sms]\nbare_rset = 1\n")
    with pytest.raises(SettingsError, match="PISHI_SMS__BARE_RSET"):
        load(file)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PISHI_SMS__BARE_RSET", "PISHI_SMS__BARE_REST"),
        ("PISHI_SMS_BARE_REST", "PISHI_SMS__BARE_REST"),
        ("PISHI_CALLBACKS__TIMEOUT_SECOND", "PISHI_CALLBACKS__TIMEOUT_SECONDS"),
        ("PISHI_ACCOUNTS__SHORTEST_PASWORD", "PISHI_ACCOUNTS__SHORTEST_PASSWORD"),
        ("PISHI_DATABSE", "PISHI_DATABASE"),
        ("PISHI_COFFEE__SUGAR_LUMPS", None),
    ],
)
def test_a_misspelt_name_in_the_environment_is_refused_with_the_nearest_one(
    name: str, meant: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError) as caught:
        load()
    said = f"{name}: there is no such setting"
    assert caught.value.message == (f"{said}; do you mean {meant}?" if meant else said)
    assert caught.value.code == "unknown_setting"


def test_every_known_name_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    named = list(known_names(Settings))
    assert {"PISHI_PORT", "PISHI_SMS", "PISHI_SMS__BARE_REST", "PISHI_NETWORKS__PROXIES"} <= set(named)
    assert (
        misspelt(
            dict.fromkeys([*named, "PISHI_CONFIG", "PISHI_TEST_SEED", "HOME", "pishi_port"], "1"), Settings
        )
        is None
    )


def test_published_secrets_are_refused_outside_the_demo() -> None:
    example = tomllib.loads(EXAMPLE.read_text(encoding="utf-8").replace("# secret =", "secret ="))["secret"]
    for secret in (DEMO_SECRET, example, "short"):
        with pytest.raises(SettingsError, match="PISHI_SECRET"):
            secret_of(load(secret=secret))
    assert secret_of(load(demo=True))[0] == DEMO_SECRET


def test_a_missing_secret_is_made_once_beside_the_database(tmp_path: Path) -> None:
    settings = load(database=str(tmp_path / "office" / "pishi.db"))
    assert known_secret(settings) is None
    secret, said = secret_of(settings)
    file = tmp_path / "office" / "pishi.secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert str(file) in said
    assert secret not in said
    assert secret_of(settings)[0] == secret == known_secret(settings)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("var/x.db", "sqlite:///var/x.db"),
        ("/srv/x.db", "sqlite:////srv/x.db"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
        ("postgres://h/d", "postgresql://h/d"),
    ],
)
def test_a_plain_path_is_an_sqlite_file(given: str, meant: str) -> None:
    assert database_address(given) == meant


def test_the_demo_has_short_holds_no_rest_and_its_own_numbers() -> None:
    assert (load().default_hold, load(demo=True).default_hold) == (120, 15)
    assert (load().sms_rules.bare_rest, load(demo=True).sms_rules.bare_rest) == (7200, 0)
    assert load(demo=True, sms={"bare_rest": 5}).sms_rules.bare_rest == 5
    assert load().sms_rules.demo_prefix == "+86129"
