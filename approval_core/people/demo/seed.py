"""Writes the demo bureau into an empty store, in one piece of work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Table, insert, select

from approval_core import audit
from approval_core.clock import OFFICE_ZONE
from approval_core.errors import Conflict
from approval_core.people import models, service
from approval_core.people.actor import SYSTEM
from approval_core.people.demo import shape
from approval_core.people.demo.bureau import Bureau, Employee, build
from approval_core.store import Tx

SINCE = timedelta(days=365)  # every tie of the bureau began a year ago
DELEGATED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Seeded:
    persons: int
    units: int
    phones: int
    delegations: int
    refused_loops: int  #: a delegation back to its giver was tried and refused


def seed(tx: Tx, *, n: int = 3000, rng: int = 20121001, now: datetime) -> Seeded:
    """Deterministic apart from ids and `now`. `Conflict("not_empty")` when anybody or any unit is there already."""
    for table in (models.persons, models.org_units):
        if tx.execute(select(table.c.id).limit(1)).first() is not None:
            raise Conflict("not_empty", "There are people or units in this store already.")
    bureau = build(n=n, rng=rng, today=now.astimezone(OFFICE_ZONE).date())
    since = now - SINCE
    units = _put_units(tx, since)
    people = _put_people(tx, bureau, units, since)
    _put_ties(tx, bureau, people, units, since)
    audit.append(
        tx,
        chain="people",
        actor=SYSTEM.name,
        verb="demo.seeded",
        thing=f"unit:{shape.BUREAU}",
        data={"persons": n, "units": len(units), "rng": rng},
        now=now,
    )
    refused = _delegate(tx, bureau, people, now)
    bound = sum(one.rank != "R8" for one in bureau.people)
    return Seeded(len(people), len(units), bound, len(bureau.delegations), refused)


def _put(tx: Tx, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    many = list(rows)
    if many:
        tx.execute(insert(table), many)


def _ids(tx: Tx, table: Table, key: str) -> dict[str, int]:
    return {row.key: row.id for row in tx.execute(select(table.c[key].label("key"), table.c.id))}


def _put_units(tx: Tx, since: datetime) -> dict[str, int]:
    ids: dict[str, int] = {}
    for _, level in groupby(shape.units(), key=lambda unit: unit.level):
        _put(
            tx,
            models.org_units,
            (
                {
                    "code": unit.code,
                    "name": unit.name,
                    "short": unit.short,
                    "kind": unit.kind,
                    "parent_id": None if unit.parent is None else ids[unit.parent],
                    "level": unit.level,
                    "sort": unit.sort,
                    "site": "",
                    "valid_from": since,
                }
                for unit in level
            ),
        )
        ids = _ids(tx, models.org_units, "code")
    return ids


def _put_people(tx: Tx, bureau: Bureau, units: dict[str, int], since: datetime) -> dict[str, int]:
    """Posts, persons, their main posts and their numbers; returns the persons' ids by account."""
    _put(
        tx,
        models.posts,
        (
            {
                "code": post.code,
                "unit_id": units[post.unit],
                "name": post.name,
                "rank": post.rank,
                "is_head": post.is_head,
                "is_deputy": post.is_deputy,
                "sort": post.sort,
            }
            for post in bureau.posts
        ),
    )
    _put(tx, models.persons, (_person(one) for one in bureau.people))
    ids, posts = _ids(tx, models.persons, "account"), _ids(tx, models.posts, "code")
    held = [(one, one.post, "main", 0) for one in bureau.people]
    held += [(one, post, kind, 1) for one, post, kind in bureau.extra]
    _put(
        tx,
        models.assignments,
        (
            {
                "person_id": ids[one.account],
                "post_id": posts[post.code],
                "kind": kind,
                "sort": sort,
                "valid_from": since,
            }
            for one, post, kind, sort in held
        ),
    )
    _put(
        tx,
        models.phones,
        (
            {"person_id": ids[one.account], "number": one.number, "state": "bound", "bound_at": since}
            for one in bureau.people
            if one.rank != "R8"
        ),
    )
    return ids


def _person(one: Employee) -> dict[str, Any]:
    return {
        "account": one.account,
        "emp_no": f"99{one.place:06d}",
        "name": one.name,
        "email": f"{one.account}@haiyu.test",
        "rank": one.rank,
        "established": one.rank != "R8",
        "birthday": one.birthday,
        "entered_on": one.entered_on,
        "state": "active",
    }


def _put_ties(tx: Tx, bureau: Bureau, people: dict[str, int], units: dict[str, int], since: datetime) -> None:
    _put(
        tx,
        models.charges,
        (
            {"leader_id": people[leader.account], "unit_id": units[code], "valid_from": since}
            for leader, code in bureau.in_charge
        ),
    )
    _put(
        tx,
        models.secretaries,
        (
            {"leader_id": people[leader.account], "person_id": people[one.account], "valid_from": since}
            for leader, one in bureau.secretaries
        ),
    )
    _put(
        tx,
        models.role_grants,
        ({"person_id": people[one.account], "role": role, "valid_from": since} for one, role in bureau.roles),
    )


def _delegate(tx: Tx, bureau: Bureau, people: dict[str, int], now: datetime) -> int:
    """Through the service, as anybody would; then the first one is tried the other way round."""
    for giver, taker in bureau.delegations:
        _give(tx, people[giver.account], people[taker.account], now)
    giver, taker = bureau.delegations[0]
    try:
        _give(tx, people[taker.account], people[giver.account], now)
    except Conflict as refusal:
        if refusal.code != "delegation_loop":
            raise
        return 1
    raise Conflict("loop_accepted", "A delegation back to its giver was not refused.")


def _give(tx: Tx, giver_id: int, taker_id: int, now: datetime) -> None:
    service.delegate(
        tx,
        giver_id,
        taker_id,
        reason="出差期间代办",
        valid_from=now,
        valid_to=now + DELEGATED,
        actor=SYSTEM,
        now=now,
    )
