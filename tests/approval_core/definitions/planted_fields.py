"""More faults to plant: fields, rights, SMS, deadlines, limits, sub-routes."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.approval_core.definitions.planted import (
    NUMBERS,
    PLANTERS,
    WORDS,
    Doc,
    Found,
    add,
    any_of,
    every,
    fields,
    planter,
    routed,
    step,
)


def at_a_step(code: str, change: Callable[[Doc, Doc, random.Random], str | None]) -> None:
    """`change` breaks one step and says what follows the place of the step; None where it cannot."""

    def plant(doc: Doc, rng: random.Random) -> Found | None:
        found = any_of(doc, "step", rng)
        if found is None:
            return None
        more = change(doc, found[1], rng)
        return None if more is None else (code, found[0] + more)

    PLANTERS.append(plant)


def put(more: str, **values: Any) -> Callable[[Doc, Doc, random.Random], str | None]:
    def change(doc: Doc, one: Doc, rng: random.Random) -> str | None:
        one.update(values)
        return more

    return change


def rights(name: str, right: str) -> Callable[[Doc, Doc, random.Random], str | None]:
    def change(doc: Doc, one: Doc, rng: random.Random) -> str | None:
        one["fields"] = {**one.get("fields", {}), name: right}
        return f".fields.{name}"

    return change


def floor_lowered(doc: Doc, one: Doc, rng: random.Random) -> str | None:
    doc["floor"], one["floor"] = 2, rng.choice([0, 1])
    doc["sms"] = one["sms"] = "notify"
    return ".floor"


def open_by_sms_above(doc: Doc, one: Doc, rng: random.Random) -> str | None:
    doc["never_sms"] = False
    one.update(sms="approve", floor=max(3, doc.get("floor", 1)), fields={}, comment_on=[])
    return ".sms"


def never_and_yet(doc: Doc, one: Doc, rng: random.Random) -> str | None:
    doc.update(never_sms=True, sms="none")
    one.update(sms="approve")
    return ".sms"


def fill_by_sms(doc: Doc, one: Doc, rng: random.Random) -> str | None:
    found = fields(doc, "string", "text", required=False)
    if not found:
        return None
    one.update(sms="approve", fields={found[0][1]["name"]: "required"})
    return ".sms"


def words_by_sms(doc: Doc, one: Doc, rng: random.Random) -> str | None:
    one.update(sms="approve", comment_on=["approve"])
    return ".sms"


at_a_step("no_field", rights("no_such_field", "read"))
at_a_step("all_required", rights("*", "required"))
at_a_step("floor_lowered", floor_lowered)
at_a_step("floor_above_sms", open_by_sms_above)
at_a_step("never_sms", never_and_yet)
at_a_step("sms_cannot_fill", fill_by_sms)
at_a_step("sms_needs_comment", words_by_sms)
at_a_step("no_sms", put(".sms_reject_ok", sms="none", sms_reject_ok=True))
at_a_step("ladder", put("", remind_after=9, tell_after=5))
at_a_step("ladder", put("", tell_after=20))
at_a_step("timeout_without_time", put(".timeout", timeout="reject", escalate_after=None))
at_a_step("self_approval", put("", approvers=[{"rule": "SELF"}]))
at_a_step("no_field", put(".approvers[0]", approvers=[{"rule": "FORM_USER", "field": "no_such"}]))
at_a_step("rule_twice", put(".approvers[1]", approvers=[{"rule": "HEAD"}, {"rule": "HEAD"}]))
at_a_step("bad_document", put(".mode", mode="most"))
at_a_step("bad_document", put(".remind_after", remind_after=0))
at_a_step("bad_document", put(".fields.days", fields={"days": "see"}))
at_a_step("bad_document", put(".name.en", name={"zh": "审批"}))


@planter
def nothing_before(doc: Doc, rng: random.Random) -> Found | None:
    found = every(doc, "step")
    if not found or not found[0][0].startswith("route[0]"):
        return None
    found[0][1]["on_reject"] = "previous"
    return "no_previous", f"{found[0][0]}.on_reject"


@planter
def a_required_field_is_hidden(doc: Doc, rng: random.Random) -> Found | None:
    found, steps = (
        [one for _, one in fields(doc, "string", *NUMBERS, required=True) if not one.get("sensitive")],
        every(doc, "step"),
    )
    if not found or not steps or not steps[0][0].startswith("route[0]"):
        return None
    name = rng.choice(found)["name"]
    steps[0][1]["fields"] = {**steps[0][1].get("fields", {}), name: "hidden"}
    return "hidden_required", f"{steps[0][0]}.fields.{name}"


@planter
def a_field_twice(doc: Doc, rng: random.Random) -> Found | None:
    known = doc.get("form", {}).get("fields", [])
    if not known:
        return None
    known.append(dict(rng.choice(known)))
    return "field_twice", f"form.fields[{len(known) - 1}]"


@planter
def a_secret_in_an_sms(doc: Doc, rng: random.Random) -> Found | None:
    found = fields(doc, "string", "text", *NUMBERS)
    if not found:
        return None
    index, one = rng.choice(found)
    one.update(sensitive=True, show=[rng.choice(["sms", "push"])])
    return "sensitive_shown", f"form.fields[{index}].show"


@planter
def a_secret_in_the_title(doc: Doc, rng: random.Random) -> Found | None:
    found = fields(doc, "string", *NUMBERS)
    if not found:
        return None
    one = rng.choice(found)[1]
    one.update(sensitive=True, show=["list"])
    doc["subject"] = {"zh": f"事项{{{one['name']}}}", "en": f"Matter {{{one['name']}}}"}
    return "sensitive_subject", "subject."


@planter
def a_title_of_nothing(doc: Doc, rng: random.Random) -> Found | None:
    doc["subject"] = {"zh": "事项{no_such}", "en": "Matter {no_such}"}
    return "no_field", "subject."


@planter
def a_title_with_a_lone_brace(doc: Doc, rng: random.Random) -> Found | None:
    doc["subject"] = {"zh": "事项{", "en": "Matter }"}
    return "bad_subject", "subject."


@planter
def an_amount_that_is_not_there(doc: Doc, rng: random.Random) -> Found | None:
    doc["amount"] = "no_such"
    return "no_field", "amount"


@planter
def an_amount_that_is_no_number(doc: Doc, rng: random.Random) -> Found | None:
    found = fields(doc, "string", "date", "choice")
    if not found:
        return None
    doc["amount"] = rng.choice(found)[1]["name"]
    return "amount_no_number", "amount"


@planter
def a_limit_without_amount(doc: Doc, rng: random.Random) -> Found | None:
    doc.pop("amount", None)
    doc["limits"] = {"sms": 100}
    return "no_amount", "limits.sms"


@planter
def duplicates_of_nothing(doc: Doc, rng: random.Random) -> Found | None:
    doc["duplicates"] = {"fields": ["no_such"], "within_days": 3}
    return "no_field", "duplicates.fields[0]"


@planter
def a_rule_of_the_form_over_nothing(doc: Doc, rng: random.Random) -> Found | None:
    doc.setdefault("form", {})["rules"] = [{"when": "form.no_such > 3", "message": dict(WORDS)}]
    return "bad_condition", "form.rules[0].when"


@planter
def limits_the_wrong_way_round(doc: Doc, rng: random.Random) -> Found | None:
    found = fields(doc, *NUMBERS)
    if not found:
        return None
    index, one = rng.choice(found)
    one.update(min=5, max=3)
    return "bad_document", f"form.fields[{index}]"


@planter
def a_sub_route_that_is_not_there(doc: Doc, rng: random.Random) -> Found | None:
    return ("bad_document", add(doc, {"sub": "planted", "route": "no_such"})) if routed(doc) else None


@planter
def a_sub_route_in_itself(doc: Doc, rng: random.Random) -> Found | None:
    if not routed(doc):
        return None
    doc["routes"] = {**doc.get("routes", {}), "loop": [step("inner"), {"sub": "again", "route": "loop"}]}
    add(doc, {"sub": "planted", "route": "loop"})
    return "bad_document", "routes.loop"


@planter
def a_sub_route_without_use(doc: Doc, rng: random.Random) -> Found | None:
    if not routed(doc):
        return None
    doc["routes"] = {**doc.get("routes", {}), "idle": [step("inner")]}
    return "unused_route", "routes.idle"


@planter
def the_head_named_by_the_wrong_field(doc: Doc, rng: random.Random) -> Found | None:
    found = fields(doc, "string", "date", "choice")
    if not found or not routed(doc):
        return None
    rule = {"rule": rng.choice(["FORM_USER", "FORM_UNIT_HEAD"]), "field": found[0][1]["name"]}
    return "wrong_field", add(doc, step("planted", approvers=[rule])) + ".approvers[0]"
