"""Documents drawn at random: blocks nested up to four deep, every mode, every kind of rule, all of it publishable."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st

from approval_core.definitions.rules.checking import errors_in, findings_of
from approval_core.definitions.rules.document import load_document
from tests.approval_core.approvals.types import FORM, Plain, document, step

DEEPEST = 4
ACCOUNTS = [f"p{number:02d}" for number in range(20)]  # the smallest office has so many
DAYS = range(10)

accounts = st.sampled_from(ACCOUNTS)
named = accounts.map(lambda account: {"rule": "USER", "account": account})
of_the_house: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"rule": "HEAD"},
        {"rule": "HEAD", "unit": "D0"},
        {"rule": "MANAGER", "level": 1},
        {"rule": "MANAGER", "level": 2},
        {"rule": "LEADER_IN_CHARGE"},
        {"rule": "DIRECTOR"},
        {"rule": "ROLE", "role": "checker"},
        {"rule": "ROLE", "role": "signer", "scope": "tree"},
        {"rule": "ROLE", "role": "nobody_has_it"},
        {"rule": "POST", "code": "D1-H"},
        {"rule": "CHAIN", "until": "R1"},
        {"rule": "DEPUTY_IN_CHARGE"},
        {"rule": "FORM_USER", "field": "whom"},
        {"rule": "SELECT_BY_APPLICANT", "from": "anyone", "many": True},
    ]
)
rules = st.one_of(named, named, of_the_house)
groups = st.lists(accounts, min_size=2, max_size=4, unique=True).map(
    lambda several: [{"rule": "GROUP", "accounts": several}]
)
asked = st.one_of(st.lists(rules, min_size=1, max_size=3, unique_by=repr), groups)
add_range = st.sampled_from(
    [None, {"from": "anyone"}, {"from": "anyone"}, {"from": [{"rule": "GROUP", "accounts": ACCOUNTS[:6]}]}]
)


class _Names:
    """Ids given out in the order in which blocks are drawn."""

    def __init__(self) -> None:
        self.last = 0
        self.steps_before = False  #: a step stands before the block of the route that is drawn now

    def next(self, kind: str) -> str:
        self.last += 1
        return f"{kind}{self.last}"


@st.composite
def a_step(draw: st.DrawFn, names: _Names, *, sure: bool = False) -> dict[str, Any]:
    """`sure`: somebody decides here whatever happens."""
    who = draw(asked)
    empty = [st.just("block"), named.map(lambda one: [one]), *([] if sure else [st.just("skip")])]
    refused = [None, "reject", "return", *(["previous"] if names.steps_before else [])]
    settings: dict[str, Any] = {
        "rules": who,
        "mode": draw(st.sampled_from(["any", "any", "all", "all", "sequence", "vote"])),
        "on_reject": draw(st.sampled_from(refused)),
        "own": draw(st.sampled_from(["up", "auto", "forbid"])),
        "when_empty": draw(st.one_of(empty)),
        "add": draw(add_range),
        "transfer": draw(st.sampled_from([True, True, False])),
    }
    if settings["mode"] == "vote":
        settings["threshold"] = draw(st.integers(1, 100))
        settings["rules"] = [rule | {"weight": draw(st.integers(1, 5))} for rule in who]
    if draw(st.integers(0, 3)) == 0:
        settings["timeout"] = draw(st.sampled_from(["remind", "transfer_up", "reject", "close"]))
        settings |= {"remind_after": 2, "tell_after": 4, "escalate_after": draw(st.integers(5, 20))}
    settings["claim"] = settings["mode"] == "any" and draw(st.booleans())
    settings["collect_all"] = settings["mode"] == "all" and draw(st.booleans())
    return step(names.next("s"), **settings)


@st.composite
def a_sequence(draw: st.DrawFn, names: _Names, depth: int) -> list[dict[str, Any]]:
    return [draw(a_block(names, depth)) for _ in range(draw(st.integers(0, 2)))]


@st.composite
def a_block(draw: st.DrawFn, names: _Names, depth: int) -> dict[str, Any]:
    kinds = ["step", "step", "copy"]
    if depth < DEEPEST:
        kinds += ["choice", "parallel", "parallel", "inclusive", "sub"]
    kind = draw(st.sampled_from(kinds))
    if kind == "step":
        return draw(a_step(names))
    if kind == "copy":
        return {"copy": names.next("c"), "to": draw(asked)}
    if kind == "sub":
        return {
            "sub": names.next("u"),
            "do": [draw(a_step(names, sure=True)), *draw(a_sequence(names, depth + 1))],
        }
    if kind == "parallel":
        several = draw(st.integers(2, 3))
        join = draw(st.sampled_from(["all", "all", "any", *range(1, several + 1)]))
        branches = {
            f"w{n}": [draw(a_step(names, sure=True)), *draw(a_sequence(names, depth + 1))]
            for n in range(several)
        }
        return {"parallel": names.next("p"), "join": join, "branches": branches}
    limits = sorted(draw(st.sets(st.integers(1, 8), min_size=1, max_size=2)), reverse=True)
    branches_of = [{"when": f"form.days > {n}", "do": draw(a_sequence(names, depth + 1))} for n in limits]
    return {kind: names.next("o"), "branches": branches_of, "otherwise": draw(a_sequence(names, depth + 1))}


def form() -> dict[str, Any]:
    """What every type here asks for; the conditions ask for the days."""
    days, *others = FORM["fields"]
    limited = days | {"min": DAYS[0], "max": DAYS[-1]}
    label = {"zh": "何人", "en": "Whom"}
    return {
        "fields": [limited, *others, {"name": "whom", "label": label, "type": "person", "required": True}]
    }


@st.composite
def a_document(draw: st.DrawFn) -> str:
    """YAML that `publish` takes. The last step names somebody and is blocked when he is gone: nothing passes undecided."""
    names = _Names()
    last = step("last", draw(accounts))
    route = []
    for _ in range(draw(st.integers(1, 3))):
        route.append(draw(a_block(names, 1)))
        names.steps_before = names.steps_before or "'step'" in repr(route[-1])
    route.append(last)
    settings: dict[str, Any] = {
        "form": form(),
        "amount": "cost",
        "merge": draw(st.sampled_from(["none", "adjacent", "route"])),
        "on_reject": draw(st.sampled_from(["reject", "return"])),
        "hold": draw(st.sampled_from([0, 0, 60])),
        "expires": draw(st.sampled_from([None, None, 3])),
        "withdraw": draw(st.sampled_from(["before_decision", "before_end"])),
        "revoke": draw(st.sampled_from([None, {"within_days": 30}])),
        "copies": {"start": draw(asked), "end": draw(asked)} if draw(st.booleans()) else {},
    }
    steps = [one["step"] for one in route if "step" in one]
    if len(steps) > 1 and draw(st.booleans()):
        pair = draw(st.lists(st.sampled_from(steps), min_size=2, max_size=2, unique=True))
        settings["separate"] = [{"steps": pair, "by": draw(st.sampled_from(["person", "unit"]))}]
    return publishable(route, settings)


def publishable(route: list[dict[str, Any]], settings: dict[str, Any]) -> str:
    """The text. Steps that no check lets be separated are not."""
    routes: dict[str, Any] = {}
    written = document(*_subs_named(route, routes), **settings, routes=routes)
    text = yaml.dump(written, Dumper=Plain, allow_unicode=True)
    if "separate" in written and errors_in(findings_of(load_document(text))):
        written.pop("separate")
        text = yaml.dump(written, Dumper=Plain, allow_unicode=True)
    return text


def _subs_named(blocks: list[dict[str, Any]], routes: dict[str, Any]) -> list[dict[str, Any]]:
    """A sub-route is written apart and named."""
    found = []
    for block in blocks:
        block = dict(block)  # noqa: PLW2901  # the draw stays as it is
        if "sub" in block:
            routes[f"r{block['sub']}"] = _subs_named(block.pop("do"), routes)
            block["route"] = f"r{block['sub']}"
        elif "parallel" in block:
            block["branches"] = {name: _subs_named(do, routes) for name, do in block["branches"].items()}
        elif "choice" in block or "inclusive" in block:
            block["branches"] = [one | {"do": _subs_named(one["do"], routes)} for one in block["branches"]]
            block["otherwise"] = _subs_named(block["otherwise"], routes)
        found.append(block)
    return found
