"""Whether a condition holds. CEL, run by the library `cel` over whole numbers; a condition that cannot be answered
is Invalid("bad_condition", reason=, reason_zh=), never an exception of the library and never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import cel

from approval_core.definitions.rules.expressions import Node, names_in, parse
from approval_core.definitions.rules.scaled import MOST, Kind, Kinds, Wanted, write
from approval_core.errors import Invalid

_ABSENT = object()
#: a decimal has 2 places in most forms, 6 at most: two scales keep the number of compiled texts small
SCALES = (0, 2, 6)


def check(text: str, kinds: Kinds) -> None:
    """A condition before it is published: readable, only known names, kinds that fit; else Invalid("bad_condition")."""
    _compiled(write(parse(text), kinds)[0])
    _compiled(text)  # what we read is CEL for others as well


def holds(text: str, names: Mapping[str, Any]) -> bool:
    """True or false for these values: `names` is nested as the text writes it, {"form": {"days": …}, "amount": …}.

    Numbers are int or Decimal (a float is taken at its shortest spelling), dates are dates or ISO texts.
    """
    tree = _tree(text)
    values = {name.path: _value(names, name.path) for name in names_in(tree)}
    kinds = tuple(sorted((path, _kind_of(path, value)) for path, value in values.items()))
    program, wanted = _program(text, kinds)
    context = {one.variable: _scaled(one, values[one.path]) for one in wanted}
    try:
        answer = program.execute(context)
    except OverflowError as error:
        raise _unanswered("a number grows too large", "数字过大") from error
    except ZeroDivisionError as error:
        raise _unanswered("a division by zero", "除数为零") from error
    except (TypeError, ValueError, RuntimeError, LookupError) as error:
        empty = ", ".join(path for path, value in values.items() if value is None)
        if empty:
            raise _unanswered(f"without a value: {empty}", f"缺少数值：{empty}") from error
        raise _unanswered("the values do not fit", "数值类型不符") from error
    if not isinstance(answer, bool):
        raise _unanswered("the answer is neither true nor false", "结果不是真或假")
    return answer


@lru_cache(maxsize=2048)
def _tree(text: str) -> Node:
    return parse(text)


@lru_cache(maxsize=4096)
def _program(text: str, kinds: tuple[tuple[str, Kind], ...]) -> tuple[cel.Program, tuple[Wanted, ...]]:
    written, wanted = write(_tree(text), dict(kinds).get)
    return _compiled(written), wanted


def _compiled(written: str) -> cel.Program:
    try:
        return cel.compile(written)
    except (ValueError, RuntimeError) as error:
        raise _unanswered("the condition cannot be read", "条件无法识别") from error


def _value(names: Mapping[str, Any], path: str) -> Any:
    here: Any = names
    for part in path.split("."):
        here = here.get(part, _ABSENT) if isinstance(here, Mapping) else _ABSENT
    if here is _ABSENT:
        raise _unanswered(f"there is no {path}", f"没有 {path}")
    if isinstance(here, float):
        return Decimal(repr(here))
    if isinstance(here, date | datetime):
        return here.isoformat()
    return here


def _kind_of(path: str, value: Any) -> Kind:
    if value is None:
        return Kind("empty")
    if isinstance(value, bool):
        return Kind("boolean")
    if isinstance(value, int):
        return Kind("number")
    if isinstance(value, Decimal):
        return Kind("number", _scale_of(path, value))
    if isinstance(value, str):
        return Kind("text")
    if isinstance(value, list | tuple):
        return Kind("list")
    raise _unanswered(f"{path} cannot be compared", f"{path} 无法比较")


def _scale_of(path: str, value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int):
        for scale in SCALES:
            if scale and -exponent <= scale:
                return scale
    raise _unanswered(
        f"{path} is no number of at most {SCALES[-1]} decimals", f"{path} 不是最多 {SCALES[-1]} 位小数的数"
    )


def _scaled(one: Wanted, value: Any) -> Any:
    if one.size:
        return 0 if value is None else len(value)  # an empty field has no characters and no entries
    if isinstance(value, Decimal):
        if value.adjusted() > 18:
            raise _unanswered(f"{one.path} is too large", f"{one.path} 过大")
        value = int(value.scaleb(one.scale))
    if isinstance(value, int) and abs(value) > MOST:
        raise _unanswered(f"{one.path} is too large", f"{one.path} 过大")
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return value


def _unanswered(reason: str, zh: str) -> Invalid:
    return Invalid("bad_condition", reason, en=reason, zh=zh, at=None)
