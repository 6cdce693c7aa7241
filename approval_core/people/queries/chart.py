"""The organisation as it stands at one moment: units upwards, who leads each, who has it in charge.

One `Chart` lives for one question and remembers what it has read. A circle of units ends where it began, a closed unit
is its successor, and an unclear answer is said (`Nobody`), never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select

from approval_core.people.models import assignments, charges, org_units, persons, posts
from approval_core.people.queries.cards import title_of
from approval_core.people.queries.moments import holds
from approval_core.people.rules.heads import Seat, capacity, who_leads
from approval_core.store import Tx

SMALL_KINDS = ("section", "office")

_unit = select(
    org_units.c.id,
    org_units.c.short,
    org_units.c.kind,
    org_units.c.parent_id,
    org_units.c.valid_to,
    org_units.c.successor_id,
)
_unit_by_id = _unit.where(org_units.c.id == bindparam("unit_id"))
_unit_by_code = select(org_units.c.id).where(org_units.c.code == bindparam("code"))
_bureau = (
    select(org_units.c.id)
    .where(org_units.c.kind == "bureau", org_units.c.parent_id.is_(None), holds(org_units))
    .order_by(org_units.c.id)
)
#: A bureau is led from its leadership unit (局领导).
_leadership = select(org_units.c.id).where(
    org_units.c.parent_id == bindparam("unit_id"), org_units.c.kind == "leadership"
)
_own = org_units.alias("own")
_seats = (
    select(
        assignments.c.person_id,
        assignments.c.kind,
        assignments.c.sort,
        posts.c.is_head,
        posts.c.is_deputy,
        posts.c.sort.label("post_sort"),
        posts.c.name.label("title"),
        persons.c.account,
        persons.c.name,
        _own.c.short,
        _own.c.kind.label("unit_kind"),
    )
    .select_from(
        assignments.join(posts, posts.c.id == assignments.c.post_id)
        .join(persons, persons.c.id == assignments.c.person_id)
        .join(_own, _own.c.id == posts.c.unit_id)
    )
    .where(or_(posts.c.unit_id == bindparam("unit_id"), posts.c.unit_id.in_(_leadership)))
    .where(or_(posts.c.is_head, posts.c.is_deputy, assignments.c.kind == "acting"))
    .where(persons.c.state == "active", holds(assignments))
)
_in_charge = (
    select(persons.c.id, persons.c.account, persons.c.name)
    .select_from(charges.join(persons, persons.c.id == charges.c.leader_id))
    .where(charges.c.unit_id == bindparam("unit_id"), persons.c.state == "active", holds(charges))
    .order_by(charges.c.id.desc())
)
_places = (
    select(posts.c.unit_id, assignments.c.kind)
    .select_from(assignments.join(posts, posts.c.id == assignments.c.post_id))
    .where(assignments.c.person_id == bindparam("person_id"), holds(assignments))
    .order_by(assignments.c.sort, assignments.c.id)
)
#: Where a person works, when he does not say: with his host, else in his main post.
_PLACE = {"seconded": 0, "main": 1, "temporary": 2, "concurrent": 3, "acting": 4}


class Nobody(Exception):  # noqa: N818  # an answer, not a fault of the program
    """A rule that names nobody, and why."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.code, self.zh, self.en = code, zh, en


@dataclass(frozen=True, slots=True)
class Found:
    """One person, in which capacity, for which unit, and the words for it."""

    person_id: int
    account: str
    name: str
    capacity: str
    unit_id: int | None
    zh: str
    en: str


