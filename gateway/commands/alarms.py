"""`pishi alarms …`: what somebody of the office must look at, and who does."""

from __future__ import annotations

from typing import Annotated

import typer

from approval_core.people.actor import Actor
from gateway.commands.options import AsJson, Database, note, now, opened, say

group = typer.Typer(help="Alarms: what is open, and who looks after it.", no_args_is_help=True)


@group.command("list")
def list_open(
    kind: Annotated[str | None, typer.Option("--kind", help="Only this kind.", show_default=False)] = None,
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Only those that nobody has acknowledged.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    database: Database = None,
    json: AsJson = False,
) -> None:
    """Alarms whose cause is not gone, the latest first."""
    from approval_core.notices.alarms import open_alarms

    with opened(database) as store:
        found = store.read(open_alarms, kind=kind, unseen=unseen, limit=limit).items
    lines = []
    for one in found:
        seen = f"seen by {one.acknowledged_by}" if one.acknowledged_by else "unseen"
        facts = " ".join(f"{name}={value}" for name, value in one.facts.items())
        raised = one.raised_at.isoformat(timespec="seconds")
        lines.append(f"{one.id}  {one.kind}  {one.thing}  {raised}  x{one.times}  {seen}  {facts}".rstrip())
    say(found, lines, json_wanted=json)


@group.command("ack")
def acknowledge(
    number: Annotated[int, typer.Argument(metavar="ID", help="The number that `list` shows.")],
    by: Annotated[str, typer.Option("--by", help="Who, as it stands on the record.")] = "operator",
    words: Annotated[str, typer.Option("--note", help="What is done about it.")] = "",
    database: Database = None,
) -> None:
    """Say that somebody looks after an alarm. It stays open until its cause is gone."""
    from approval_core.notices.alarms import acknowledge as take

    with opened(database) as store:
        who = Actor(kind="system", name=by)
        store.write(take, number, actor=who, note=words, now=now())
    note(f"alarm {number} is yours")
