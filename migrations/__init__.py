"""The schema's history: Alembic revisions for SQLite and PostgreSQL, and `upgrade`, which brings a database to the newest.

Owns every change of the schema. Never changes what is recorded in it.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from approval_core.connections import database_url


def config(url: str) -> Config:
    """Alembic's configuration for this database, without any file."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.attributes["url"] = url
    return settings


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to `revision`. Safe to call from several processes at once; they wait for each other."""
    database_url(url)
    command.upgrade(config(url), revision)
