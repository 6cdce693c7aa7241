"""Faults to plant into good documents: each changes a plain document and says what must be found, and where.

A planter returns None where its fault has no soil, as a choice to break in a route without one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

Doc = dict[str, Any]
Found = tuple[str, str]  # the code, and how the place begins
Planter = Callable[[Doc, random.Random], Found | None]
PLANTERS: list[Planter] = []
WORDS = {"zh": "加的", "en": "Added"}


def planter(function: Planter) -> Planter:
    PLANTERS.append(function)
    return function


def blocks(do: list[Any], place: str) -> Iterator[tuple[str, Doc]]:
    for index, block in enumerate(do):
        here = f"{place}[{index}]"
        yield here, block
        if "parallel" in block:
            for name, inner in block["branches"].items():
                yield from blocks(inner, f"{here}.branches.{name}")
        for number, branch in enumerate(block["branches"] if "choice" in block else []):
            yield from blocks(branch["do"], f"{here}.branches[{number}].do")
        yield from blocks(block.get("otherwise", []), f"{here}.otherwise")


def every(doc: Doc, kind: str) -> list[tuple[str, Doc]]:
    if doc["route"] == "given":
        return []
    found = list(blocks(doc["route"], "route"))
    for name, do in doc.get("routes", {}).items():
        found += blocks(do, f"routes.{name}")
    return [(place, block) for place, block in found if kind in block]


def any_of(doc: Doc, kind: str, rng: random.Random) -> tuple[str, Doc] | None:
    found = every(doc, kind)
    return rng.choice(found) if found else None


def fields(doc: Doc, *types: str, required: bool | None = None) -> list[tuple[int, Doc]]:
    return [
        (index, one)
        for index, one in enumerate(doc.get("form", {}).get("fields", []))
        if one["type"] in types and (required is None or one.get("required", False) is required)
    ]


NUMBERS = ("integer", "decimal", "money")


def step(name: str, **more: Any) -> Doc:
    return {"step": name, "name": dict(WORDS), "approvers": [{"rule": "DIRECTOR"}], **more}


def add(doc: Doc, block: Doc) -> str:
    doc["route"].append(block)
    return f"route[{len(doc['route']) - 1}]"


def routed(doc: Doc) -> bool:
    return bool(doc["route"] != "given")


def condition(code: str, text: Callable[[Doc, random.Random], str | None]) -> Planter:
    """A condition in a branch of its own at the end of the route."""

    def plant(doc: Doc, rng: random.Random) -> Found | None:
        written = text(doc, rng) if routed(doc) else None
        if written is None:
            return None
        here = add(
            doc,
            {"choice": "planted", "branches": [{"when": written, "do": []}], "otherwise": [step("extra")]},
        )
        return code, f"{here}.branches[0].when"

    PLANTERS.append(plant)
    return plant


def number(doc: Doc, rng: random.Random) -> str | None:
    found = fields(doc, *NUMBERS, required=True)
    return f"form.{rng.choice(found)[1]['name']}" if found else None


def on_number(pattern: str) -> Callable[[Doc, random.Random], str | None]:
    def text(doc: Doc, rng: random.Random) -> str | None:
        name = number(doc, rng)
        return None if name is None else pattern.replace("N", name)

    return text


def on_option(doc: Doc, rng: random.Random) -> str | None:
    found = fields(doc, "choice", required=True)
    return f"form.{rng.choice(found)[1]['name']} == 'no_such'" if found else None


def on_optional(doc: Doc, rng: random.Random) -> str | None:
    found = fields(doc, *NUMBERS, "date", required=False)
    if not found:
        return None
    one = rng.choice(found)[1]
    return f"form.{one['name']} > {'today' if one['type'] == 'date' else 7}"


condition("bad_condition", lambda doc, rng: f"form.{rng.choice(['day_s', 'summ', 'x1'])} > 3")
condition(
    "bad_condition", lambda doc, rng: rng.choice(["applicant.salary > 3", "amounts > 3", "now > today"])
)
condition("bad_condition", on_number("N > '3'"))
condition("bad_condition", on_number("N + true == 3"))
condition("bad_condition", on_number("N"))
condition("bad_condition", on_number("N > 3 N < 5"))
condition("bad_condition", on_number("(N > 3"))
condition("bad_condition", on_number("1 < N < 5"))
condition("bad_condition", on_number("has(N)"))
condition("bad_condition", on_number("[N].all(x, x > 0)"))
condition("bad_condition", on_option)
condition("bad_condition", lambda doc, rng: "applicant.rank == 'R9'")
condition("may_be_empty", on_optional)
condition("constant_condition", lambda doc, rng: rng.choice(["true", "1 < 2", "'a' == 'a'"]))
condition("constant_condition", lambda doc, rng: rng.choice(["false", "1 > 2", "1 in [2, 3]"]))
condition("never_true", on_number("N > 5 && N < 3"))
condition("never_true", lambda doc, rng: "applicant.rank == 'R1' && applicant.rank == 'R2'")


def branches(*patterns: str) -> Planter:
    """A second branch nobody reaches."""

    def plant(doc: Doc, rng: random.Random) -> Found | None:
        name = number(doc, rng) if routed(doc) else None
        if name is None:
            return None
        ways = [{"when": one.replace("N", name), "do": []} for one in patterns]
        here = add(doc, {"choice": "planted", "branches": ways, "otherwise": [step("extra")]})
        return "unreachable", f"{here}."

    PLANTERS.append(plant)
    return plant


branches("N > 3", "N > 3")
branches("N > 3", "N > 5")
branches("N > 3", "3 < N")
branches("N >= 3 || applicant.rank == 'R1'", "N == 4")
branches("N > 3", "N <= 3")
branches("N > 3", "!(N > 3)", "N == 2")


@planter
def unknown_key(doc: Doc, rng: random.Random) -> Found | None:
    doc[rng.choice(["hould", "expire", "rout", "Form"])] = 1
    return "bad_document", ""


@planter
def unknown_key_in_a_step(doc: Doc, rng: random.Random) -> Found | None:
    found = any_of(doc, "step", rng)
    if found is None:
        return None
    found[1][rng.choice(["aprovers", "timeouts", "on_rejct"])] = "x"
    return "bad_document", found[0]


@planter
def two_steps_of_one_name(doc: Doc, rng: random.Random) -> Found | None:
    found = any_of(doc, "step", rng)
    if found is None:
        return None
    return "bad_document", add(doc, step(found[1]["step"]))


@planter
def unknown_rule(doc: Doc, rng: random.Random) -> Found | None:
    found = any_of(doc, "step", rng)
    if found is None:
        return None
    found[1]["approvers"] = [
        rng.choice(
            [
                {"rule": "BOSS"},
                {"rule": "ROLE"},
                {"rule": "MANAGER", "level": 0},
                {"rule": "HEAD", "x": 1},
                "HEAD",
            ]
        )
    ]
    return "bad_document", f"{found[0]}.approvers[0]"


@planter
def nobody_is_asked(doc: Doc, rng: random.Random) -> Found | None:
    found = any_of(doc, "step", rng)
    if found is None:
        return None
    found[1]["approvers"] = []
    return "bad_document", f"{found[0]}.approvers"


@planter
def a_vote_without_threshold(doc: Doc, rng: random.Random) -> Found | None:
    found = any_of(doc, "step", rng)
    if found is None:
        return None
    found[1].pop("claim", None)
    found[1]["mode"] = "vote"
    return "bad_document", found[0]


@planter
def no_otherwise(doc: Doc, rng: random.Random) -> Found | None:
    found = any_of(doc, "choice", rng)
    if found is None:
        return None
    del found[1]["otherwise"]
    return "bad_document", f"{found[0]}.otherwise"


@planter
def a_join_nobody_fulfils(doc: Doc, rng: random.Random) -> Found | None:
    if not routed(doc):
        return None
    do = {"one": [step("left")], "two": [step("right")]}
    return "join_too_large", add(
        doc, {"parallel": "planted", "join": rng.randint(3, 9), "branches": do}
    ) + ".join"


@planter
def an_empty_branch(doc: Doc, rng: random.Random) -> Found | None:
    if not routed(doc):
        return None
    here = add(
        doc,
        {
            "parallel": "planted",
            "join": rng.choice(["all", "any"]),
            "branches": {"one": [step("left")], "two": []},
        },
    )
    return "empty_branch", f"{here}.branches.two"


@planter
def all_may_be_skipped(doc: Doc, rng: random.Random) -> Found | None:
    if not routed(doc):
        return None
    for _, one in every(doc, "step"):
        one["when_empty"] = "skip"
    return "undecided", "route"


@planter
def nobody_decides(doc: Doc, rng: random.Random) -> Found | None:
    if not routed(doc):
        return None
    doc["route"] = [{"copy": "told", "to": [{"rule": "DIRECTOR"}]}] if rng.random() < 0.5 else []
    doc.pop("routes", None)
    doc.pop("separate", None)
    return "no_step", "route"


def separate(code: str, names: Callable[[Doc, random.Random], list[str] | None]) -> Planter:
    def plant(doc: Doc, rng: random.Random) -> Found | None:
        steps = names(doc, rng) if routed(doc) else None
        if steps is None:
            return None
        doc["separate"] = [*doc.get("separate", []), {"steps": steps, "by": "person"}]
        return code, f"separate[{len(doc['separate']) - 1}]"

    PLANTERS.append(plant)
    return plant


def first_step(doc: Doc) -> str:
    return str(every(doc, "step")[0][1]["step"])


def exclusive(doc: Doc, rng: random.Random) -> list[str]:
    ways = [{"when": "applicant.rank == 'R3'", "do": [step("left")]}]
    add(doc, {"choice": "planted", "branches": ways, "otherwise": [step("right")]})
    return ["left", "right"]


def twins(doc: Doc, rng: random.Random) -> list[str]:
    rule = rng.choice([{"rule": "HEAD"}, {"rule": "DIRECTOR"}, {"rule": "USER", "account": "hy1"}])
    add(doc, step("left", approvers=[rule]))
    add(doc, step("right", approvers=[rule]))
    return ["left", "right"]


separate("no_step_of_this_name", lambda doc, rng: [first_step(doc), "no_such_step"])
separate("same_step", lambda doc, rng: [first_step(doc)] * 2)
separate("never_together", exclusive)
separate("same_people", twins)


def chooser(code: str, put: Callable[[Doc, Doc], str]) -> Planter:
    """A step whose people are chosen in a step that does not come before."""

    def plant(doc: Doc, rng: random.Random) -> Found | None:
        if not routed(doc):
            return None
        asked = step(
            "chosen", approvers=[{"rule": "SELECT_BY_APPROVER", "from": "anyone", "step": "chooser"}]
        )
        return code, put(doc, asked)

    PLANTERS.append(plant)
    return plant


def later(doc: Doc, asked: Doc) -> str:
    here = add(doc, asked)
    add(doc, step("chooser"))
    return here


def beside(doc: Doc, asked: Doc) -> str:
    return add(doc, {"parallel": "planted", "branches": {"a": [step("chooser")], "b": [asked]}})


def perhaps(doc: Doc, asked: Doc) -> str:
    ways = [{"when": "applicant.rank == 'R3'", "do": [step("chooser")]}]
    add(doc, {"choice": "planted", "branches": ways, "otherwise": []})
    return add(doc, asked)


chooser("no_step_of_this_name", add)
chooser("chooser_not_before", later)
chooser("chooser_not_before", beside)
chooser("chooser_may_not_run", perhaps)
