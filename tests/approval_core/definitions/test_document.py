"""A document of a request type: what is read from it, and how it is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approval_core.definitions.rules.document import load_document
from approval_core.errors import Invalid
from tests.approval_core.definitions.papers import LEAVE, changed, refusal


def test_a_step_takes_the_documents_defaults_unless_it_says_otherwise() -> None:
    text = changed("module: hr", "module: hr\nsms: approve\nfloor: 2\non_reject: reject\ntell_after: 12")
    chief, choice = load_document(text).route_json()
    assert (chief["sms"], chief["floor"], chief["on_reject"], chief["tell_after"]) == (
        "approve",
        2,
        "reject",
        12,
    )
    leader = choice["branches"][0]["do"][0]
    assert (leader["remind_after"], leader["tell_after"]) == (None, 12)  # its own null stays null
    assert leader["add"] == {"from": "anyone"}
    assert leader["approvers"] == [{"weight": 1, "rule": "LEADER_IN_CHARGE"}]


def test_a_sub_route_stands_in_its_place() -> None:
    text = changed("otherwise: []", "otherwise: [{sub: extra, route: more}]") + (
        "routes:\n  more:\n    - {copy: told, to: [{rule: DIRECTOR}]}\n"
    )
    choice = load_document(text).route_json()[1]
    assert choice["otherwise"] == [
        {"sub": "extra", "do": [{"copy": "told", "to": [{"weight": 1, "rule": "DIRECTOR"}]}]}
    ]


def test_numbers_are_exact_and_words_stay_words() -> None:
    text = changed("{zh: 天数, en: Days}", "{zh: 天数, en: yes}")
    field = load_document(text).form.fields[0]
    assert field.label.en == "yes"
    assert field.min == Decimal("0.5")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("when: form.days > 3", "wen: 1", "route[1].branches[0].when"),
        ("rule: LEADER_IN_CHARGE", "rule: BOSS", "route[1].branches[0].do[0].approvers[0]"),
        ("step: leader", "stap: leader", "route[1].branches[0].do[0]"),
        ("step: leader", "step: chief", "route[1].branches[0].do[0]"),
        ("otherwise: []", "", "route[1].otherwise"),
        ("otherwise: []", "otherwise: [{sub: again, route: none}]", "route[1].otherwise[0].route"),
        ("add: {from: anyone}", "add: {from: [{rule: ROLE}]}", "route[1].branches[0].do[0].add.from[0]"),
        ("module: hr", "module: hr\nmodul: hr", "modul"),
        ("module: hr", "module: hr\nmodule: hr", "module"),
        ("type: LEAVE", "type: leave", "type"),
        ("min: 0.5", "min: none", "form.fields[0]"),
        ("remind_after: null", "remind_after: '3'", "route[1].branches[0].do[0].remind_after"),
        ("remind_after: null", "mode: vote", "route[1].branches[0].do[0]"),
        ("[{rule: SECTION_CHIEF}]", "[]", "route[0].approvers"),
        ("module: hr", "module: &a hr", "line 3"),
        ("module: hr", "module: !!python/name:os.system hr", "line 3"),
        ("module: hr", "module: hr\n---\n", "line 4"),
        ("module: hr", "module: {hr", "line 4"),
        ("module: hr", "module: h\x00r", "line 3"),
    ],
)
def test_a_fault_is_refused_at_its_place(old: str, new: str, place: str) -> None:
    fault = refusal(changed(old, new))
    assert fault.data["place"] == place
    assert fault.message.startswith(f"{place}: ")
    assert any("\u4e00" <= character <= "\u9fff" for character in fault.data["zh"])


def test_several_faults_are_told_together() -> None:
    fault = refusal(changed("module: hr", "module: Hr\nfloor: 9"))
    assert [one["place"] for one in fault.data["faults"]] == ["module", "floor"]


def test_a_sub_route_that_contains_itself_is_refused() -> None:
    text = changed("otherwise: []", "otherwise: [{sub: one, route: a}]") + (
        "routes:\n  a: [{sub: two, route: b}]\n  b: [{sub: three, route: a}]\n"
    )
    assert "a → b → a" in refusal(text).message


def test_sub_routes_that_double_each_other_are_refused_quickly() -> None:
    """Twenty sub-routes, each twice in the one before: a million blocks of a small text."""
    routes = "".join(
        f"  r{n}: [{{sub: a{n}, route: r{n + 1}}}, {{sub: b{n}, route: r{n + 1}}}]\n" for n in range(19)
    )
    text = changed("otherwise: []", "otherwise: [{sub: first, route: r0}]") + f"routes:\n{routes}  r19: []\n"
    assert refusal(text).data["place"] == "route"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5000,
        "{a: " * 5000,
        "a: [" + "x, " * 60_000 + "]",
        "x" * 300_000,
        "a: &a [1]\nb: [*a, *a]",
        "- " * 3000,
        "1" * 5000,
        "",
        "null",
        "- 1",
        "? [1, 2]\n: 3",
        "a: \ud800",
    ],
    ids=range(12),
)
def test_what_is_too_deep_too_large_or_no_map_is_refused(text: str) -> None:
    refusal(text)


def test_a_route_nested_too_deeply_is_refused() -> None:
    inner = "{copy: told, to: [{rule: DIRECTOR}]}"
    for n in range(13):
        inner = f"{{choice: c{n}, branches: [{{when: 'true', do: []}}], otherwise: [{inner}]}}"
    assert "nested" in refusal(changed("otherwise: []", f"otherwise: [{inner}]")).message


def test_more_blocks_than_a_route_may_have_are_refused() -> None:
    many = ", ".join(f"{{copy: c{n}, to: [{{rule: DIRECTOR}}]}}" for n in range(199))
    assert "more than 200 blocks" in refusal(changed("otherwise: []", f"otherwise: [{many}]")).message


PIECES = st.sampled_from(
    [*LEAVE.split(), "\n", "  ", "- ", ": ", "{", "}", "[", "]", "*a", "&a", "!!x", "|", ">", "'", "0x1", "~"]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=60).map(" ".join)))
def test_any_text_is_a_document_or_refused(text: str) -> None:
    try:
        load_document(text)
    except Invalid as fault:
        if fault.code != "bad_document":
            raise


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(LEAVE)), st.integers(0, 12), st.text(max_size=6))
def test_a_damaged_document_is_a_document_or_refused(at: int, length: int, put: str) -> None:
    try:
        load_document(LEAVE[:at] + put + LEAVE[at + length :])
    except Invalid as fault:
        if fault.code != "bad_document":
            raise
