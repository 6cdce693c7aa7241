"""`pishi people absences …` and `pishi forecast`: who is away, who answers for him, and what will stall."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from approval_core.errors import Invalid, NotFound
from approval_core.people.actor import Actor
from gateway.commands.options import AsJson, Database, note, now, opened, say

group = typer.Typer(help="Who is away, and who answers for him.", no_args_is_help=True)
OPERATOR = Actor(kind="system", name="operator")
Day = Annotated[
    str | None, typer.Option("--day", help="A day of the office's calendar, 2026-05-06.", show_default=False)
]


@group.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(help="CSV: account, kind, from, to (UTF-8 or GB18030).", exists=True, dir_okay=False),
    ],
    database: Database = None,
    json: AsJson = False,
) -> None:
    """Enter absences; bad rows are named with line and reason, exit 1 when there are any."""
    from approval_core.people.absences import import_absences

    with opened(database) as store:
        report = store.write(import_absences, file.read_bytes(), actor=OPERATOR, now=now())
    lines = [f"{report.created} new, {report.unchanged} as they were, {len(report.bad)} bad"]
    lines += [f"line {bad.line} {bad.column}: {bad.en} / {bad.zh}" for bad in report.bad]
    for one in report.unproxied:
        lines.append(f"absence {one.absence_id}, {one.account}: no proxy; {_proposed(one.proposal)}")
    say(report, lines, json_wanted=json)
    if report.bad:
        raise typer.Exit(1)


@group.command("list")
def list_all(database: Database = None, day: Day = None, json: AsJson = False) -> None:
    """Running and coming absences, with the proxies named; with --day, those of that day."""
    with opened(database) as store:
        found = store.read(_listed, _day(day) if day else None, now())
    lines = [
        f"{one['id']}  {one['account']}  {one['name']}  {one['kind']}  "
        f"{_local(one['from'])} – {_local(one['to'])}  {', '.join(one['proxies']) or '-'}"
        for one in found
    ]
    say(found, lines, json_wanted=json)


@group.command("proxy")
def activate(
    absence: Annotated[int, typer.Argument(help="The number of the absence.")],
    to: Annotated[
        str | None, typer.Option("--to", help="Another account than the one proposed.", show_default=False)
    ] = None,
    database: Database = None,
) -> None:
    """Let the proposed proxy decide for as long as the absence lasts."""
    with opened(database) as store:
        given = store.write(_activate, absence, to, now=now())
    note(f"absence {absence}: {given}")


def forecast(database: Database = None, day: Day = None, json: AsJson = False) -> None:
    """What will stall on the next working day, because its holder is away: why, and whom to name."""
    from approval_core.forecast import forecast as foretell

    moment = now()
    wanted = _day(day) if day else _next_working_day(moment)
    with opened(database) as store:
        found = store.read(foretell, wanted, moment)
    lines = [f"{wanted.isoformat()}: {len(found)} will stall"]
    for one in found:
        lines.append(
            f"task {one.task_id} {one.title} ({one.type}), {one.account} {one.name}: "
            f"{one.en} / {one.zh}; {_proposed(one.proposal)}"
        )
    say({"day": wanted, "stalls": found}, lines, json_wanted=json)


def _next_working_day(moment: datetime) -> date:
    from approval_core.clock import OFFICE_ZONE
    from approval_core.working_time import is_working_day

    day = moment.astimezone(OFFICE_ZONE).date() + timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("bad_time", f"{text!r} is no day; write 2026-05-06") from None


def _local(moment: datetime) -> str:
    from approval_core.clock import OFFICE_ZONE

    return moment.astimezone(OFFICE_ZONE).strftime("%Y-%m-%d %H:%M")


def _proposed(proposal: Any) -> str:
    if proposal is None:
        return "nobody to propose"
    return (
        f"proposed: {proposal.account} {proposal.name} ({proposal.because['en']} / {proposal.because['zh']})"
    )


def _listed(tx: Any, day: date | None, moment: datetime) -> list[dict[str, Any]]:
    from approval_core.people.queries import absences_in, office_day

    start, end = office_day(day) if day else (moment, None)
    return absences_in(tx, start, end)


def _activate(tx: Any, absence_id: int, to: str | None, *, now: datetime) -> str:
    from sqlalchemy import select

    from approval_core.people import service
    from approval_core.people.models import delegations
    from approval_core.people.queries import person_by_account, person_by_id

    taker = None
    if to is not None:
        card = person_by_account(tx, to, now=now)
        if card is None:
            raise NotFound("no_person", f"There is no account {to}.", account=to)
        taker = card.id
    delegation_id = service.activate_proxy(tx, absence_id, to_id=taker, actor=OPERATOR, now=now)
    found = tx.execute(select(delegations.c.to_id).where(delegations.c.id == delegation_id)).scalar_one()
    return str(person_by_id(tx, found, now=now).account)
