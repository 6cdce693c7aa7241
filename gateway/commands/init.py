"""`pishi init`: an office of one's own: settings with fresh secrets, the schema, the first administrator. No demo."""

from __future__ import annotations

import json
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from approval_core.errors import Conflict, Invalid
from gateway.commands.options import Database, note, now
from gateway.commands.passwords import one_time_password, typed_password

if TYPE_CHECKING:
    from approval_core.store import Tx
    from gateway.settings import Settings


def init(
    config: Annotated[
        Path, typer.Option("--config", help="The file to write; it must not exist.", dir_okay=False)
    ] = Path("pishi.toml"),
    database: Database = None,
    account: Annotated[str, typer.Option("--account", help="Of the first administrator.")] = "admin",
    name: Annotated[str, typer.Option("--name", help="His name.")] = "系统管理员",
    ask: Annotated[bool, typer.Option("--ask", help="Ask for the password instead of making one.")] = False,
) -> None:
    """Begin an office: write CONFIG (0600, fresh secret), make the schema and the first administrator.

    Prints his one-time password, once; it is good for nothing but choosing another.
    """
    from approval_core.people.accounts.hashing import Hashing
    from approval_core.store import Store
    from gateway.databases import migrate_if_behind
    from gateway.settings import load

    settings = load(database=database)
    _write(config, settings.database)
    try:
        password = (
            typed_password(account, name, settings.accounts.shortest_password) if ask else one_time_password()
        )
        migrate_if_behind(settings.database)
        store = Store(settings.database)
        try:
            hashed = Hashing(settings.accounts).hash(password)
            store.write(_first_administrator, account, name, hashed, now=now())
        finally:
            store.close()
    except BaseException:
        config.unlink(missing_ok=True)  # ours, made a moment ago: the next attempt begins where this one did
        raise
    _say(settings, config, account, password, ask=ask)


def _write(config: Path, database: str) -> None:
    text = (
        "# Written by `pishi init`. Every other setting and its default: pishi.example.toml.\n"
        f"database = {json.dumps(database)}\n"
        f'secret = "{secrets.token_hex(32)}"  # signs the checkpoints of the audit log; keep a copy\n'
    )
    try:
        config.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Invalid(
            "bad_config", f"{config} exists and stays as it is; name another with --config"
        ) from None
    except OSError as error:
        raise Invalid("bad_config", f"{config} cannot be written: {error.strerror}") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _first_administrator(tx: Tx, account: str, name: str, hashed: str, *, now: datetime) -> None:
    from sqlalchemy import select

    from approval_core.people import service as people
    from approval_core.people.accounts import service
    from approval_core.people.actor import Actor
    from approval_core.people.models import role_grants
    from approval_core.people.queries.moments import holds

    operator = Actor(kind="system", name="operator")
    held = select(role_grants.c.id).where(
        role_grants.c.role.in_(("admin", "system_admin")), holds(role_grants, now)
    )
    if tx.execute(held.limit(1)).first() is not None:
        raise Conflict(
            "not_empty",
            "this database has an administrator already; give him a password: pishi people password",
        )
    person_id = people.hire(
        tx, account=account, emp_no=account, name=name, rank="R7", established=False, actor=operator, now=now
    )
    people.grant_role(tx, person_id, role="admin", actor=operator, now=now)
    service.set_password(tx, person_id, new_hash=hashed, must_change=True, actor=operator, now=now)


def _say(settings: Settings, config: Path, account: str, password: str, *, ask: bool) -> None:
    note(f"{config} written (0600), the schema stands in {settings.database.split('@')[-1]}")
    if ask:
        note(f"{account} signs in with the password you gave and must then choose another")
    else:
        note(f"the one-time password of {account}, shown this once; it must be changed at the first sign-in:")
        typer.echo(password)
    note(f"next: export PISHI_CONFIG={config}; pishi people import ROSTER.csv; pishi serve")
