"""Options that many commands share, and the way every command opens the store and says what it found."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from approval_core.errors import Invalid

if TYPE_CHECKING:
    from approval_core.store import Store
    from gateway.settings import Settings

Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        help="sqlite:///FILE, postgresql://… or the path of an SQLite file. [PISHI_DATABASE]",
        show_default=False,
    ),
]
Config = Annotated[
    str | None, typer.Option("--config", help="A TOML file of settings. [PISHI_CONFIG]", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_SPAN = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def read_settings(config: str | None = None, **given: Any) -> Settings:
    from gateway.settings import load

    return load(config, **given)


@contextmanager
def opened(database: str | None) -> Iterator[Store]:
    """The store of an office that stands already; Invalid("not_migrated") when its schema is missing or old."""
    from approval_core.store import Store
    from gateway.databases import newest, require_office, revision

    settings = read_settings(database=database)
    require_office(settings.database)
    have, wanted = revision(settings.database), newest(settings.database)
    if have != wanted:
        state = "is empty" if have is None else f"has the schema {have}, not {wanted}"
        raise Invalid("not_migrated", f"the database {state}: run `pishi migrate` on it")
    store = Store(settings.database)
    try:
        yield store
    finally:
        store.close()


def now() -> datetime:
    from approval_core.clock import utc_now

    return utc_now()


def span(text: str) -> timedelta:
    """`90s`, `30m`, `24h`, `7d`."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise Invalid("bad_span", f"{text!r} is no span of time; write 90s, 30m, 24h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def as_json(value: Any) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, indent=2)


def say(value: Any, lines: list[str], *, json_wanted: bool) -> None:
    """JSON when it was asked for, else lines for people."""
    text = as_json(value) if json_wanted else "\n".join(lines)
    if text:
        sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """For people, never in the way of what a script reads."""
    sys.stderr.write(text + "\n")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
