"""Staff from the personnel system, as a CSV file.

The first line names the columns, in any order, in English or Chinese; unknown columns are ignored:

    account      账号          required; a-z 0-9 . _ -, the key of a row
    emp_no       工号          required; unique
    name         姓名          required
    unit_code    单位代码      required; the unit must stand already
    rank         职级          required; R1 to R8
    post         职务          the main post in that unit; opened when the unit has none of that name; 科员 when a new
                               person's cell is empty
    established  在编          是/否, 1/0, true/false; a new person: 是
    phone        手机          +8612900000001; another form only if the caller brings a `normalise`
    email        邮箱
    birthday     出生日期      2012-10-01, 2012/10/1, 20121001 or 2012年10月1日
    entered_on   参加工作日期  the same

Files are UTF-8 (with or without a mark) or GB18030. An empty optional cell leaves what is there. Rows land or are
named with line, column and reason, each as a whole; the same file again changes nothing. People who are not in the
file stay. A changed number rests (S3) before it decides anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, update

from approval_core import audit
from approval_core.people.actor import Actor
from approval_core.people.models import assignments, org_units, persons, phones, posts
from approval_core.people.rules.roster_rows import BadRow, Normalise, RosterRow, flaw, read
from approval_core.store import Tx

__all__ = ["BadRow", "ImportReport", "import_roster"]

NUMBER_REST = timedelta(hours=72)
OF_PERSON = ("emp_no", "name", "rank", "established", "email", "birthday", "entered_on")


@dataclass(frozen=True, slots=True)
class ImportReport:
    created: int
    changed: int
    unchanged: int
    bad: list[BadRow]


@dataclass(slots=True)
class _Office:
    """What stands in the store, read once for the whole file and kept up with the rows already accepted."""

    people: dict[str, Any]
    emp_nos: dict[str, str]  # -> account
    numbers: dict[str, str]  # -> account
    number_of: dict[str, str]  # account -> number
    units: dict[str, int]
    posts: dict[tuple[int, str], Any]
    seat_of: dict[str, tuple[int, str]]  # account -> unit and name of the main post
    heads: dict[int, str]  # unit -> account


@dataclass(slots=True)
class _Plan:
    created: list[RosterRow] = field(default_factory=list)
    changed: list[tuple[RosterRow, dict[str, Any]]] = field(default_factory=list)
    moved: list[tuple[str, int, str, str]] = field(default_factory=list)  # account, unit, post, rank
    numbers: list[tuple[str, str]] = field(default_factory=list)
    unchanged: int = 0


def import_roster(
    tx: Tx,
    data: bytes,
    *,
    normalise: Normalise | None = None,
    number_rest: timedelta = NUMBER_REST,
    actor: Actor,
    now: datetime,
) -> ImportReport:
    """`Invalid` (bad_encoding, bad_heading, file_too_large) when the file as a whole cannot be read."""
    rows, bad = read(data, normalise=normalise)
    office, plan = _look(tx, now), _Plan()
    bad.extend(_sort_out(rows, office, plan))
    had_number = {account for account, _ in plan.numbers if account in office.number_of}
    _land(tx, plan, office, had_number, now=now, rest=number_rest)
    report = ImportReport(
        len(plan.created), len(plan.changed), plan.unchanged, sorted(bad, key=lambda one: one.line)
    )
    counts = {
        "created": report.created,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "bad": len(bad),
    }
    if report.created or report.changed:
        names = sorted([row.account for row in plan.created] + [row.account for row, _ in plan.changed])
        facts = counts | {"accounts": names}
        audit.append(
            tx, chain="people", actor=actor.name, verb="roster.imported", thing="roster", data=facts, now=now
        )
    return report


def _sort_out(rows: list[RosterRow], office: _Office, plan: _Plan) -> list[BadRow]:
    """Accept what can be accepted. A row may wait for a later one that gives up its number or its post."""
    while True:
        wrong: list[BadRow] = []
        waiting: list[RosterRow] = []
        for row in rows:
            faults = _wrong(row, office)
            wrong.extend(faults)
            if faults:
                waiting.append(row)
            else:
                _accept(row, office, plan)
        if not waiting or len(waiting) == len(rows):
            return wrong
        rows = waiting


def _look(tx: Tx, now: datetime) -> _Office:
    people = {row.account: row for row in tx.execute(select(persons))}
    live = tx.execute(
        select(phones.c.number, persons.c.account)
        .join(persons, persons.c.id == phones.c.person_id)
        .where(phones.c.state != "unbound")
    ).all()
    seats = tx.execute(
        select(persons.c.account, assignments.c.post_id, assignments.c.kind, posts.c.unit_id, posts.c.is_head)
        .select_from(
            assignments.join(persons, persons.c.id == assignments.c.person_id).join(
                posts, posts.c.id == assignments.c.post_id
            )
        )
        .where(assignments.c.valid_to.is_(None) | (assignments.c.valid_to > now))
    ).all()
    units = tx.execute(select(org_units.c.code, org_units.c.id).where(org_units.c.valid_to.is_(None)))
    standing = tx.execute(select(posts).order_by(posts.c.id.desc())).all()
    seat = {row.id: (row.unit_id, row.name) for row in standing}
    return _Office(
        people=people,
        emp_nos={row.emp_no: row.account for row in people.values()},
        numbers={row.number: row.account for row in live},
        number_of={row.account: row.number for row in live},
        units={row.code: row.id for row in units},
        posts={(row.unit_id, row.name): row for row in standing},
        seat_of={row.account: seat[row.post_id] for row in seats if row.kind == "main"},
        heads={row.unit_id: row.account for row in seats if row.is_head and row.kind != "acting"},
    )


def _wrong(row: RosterRow, office: _Office) -> list[BadRow]:
    """What only the store can tell."""
    wrong: list[BadRow] = []
    given = row.given
    there = office.people.get(row.account)
    if there is not None and there.state != "active":
        wrong.append(flaw(row.line, "account", "has_left", "此人已离开", "this person has left"))
    if office.emp_nos.get(given["emp_no"], row.account) != row.account:
        wrong.append(flaw(row.line, "emp_no", "emp_no_taken", "工号已属他人", "belongs to somebody else"))
    holder = office.numbers.get(given.get("phone", ""), row.account)
    if holder != row.account:
        wrong.append(flaw(row.line, "phone", "number_taken", f"号码已绑定 {holder}", f"is bound to {holder}"))
    unit = office.units.get(given["unit_code"])
    if unit is None:
        wrong.append(flaw(row.line, "unit_code", "no_unit", "没有这个单位", "there is no such unit"))
    elif (post := office.posts.get((unit, given.get("post", "")))) is not None and post.is_head:
        head = office.heads.get(unit, row.account)
        if head != row.account:
            wrong.append(
                flaw(row.line, "post", "head_taken", f"该单位已由 {head} 主持", f"the unit is led by {head}")
            )
    return wrong


def _accept(row: RosterRow, office: _Office, plan: _Plan) -> None:
    given, account = row.given, row.account
    there = office.people.get(account)
    news = {key: given[key] for key in OF_PERSON if key in given and getattr(there, key, None) != given[key]}
    move = _move(row, office)
    number = given.get("phone")
    rebinds = number is not None and office.number_of.get(account) != number
    if there is None:
        plan.created.append(row)
    elif news or move or rebinds:
        plan.changed.append((row, news))
    else:
        plan.unchanged += 1
    _take(office.emp_nos, given["emp_no"], account, None if there is None else there.emp_no)
    if move is not None:
        plan.moved.append((account, *move, given["rank"]))
        left = office.seat_of.get(account)
        if left is not None and office.heads.get(left[0]) == account and office.posts[left].is_head:
            del office.heads[left[0]]
        if move in office.posts and office.posts[move].is_head:
            office.heads[move[0]] = account
    if rebinds and number is not None:
        _take(office.numbers, number, account, office.number_of.get(account))
        plan.numbers.append((account, number))


def _take(taken: dict[str, str], value: str, account: str, given_up: str | None) -> None:
    if given_up is not None and taken.get(given_up) == account:
        del taken[given_up]
    taken[value] = account


def _move(row: RosterRow, office: _Office) -> tuple[int, str] | None:
    """(unit, post) when the row puts the person somewhere else; without a post named, only another unit does."""
    unit, named = office.units[row.given["unit_code"]], row.given.get("post")
    held = office.seat_of.get(row.account)
    if held is not None and held[0] == unit and named in (None, held[1]):
        return None
    return unit, named or "科员"


def _land(
    tx: Tx, plan: _Plan, office: _Office, had_number: set[str], *, now: datetime, rest: timedelta
) -> None:
    _update(tx, plan, office)
    defaults = {"established": True, "email": "", "birthday": None, "entered_on": None, "state": "active"}
    _many(
        tx,
        persons,
        [
            defaults
            | {"account": row.account}
            | {key: row.given[key] for key in OF_PERSON if key in row.given}
            for row in plan.created
        ],
    )
    ids = {row.account: row.id for row in tx.execute(select(persons.c.account, persons.c.id))}
    _seat(tx, plan, office, ids, now)
    bound = [
        {
            "person_id": ids[account],
            "number": number,
            "state": "suspended" if account in had_number else "bound",
            "bound_at": now,
            "suspended_until": now + rest if account in had_number else None,
        }
        for account, number in plan.numbers
    ]
    _end(tx, phones, "person_id", (ids[account] for account in had_number), state="unbound", unbound_at=now)
    _many(tx, phones, bound)


def _update(tx: Tx, plan: _Plan, office: _Office) -> None:
    """Changed persons, one statement for all: unchanged columns are written as they were."""
    rows = []
    for row, news in plan.changed:
        there = office.people[row.account]
        if news:
            rows.append(
                {f"new_{key}": news.get(key, getattr(there, key)) for key in OF_PERSON} | {"row_id": there.id}
            )
    if rows:
        values: dict[str, Any] = {key: bindparam(f"new_{key}") for key in OF_PERSON}
        tx.execute(update(persons).where(persons.c.id == bindparam("row_id")).values(**values), rows)


def _seat(tx: Tx, plan: _Plan, office: _Office, ids: dict[str, int], now: datetime) -> None:
    codes = {unit: code for code, unit in office.units.items()}
    missing = {(unit, name): rank for _, unit, name, rank in plan.moved if (unit, name) not in office.posts}
    taken = {post.code for post in office.posts.values()}
    rows = []
    for (unit, name), rank in missing.items():
        number = 1
        while (code := f"{codes[unit]}-R{number}") in taken:
            number += 1
        taken.add(code)
        rows.append(
            {
                "code": code,
                "unit_id": unit,
                "name": name,
                "rank": rank,
                "is_head": False,
                "is_deputy": False,
                "sort": 5,
            }
        )
    _many(tx, posts, rows)
    post_ids = {
        (row.unit_id, row.name): row.id for row in tx.execute(select(posts).order_by(posts.c.id.desc()))
    }
    moving = [ids[account] for account, *_ in plan.moved if account in office.seat_of]
    _end(tx, assignments, "person_id", moving, kind="main", valid_to=now)
    _many(
        tx,
        assignments,
        [
            {
                "person_id": ids[account],
                "post_id": post_ids[unit, name],
                "kind": "main",
                "sort": 0,
                "valid_from": now,
            }
            for account, unit, name, _ in plan.moved
        ],
    )


def _end(tx: Tx, table: Table, column: str, whose: Iterable[int], **values: Any) -> None:
    live = (
        table.c.state != "unbound"
        if table is phones
        else table.c.valid_to.is_(None) & (table.c.kind == "main")
    )
    rows = [{"row_id": one} for one in whose]
    if rows:
        tx.execute(update(table).where(table.c[column] == bindparam("row_id"), live).values(**values), rows)


def _many(tx: Tx, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        tx.execute(insert(table), rows)
