"""Conditions: exact, bounded, and an unanswerable one is said, never guessed."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approval_core.definitions.rules.conditions import check, holds
from approval_core.definitions.rules.scaled import Kind
from approval_core.errors import Invalid


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("a + b == 0.3", {"a": Decimal("0.1"), "b": Decimal("0.2")}, True),
        ("0.1 + 0.2 == 0.3", {}, True),
        ("a * 3 == 0.3", {"a": Decimal("0.1")}, True),
        ("a == 1.50", {"a": 1.5}, True),
        ("a > 999999999999.98", {"a": Decimal("999999999999.99")}, True),
        ("a > 999999999999.99", {"a": Decimal("999999999999.99")}, False),
        ("a * 0.8 >= 800000000000", {"a": Decimal("1000000000000.00")}, True),
        ("a - 0.000001 < 3", {"a": 3}, True),
        ("a in [0.5, 1, 2.25]", {"a": Decimal("2.25")}, True),
        ("a in [1, 2]", {"a": Decimal("2.00")}, True),
        ("7 / 2 == 3 && -7 / 2 == -3 && 7 % 4 == 3", {}, True),
        ("-9 < -a && 2 - -a == 10", {"a": 8}, True),
        ("a != null && a > 3", {"a": None}, False),
        ("a == null || a > 3", {"a": None}, True),
        ("size(a) == 3 && a.contains('假') && a.startsWith('请') && !a.endsWith('请')", {"a": "请假𠮷"}, True),
        ("size(a) == 2", {"a": ["x", "y"]}, True),
        ("a in ['事假', \"病假\"]", {"a": "病假"}, True),
        (r"a == 'it\'s \"so\" \\'", {"a": "it's \"so\" \\"}, True),
        ("form.start >= '2026-01-31' && form.start <= today", {"form": {"start": "2026-02-01"}, "today": date(2026, 2, 1)}, True),
        ("1 + 2 * 3 == 7 && (1 + 2) * 3 == 9 && true || false", {}, True),
        ("!flag || flag", {"flag": False}, True),
    ],
)  # fmt: skip
def test_a_condition_is_answered_exactly(text: str, names: dict[str, Any], expected: bool) -> None:
    assert holds(text, names) is expected


@pytest.mark.parametrize(
    ("text", "names", "reason"),
    [
        ("a > 3", {"a": None}, "without a value: a"),
        ("1 / a == 1", {"a": 0}, "division by zero"),
        ("1 % a == 1", {"a": 0}, "division by zero"),
        ("a * a > 1", {"a": Decimal("1000000000000.00")}, "grows too large"),
        ("a + 1 > 1", {"a": 2**63 - 1}, "grows too large"),
        ("a > 1", {"a": 2**70}, "too large"),
        ("a > 1", {"a": Decimal("1e30")}, "too large"),
        ("a > 1", {"a": Decimal("NaN")}, "no number"),
        ("a > 1", {"a": float("inf")}, "no number"),
        ("a > 1", {"a": float("nan")}, "no number"),
        ("a > 1", {"a": "5"}, "never a"),
        ("a > 1", {"a": True}, "never a"),
        ("a > 1", {"a": object()}, "cannot be compared"),
        ("a.b > 1", {"a": {}}, "there is no a.b"),
        ("a", {"a": 5}, "true or false"),
        ("a / 2 == 1", {"a": Decimal("2.00")}, "whole numbers"),
        ("1 && true", {}, "a boolean is wanted"),
    ],
)
def test_an_unanswerable_condition_says_why(text: str, names: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason) as refused:
        holds(text, names)
    assert refused.value.code == "bad_condition"
    assert refused.value.data["zh"]


KINDS = {
    "form.days": Kind("number", 2),
    "form.kind": Kind("text", options=frozenset({"事假", "病假"})),
    "form.start": Kind("date"),
    "form.files": Kind("list"),
    "today": Kind("date"),
    "amount": Kind("number", 2, optional=True),
}


@pytest.mark.parametrize(
    "text",
    ["form.days > 3", "amount * 0.5 <= 100 && form.kind == '事假'", "form.start > '2026-01-31'", "size(form.files) > 0",
     "form.kind in ['事假']", "amount == null"],
)  # fmt: skip
def test_what_fits_the_form_may_be_published(text: str) -> None:
    check(text, KINDS.get)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("form.day > 3", 1),
        ("applicant.salary > 3", 1),
        ("form.days > '3'", 11),
        ("form.days + form.kind == 1", 13),
        ("form.kind == '年假'", 14),
        ("form.kind in ['事假', '年假']", 21),
        ("form.start > '31.1.2026'", 12),
        ("form.start > '2026-02-30'", 12),
        ("form.days > null", 11),
        ("form.days", 1),
        ("form.days > 3 form.days", 15),
        ("form.days >", 12),
        ("(form.days > 3", 15),
        ("has(form.days)", 1),
        ("[1, 2].all(x, x > 0)", 1),
        ("form.kind.matches('(a+)+$')", 11),
        ("form.files.exists(f, f == '')", 12),
        ("form.files == []", 15),
        ("form.kind[0] == 'a'", 10),
        ("form['days'] > 1", 5),
        ("timestamp('2026-01-01T00:00:00Z') < today", 1),
        ("form.days > 3 ? true : false", 15),
        ("{'a': 1}.a == 1", 1),
        ("1 < form.days < 5", 15),
        ("form.days == 1e9", 14),
        ("form.days == 0x1F", 14),
        ("form.days == 5u", 14),
        ("form.kind == b'a'", 15),
        ("form.kind == r'a'", 15),
        ("form.kind == '''a'''", 16),
        ("form.days == 1.1234567", 14),
        ("form.days == 12345678901234567890", 14),
        ("form.days / 2 > 1", 11),
        ("true and false", 6),
        ("for == 1", 1),
        ("form.kind == '\ud800'", 15),
        ("", 1),
        ("  ", 3),
        ("__import__('os').system('x') == 1", 1),
    ],
)
def test_what_does_not_fit_is_refused_where_it_stands(text: str, at: int) -> None:
    with pytest.raises(Invalid) as refused:
        check(text, KINDS.get)
    assert (refused.value.code, refused.value.data["at"]) == ("bad_condition", at)


@pytest.mark.parametrize(
    "text",
    ["(" * 400 + "true", "(" * 400 + "true" + ")" * 400, "!" * 900 + "true", "-" * 900 + "1 == 1", "1+" * 400 + "1 == 1",
     "true||" * 150 + "true", "1 in [" + "1," * 400 + "1]", "a." * 400 + "a", "x" * 1001, "[" * 500, "size(" * 150],
)  # fmt: skip
def test_nested_or_exploding_texts_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        holds(text, {"a": 1})


def test_the_largest_condition_allowed_is_answered() -> None:
    assert holds("(" * 29 + "1" + "+1" * 38 + ")" * 29 + " == 39", {})
    assert holds("!" * 30 + "true", {})
    assert holds("a in [" + "1, " * 99 + "7]", {"a": 7})


NUMBERS = st.one_of(
    st.integers(-(10**12), 10**12),
    st.decimals(-(10**12), 10**12, places=2),
    st.decimals(-1000, 1000, places=4),
)
SUMS = [
    "{a} + {b} {c} {d}",
    "{a} - {b} {c} {d}",
    "{a} {c} {b} + {d}",
    "{a} * 3 {c} {b}",
    "{a} {c} {d} * 0.25",
]


@settings(deadline=None)
@given(NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), st.sampled_from(SUMS))
def test_arithmetic_agrees_with_decimals(a: Any, b: Any, d: Any, sign: str, form: str) -> None:
    text = form.format(a="a", b="b", c=sign, d="d")
    exact = form.format(a="Decimal(a)", b="Decimal(b)", c=sign, d="Decimal(d)").replace(
        "0.25", "Decimal('0.25')"
    )
    expected = eval(exact, {"Decimal": Decimal, "a": a, "b": b, "d": d})  # noqa: S307  # the few texts of SUMS
    assert holds(text, {"a": a, "b": b, "d": d}) is expected


PIECES = st.sampled_from(
    ["a", "b", "t", "1", "0", "2.50", "'x'", "null", "true", "(", ")", "!", "-", "+", "*", "/", "%", "==", "<", ">=",
     "in", "[", "]", ",", "&&", "||", "size(", ".contains(", ".", "has(", "?", ":", "'", '"', "\\", "\n", "9" * 18]
)  # fmt: skip
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers()),
)


@settings(max_examples=1000, deadline=None)
@given(
    st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map(" ".join)),
    VALUES,
    VALUES,
    st.text(max_size=3),
)
def test_any_text_over_any_values_is_answered_or_refused(text: str, a: Any, b: Any, t: str) -> None:
    try:
        assert isinstance(holds(text, {"a": a, "b": b, "t": t}), bool)
    except Invalid as refused:
        if refused.code != "bad_condition":
            raise


def test_threads_share_compiled_conditions() -> None:
    wrong: list[int] = []

    def ask(value: int) -> None:
        for _ in range(500):
            if holds("form.days > 3 && form.days < 1000", {"form": {"days": value}}) is not (value > 3):
                wrong.append(value)

    threads = [threading.Thread(target=ask, args=(value,)) for value in (1, 2, 5, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
