"""`pishi approvals | callbacks | sms | why`: look at what happened, and send again what was given up."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from approval_core.errors import NotFound
from gateway.commands.options import AsJson, Database, note, now, opened, read_settings, say

if TYPE_CHECKING:
    from approval_core.store import Tx

approvals = typer.Typer(help="Approvals and their trail.", no_args_is_help=True)
callbacks = typer.Typer(
    help="Callbacks to other systems: what is under way, what was given up.", no_args_is_help=True
)
sms = typer.Typer(help="SMS: what a reply would do, what was given up.", no_args_is_help=True)

Dead = Annotated[bool, typer.Option("--dead", help="Only what was given up and needs an operator.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000)]
RowId = Annotated[int, typer.Argument(metavar="ID", help="The number that `list` shows.")]


@approvals.command("show")
def show_approval(
    ref: Annotated[str, typer.Argument(metavar="REF|ID", help="The asking system's number, or ours.")],
    source: Annotated[
        str | None,
        typer.Option("--source", help="Which system, when several use that ref.", show_default=False),
    ] = None,
    database: Database = None,
    json: AsJson = False,
) -> None:
    """One approval with its steps, decisions and trail."""
    from gateway.trail import matter

    with opened(database) as store:
        found = store.read(matter, ref, source)
    lines = [
        f"{name}: {value}" for name, value in found.items() if name not in {"trail", "steps", "decisions"}
    ]
    for name in ("steps", "decisions", "trail"):
        lines += [f"{name}:"] + [f"  {one}" for one in found[name]]
    say(found, lines, json_wanted=json)


@approvals.command("list")
def list_approvals(
    state: Annotated[
        str | None, typer.Option("--state", help="pending, approved, …", show_default=False)
    ] = None,
    limit: Limit = 50,
    database: Database = None,
    json: AsJson = False,
) -> None:
    """The latest approvals."""
    from gateway.trail import latest

    with opened(database) as store:
        found = store.read(latest, state, limit)
    lines = [f"{one['id']}  {one['source']}  {one['ref']}  {one['state']}  {one['title']}" for one in found]
    say(found, lines, json_wanted=json)


@callbacks.command("list")
def list_callbacks(
    dead: Dead = False, limit: Limit = 50, database: Database = None, json: AsJson = False
) -> None:
    """Callbacks that are not sent, the latest first."""
    _list("callbacks", dead, limit, database, json)


@callbacks.command("resend")
def resend_callback(number: RowId, database: Database = None) -> None:
    """Send one again, with the same id and body."""
    _resend("callbacks", number, database)


@sms.command("list")
def list_sms(dead: Dead = False, limit: Limit = 50, database: Database = None, json: AsJson = False) -> None:
    """SMS that are not sent, the latest first."""
    _list("sms", dead, limit, database, json)


@sms.command("resend")
def resend_sms(number: RowId, database: Database = None) -> None:
    """Send one again; of an `unknown` one the phone may get a second copy."""
    _resend("sms", number, database)


@sms.command()
def parse() -> None:
    r"""What would this reply do? One reply per line on standard input (\n \t \\ \uXXXX), one JSON object per line."""
    from sms_modem.rules.lines import parse_lines

    sys.stdin.reconfigure(encoding="utf-8", errors="replace", newline="\n")  # type: ignore[union-attr]  # a text stream
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # a text stream
    for line in parse_lines(sys.stdin):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def why(
    phone: Annotated[str, typer.Argument(help="The sender's number, with or without +86.")],
    time: Annotated[
        str | None,
        typer.Argument(help="About when: 2026-05-06T09:30+08:00, or 09:30 today.", show_default=False),
    ] = None,
    database: Database = None,
    json: AsJson = False,
) -> None:
    """What happened to the SMS of a phone, and why."""
    from gateway.trail import explanation, nothing_to_explain

    settings = read_settings(database=database)
    with opened(database) as store:
        try:
            found, lines = store.read(explanation, phone, time, settings, now())
        except NotFound as nothing:
            if not json or nothing.code != "no_sms":
                raise
            found, lines = nothing_to_explain(nothing), []
    say(found, lines, json_wanted=json)


def _list(queue: str, dead: bool, limit: int, database: str | None, json: bool) -> None:
    from gateway.trail import outgoing

    with opened(database) as store:
        found = store.read(outgoing, queue, dead, limit)
    lines = [
        f"{one['id']}  {one['state']}  attempts {one['attempts']}  {one['to']}  {one['error'] or ''}"
        for one in found
    ]
    say(found, lines, json_wanted=json)


def _resend(queue: str, number: int, database: str | None) -> None:
    with opened(database) as store:
        store.write(_again, queue, number, now=now())
    note(f"{number} goes out again")


def _again(tx: Tx, queue: str, number: int, *, now: datetime) -> None:
    from approval_core import audit as proof
    from approval_core import outbound
    from gateway.wiring import QUEUES

    outbound.resend(tx, QUEUES[queue], number, now=now)
    proof.append(
        tx,
        chain="operations",
        actor="operator",
        verb=f"{queue}.resent",
        thing=f"{queue}:{number}",
        data={},
        now=now,
    )
