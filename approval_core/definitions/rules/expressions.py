"""The part of CEL that a condition may use, read into a tree: comparison, logic, arithmetic, `in` with a list,
and a few questions to texts. No macros, no other functions, no indexing, no ternary.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from approval_core.errors import Invalid

LENGTH = 1000
DEPTH = 30
OPERATORS = 40
ITEMS = 100
#: what may be asked of a text: its argument is a text, or none
QUESTIONS = ("contains", "startsWith", "endsWith")
_MACROS = frozenset({"has", "all", "exists", "exists_one", "map", "filter", "cel", "optMap", "optFlatMap"})
_RESERVED = frozenset(
    {
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    }
)
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<decimal>\d+\.\d+(?![\w.])) | (?P<whole>\d+(?![\w.])) |
    (?P<text>"(?:[^"\\\n\r]|\\["'\\nt])*" | '(?:[^'\\\n\r]|\\["'\\nt])*') |
    (?P<word>[A-Za-z_]\w*) |
    (?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%<>!().,\[\]])
    )""",
    re.X | re.A,
)
_UNESCAPED = {"n": "\n", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Literal:
    value: bool | int | Decimal | str | None
    at: int


@dataclass(frozen=True, slots=True)
class Name:
    path: str
    at: int


@dataclass(frozen=True, slots=True)
class Size:
    """`size(form.body)`: the characters of a text, the entries of a list."""

    of: Name
    at: int


@dataclass(frozen=True, slots=True)
class Ask:
    """`form.body.contains("…")`."""

    of: Name
    question: str
    argument: Literal
    at: int


@dataclass(frozen=True, slots=True)
class Unary:
    sign: str  # ! or -
    operand: Node
    at: int


@dataclass(frozen=True, slots=True)
class Binary:
    sign: str
    left: Node
    right: Node
    at: int


@dataclass(frozen=True, slots=True)
class Within:
    left: Node
    items: tuple[Literal, ...]
    at: int


Node = Literal | Name | Size | Ask | Unary | Binary | Within


def bad(at: int, en: str, zh: str) -> Invalid:
    """One fault of a condition; `at` counts characters from 1."""
    return Invalid("bad_condition", f"character {at + 1}: {en}", at=at + 1, en=en, zh=zh)


def parse(text: str) -> Node:
    """The tree of a condition; Invalid("bad_condition", at=, en=, zh=). Work and depth are bounded by the text."""
    if len(text) > LENGTH:
        raise bad(LENGTH, f"longer than {LENGTH} characters", f"超过 {LENGTH} 个字符")
    unfit = re.search(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", text)
    if unfit is not None:
        raise bad(unfit.start(), "a character that no condition may hold", "含有不可用的字符")
    reader = _Reader(text)
    node = reader.either(0)
    reader.end()
    return node


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str, int]] = []
        self._next = 0
        at = 0
        end = len(text.rstrip())
        while at < end:
            found = _TOKEN.match(text, at)
            if found is None or found.end() > end:
                here = at + len(text[at:]) - len(text[at:].lstrip())
                raise bad(
                    here, f"cannot read {text[here : here + 12]!r}", f"无法识别 {text[here : here + 12]!r}"
                )
            kind = found.lastgroup or ""
            self._tokens.append((kind, found[kind], found.start(kind)))
            at = found.end()
        self._length = len(text)
        self._operators = 0

    # words of the text

    def _peek(self) -> tuple[str, str, int]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("end", "", self._length)

    def _take(self, *signs: str) -> tuple[str, int] | None:
        kind, word, at = self._peek()
        if word in signs and (kind == "sign" or word == "in"):
            self._next += 1
            self._operators += word not in "().,[]"
            if self._operators > OPERATORS:
                raise bad(at, f"more than {OPERATORS} operators", f"运算符超过 {OPERATORS} 个")
            return word, at
        return None

    def _need(self, sign: str) -> None:
        if self._take(sign) is None:
            self._unexpected(f"{sign} is missing", f"缺少 {sign}")

    def _unexpected(self, en: str, zh: str) -> NoReturn:
        _, word, at = self._peek()
        raise bad(at, f"{en} before {word!r}" if word else f"{en} at the end", zh)

    def end(self) -> None:
        if self._peek()[0] != "end":
            self._unexpected("an operator is missing", "缺少运算符")

    # from the weakest to the strongest

    def either(self, depth: int) -> Node:
        return self._chain(("||",), depth)

    def _chain(self, signs: tuple[str, ...], depth: int) -> Node:
        if depth > DEPTH:
            self._unexpected("nested too deeply", "嵌套过深")
        left = self._chain(("&&",), depth) if signs == ("||",) else self._compared(depth)
        while (sign := self._take(*signs)) is not None:
            right = self._chain(("&&",), depth) if signs == ("||",) else self._compared(depth)
            left = Binary(sign[0], left, right, sign[1])
        return left

    def _compared(self, depth: int) -> Node:
        left = self._sum(depth)
        sign = self._take("==", "!=", "<", "<=", ">", ">=", "in")
        if sign is None:
            return left
        node: Node = (
            Within(left, self._list(), sign[1])
            if sign[0] == "in"
            else Binary(sign[0], left, self._sum(depth), sign[1])
        )
        if self._take("==", "!=", "<", "<=", ">", ">=", "in") is not None:
            self._next -= 1
            self._unexpected("write && between two comparisons", "两个比较之间应写 &&")
        return node

    def _sum(self, depth: int) -> Node:
        left = self._product(depth)
        while (sign := self._take("+", "-")) is not None:
            left = Binary(sign[0], left, self._product(depth), sign[1])
        return left

    def _product(self, depth: int) -> Node:
        left = self._single(depth)
        while (sign := self._take("*", "/", "%")) is not None:
            left = Binary(sign[0], left, self._single(depth), sign[1])
        return left

    def _single(self, depth: int) -> Node:
        sign = self._take("!", "-")
        if sign is not None:
            if depth > DEPTH:
                self._unexpected("nested too deeply", "嵌套过深")
            return Unary(sign[0], self._single(depth + 1), sign[1])
        if self._take("("):
            node = self.either(depth + 1)
            self._need(")")
            return node
        if self._peek()[0] == "word":
            return self._named()
        return self._literal()

    # the smallest parts

    def _literal(self) -> Literal:
        negative = self._take("-") is not None
        kind, word, at = self._peek()
        self._next += 1
        if kind == "whole" and len(word) <= 18:
            return Literal(-int(word) if negative else int(word), at)
        if kind == "decimal" and len(word.split(".")[0]) <= 15 and len(word.split(".")[1]) <= 6:
            return Literal(-Decimal(word) if negative else Decimal(word), at)
        if not negative and kind == "text":
            return Literal(_plain(word), at)
        if not negative and kind == "word" and word in ("true", "false", "null"):
            return Literal({"true": True, "false": False, "null": None}[word], at)
        self._next -= 1
        if kind in ("whole", "decimal"):
            return self._unexpected("a number of too many digits", "数字位数过多")
        return self._unexpected("a value is missing", "缺少值")

    def _list(self) -> tuple[Literal, ...]:
        self._need("[")
        items = [self._literal()]
        while self._take(","):
            items.append(self._literal())
        self._need("]")
        if len(items) > ITEMS:
            self._unexpected("the list is too long", "列表过长")
        return tuple(items)

    def _named(self) -> Node:
        _, word, at = self._peek()
        if word in ("true", "false", "null"):
            return self._literal()
        if word in _RESERVED or word == "in":
            self._unexpected("a value is missing", "缺少值")
        self._next += 1
        if self._take("("):
            return self._function(word, at)
        path = [word]
        while self._take("."):
            kind, part, here = self._peek()
            if kind != "word":
                self._unexpected("a name is missing", "缺少名称")
            self._next += 1
            if self._take("("):
                return self._question(".".join(path), part, at, here)
            path.append(part)
        if self._peek()[1] == "[":
            self._unexpected("indexing is not used here", "不支持下标")
        return Name(".".join(path), at)

    def _function(self, word: str, at: int) -> Node:
        if word != "size":
            raise bad(at, *_no_function(word))
        kind, _, _ = self._peek()
        node = self._named() if kind == "word" else None
        if not isinstance(node, Name):
            raise bad(at, "size asks for the name of a field", "size 只能用于字段名")
        self._need(")")
        return Size(node, at)

    def _question(self, path: str, word: str, at: int, here: int) -> Node:
        if word not in QUESTIONS:
            raise bad(here, *_no_function(word))
        argument = self._literal()
        if not isinstance(argument.value, str):
            raise bad(argument.at, f"{word} asks for a text", f"{word} 的参数应为文字")
        self._need(")")
        return Ask(Name(path, at), word, argument, here)


