"""`pishi check FILE --organisation`: a type over everybody in the office."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from approval_core.errors import Invalid
from gateway.commands.options import note, now, opened, say
from gateway.commands.types import look_over, text_of


def report_over_people(files: list[Path], database: str | None, *, json_wanted: bool) -> None:
    """For everybody who may ask: whom each step asks, or that it asks nobody; exit 1 when a request would stop."""
    from approval_core.approvals.organisation import types_over_people
    from approval_core.definitions.rules.document import load_document

    if not files:
        raise Invalid("bad_setting", "name the request types to check over the organisation")
    faults = [one for one in look_over(files) if one["severity"] == "error"]
    if faults:
        said = [f"{one['file']}: {one['place']}: {one['en']} / {one['zh']} [{one['code']}]" for one in faults]
        say(faults, said, json_wanted=json_wanted)
        raise typer.Exit(1)
    named = {load_document(text_of(file)).type: str(file) for file in files}
    with opened(database) as store:
        found = store.read(
            types_over_people, [load_document(text_of(file)) for file in files], now=now(), progress=_progress
        )
    progress_over()
    plain = [{"file": named[name], **one.plain()} for name, several in found.items() for one in several]
    say(plain, [_line(one) for one in plain], json_wanted=json_wanted)
    if any(one["severity"] == "error" for one in plain):
        raise typer.Exit(1)
    note(f"{len(files)} checked over the organisation, {len(plain)} to weigh")


def _line(one: dict[str, Any]) -> str:
    place = f"{one['step']}: " if one["step"] else ""
    who = f"{one['count']}: {', '.join(one['examples'])}"
    return f"{one['file']}: {one['severity']}: {place}{one['en']} / {one['zh']} [{one['code']}] ({who})"


def _progress(name: str, done: int, of: int) -> None:
    if done % 20 == 0 or done == of:
        progress(f"{name} {done}/{of}")


def progress(text: str) -> None:
    """One line that is written over; only where somebody looks on."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


def progress_over() -> None:
    progress("")
