"""The demo bureau as values: every post, every person and every tie, from a size, a seed and a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from approval_core.errors import Invalid
from approval_core.people.demo import shape
from approval_core.people.demo.names import names
from approval_core.people.demo.shape import Division

SMALLEST, LARGEST = 2200, 20000
ROLES = ("office_duty", "hr_clerk", "system_admin", "security_admin", "audit_admin")


@dataclass(frozen=True, slots=True)
class Post:
    code: str
    unit: str
    name: str
    rank: str
    is_head: bool = False
    is_deputy: bool = False
    sort: int = 0


@dataclass(slots=True)
class Employee:
    """`place` is his number in the bureau, from 1; account, mail and telephone follow from it."""

    post: Post
    division: str
    place: int = 0
    name: str = ""
    birthday: date = date(1980, 1, 1)
    entered_on: date = date(2000, 1, 1)

    @property
    def rank(self) -> str:
        return self.post.rank

    @property
    def account(self) -> str:
        return f"hy{self.place:05d}"

    @property
    def number(self) -> str:
        return f"+86129{self.place:08d}"


@dataclass(slots=True)
class Bureau:
    posts: list[Post] = field(default_factory=list)
    people: list[Employee] = field(default_factory=list)
    extra: list[tuple[Employee, Post, str]] = field(
        default_factory=list
    )  #: second assignments and their kind
    in_charge: list[tuple[Employee, str]] = field(default_factory=list)  #: leader, unit code
    secretaries: list[tuple[Employee, Employee]] = field(default_factory=list)  #: leader, secretary
    roles: list[tuple[Employee, str]] = field(default_factory=list)
    delegations: list[tuple[Employee, Employee]] = field(default_factory=list)  #: from, to


def build(*, n: int, rng: int, today: date) -> Bureau:
    """The same bureau for the same arguments. `n` below or above 3000 changes the number of staff, nothing else."""
    if not SMALLEST <= n <= LARGEST:
        raise Invalid("bad_size", f"The demo bureau has {SMALLEST} to {LARGEST} people.")
    random = Random(rng)  # noqa: S311  # the same bureau every time is the point
    bureau = Bureau()
    _leaders(bureau)
    halls = shape.divisions()
    for hall in halls:
        _led(bureau, hall)
    _staff(bureau, halls, n)
    bureau.people.sort(key=lambda one: one.rank if one.rank < "R6" else "R6")  # stable: then unit by unit
    for place, (one, name) in enumerate(zip(bureau.people, names(n, random), strict=True), 1):
        one.place, one.name = place, name
    _lives(bureau.people, random, today)
    _ties(bureau, halls)
    return bureau


def _open(bureau: Bureau, post: Post, division: str, *, people: int = 1) -> None:
    bureau.posts.append(post)
    bureau.people.extend(Employee(post, division) for _ in range(people))


def _leaders(bureau: Bureau) -> None:
    for sort, (name, rank, is_deputy) in enumerate(shape.LEADERS):
        post = Post(
            f"{shape.LEADERSHIP}-{sort + 1}", shape.LEADERSHIP, name, rank, rank == "R1", is_deputy, sort
        )
        _open(bureau, post, shape.LEADERSHIP)


def _filled(unit: str) -> int:
    return 0 if unit in (*shape.ACTING, *shape.VACANT, *shape.ALSO_CHIEF) else 1


def _led(bureau: Bureau, hall: Division) -> None:
    """Everybody who leads something in a division; the head's post exists even where nobody has it."""
    _open(
        bureau,
        Post(f"{hall.code}-H", hall.code, hall.title, "R3", is_head=True),
        hall.code,
        people=_filled(hall.code),
    )
    if hall.code in shape.COUNSELLORS:
        _open(bureau, Post(f"{hall.code}-C", hall.code, "调研员", "R3", sort=9), hall.code)
    for sort in range(1, hall.deputies + 1):
        post = Post(f"{hall.code}-D{sort}", hall.code, f"副{hall.title}", "R4", is_deputy=True, sort=sort)
        _open(bureau, post, hall.code)
    if hall.kind == "branch":
        _open(bureau, Post(f"{hall.code}-J", hall.code, "纪检组长", "R4", sort=8), hall.code)
    for code, _, kind in hall.parts:
        title = "所长" if kind == "office" else "科长"
        _open(bureau, Post(f"{code}-H", code, title, "R5", is_head=True), hall.code, people=_filled(code))
        if code not in shape.VACANT:
            _open(bureau, Post(f"{code}-D", code, f"副{title}", "R6", is_deputy=True, sort=1), hall.code)
        bureau.posts.append(Post(f"{code}-S", code, "科员", "R7", sort=2))
        bureau.posts.append(Post(f"{code}-W", code, "工勤人员", "R8", sort=3))


