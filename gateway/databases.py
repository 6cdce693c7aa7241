"""Where the database stands: its schema's revision, and bringing it up to date."""

from __future__ import annotations

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

import migrations
from approval_core.connections import database_url
from gateway.settings import SettingsError, sqlite_file


def migrate_if_behind(url: str) -> str | None:
    """Bring the schema to the newest when it is empty or behind; what was done, None when nothing was."""
    before, wanted = revision(url), newest(url)
    if before == wanted:
        return None
    migrations.upgrade(url)
    return f"migrated from {before or 'nothing'} to {wanted}"


def revision(url: str) -> str | None:
    """The schema's revision; None for an empty database. SettingsError when the database cannot be reached."""
    file = sqlite_file(url)
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unreachable(error.strerror or "its folder cannot be made") from None
    engine = create_engine(database_url(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()
        raise _unreachable(reason[0] if reason else type(error).__name__) from None
    finally:
        engine.dispose()


def newest(url: str) -> str | None:
    """The revision that this code needs."""
    return ScriptDirectory.from_config(migrations.config(url)).get_current_head()


def _unreachable(reason: str) -> SettingsError:
    return SettingsError(
        "no_database", f"PISHI_DATABASE: cannot be opened: {reason}", setting="PISHI_DATABASE"
    )
