"""`pishi files check | sweep` and `pishi approvals sheet | archive`: the folder of attachments, and paper."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from gateway.commands.options import AsJson, Config, Database, note, now, opened, read_settings, say

if TYPE_CHECKING:
    from approval_core.files.storage import Storage
    from approval_core.people.actor import Actor
    from approval_core.store import Tx
    from gateway.settings import Settings

group = typer.Typer(help="Attachments: are the bytes there, and as they came.", no_args_is_help=True)

Ref = Annotated[str, typer.Argument(metavar="REF|ID", help="The asking system's number, or ours.")]
Source = Annotated[
    str | None, typer.Option("--source", help="Which system, when several use that ref.", show_default=False)
]
For = Annotated[str, typer.Option("--for", metavar="ACCOUNT", help="Whose name stands on it.")]
Out = Annotated[Path, typer.Option("--out", help="The file to write; one that is there is not touched.")]
English = Annotated[bool, typer.Option("--en", help="In English.")]


@group.command()
def check(database: Database = None, config: Config = None, json: AsJson = False) -> None:
    """Read every stored file and compare length and SHA-256; exit 1 when one is missing or damaged."""
    from approval_core.files.queries import contents

    settings = read_settings(config, database=database)
    storage = _storage(settings)
    flaws: dict[str, str] = {}
    count, last = 0, ""
    with opened(settings.database) as store:
        while some := store.read(contents, after=last):
            for sha256, size in some:
                count += 1
                flaw = storage.check(sha256, size)
                if flaw is not None:
                    flaws[sha256] = flaw
            last = some[-1][0]
    lines = [f"{count} files", *(f"{sha256}  {flaw}" for sha256, flaw in flaws.items())]
    say({"ok": not flaws, "files": count, "flaws": flaws}, lines, json_wanted=json)
    if flaws:
        raise typer.Exit(1)


@group.command()
def sweep(database: Database = None, config: Config = None, json: AsJson = False) -> None:
    """Take away what nothing refers to and what was never finished, when older than a day."""
    from approval_core.files.queries import referred

    settings = read_settings(config, database=database)
    with opened(settings.database) as store:
        swept = _storage(settings).sweep(lambda some: store.read(referred, some), now=now())
    say(swept, [f"{swept.files} files, {swept.size} bytes"], json_wanted=json)


def sheet(
    ref: Ref,
    account: For,
    out: Out,
    source: Source = None,
    english: English = False,
    database: Database = None,
    config: Config = None,
) -> None:
    """The opinion sheet (审批单) as PDF; that it was printed goes on record."""
    from approval_core.sheets.printing import print_sheet

    settings = read_settings(config, database=database)
    with opened(settings.database) as store:
        number, viewer = store.read(_asked, ref, source, account)
        pdf = print_sheet(
            store, _storage(settings), number, viewer=viewer, lang="en" if english else "zh", now=now()
        )
    with _new_file(out) as file:
        file.write(pdf)
    note(f"{out}: {len(pdf)} bytes")


def archive(
    ref: Ref,
    account: For,
    out: Out,
    source: Source = None,
    english: English = False,
    database: Database = None,
    config: Config = None,
) -> None:
    """The archive package: sheet, files, trail, and a manifest with the SHA-256 of each."""
    from approval_core.sheets.printing import pack

    settings = read_settings(config, database=database)
    with opened(settings.database) as store:
        number, viewer = store.read(_asked, ref, source, account)
        with _new_file(out) as file:
            english_or_not = "en" if english else "zh"
            digest = pack(
                store, _storage(settings), number, file, viewer=viewer, lang=english_or_not, now=now()
            )
    note(f"{out}: manifest {digest}")


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Only this user may read it; gone again when it was not finished."""
    from approval_core.errors import Invalid

    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Invalid("bad_file", f"{path} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _asked(tx: Tx, ref: str, source: str | None, account: str) -> tuple[int, Actor]:
    from approval_core.errors import NotFound
    from approval_core.people.actor import Actor as Somebody
    from approval_core.people.queries import person_by_account
    from gateway.trail import find

    card = person_by_account(tx, account)
    if card is None:
        raise NotFound("no_person", f"there is no account {account}")
    return int(find(tx, ref, source).id), Somebody(kind="person", name=card.account, person_id=card.id)


def _storage(settings: Settings) -> Storage:
    from approval_core.files.storage import Storage as Folder

    return Folder(settings.files_folder)