class Chart:
    def __init__(self, tx: Tx, now: datetime) -> None:
        self.tx, self.now = tx, now
        self._units: dict[int, Any] = {}
        self._seats: dict[int, list[Any]] = {}
        self._paths: dict[int, list[Any]] = {}

    def unit(self, unit_id: int) -> Any:
        if unit_id not in self._units:
            self._units[unit_id] = self.tx.run(_unit_by_id, unit_id=unit_id).first()
        return self._units[unit_id]

    def unit_called(self, code: str) -> int:
        found = self.tx.run(_unit_by_code, code=code).scalar()
        if found is None:
            raise Nobody("no_unit", f"没有单位 {code}", f"there is no unit {code}")
        return int(found)

    def place_of(self, person_id: int) -> int | None:
        """The unit in which a person works now: his host's, else that of his main post, else of any other."""
        rows = self.tx.run(_places, person_id=person_id, now=self.now).all()
        return min(rows, key=lambda row: _PLACE[row.kind]).unit_id if rows else None

    def path(self, unit_id: int) -> list[Any]:
        """The unit and those above it that stand now; a closed one is its successor or is passed over."""
        if unit_id not in self._paths:
            path: list[Any] = []
            seen: set[int] = set()
            step: int | None = unit_id
            while step is not None and step not in seen:
                seen.add(step)
                row = self.unit(step)
                if row is None:
                    break
                closed = row.valid_to is not None and row.valid_to <= self.now
                if closed and row.successor_id is not None and row.successor_id not in seen:
                    step = row.successor_id
                    continue
                if not closed:
                    path.append(row)
                step = row.parent_id
            if not path:
                raise Nobody(
                    "unit_closed", "所在单位已撤销且无上级", "the unit is closed and nothing stands above it"
                )
            self._paths[unit_id] = path
        return self._paths[unit_id]

    def section(self, unit_id: int) -> Any | None:
        first = self.path(unit_id)[0]
        return first if first.kind in SMALL_KINDS else None

    def department(self, unit_id: int) -> Any:
        """The nearest unit that is more than a section or a tax office."""
        path = self.path(unit_id)
        return next((one for one in path if one.kind not in SMALL_KINDS), path[-1])

    def bureau(self, unit_id: int | None) -> Any:
        """The bureau above a unit; without a unit, or in a broken chart, the one there is."""
        path = self.path(unit_id) if unit_id is not None else []
        above = next((one for one in path if one.kind == "bureau"), None)
        if above is not None:
            return above
        found = self.tx.run(_bureau, now=self.now).scalar()
        if found is not None:
            return self.unit(found)
        if path:
            return path[-1]
        raise Nobody("no_bureau", "没有局级单位", "there is no bureau")

    def seats(self, unit_id: int) -> list[Any]:
        if unit_id not in self._seats:
            self._seats[unit_id] = self.tx.run(_seats, unit_id=unit_id, now=self.now).all()
        return self._seats[unit_id]

    def leader(self, unit: Any) -> Found | None:
        """Who leads this very unit: head, else acting, else the deputies by order. Two heads are nobody's answer."""
        rows = self.seats(unit.id)
        found = who_leads(_seat(row) for row in rows)
        if found is None:
            return None
        held = found[1]
        able = {row.person_id: row for row in rows if capacity(_seat(row)) == held}
        if held != "deputy" and len(able) > 1:
            names = "、".join(row.name for row in able.values())
            raise Nobody(
                "two_heads",
                f"{unit.short}登记了不止一位负责人：{names}",
                f"{unit.short} is said to be led by several: {names}",
            )
        return _in_words(able[found[0]], held, unit)

    def leader_or_above(self, unit_id: int) -> Found:
        """The unit's leader, else the one of the unit above, and so on."""
        path = self.path(unit_id)
        for unit in path:
            found = self.leader(unit)
            if found is not None:
                return _said_above(found, path[0], unit)
        name = path[0].short
        raise Nobody(
            "no_head",
            f"{name}及其上级单位均无人负责",
            f"nobody leads {name} or any unit above it",
        )

    def first_deputy(self, unit: Any) -> Found | None:
        rows = [row for row in self.seats(unit.id) if capacity(_seat(row)) == "deputy"]
        if not rows:
            return None
        first = min(rows, key=lambda row: (row.post_sort, row.sort, row.person_id))
        return Found(
            first.person_id,
            first.account,
            first.name,
            "deputy",
            unit.id,
            f"{title_of(first)}（按序）",
            f"first deputy of {unit.short}",
        )

    def in_charge(self, unit: Any) -> Found | None:
        """The leader in charge (分管) of this very unit; of several, the latest."""
        row = self.tx.run(_in_charge, unit_id=unit.id, now=self.now).first()
        if row is None:
            return None
        return Found(
            row.id,
            row.account,
            row.name,
            "in_charge",
            unit.id,
            f"分管{unit.short}",
            f"in charge of {unit.short}",
        )

    def leader_in_charge(self, unit_id: int) -> Found | None:
        """The bureau leader in charge of the department, or of the nearest unit above it."""
        path = self.path(unit_id)
        start = path.index(self.department(unit_id))
        for unit in path[start:]:
            found = self.in_charge(unit)
            if found is not None:
                return found
        return None

    def director(self, unit_id: int | None) -> Found:
        bureau = self.bureau(unit_id)
        found = self.leader(bureau)
        if found is None:
            raise Nobody(
                "no_director", f"{bureau.short}无局长、主持工作或副职", f"nobody leads {bureau.short}"
            )
        return found

    def managers(self, unit_id: int) -> list[Found]:
        """From a unit upwards: chief, head, leader in charge, director. Nobody stands twice."""
        path = self.path(unit_id)
        department = self.department(unit_id)
        found: list[Found] = []
        for unit in path:
            leader = self.leader(unit)
            if leader is not None:
                found.append(leader)
            if unit is department and unit.kind not in ("bureau", "leadership"):
                charged = self.leader_in_charge(unit_id)
                if charged is not None:
                    found.append(charged)
        return found

    def above(self, person_id: int, unit_id: int) -> list[Found]:
        """The managers of a person in a unit: those after his own last place among them, each once."""
        chain = self.managers(unit_id)
        own = [place for place, one in enumerate(chain) if one.person_id == person_id]
        rest = chain[own[-1] + 1 :] if own else chain
        once: dict[int, Found] = {}
        for one in rest:
            once.setdefault(one.person_id, one)
        return list(once.values())


def _seat(row: Any) -> Seat:
    return Seat(row.person_id, row.kind, row.is_head, row.is_deputy, (row.post_sort, row.sort))


def _in_words(row: Any, held: str, unit: Any) -> Found:
    title, name = title_of(row), unit.short
    words = {
        "head": (title, f"head of {name}"),
        "acting": (f"{title}（主持工作）", f"acting head of {name}"),
        "deputy": (f"{title}（{name}负责人空缺，副职按序）", f"deputy of {name}, which has no head"),
    }
    return Found(row.person_id, row.account, row.name, held, unit.id, *words[held])


def _said_above(found: Found, asked: Any, unit: Any) -> Found:
    if asked is unit:
        return found
    return replace(
        found, zh=f"{found.zh}，因{asked.short}无人负责", en=f"{found.en}, as nobody leads {asked.short}"
    )
