"""Every setting of the application: environment `PISHI_…` (nested with `__`), then an optional TOML file.

`load` gives finished settings or raises `SettingsError` with one sentence that names the setting.
"""

from __future__ import annotations

import os
import re
import secrets
import tomllib
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from approval_core.errors import Invalid
from approval_core.files.settings import FilesSettings
from approval_core.people.accounts.settings import AccountSettings
from gateway.misspelt import misspelt
from sms_modem.settings import SmsSettings
from web.zones import NetworkSettings

DEMO_SECRET = "demo-only-never-in-an-office"  # noqa: S105  # refused outside the demo
EXAMPLE_SECRET = "replace-me-with-openssl-rand-hex-32"  # noqa: S105  # the value in pishi.example.toml, refused too
DEMO_PREFIX = "+86129"  # numbers no subscriber has: the demo bureau's handsets
SECRET_FILE = "pishi.secret"  # noqa: S105  # a file name


class SettingsError(Invalid):
    """One sentence about one setting. `setting` in data names it as the environment spells it."""


class CallbackSettings(BaseModel):
    """How answers travel to other systems."""

    model_config = ConfigDict(extra="forbid")
    allow_loopback: bool = False
    allow_private: bool = True
    timeout_seconds: float = Field(default=10.0, gt=0, le=60)
    answer_bytes: int = Field(default=65_536, ge=0, le=1_048_576)
    at_once: int = Field(default=32, ge=1, le=256)
    per_client: int = Field(default=8, ge=1, le=256)
    max_attempts: int = Field(default=20, ge=1, le=100)


class ApprovalSettings(BaseModel):
    """What applies when a request names none."""

    model_config = ConfigDict(extra="forbid")
    hold_seconds: int = Field(default=120, ge=0, le=2_592_000)
    demo_hold_seconds: int = Field(default=15, ge=0, le=2_592_000)


def _plain_sms() -> SmsSettings:
    return SmsSettings.model_validate({})


