"""What follows from conditions without any request: always true, never true, or true only where an earlier one is.

Works on comparisons of one name with one value, joined by && and ||; of anything else it says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any

from approval_core.definitions.rules.conditions import holds
from approval_core.definitions.rules.expressions import (
    Binary,
    Literal,
    Name,
    Node,
    Unary,
    Within,
    names_in,
    parse,
)
from approval_core.errors import Invalid

WAYS = 64
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_DENIED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True, slots=True)
class Atom:
    """`path` compared with `value`."""

    path: str
    sign: str
    value: Any


Way = tuple[Atom, ...]  # all of them hold
Ways = list[Way]  # one of the ways holds


def constant(text: str) -> bool | None:
    """What a condition without names always is; None when it has names."""
    tree = parse(text)
    if names_in(tree):
        return None
    try:
        return holds(text, {})
    except Invalid:
        return None


def ways_of(text: str) -> Ways | None:
    """The condition as ways of plain comparisons; None when it is not made of them or there are too many."""
    return _ways(parse(text), denied=False)


def denied_of(text: str) -> Ways | None:
    """As `ways_of`, for the condition being false."""
    return _ways(parse(text), denied=True)


def _ways(node: Node, *, denied: bool) -> Ways | None:
    if isinstance(node, Unary) and node.sign == "!":
        return _ways(node.operand, denied=not denied)
    if isinstance(node, Name):
        return [(Atom(node.path, "==", not denied),)]
    if isinstance(node, Within) and isinstance(node.left, Name):
        values = [one.value for one in node.items]
        if denied:
            return [tuple(Atom(node.left.path, "!=", value) for value in values)]
        return [(Atom(node.left.path, "==", value),) for value in values]
    if not isinstance(node, Binary):
        return None
    if node.sign in ("&&", "||"):
        left, right = _ways(node.left, denied=denied), _ways(node.right, denied=denied)
        if left is None or right is None:
            return None
        joined = left + right if (node.sign == "||") != denied else [a + b for a, b in product(left, right)]
        return joined if len(joined) <= WAYS else None
    return _atom(node, denied=denied)


def _atom(node: Binary, *, denied: bool) -> Ways | None:
    left, right, sign = node.left, node.right, node.sign
    if sign not in _TURNED:
        return None
    if isinstance(right, Name):
        left, right, sign = right, left, _TURNED[sign]
    value = _value(right)
    if not isinstance(left, Name) or value is _NONE:
        return None
    return [(Atom(left.path, _DENIED[sign] if denied else sign, value),)]


_NONE = object()


def _value(node: Node) -> Any:
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Unary) and node.sign == "-" and isinstance(node.operand, Literal):
        value = node.operand.value
        return -value if isinstance(value, int | Decimal) else _NONE
    return _NONE


def impossible(way: Way, known: Way = ()) -> bool:
    """Whether the comparisons contradict each other (or what is known anyway, as the limits of a field)."""
    every = way + known
    return any(_clash(a, b) for index, a in enumerate(every) for b in every[:index])


def never(ways: Ways, known: Way = ()) -> bool:
    return all(impossible(way, known) for way in ways)


def follows(ways: Ways, earlier: Ways) -> bool:
    """Whether wherever these hold, an earlier condition holds."""
    return all(any(_all_follow(way, other) for other in earlier) for way in ways)


def complete(ways: Ways, earlier: Ways) -> bool:
    """Whether one of two conditions holds in any case: the ways of each deny the other."""
    return (
        len(ways) == len(earlier) == 1
        and len(ways[0]) == len(earlier[0]) == 1
        and _opposite(ways[0][0], earlier[0][0])
    )


def _opposite(a: Atom, b: Atom) -> bool:
    if a.path != b.path:
        return False
    if isinstance(a.value, bool) and isinstance(b.value, bool):
        return (a.sign == b.sign) == (a.value != b.value)
    denied = Atom(a.path, _DENIED[a.sign], a.value)
    return _follows(denied, b)


def _all_follow(way: Way, other: Way) -> bool:
    return impossible(way) or all(any(_follows(atom, wanted) for atom in way) for wanted in other)


def _order(a: Any, b: Any) -> int | None:
    """-1, 0, 1; None when the two are of different kinds."""
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        return 0 if a is b else None
    if isinstance(a, str) != isinstance(b, str):
        return None
    return int(a > b) - int(a < b)


def _follows(a: Atom, b: Atom) -> bool:
    """Whether b holds wherever a holds."""
    if a.path != b.path:
        return False
    order = _order(a.value, b.value)
    if order is None:  # of different kinds, one of them null perhaps: what is greater than 3 is not null
        return b.sign == "!=" and a.sign != "!="
    if a.sign == "==":
        return _true(order, b.sign) if a.value is not None or b.sign in ("==", "!=") else False
    if a.sign == "!=":
        return b.sign == "!=" and order == 0
    if a.sign in (">", ">="):
        return (
            (b.sign == ">" and (order > 0 or (order == 0 and a.sign == ">")))
            or (b.sign == ">=" and order >= 0)
            or (b.sign == "!=" and (order > 0 or (order == 0 and a.sign == ">")))
        )
    return (
        (b.sign == "<" and (order < 0 or (order == 0 and a.sign == "<")))
        or (b.sign == "<=" and order <= 0)
        or (b.sign == "!=" and (order < 0 or (order == 0 and a.sign == "<")))
    )


def _true(order: int, sign: str) -> bool:
    return {
        "==": order == 0,
        "!=": order != 0,
        "<": order < 0,
        "<=": order <= 0,
        ">": order > 0,
        ">=": order >= 0,
    }[sign]


def _clash(a: Atom, b: Atom) -> bool:
    if a.path != b.path:
        return False
    return _follows(a, Atom(b.path, _DENIED[b.sign], b.value))
