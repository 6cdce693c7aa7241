"""`pishi clients …`: other systems, their keys and signing secrets."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.commands.options import AsJson, Database, note, now, opened, say, span

group = typer.Typer(
    help="Other systems that may call us: keys, scopes, callbacks, signing secrets.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="The client's name.")]
Overlap = Annotated[
    str, typer.Option("--overlap", help="How long the old one still works: 90s, 30m, 24h, 7d.")
]


@group.command()
def add(
    name: Name,
    scope: Annotated[list[str], typer.Option("--scope", help="`approvals`; repeatable.")],
    callback: Annotated[
        list[str] | None,
        typer.Option(
            "--callback",
            help="A prefix that its callback_url must begin with; repeatable.",
            show_default=False,
        ),
    ] = None,
    database: Database = None,
) -> None:
    """Register a system and print its key, which nothing can show again."""
    from approval_core.clients import service

    with opened(database) as store:
        typer.echo(store.write(service.add, name, scopes=scope, callback_prefixes=callback or [], now=now()))


@group.command("list")
def list_all(database: Database = None, json: AsJson = False) -> None:
    """Every registered system."""
    from approval_core.clients.queries import all_clients

    with opened(database) as store:
        found = store.read(all_clients)
    lines = [
        f"{one.name}  {one.state}  {','.join(one.scopes)}  {' '.join(one.callback_prefixes)}" for one in found
    ]
    say(found, lines, json_wanted=json)


@group.command()
def secret(name: Name, database: Database = None) -> None:
    """Print the current signing secret (whsec_…) of its callbacks."""
    from approval_core.clients.queries import secret as current

    with opened(database) as store:
        typer.echo(store.read(current, name))


@group.command()
def rotate(name: Name, overlap: Overlap = "24h", database: Database = None) -> None:
    """Make a new key and print it; the old ones work until the overlap is over."""
    from approval_core.clients import service

    with opened(database) as store:
        typer.echo(store.write(service.rotate_key, name, overlap=span(overlap), now=now()))


@group.command("rotate-secret")
def rotate_secret(name: Name, overlap: Overlap = "24h", database: Database = None) -> None:
    """Make a new signing secret and print it; callbacks bear both signatures until the overlap is over."""
    from approval_core.clients import service

    with opened(database) as store:
        typer.echo(store.write(service.rotate_secret, name, overlap=span(overlap), now=now()))


@group.command()
def revoke(name: Name, database: Database = None) -> None:
    """End every key of a system at once; `rotate` opens the door again."""
    from approval_core.clients import service

    with opened(database) as store:
        ended = store.write(service.revoke, name, now=now())
    note(f"{ended} keys ended")
