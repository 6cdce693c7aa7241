"""`pishi people …`: look at people, import them, bind a number, give a password or a role."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from approval_core.errors import Invalid, NotFound
from approval_core.people.actor import Actor
from gateway.commands.options import AsJson, Database, note, now, opened, read_settings, say

if TYPE_CHECKING:
    from approval_core.people.queries import PersonCard

group = typer.Typer(help="People, their posts, phones, passwords and roles.", no_args_is_help=True)
OPERATOR = Actor(kind="system", name="operator")
Account = Annotated[str, typer.Argument(help="The person's account, e.g. hy00001.")]


@group.command()
def show(account: Account, database: Database = None, json: AsJson = False) -> None:
    """One person: posts, bound number, absences, delegations."""
    from approval_core.people.queries import profile

    with opened(database) as store:
        found = store.read(profile, account, now())
    lines = [f"{name}: {value}" for name, value in found.items()]
    say(found, lines, json_wanted=json)


@group.command("list")
def list_all(
    database: Database = None,
    rank: Annotated[
        str | None, typer.Option("--rank", help="Only this rank, R1 … R8.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 100,
    json: AsJson = False,
) -> None:
    """People by account."""
    with opened(database) as store:
        found = store.read(_people, rank, limit)
    lines = [f"{one['account']}  {one['rank']}  {one['name']}  {one['phone'] or '-'}" for one in found]
    say(found, lines, json_wanted=json)


@group.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV: account, emp_no, name, unit_code, rank, … (UTF-8 or GB18030).",
            exists=True,
            dir_okay=False,
        ),
    ],
    database: Database = None,
    json: AsJson = False,
) -> None:
    """Import a roster; bad rows are named with line and reason, exit 1 when there are any."""
    from approval_core.people.roster import import_roster

    prefix = read_settings(database=database).sms_rules.demo_prefix
    with opened(database) as store:
        report = store.write(
            import_roster,
            file.read_bytes(),
            normalise=lambda raw: _number(raw, prefix),
            actor=OPERATOR,
            now=now(),
        )
    lines = [
        f"{report.created} new, {report.changed} changed, {report.unchanged} as they were, {len(report.bad)} bad"
    ]
    lines += [f"line {bad.line} {bad.column}: {bad.en} / {bad.zh}" for bad in report.bad]
    say(report, lines, json_wanted=json)
    if report.bad:
        raise typer.Exit(1)


@group.command("bind-phone")
def bind_phone(
    account: Account,
    number: Annotated[str, typer.Argument(help="A mobile number, with or without +86.")],
    database: Database = None,
) -> None:
    """Bind a number to a person, in place of the one bound before."""
    from sms_modem.rules.numbers import e164

    prefix = read_settings(database=database).sms_rules.demo_prefix
    with opened(database) as store:
        written = e164(number, demo_prefix=prefix)
        store.write(_bind, account, written, now=now())
    note(f"{account}: {written}")


@group.command()
def password(
    account: Account,
    generate: Annotated[
        bool, typer.Option("--generate", help="Make one and print it, once, instead of asking.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="It need not be changed at the next sign-in.")] = False,
    database: Database = None,
) -> None:
    """Give a person a password; his sessions end. He must choose another at the next sign-in."""
    from approval_core.people.accounts.hashing import Hashing
    from approval_core.people.accounts.service import set_password
    from gateway.commands.passwords import one_time_password, typed_password

    rules = read_settings(database=database).accounts
    with opened(database) as store:
        card = store.read(_card, account, now=now())
        chosen = (
            one_time_password()
            if generate
            else typed_password(card.account, card.name, rules.shortest_password)
        )
        store.write(
            set_password,
            card.id,
            new_hash=Hashing(rules).hash(chosen),
            must_change=not keep,
            actor=OPERATOR,
            now=now(),
        )
    if generate:
        typer.echo(chosen)
    note(f"{account}: a new password{'' if keep else ', to be changed at the next sign-in'}; sessions ended")


@group.command()
def lock(
    account: Account,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the trail.")],
    database: Database = None,
) -> None:
    """Let nobody sign in under an account until it is unlocked; its sessions end."""
    from approval_core.people.accounts.service import bar

    with opened(database) as store:
        card = store.read(_card, account, now=now())
        store.write(bar, card.id, reason=reason, actor=OPERATOR, now=now())
    note(f"{account} is locked")


@group.command()
def unlock(account: Account, database: Database = None) -> None:
    """End a lock, also one for wrong passwords."""
    from approval_core.people.accounts.service import unbar

    with opened(database) as store:
        card = store.read(_card, account, now=now())
        store.write(unbar, card.id, actor=OPERATOR, now=now())
    note(f"{account} may sign in")


@group.command()
def role(
    account: Account,
    name: Annotated[
        str,
        typer.Argument(help="admin, security, auditor, operator, designer, hr, unit_admin, or any other."),
    ],
    database: Database = None,
) -> None:
    """Grant a role in the whole office. The auditor's makes an account that reads everything and changes nothing."""
    from approval_core.people.service import grant_role

    with opened(database) as store:
        card = store.read(_card, account, now=now())
        store.write(grant_role, card.id, role=name, actor=OPERATOR, now=now())
    note(f"{account}: {name}")


def _number(raw: str, prefix: str) -> str | None:
    from sms_modem.rules.numbers import e164

    try:
        return e164(raw, demo_prefix=prefix)
    except Invalid:
        return None


def _card(tx: Any, account: str, *, now: Any) -> PersonCard:
    from approval_core.people.queries import person_by_account

    card = person_by_account(tx, account, now=now)
    if card is None:
        raise NotFound("no_person", f"There is no account {account}.", account=account)
    return card


def _bind(tx: Any, account: str, number: str, *, now: Any) -> None:
    from approval_core.people import service

    card = _card(tx, account, now=now)
    if card.phone is not None and card.phone != number:
        service.unbind_phone(tx, card.id, actor=OPERATOR, now=now)
    service.bind_phone(tx, card.id, number=number, actor=OPERATOR, now=now)


def _people(tx: Any, rank: str | None, limit: int) -> list[dict[str, Any]]:
    from sqlalchemy import and_, select

    from approval_core.people.models import persons, phones

    bound = and_(phones.c.person_id == persons.c.id, phones.c.state == "bound")
    query = select(
        persons.c.account, persons.c.name, persons.c.rank, persons.c.state, phones.c.number.label("phone")
    )
    query = query.select_from(persons.outerjoin(phones, bound)).order_by(persons.c.account).limit(limit)
    if rank is not None:
        query = query.where(persons.c.rank == rank)
    return [dict(row._mapping) for row in tx.execute(query)]
