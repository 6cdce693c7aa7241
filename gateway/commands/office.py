"""`pishi migrate | seed | serve | work | status | check | openapi`."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from approval_core.errors import Conflict, Invalid
from gateway.commands.options import AsJson, Config, Database, as_json, note, now, opened, read_settings, say

if TYPE_CHECKING:
    from approval_core.store import Store
    from gateway.settings import Settings

Modem = Annotated[
    list[str] | None,
    typer.Option(
        "--modem",
        help="A serial port, `virtual` (our own) or `console`; repeatable. [PISHI_MODEM]",
        show_default=False,
    ),
]


def migrate(database: Database = None, config: Config = None) -> None:
    """Bring the database to the newest schema; safe to repeat."""
    from gateway.databases import migrate_if_behind, revision

    settings = read_settings(config, database=database)
    done = migrate_if_behind(settings.database)
    note(done or f"up to date: {revision(settings.database)}")
    note_shipped(settings.database)


def note_shipped(database: str) -> None:
    """Publish the shipped types that this office does not have yet, and say which."""
    from approval_core.store import Store
    from gateway.shipped import publish_shipped_types

    store = Store(database)
    try:
        new = publish_shipped_types(store, now=now())
    finally:
        store.close()
    if new:
        note(f"{len(new)} request types: {', '.join(one.type for one in new)}")


def seed(
    database: Database = None,
    n: Annotated[int, typer.Option("--n", min=2200, max=20_000, help="How many people.")] = 3000,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing when there are people already.")
    ] = False,
) -> None:
    """Write the demo bureau, invented from end to end, into an empty store."""
    from approval_core.people.demo import seed as write_bureau
    from approval_core.store import Store
    from gateway.databases import migrate_if_behind

    settings = read_settings(database=database)
    migrate_if_behind(settings.database)
    store = Store(settings.database)
    try:
        done = store.write(write_bureau, n=n, now=now())
        note(f"{done.persons} people in {done.units} units, {done.phones} phones")
    except Conflict as conflict:
        if not (if_empty and conflict.code == "not_empty"):
            raise
        note("there are people already; nothing was seeded")
    finally:
        store.close()


def serve(
    database: Database = None,
    port: Annotated[
        int | None, typer.Option("--port", help="0 takes a free one. [PISHI_PORT, 8000]", show_default=False)
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="[PISHI_HOST, 127.0.0.1]", show_default=False)
    ] = None,
    modem: Modem = None,
    allow_demo_numbers: Annotated[
        bool, typer.Option("--allow-demo-numbers", help="Send to demo numbers over a laboratory modem.")
    ] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="The handset page, loopback callbacks, short holds.")
    ] = False,
    config: Config = None,
) -> None:
    """Run web, worker, callbacks and modems in one process until SIGTERM or ctrl-c."""
    from gateway.logs import set_up
    from gateway.serve import Site

    settings = read_settings(
        config,
        database=database,
        port=port,
        host=host,
        modem=modem or None,
        allow_demo_numbers=allow_demo_numbers or None,
        demo=demo or None,
    )
    set_up(settings.log_level)
    site = Site(settings)
    note(f"Pishi listens on {site.address}")
    for line in _demo_lines(site.store, site.address, settings) if settings.demo else []:
        note(line)
    site.run()


def _demo_lines(store: Store, address: str, settings: Settings) -> list[str]:
    """Where to go and whom to ask, for somebody who sees this for the first time."""
    from approval_core.people.queries import leaders_with_phones

    leaders = store.read(leaders_with_phones, now=now())
    shown = [one for one in leaders if one.rank == "R1"] + [one for one in leaders if one.rank == "R3"][:3]
    lines = [f"  打开 open  {address}/demo"]
    lines += [f"  账号 account  {one.account}  {one.name}  {one.title}  {one.number}" for one in shown]
    lines += _sign_in_lines(store, address, settings)
    return [*lines, f"  {len(leaders)} 位领导可短信审批 leaders decide by SMS; ctrl-c ends"]


def _sign_in_lines(store: Store, address: str, settings: Settings) -> list[str]:
    """One password for this run, shown here and kept nowhere."""
    from approval_core.people.accounts.hashing import Hashing
    from gateway.commands.passwords import one_time_password
    from gateway.demo.accounts import open_accounts

    password = one_time_password()
    opened = store.write(open_accounts, hashed=Hashing(settings.accounts).hash(password), now=now())
    if not opened:
        return []
    return [
        f"  登录 sign in  POST {address}/api/v1/sign-in  密码（仅本次运行）password of this run  {password}",
        *(f"  账号 account  {one.account}  {one.name}  {one.zh} {one.en}" for one in opened),
    ]


def work(database: Database = None, config: Config = None) -> None:
    """Run a worker and the callback sender alone, beside other processes on the same database."""
    from approval_core.store import Store
    from gateway.databases import migrate_if_behind, require_office
    from gateway.logs import set_up
    from gateway.serve import Part, sender_for, worker_for
    from gateway.settings import secret_of

    settings = read_settings(config, database=database)
    set_up(settings.log_level)
    if not settings.demo:
        require_office(settings.database)
    secret, said = secret_of(settings)
    logging.getLogger("pishi.work").info(f"secret: {said}")
    migrate_if_behind(settings.database)
    store = Store(settings.database)
    parts: list[Part] = [worker_for(settings, store, secret), sender_for(settings, store)]
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    for part in parts:
        part.start()
    note("Pishi works")
    ending.wait()
    for part in parts:
        part.stop()
    store.close()


def status(database: Database = None, json: AsJson = False) -> None:
    """What waits, what is dead, how many approvals stand where."""
    from gateway.state import state_of

    settings = read_settings(database=database)
    with opened(database) as store:
        found = store.read(state_of, now())
    found = {"database": _without_password(settings.database), **found}
    say(found, [f"{name}: {_short(value)}" for name, value in found.items()], json_wanted=json)


def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Request types to look over instead.", show_default=False)
    ] = None,
    organisation: Annotated[
        bool, typer.Option("--organisation", help="The types for everybody in this office, step by step.")
    ] = False,
    database: Database = None,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Look over settings and store, or the request types in FILES; exit 1 when something must be mended."""
    from gateway.commands.type_changes import report_over_people
    from gateway.commands.types import report
    from gateway.state import findings

    if organisation:
        report_over_people(files or [], database, json_wanted=json)
        return
    if files:
        report(files, json_wanted=json)
        return
    found = findings(read_settings(config, database=database), now())
    say(found, [f"{one['level']:5} {one['what']}: {one['said']}" for one in found], json_wanted=json)
    if any(one["level"] == "error" for one in found):
        raise typer.Exit(1)


def openapi(
    part: Annotated[
        str, typer.Argument(help="`systems`: for other systems; `person`: for phone and PC.")
    ] = "systems",
) -> None:
    """Print the OpenAPI document of a part of the API."""
    from gateway.app import PARTS, create_app
    from gateway.app import openapi as document
    from gateway.settings import load

    if part not in PARTS:
        raise Invalid("bad_setting", f"there is no part {part}; there are {' and '.join(PARTS)}")
    sys.stdout.write(as_json(document(create_app(load(demo=False, secret="0" * 64), None), part)) + "\n")


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_short(item)}" for name, item in value.items()) or "none"
    return str(value)


def _without_password(database: str) -> str:
    from sqlalchemy.engine import make_url

    try:
        return make_url(database).render_as_string(hide_password=True)
    except ValueError as error:
        raise Invalid("bad_setting", "PISHI_DATABASE: is no database address") from error
