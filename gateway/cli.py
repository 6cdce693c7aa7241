"""The `pishi` command. Errors are one line on standard error: exit 2 for usage and settings, 1 for the rest."""

from __future__ import annotations

import os
import sys

import typer

from approval_core.errors import OfficeError
from gateway.commands import (
    absences,
    alarms,
    audit,
    clients,
    files,
    init,
    matters,
    office,
    people,
    simulate,
    statistics,
    type_changes,
    types,
)

app = typer.Typer(
    name="pishi",
    help="Pishi (批示): a leader answers Y by SMS, and the item is decided.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
for command in (
    init.init,
    office.migrate,
    office.seed,
    office.serve,
    office.work,
    office.status,
    office.check,
    matters.why,
    office.openapi,
    absences.forecast,
    simulate.simulate,
    statistics.statistics,
):
    app.command()(command)
for name, group in {
    "alarms": alarms.group,
    "approvals": matters.approvals,
    "audit": audit.group,
    "callbacks": matters.callbacks,
    "clients": clients.group,
    "files": files.group,
    "people": people.group,
    "sms": matters.sms,
    "types": types.group,
}.items():
    app.add_typer(group, name=name)
types.group.command()(type_changes.migrate)
types.group.command()(type_changes.replay)
people.group.add_typer(absences.group, name="absences")
matters.approvals.command("sheet")(files.sheet)
matters.approvals.command("archive")(files.archive)

#: Faults of what was typed or set, not of the office.
USAGE = frozenset(
    {
        "bad_setting",
        "unknown_setting",
        "bad_config",
        "default_secret",
        "short_secret",
        "secret_file",
        "no_database",
        "bad_port",
        "bad_span",
        "bad_time",
        "not_migrated",
    }
)


def main() -> None:
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code."""
    try:
        app(arguments, prog_name="pishi")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except OfficeError as error:
        sys.stderr.write(f"pishi: {error.message}\n")
        return 2 if error.code in USAGE else 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has had enough
        return 1
    return 0


if __name__ == "__main__":
    main()