def shares(weights: Mapping[str, int], total: int) -> dict[str, int]:
    """`total` split by weight into whole numbers, the largest remainders first."""
    whole = sum(weights.values())
    found = {key: total * weight // whole for key, weight in weights.items()}
    late = sorted(weights, key=lambda key: (-(total * weights[key] % whole), key))
    for key in late[: total - sum(found.values())]:
        found[key] += 1
    return found


def _staff(bureau: Bureau, halls: Sequence[Division], n: int) -> None:
    posts = {post.code: post for post in bureau.posts}
    led = {hall.code: sum(one.division == hall.code for one in bureau.people) for hall in halls}
    room = {hall.code: hall.people - led[hall.code] for hall in halls}
    free = n - len(bureau.people)
    staff = shares(room, free)
    others_of = shares(shape.OTHERS, round((3000 - shape.ESTABLISHED_OF_3000) * free / sum(room.values())))
    for kind, total in others_of.items():
        mine = [hall for hall in halls if hall.kind == kind]
        others = shares({hall.code: hall.people for hall in mine}, total)
        for hall in mine:
            codes = [code for code, _, _ in hall.parts]
            for number in range(staff[hall.code]):
                letter = "W" if number < others[hall.code] else "S"
                post = posts[f"{codes[number % len(codes)]}-{letter}"]
                bureau.people.append(Employee(post, hall.code))
    order = {hall.code: place for place, hall in enumerate(halls, 1)}
    bureau.people.sort(key=lambda one: (order.get(one.division, 0), one.post.unit, one.rank))


_SERVICE = {
    "R1": (25, 38),
    "R2": (22, 38),
    "R3": (18, 38),
    "R4": (12, 35),
    "R5": (8, 35),
    "R6": (5, 32),
    "R7": (0, 40),
    "R8": (0, 30),
}
_BORDERS = (1, 10, 20, 1, 10, 20, 0, 40)  # exact anniversaries, today


def years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


def _lives(people: Sequence[Employee], random: Random, today: date) -> None:
    for one in people:
        years = random.randint(*_SERVICE[one.rank])
        one.entered_on = years_before(today, years) - timedelta(days=random.randint(0, 364))
        born = one.entered_on.year - random.randint(18, 28)
        one.birthday = date(born, random.randint(1, 12), random.randint(1, 28))
    staff = random.sample([one for one in people if one.rank == "R7"], len(_BORDERS) + 6)
    for one, years in zip(staff, _BORDERS, strict=False):
        one.entered_on = years_before(today, years)
        one.birthday = years_before(one.entered_on, 19)
    for one in staff[len(_BORDERS) :]:
        leap = one.birthday.year - one.birthday.year % 4  # no century among them
        one.birthday = date(leap, 2, 29)


def _ties(bureau: Bureau, halls: Sequence[Division]) -> None:
    """Acting heads, second posts, secondments, charges, secretaries, roles, delegations."""
    posts = {post.code: post for post in bureau.posts}
    holders: dict[str, list[Employee]] = {}
    for one in bureau.people:
        holders.setdefault(one.post.code, []).append(one)
    for unit in shape.ACTING:
        deputy = holders[f"{unit}-D1"][0] if len(unit) == 6 else holders[f"{unit}-D"][0]
        bureau.extra.append((deputy, posts[f"{unit}-H"], "acting"))
    for unit in shape.ALSO_CHIEF:
        bureau.extra.append((holders[f"{unit[:6]}-D2"][0], posts[f"{unit}-H"], "concurrent"))
    stationed = Post("990014-P", "990014", "派驻监察员", "R4", sort=7)
    bureau.posts.append(stationed)
    branches = [hall for hall in halls if hall.kind == "branch"]
    bureau.extra += [(holders[f"{hall.code}-J"][0], stationed, "concurrent") for hall in branches]
    hosts = ("99000101", "99000701", "99003101", "99001201", "99003102")
    for hall, host in zip(branches[-5:], hosts, strict=True):
        bureau.extra.append((holders[f"{hall.code}02-S"][0], posts[f"{host}-S"], "seconded"))
    _charges(bureau, halls, holders)
    _helpers(bureau, branches, holders)
    _standins(bureau, branches, holders)


def spread(things: Sequence[str], leaders: int) -> list[list[str]]:
    """`things` in order over `leaders`, as evenly as possible."""
    small, more = divmod(len(things), leaders)
    parts, start = [], 0
    for number in range(leaders):
        end = start + small + (number < more)
        parts.append(list(things[start:end]))
        start = end
    return parts


def _charges(bureau: Bureau, halls: Sequence[Division], holders: Mapping[str, list[Employee]]) -> None:
    """Bureau leaders have divisions, deputy heads have sections; everyone in charge has three to five."""
    leaders = [one for one in bureau.people if one.rank == "R2"]
    for leader, codes in zip(leaders, spread([hall.code for hall in halls], len(leaders)), strict=True):
        bureau.in_charge += [(leader, code) for code in codes]
    for hall in halls:
        codes = [code for code, _, _ in hall.parts]
        busy = min(hall.deputies, len(codes) // 3)
        for number, mine in enumerate(spread(codes, busy) if busy else [], 1):
            bureau.in_charge += [(holders[f"{hall.code}-D{number}"][0], code) for code in mine]


def _helpers(bureau: Bureau, branches: Sequence[Division], holders: Mapping[str, list[Employee]]) -> None:
    office = [one for one in bureau.people if one.division == "990001" and one.rank == "R7"]
    bureau.secretaries += list(zip(bureau.people[:8], office[:8], strict=True))
    heads = [hall.code for hall in branches] + ["990021", "990022", "990023"]
    bureau.secretaries += [(holders[f"{code}-H"][0], holders[f"{code}01-S"][0]) for code in heads]
    people = [holders["99000102-D"][0], holders["99001201-D"][0], holders["99003103-D"][0]]
    people += [holders["99003104-D"][0], holders["99001102-D"][0]]
    bureau.roles += list(zip(people, ROLES, strict=True))


def _standins(bureau: Bureau, branches: Sequence[Division], holders: Mapping[str, list[Employee]]) -> None:
    """Forty pairs of neighbours in the branches, nobody twice; the leaders and the first heads keep out."""
    pairs = [(holders[f"{hall.code}-D1"][0], holders[f"{hall.code}-D2"][0]) for hall in branches]
    for first in (7, 9, 11, 1):
        for hall in branches:
            pairs.append(
                (holders[f"{hall.code}{first:02d}-H"][0], holders[f"{hall.code}{first + 1:02d}-H"][0])
            )
    bureau.delegations += pairs[:40]
