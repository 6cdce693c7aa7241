"""Where the database stands: its schema's revision, and bringing it up to date."""

from __future__ import annotations

from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

import migrations
from approval_core.clock import utc_now
from approval_core.connections import database_url
from gateway.settings import SettingsError, sqlite_file
from gateway.shipped import publish_shipped_types


def migrate_if_behind(url: str) -> str | None:
    """Bring the schema to the newest when it is empty or behind; what was done, None when nothing was."""
    before, wanted = revision(url), newest(url)
    if before == wanted:
        return None
    file = sqlite_file(url)
    if file is not None:
        _make_folder(file.parent)
    migrations.upgrade(url)
    _ship_types(url)
    return f"migrated from {before or 'nothing'} to {wanted}"


def _ship_types(url: str) -> None:
    """A new schema comes with the request types of the house, where the office has none of its own."""
    from approval_core.store import Store

    store = Store(url)
    try:
        publish_shipped_types(store, now=utc_now())
    finally:
        store.close()


def require_office(url: str) -> None:
    """SettingsError when nobody began an office in this SQLite file: a mistyped path must not become an empty one.

    A PostgreSQL database is made by hand before anything can be pointed at it.
    """
    file = sqlite_file(url)
    if file is not None and revision(url) is None:
        raise SettingsError(
            "no_database",
            f"PISHI_DATABASE: there is no office in {file}; begin one with `pishi init` or `pishi migrate`, or mend the path",
            setting="PISHI_DATABASE",
        )


def revision(url: str) -> str | None:
    """The schema's revision; None for an empty database. SettingsError when the database cannot be reached."""
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return None  # looking must not make it
    engine = create_engine(database_url(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()
        raise _unreachable(reason[0] if reason else type(error).__name__) from None
    finally:
        engine.dispose()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unreachable(error.strerror or "its folder cannot be made") from None


def newest(url: str) -> str | None:
    """The revision that this code needs."""
    return ScriptDirectory.from_config(migrations.config(url)).get_current_head()


def _unreachable(reason: str) -> SettingsError:
    return SettingsError(
        "no_database", f"PISHI_DATABASE: cannot be opened: {reason}", setting="PISHI_DATABASE"
    )
