"""`pishi types check | publish | list | show | retire`: request types as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from approval_core.errors import Invalid
from gateway.commands.options import AsJson, Database, note, now, opened, say

group = typer.Typer(help="Request types: check, publish, list.", no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(help="YAML files, each one request type.", show_default=False)]
Type = Annotated[str, typer.Argument(help="As LEAVE.", show_default=False)]


def look_over(files: list[Path]) -> list[dict[str, str]]:
    """The findings of each file, faults of the document itself among them."""
    return [{"file": str(file), **finding} for file in files for finding in _findings(text_of(file))]


def _findings(text: str) -> list[dict[str, str]]:
    from approval_core.definitions.rules.checking import findings_of
    from approval_core.definitions.rules.document import load_document

    try:
        return [one.plain() for one in findings_of(load_document(text))]
    except Invalid as fault:
        faults = fault.data.get("faults") or [fault.data]
        return [
            {"severity": "error", "place": one["place"], "code": fault.code, "en": one["en"], "zh": one["zh"]}
            for one in faults
        ]


def text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is no UTF-8 text"
        raise Invalid("bad_file", f"{file}: {reason}") from error


def report(files: list[Path], *, json_wanted: bool) -> None:
    """Say what was found; exit 1 when something refuses publishing."""
    found = look_over(files)
    say(found, [_line(one) for one in found], json_wanted=json_wanted)
    if any(one["severity"] == "error" for one in found):
        raise typer.Exit(1)
    note(f"{len(files)} checked, {len(found)} to weigh")


def _line(one: dict[str, str]) -> str:
    place = f"{one['place']}: " if one["place"] else ""
    return f"{one['file']}: {one['severity']}: {place}{one['en']} / {one['zh']} [{one['code']}]"


@group.command()
def check(files: Files, json: AsJson = False) -> None:
    """Look over files without any database; exit 1 when one could not be published."""
    report(files, json_wanted=json)


@group.command()
def publish(
    files: Annotated[list[Path] | None, typer.Argument(help="YAML files.", show_default=False)] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every shipped type that this office does not have yet.")
    ] = False,
    database: Database = None,
    json: AsJson = False,
) -> None:
    """Publish types; the same text again stays the same version. All of the files or none."""
    from approval_core.definitions.service import Published
    from approval_core.definitions.service import publish as put
    from approval_core.people.actor import SYSTEM
    from approval_core.store import Tx
    from gateway.shipped import publish_shipped_types

    if bool(files) == everything:
        raise Invalid("bad_setting", "name files, or --all for the shipped types")
    at = now()

    def all_or_none(tx: Tx, texts: list[str]) -> list[Published]:
        return [put(tx, text, actor=SYSTEM, now=at) for text in texts]

    with opened(database) as store:
        if everything:
            done = publish_shipped_types(store, now=at)
        else:
            done = store.write(all_or_none, [text_of(file) for file in files or []])
    said = [f"{one.type} {one.version}{'' if one.created else ' (as it was)'}" for one in done]
    say(done, said, json_wanted=json)


@group.command("list")
def list_(
    retired: Annotated[bool, typer.Option("--retired", help="Old versions too.")] = False,
    database: Database = None,
    json: AsJson = False,
) -> None:
    """The types that take requests."""
    from approval_core.definitions.queries import cards

    with opened(database) as store:
        found = store.read(cards, retired=retired)
    lines = [
        f"{one.type} {one.version}  {one.state}  {one.module}  {one.title['zh']} {one.title['en']}"
        for one in found
    ]
    say(found, lines, json_wanted=json)


@group.command()
def show(
    type_name: Type,
    version: Annotated[int | None, typer.Option("--version", help="An old one.", show_default=False)] = None,
    database: Database = None,
    json: AsJson = False,
) -> None:
    """The text of a type as it was published; with --json its compiled route."""
    from approval_core.definitions.queries import source
    from approval_core.definitions.rules.document import load_document

    with opened(database) as store:
        text = store.read(source, type_name, version)
    shown: dict[str, Any] = {}
    if json:
        document = load_document(text)
        shown = {"document": document.json_value(), "route": document.route_json()}
    say(shown, [text.rstrip("\n")], json_wanted=json)


@group.command()
def retire(type_name: Type, database: Database = None) -> None:
    """Take no new requests of a type; running ones go on."""
    from approval_core.definitions.service import retire as end
    from approval_core.people.actor import SYSTEM

    with opened(database) as store:
        number = store.write(end, type_name, actor=SYSTEM, now=now())
    note(f"{type_name} {number} takes no more requests")