class Settings(BaseSettings):
    """All of it. Sections are plain models of the package they belong to."""

    model_config = SettingsConfigDict(
        env_prefix="PISHI_", env_nested_delimiter="__", extra="forbid", env_ignore_empty=True
    )
    _toml: ClassVar[dict[str, Any]] = {}

    database: str = "sqlite:///var/pishi.db"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    demo: bool = False
    secret: str = Field(default="", repr=False)
    secret_file: str = ""
    sm2_key_file: str = ""
    log_level: str = "INFO"
    body_bytes: int = Field(default=1_048_576, ge=1024)
    modem: Annotated[list[str], NoDecode] = Field(default_factory=list)
    allow_demo_numbers: bool = False
    approvals: ApprovalSettings = Field(default_factory=ApprovalSettings)
    callbacks: CallbackSettings = Field(default_factory=CallbackSettings)
    accounts: AccountSettings = Field(default_factory=AccountSettings)
    networks: NetworkSettings = Field(default_factory=NetworkSettings)
    files: FilesSettings = Field(default_factory=FilesSettings)
    sms: SmsSettings = Field(default_factory=_plain_sms)

    @field_validator("modem", mode="before")
    @classmethod
    def _several_modems(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("database")
    @classmethod
    def _address(cls, value: str) -> str:
        return database_address(value)

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @property
    def default_hold(self) -> int:
        """Seconds a decision is held when the request names none."""
        return self.approvals.demo_hold_seconds if self.demo else self.approvals.hold_seconds

    @property
    def sms_rules(self) -> SmsSettings:
        """The SMS section as it applies: the demo prefix is always known, and the demo does not rest after a bare reply."""
        changed: dict[str, Any] = {}
        if not self.sms.demo_prefix:
            changed["demo_prefix"] = DEMO_PREFIX
        if self.demo and "bare_rest" not in self.sms.model_fields_set:
            changed["bare_rest"] = 0
        return self.sms.model_copy(update=changed)

    @property
    def files_folder(self) -> Path:
        """Where the bytes of attachments lie."""
        if self.files.folder:
            return Path(self.files.folder)
        file = sqlite_file(self.database)
        return (file.parent if file else Path("var")) / "files"

    @property
    def loopback_callbacks(self) -> bool:
        return self.demo or self.callbacks.allow_loopback

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the signature is the library's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _FileSource(settings_cls, cls._toml)


class _FileSource(PydanticBaseSettingsSource):
    """The TOML file, already read: the weakest source."""

    def __init__(self, settings_cls: type[BaseSettings], values: dict[str, Any]) -> None:
        super().__init__(settings_cls)
        self._values = values

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002  # the library's
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._values


def load(config: str | Path | None = None, **given: Any) -> Settings:
    """Settings from `given` (command line), the environment, and the TOML file `config` or PISHI_CONFIG."""
    _refuse_misspelt()
    path = config or os.environ.get("PISHI_CONFIG") or None
    values = _read_toml(Path(path)) if path else {}
    _refuse_unknown(values.get("sms"), str(path))
    chosen = {name: value for name, value in given.items() if value is not None}

    class _WithFile(Settings):
        _toml: ClassVar[dict[str, Any]] = values

    try:
        return _WithFile(**chosen)
    except ValidationError as error:
        raise _named(error, str(path) if path else "") from None
    except SourceError as error:
        name = "PISHI_" + (re.findall(r'field "(\w+)"', str(error)) or ["?"])[0].upper()
        raise SettingsError(
            "bad_setting", f"{name}: cannot be read; lists and sections are JSON", setting=name
        ) from None


def database_address(value: str) -> str:
    """A database URL; a plain path is an SQLite file."""
    text = value.strip()
    if not text:
        raise ValueError("must be sqlite:///FILE, postgresql://… or the path of an SQLite file")
    if "://" not in text:
        return "sqlite:///" + str(Path(text).expanduser())
    scheme = text.split("://", 1)[0]
    if scheme.split("+")[0] not in {"sqlite", "postgresql", "postgres"}:
        raise ValueError(f"must begin with sqlite:/// or postgresql://, not {scheme}://")
    if scheme == "postgres":
        return "postgresql" + text[len("postgres") :]
    return text


def sqlite_file(database: str) -> Path | None:
    """The file of an SQLite address; None for PostgreSQL."""
    if not database.startswith("sqlite"):
        return None
    return Path(database.split("://", 1)[1].split("?", 1)[0].removeprefix("/"))


def secret_of(settings: Settings) -> tuple[str, str]:
    """(secret, what was done). Outside the demo a default is refused, and a missing one is made once and kept."""
    if settings.secret in {DEMO_SECRET, EXAMPLE_SECRET} and not settings.demo:
        raise SettingsError(
            "default_secret",
            "PISHI_SECRET is a published default; unset it (one is then made) or set `openssl rand -hex 32`",
            setting="PISHI_SECRET",
        )
    if settings.secret:
        if len(settings.secret) < 16:
            raise SettingsError(
                "short_secret", "PISHI_SECRET must have at least 16 characters", setting="PISHI_SECRET"
            )
        return settings.secret, "from the settings"
    if settings.demo:
        return DEMO_SECRET, "the demo's own"
    return _kept_secret(_secret_path(settings))


def known_secret(settings: Settings) -> str | None:
    """The secret as it stands, without making one; None when there is none yet."""
    path = _secret_path(settings)
    if settings.secret or settings.demo or path.exists():
        return secret_of(settings)[0]
    return None


def _secret_path(settings: Settings) -> Path:
    if settings.secret_file:
        return Path(settings.secret_file)
    file = sqlite_file(settings.database)
    return (file.parent if file else Path("var")) / SECRET_FILE


def _kept_secret(path: Path) -> tuple[str, str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_secret(path), f"read from {path}"
    except OSError as error:
        raise SettingsError(
            "secret_file",
            f"PISHI_SECRET_FILE: {path} cannot be written: {error.strerror}",
            setting="PISHI_SECRET_FILE",
        ) from None
    secret = secrets.token_hex(32)
    with os.fdopen(handle, "w") as file:
        file.write(secret + "\n")
    return secret, f"made and kept in {path}"


def _read_secret(path: Path) -> str:
    try:
        secret = path.read_text().strip()
    except OSError as error:
        raise SettingsError(
            "secret_file",
            f"PISHI_SECRET_FILE: {path} cannot be read: {error.strerror}",
            setting="PISHI_SECRET_FILE",
        ) from None
    if len(secret) < 16:
        raise SettingsError(
            "secret_file",
            f"PISHI_SECRET_FILE: {path} holds no secret of 16 characters or more",
            setting="PISHI_SECRET_FILE",
        )
    return secret


def _refuse_misspelt() -> None:
    found = misspelt(os.environ, Settings)
    if found is not None:
        name, nearest = found
        meant = f"; do you mean {nearest}?" if nearest else ""
        raise SettingsError("unknown_setting", f"{name}: there is no such setting{meant}", setting=name)


def _refuse_unknown(section: Any, path: str) -> None:
    """Of the section whose model leaves unknown names alone."""
    for name in section if isinstance(section, dict) else ():
        if name not in SmsSettings.model_fields:
            setting = f"PISHI_SMS__{name.upper()}"
            raise SettingsError(
                "unknown_setting", f"{setting}: there is no such setting in {path}", setting=setting
            )


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            "bad_config", f"PISHI_CONFIG: {path} cannot be read: {error.strerror}", setting="PISHI_CONFIG"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            "bad_config", f"PISHI_CONFIG: {path} is not TOML: {error}", setting="PISHI_CONFIG"
        ) from None


def _named(error: ValidationError, path: str) -> SettingsError:
    first = error.errors()[0]
    where = [str(part) for part in first["loc"]]
    name = "PISHI_" + "__".join(where).upper()
    if first["type"] == "extra_forbidden":
        place = f" in {path}" if path else ""
        return SettingsError("unknown_setting", f"{name}: there is no such setting{place}", setting=name)
    said = str(first["msg"]).removeprefix("Value error, ")
    return SettingsError("bad_setting", f"{name}: {said[:1].lower()}{said[1:]}", setting=name)
