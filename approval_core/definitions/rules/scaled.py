"""A checked tree becomes CEL over whole numbers: every number is written in units of its last decimal.

The library counts decimals in binary floats, in which 0.1 + 0.2 is not 0.3. Whole numbers of 64 bits are exact and an
overflow is an error; so `form.sum * 0.8 > 1000.50` becomes `(v0 * 8) * 10 …` with the scale of each side known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal as OneOf

from approval_core.definitions.rules.expressions import (
    Ask,
    Binary,
    Literal,
    Name,
    Node,
    Size,
    Unary,
    Within,
    bad,
)

MOST = 2**63 - 1
Sort = OneOf["number", "boolean", "text", "date", "list", "null", "empty"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a name stands for. `empty`: it has no value at present, so nothing is known but that.
    `options`: the only texts it may be; `optional`: it may have no value."""

    sort: Sort
    scale: int = 0
    options: frozenset[str] | None = None
    optional: bool = False


Kinds = Callable[[str], Kind | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A variable of the written text: whose value, or whose size."""

    variable: str
    path: str
    size: bool
    scale: int


@dataclass(frozen=True, slots=True)
class _Part:
    kind: Kind
    text: str
    literal: Literal | None = None


TRUTH = Kind("boolean")
SIGNS = {"<", "<=", ">", ">="}


def write(tree: Node, kinds: Kinds) -> tuple[str, tuple[Wanted, ...]]:
    """The text for the library and the variables it wants; Invalid("bad_condition") where kinds do not fit."""
    writer = _Writer(kinds)
    part = writer.part(tree)
    if part.kind.sort not in ("boolean", "empty"):
        raise bad(tree.at, "a condition is true or false", "条件的结果应为真或假")
    return part.text, tuple(writer.wanted.values())


class _Writer:
    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self.wanted: dict[tuple[str, bool], Wanted] = {}

    def part(self, node: Node) -> _Part:
        if isinstance(node, Literal):
            return _literal(node)
        if isinstance(node, Name):
            return self._name(node)
        if isinstance(node, Size):
            kind = self._kind(node.of)
            if kind.sort not in ("text", "list", "empty"):
                raise bad(node.at, "size asks for a text or a list", "size 只用于文字或列表")
            return _Part(Kind("number"), self._variable(node.of.path, True, 0))
        if isinstance(node, Ask):
            if self._kind(node.of).sort not in ("text", "empty"):
                raise bad(node.at, f"{node.question} asks a text", f"{node.question} 只用于文字")
            variable = self._variable(node.of.path, False, 0)
            return _Part(TRUTH, f"{variable}.{node.question}({_quoted(str(node.argument.value))})")
        if isinstance(node, Unary):
            return self._unary(node)
        if isinstance(node, Within):
            return self._within(node)
        return self._binary(node)

    def _kind(self, name: Name) -> Kind:
        kind = self._kinds(name.path)
        if kind is None:
            raise bad(name.at, f"there is no {name.path}", f"没有 {name.path}")
        return kind

    def _variable(self, path: str, size: bool, scale: int) -> str:
        key = (path, size)
        if key not in self.wanted:
            self.wanted[key] = Wanted(f"v{len(self.wanted)}", path, size, scale)
        return self.wanted[key].variable

    def _name(self, node: Name) -> _Part:
        kind = self._kind(node)
        if kind.sort == "list":
            raise bad(node.at, f"{node.path} is a list; ask for its size", f"{node.path} 是列表，可用 size")
        return _Part(kind, self._variable(node.path, False, kind.scale))

    def _unary(self, node: Unary) -> _Part:
        inner = self.part(node.operand)
        wanted = "boolean" if node.sign == "!" else "number"
        _expect(inner, wanted, node.operand.at)
        return _Part(TRUTH if node.sign == "!" else inner.kind, f"{node.sign}({inner.text})")

    def _within(self, node: Within) -> _Part:
        left = self.part(node.left)
        items = [_literal(one) for one in node.items]
        for one, item in zip(node.items, items, strict=True):
            _comparable(left, item, one.at, "==")
        scale = max([left.kind.scale, *(item.kind.scale for item in items)])
        listed = ", ".join(_raised(item, scale) for item in items)
        return _Part(TRUTH, f"({_raised(left, scale)} in [{listed}])")

    def _binary(self, node: Binary) -> _Part:
        left, right = self.part(node.left), self.part(node.right)
        sign = node.sign
        if sign in ("&&", "||"):
            _expect(left, "boolean", node.left.at)
            _expect(right, "boolean", node.right.at)
            return _Part(TRUTH, f"({left.text} {sign} {right.text})")
        if sign in SIGNS or sign in ("==", "!="):
            _comparable(left, right, node.at, sign)
            scale = max(left.kind.scale, right.kind.scale)
            return _Part(TRUTH, f"({_raised(left, scale)} {sign} {_raised(right, scale)})")
        _expect(left, "number", node.left.at)
        _expect(right, "number", node.right.at)
        if sign in ("+", "-"):
            scale = max(left.kind.scale, right.kind.scale)
            return _Part(Kind("number", scale), f"({_raised(left, scale)} {sign} {_raised(right, scale)})")
        if sign == "*":
            scale = left.kind.scale + right.kind.scale
            if scale > 12:
                raise bad(node.at, "too many decimals are multiplied", "相乘的小数位过多")
            return _Part(Kind("number", scale), f"({left.text} * {right.text})")
        if left.kind.scale or right.kind.scale:
            raise bad(
                node.at,
                f"{sign} is for whole numbers; multiply the other side instead",
                "除法只用于整数，请改为在另一侧相乘",
            )
        return _Part(Kind("number"), f"({left.text} {sign} {right.text})")


def _literal(node: Literal) -> _Part:
    value = node.value
    if value is None:
        return _Part(Kind("null"), "null", node)
    if isinstance(value, bool):
        return _Part(TRUTH, "true" if value else "false", node)
    if isinstance(value, str):
        return _Part(Kind("text"), _quoted(value), node)
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        scale = -exponent if isinstance(exponent, int) else 0
        return _Part(Kind("number", scale), _whole(int(value.scaleb(scale)), node.at), node)
    return _Part(Kind("number"), _whole(value, node.at), node)


def _whole(value: int, at: int) -> str:
    if abs(value) > MOST:
        raise bad(at, "the number is too large", "数字过大")
    return str(value) if value >= 0 else f"({value})"


def _raised(part: _Part, scale: int) -> str:
    """The same number in smaller units."""
    if part.kind.sort != "number" or part.kind.scale == scale:
        return part.text
    by = 10 ** (scale - part.kind.scale)
    if part.literal is not None and isinstance(part.literal.value, int | Decimal):
        return _whole(int(Decimal(part.literal.value).scaleb(scale)), part.literal.at)
    return f"({part.text} * {by})"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


_ZH = {"number": "数字", "boolean": "真或假", "text": "文字", "date": "日期", "list": "列表", "null": "空值"}


def _expect(part: _Part, sort: str, at: int) -> None:
    if part.kind.sort not in (sort, "empty"):
        raise bad(
            at,
            f"a {sort} is wanted, not a {part.kind.sort}",
            f"此处应为{_ZH[sort]}，不是{_ZH[part.kind.sort]}",
        )


def _comparable(left: _Part, right: _Part, at: int, sign: str) -> None:
    sorts = {left.kind.sort, right.kind.sort} - {"empty"}
    if "null" in sorts:
        if sign in SIGNS:
            raise bad(at, "null is neither greater nor less", "空值不能比较大小")
        return
    if sorts == {"date", "text"}:
        for part in (left, right):
            if part.kind.sort == "text" and not _is_day(part):
                raise bad(
                    at,
                    'a date is compared with a date, written "2026-01-31"',
                    '日期应与日期比较，写作 "2026-01-31"',
                )
        return
    if len(sorts) > 1:
        one, other = sorted(sorts)
        raise bad(at, f"a {one} is never a {other}", f"{_ZH[one]}与{_ZH[other]}不能比较")
    if sign in SIGNS and "boolean" in sorts:
        raise bad(at, "true is neither greater nor less", "真假不能比较大小")
    for part, other_part in ((left, right), (right, left)):
        options, literal = part.kind.options, other_part.literal
        if options is not None and literal is not None and literal.value not in options:
            raise bad(literal.at, f"there is no option {literal.value!r}", f"没有选项 {literal.value!r}")


def _is_day(part: _Part) -> bool:
    value = part.literal.value if part.literal is not None else None
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d(T|\Z)", value):
        return False
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return False
    return True
