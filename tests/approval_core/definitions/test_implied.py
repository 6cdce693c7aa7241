"""What is said to follow from conditions does follow, for every value: an alarm here would refuse a good route."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from approval_core.definitions.rules.conditions import holds
from approval_core.definitions.rules.implied import complete, follows, never, ways_of

NUMBERS = [Decimal(n) / 2 for n in range(-1, 9)]
VALUES: list[dict[str, Any]] = [
    {"n": n, "flag": flag, "kind": kind} for n, flag, kind in product(NUMBERS, (True, False), ("a", "b", "c"))
]
ATOMS = st.one_of(
    st.builds(
        "{} {} {}".format, st.just("n"), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.sampled_from(["0", "1", "1.5", "2", "3"])
    ),
    st.builds("{} {} n".format, st.sampled_from(["1", "2.5"]), st.sampled_from(["<", ">=", "=="])),
    st.sampled_from(
        ["flag", "!flag", "flag == false", "kind == 'a'", "kind != 'b'", "kind in ['a', 'b']", "!(kind in ['a', 'c'])", "n in [1, 2]", "n != null"]
    ),
)  # fmt: skip
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
    ),
    max_leaves=4,
)


def where(text: str) -> list[bool]:
    return [holds(text, values) for values in VALUES]


@settings(max_examples=400, deadline=None)
@given(CONDITIONS, CONDITIONS)
def test_what_is_said_to_follow_follows(one: str, other: str) -> None:
    a, b = ways_of(one), ways_of(other)
    assume(a is not None and b is not None)
    assert a is not None
    assert b is not None
    truth, others = where(one), where(other)
    if never(a):
        assert not any(truth)
    if follows(a, b):
        assert all(q for p, q in zip(truth, others, strict=True) if p)
    if complete(a, b):
        assert all(p or q for p, q in zip(truth, others, strict=True))


@settings(max_examples=200, deadline=None)
@given(CONDITIONS)
def test_a_condition_follows_from_itself(text: str) -> None:
    ways = ways_of(text)
    assume(ways is not None)
    assert ways is not None
    assert follows(ways, ways)