def _no_function(word: str) -> tuple[str, str]:
    if word in _MACROS:
        return f"the macro {word} is not used here", f"不支持宏 {word}"
    return f"there is no function {word}", f"没有函数 {word}"


def _plain(quoted: str) -> str:
    return re.sub(r"\\(.)", lambda found: _UNESCAPED.get(found[1], found[1]), quoted[1:-1])


def names_in(node: Node) -> list[Name]:
    """Every name a tree mentions, in the order of the text."""
    if isinstance(node, Name):
        return [node]
    if isinstance(node, Size | Ask):
        return [node.of]
    if isinstance(node, Unary):
        return names_in(node.operand)
    if isinstance(node, Within):
        return names_in(node.left)
    if isinstance(node, Binary):
        return [*names_in(node.left), *names_in(node.right)]
    return []


def counted_on(node: Node) -> list[Name]:
    """The names whose value is needed for an answer: all but those only compared with == and !=, or counted by size."""
    if isinstance(node, Name):
        return [node]
    if isinstance(node, Ask):
        return [node.of]
    if isinstance(node, Unary):
        return counted_on(node.operand)
    if isinstance(node, Binary):
        equal = node.sign in ("==", "!=")
        sides = [side for side in (node.left, node.right) if not (equal and isinstance(side, Name))]
        return [name for side in sides for name in counted_on(side)]
    return [] if not isinstance(node, Within) or isinstance(node.left, Name) else counted_on(node.left)


def asked_for_null(node: Node) -> set[str]:
    """The names that the condition itself compares with null."""
    if isinstance(node, Unary):
        return asked_for_null(node.operand)
    if not isinstance(node, Binary):
        return set()
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(one, Name) and isinstance(other, Literal) and other.value is None:
            return {one.path}
    return asked_for_null(node.left) | asked_for_null(node.right)
