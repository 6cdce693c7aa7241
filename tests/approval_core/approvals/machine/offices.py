"""Small organisations drawn by dice: units under units, posts with and without people, charges, roles, proxies, absences.

Building one takes longer than a story does, so each is built once and its database copied for every story in it.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

from approval_core.errors import OfficeError
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM, Actor
from approval_core.store import Store, Tx
from tests.databases import PostgresServer, SqliteFiles
from tests.factories import NOW

FOUNDED = NOW - timedelta(days=400)
ROLES = ("checker", "signer", "operator")
NAMES = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往"


@dataclass
class Office:
    """Who is there when a story begins."""

    people: list[Actor] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    heads: dict[str, int] = field(default_factory=dict)  #: unit code -> the post of its head
    operator: Actor = SYSTEM  #: who runs the flows

    @property
    def accounts(self) -> list[str]:
        return [one.name for one in self.people]


def found(tx: Tx, dice: random.Random) -> Office:
    """20 to 40 people. One in four heads is missing, a leader may be in charge of his own unit, proxies may form circles."""
    office = Office()
    units = {"B": people.open_unit(tx, code="B", name="局", kind="bureau", actor=SYSTEM, now=FOUNDED)}
    for number in range(dice.randint(2, 4)):
        _unit(tx, dice, units, f"D{number}", "internal", units["B"])
        for section in range(dice.randint(0, 2)):
            _unit(tx, dice, units, f"D{number}S{section}", "section", units[f"D{number}"])
    posts = _posts(tx, units, office)
    _staff(tx, dice, office, posts)
    _ties(tx, dice, office, units)
    return office


def _unit(tx: Tx, dice: random.Random, units: dict[str, int], code: str, kind: str, parent: int) -> None:
    units[code] = people.open_unit(
        tx, code=code, name=f"单位{code}", kind=kind, parent_id=parent, actor=SYSTEM, now=FOUNDED
    )


def _posts(tx: Tx, units: dict[str, int], office: Office) -> dict[str, list[int]]:
    """Each unit has a head's post, a deputy's and the others'."""
    found_posts: dict[str, list[int]] = {}
    for code, unit_id in units.items():
        rank = "R1" if code == "B" else "R3" if "S" not in code else "R5"
        head = people.open_post(
            tx,
            code=f"{code}-H",
            unit_id=unit_id,
            name="负责人",
            rank=rank,
            is_head=True,
            actor=SYSTEM,
            now=FOUNDED,
        )
        deputy = people.open_post(
            tx,
            code=f"{code}-V",
            unit_id=unit_id,
            name="副职",
            rank="R4",
            is_deputy=True,
            actor=SYSTEM,
            now=FOUNDED,
        )
        seat = people.open_post(
            tx, code=f"{code}-S", unit_id=unit_id, name="科员", rank="R7", actor=SYSTEM, now=FOUNDED
        )
        found_posts[code] = [head, deputy, seat]
        office.units.append(code)
        office.heads[code] = head
    return found_posts


def _staff(tx: Tx, dice: random.Random, office: Office, posts: dict[str, list[int]]) -> None:
    wanted: list[tuple[int, str]] = []
    for code, (head, deputy, _) in posts.items():
        if code == "B" or dice.random() < 0.75:
            wanted.append((head, "R1" if code == "B" else "R3"))
        if dice.random() < 0.4:
            wanted.append((deputy, "R4"))
    seats = [seat for _, _, seat in posts.values()]
    wanted += [(dice.choice(seats), "R7") for _ in range(dice.randint(20, 40) - len(wanted))]
    for number, (post_id, rank) in enumerate(wanted):
        account = f"p{number:02d}"
        person_id = people.hire(
            tx,
            account=account,
            emp_no=account,
            name=f"王{NAMES[number]}",
            rank=rank,
            actor=SYSTEM,
            now=FOUNDED,
        )
        people.assign(tx, person_id, post_id, actor=SYSTEM, now=FOUNDED)
        office.people.append(Actor("person", account, person_id))


def _ties(tx: Tx, dice: random.Random, office: Office, units: dict[str, int]) -> None:
    def anyone() -> int:
        person_id = dice.choice(office.people).person_id
        assert person_id is not None
        return person_id

    for code in list(units)[1:]:
        if dice.random() < 0.6:
            people.put_in_charge(tx, anyone(), units[code], actor=SYSTEM, now=FOUNDED)
    for role in ROLES:
        for person_id in {anyone() for _ in range(dice.randint(1, 3))}:
            people.grant_role(tx, person_id, role=role, actor=SYSTEM, now=FOUNDED)
            if role == "operator":
                office.operator = next(one for one in office.people if one.person_id == person_id)
    for _ in range(dice.randint(0, 5)):
        with suppress(OfficeError), tx.nested():  # a circle, or one too many: refused as for anybody
            people.delegate(
                tx, anyone(), anyone(), valid_from=FOUNDED, valid_to=NOW + timedelta(days=30), actor=SYSTEM, now=FOUNDED
            )  # fmt: skip
    for person_id in {anyone() for _ in range(dice.randint(0, 3))}:
        people.mark_absent(
            tx, person_id, kind="leave", valid_from=NOW - timedelta(days=1), valid_to=NOW + timedelta(days=9),
            actor=SYSTEM, now=FOUNDED,
        )  # fmt: skip


_number = count(1)


class Offices:
    """Databases with the organisation `number` in them, a fresh one for each story."""

    def __init__(self, seed: int, files: SqliteFiles | None, server: PostgresServer | None = None) -> None:
        self._seed, self._files, self._server = seed, files, server
        self._built: dict[int, tuple[str, Office]] = {}

    @contextmanager
    def visit(self, number: int) -> Iterator[tuple[Store, Office]]:
        if number not in self._built:
            self._built[number] = self._build(number)
        model, office = self._built[number]
        url = self._copied(model)
        store = Store(url, span=0.0)
        try:
            yield store, office
        finally:
            store.close()
            self._remove(url)

    def _build(self, number: int) -> tuple[str, Office]:
        url = self._files.migrated() if self._files else self._server.migrated() if self._server else ""
        store = Store(url)
        try:
            office = store.write(lambda tx: found(tx, random.Random(f"{self._seed}/office/{number}")))
        finally:
            store.close()
        return url, office

    def _copied(self, model: str) -> str:
        if self._files:
            path = model.removeprefix("sqlite:///")
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            copy = f"{path}.{next(_number)}"
            shutil.copyfile(path, copy)
            return f"sqlite:///{copy}"
        assert self._server is not None
        name = f"story_{next(_number)}"
        self._server.administer(f"CREATE DATABASE {name} TEMPLATE {_database(model)}")
        return self._server.url(name)

    def _remove(self, url: str) -> None:
        if self._server is not None:
            self._server.drop(url)
            return
        path = Path(url.removeprefix("sqlite:///"))
        for one in path.parent.glob(f"{path.name}*"):
            one.unlink()


def _database(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]
