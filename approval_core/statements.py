"""Statements compiled once per dialect and run on the driver's own cursor: 85 % of raw speed, still portable.

Owns the plan of a statement (its text, the order of its parameters, the conversion of values and columns)
and the rows that come back. Never opens a connection, never begins or ends a transaction.
"""

from __future__ import annotations

import re
import threading
from collections import namedtuple
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from sqlalchemy import Dialect, Insert, String
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import BindParameter, ClauseElement
from sqlalchemy.sql.schema import Column
from sqlalchemy.sql.selectable import ReturnsRows

Convert = Callable[[Any], Any]
WORD = re.compile("[a-z][a-z_]*")

if TYPE_CHECKING:

    class Row:
        """One row: columns as attributes (`row.id`) and by position (`row[0]`, `a, b = row`)."""

        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, position: int) -> Any: ...
        def __iter__(self) -> Iterator[Any]: ...
        def __len__(self) -> int: ...
        def _asdict(self) -> dict[str, Any]: ...

else:

    class Row(tuple):
        """One row: columns as attributes (`row.id`) and by position (`row[0]`, `a, b = row`)."""

        __slots__ = ()


class Rows:
    """What a statement gave back, already fetched. `rowcount`: rows returned, or rows changed when none are."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: list[Row], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def all(self) -> list[Row]:
        return self._rows

    def first(self) -> Row | None:
        return self._rows[0] if self._rows else None

    def one(self) -> Row:
        if len(self._rows) != 1:
            raise LookupError(f"exactly one row was expected, {len(self._rows)} came")
        return self._rows[0]

    def scalar(self) -> Any:
        return self._rows[0][0] if self._rows else None

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class Plan:
    """One statement for one dialect, ready for the driver's cursor."""

    def __init__(self, statement: ClauseElement, dialect: Dialect, columns: list[str] | None = None) -> None:
        if isinstance(statement, Insert):
            statement = statement.inline()  # without it PostgreSQL adds a RETURNING of its own
        compiler: Any = dialect.statement_compiler
        compiled = _with_words(compiler)(dialect, statement, column_keys=columns)
        self._dialect = dialect
        self._fixed: dict[str, Any] = _column_defaults(compiled)
        self.required: set[str] = set()
        self._optional: set[str] = set()
        convert: dict[str, Convert | None] = {}
        for bind, name in compiled.bind_names.items():
            convert[name] = self._sort_in(bind, name)
        self.sql = str(compiled)
        order: Sequence[str] = compiled.positiontup or []
        if any(bind.expanding for bind in compiled.bind_names):  # lists written into the statement itself
            state = compiled.construct_expanded_state(dict.fromkeys(self.required))
            self.sql, order = state.statement, state.positiontup or []
            for name, parts in state.parameter_expansion.items():
                self._fixed.update((part, state.parameters[part]) for part in parts)
                convert.update((part, convert[name]) for part in parts)
        self._slots = [(name, convert[name]) for name in order]
        shown = list(statement.exported_columns.items()) if isinstance(statement, ReturnsRows) else []
        self._keys = [key for key, _ in shown]
        self._types = [column.type for _, column in shown]
        self._make: Callable[[Any], Row] | None = None
        self._results: list[tuple[int, Convert]] = []

    def _sort_in(self, bind: BindParameter[Any], name: str) -> Convert | None:
        if bind.literal_execute or (bind.expanding and not bind.unique):
            raise InvalidRequestError(
                f"parameter {name!r} expands (an IN list): run this statement with tx.execute, not tx.run"
            )
        if name in self._fixed:
            pass
        elif bind.required:
            self.required.add(name)
        else:
            self._fixed[name] = bind.effective_value
            if not bind.unique:
                self._optional.add(name)
        return bind.type.dialect_impl(self._dialect).bind_processor(self._dialect)

    def accepts(self, params: Mapping[str, Any]) -> bool:
        given = params.keys()
        return given >= self.required and given <= self.required | self._optional

    def values(self, params: Mapping[str, Any]) -> list[Any]:
        """The parameters in the order of the text; TypeError when a name is missing or unknown."""
        if params.keys() != self.required and not self.accepts(params):
            missing = sorted(self.required - params.keys())
            unknown = sorted(params.keys() - self.required - self._optional)
            raise TypeError(f"wrong parameters: missing {missing}, unknown {unknown}, in: {self.sql}")
        if self._fixed:
            params = {**self._fixed, **params}
        return [params[name] if convert is None else convert(params[name]) for name, convert in self._slots]

    def fetch(self, cursor: Any) -> Rows:
        make = self._make
        if make is None:  # psycopg builds the description anew each time it is asked
            if cursor.description is None:
                return Rows([], cursor.rowcount)
            make = self._learn(cursor.description)
        fetched = cursor.fetchall()
        if not self._results:
            rows = [make(values) for values in fetched]
        else:
            rows = []
            for values in fetched:
                changed = list(values)
                for position, convert in self._results:
                    changed[position] = convert(changed[position])
                rows.append(make(changed))
        return Rows(rows, len(rows))

    def _learn(self, description: Any) -> Callable[[Any], Row]:
        """At the first fetch: PostgreSQL's numbers need the type code that only the answer carries."""
        keys = self._keys or [entry[0] for entry in description]
        if len(keys) != len(description):
            raise InvalidRequestError(
                f"{len(description)} columns came, {len(keys)} were expected: {self.sql}"
            )
        results = []
        for position, kind in enumerate(self._types):
            implementation = kind.dialect_impl(self._dialect)
            convert = implementation.result_processor(self._dialect, description[position][1])
            if convert is not None:
                results.append((position, convert))
        fields = namedtuple("Row", keys, rename=True)  # type: ignore[misc]  # the fields are known only now
        kind_of_row = type("Row", (fields, Row), {"__slots__": ()})
        self._results = results
        self._make = make = cast("Callable[[Any], Row]", kind_of_row._make)  # type: ignore[attr-defined]  # a namedtuple
        return make


@cache
def _with_words(plain: Any) -> type[SQLCompiler]:
    """A dialect's compiler, except that a plain word which a statement compares with stands in its text.

    With a parameter in `state = ?` SQLite cannot tell whether an index "where state = 'open'" will serve, so it
    plans the statement anew at each execution (some 30 µs each); PostgreSQL's generic plan never uses that index.
    """

    class WithWords(plain):  # type: ignore[misc]  # which compiler it is, the dialect says
        def visit_bindparam(self, bindparam: BindParameter[Any], *args: Any, **options: Any) -> str:
            constant = bindparam.unique and not bindparam.expanding and not bindparam.required
            kind = getattr(bindparam.type, "impl", bindparam.type)  # SQLModel wraps its strings
            if constant and isinstance(kind, String) and _is_word(bindparam.value):
                options["literal_binds"] = True
            shown: str = super().visit_bindparam(bindparam, *args, **options)
            return shown

    return WithWords


def _is_word(value: object) -> bool:
    return isinstance(value, str) and WORD.fullmatch(value) is not None


def _column_defaults(compiled: SQLCompiler) -> dict[str, Any]:
    """Values that a column takes when the statement gives none; a callable default belongs to tx.execute."""
    found: dict[str, Any] = {}
    changed: list[tuple[Column[Any], Any]] = [(column, column.default) for column in compiled.insert_prefetch]
    changed += [(column, column.onupdate) for column in compiled.update_prefetch]
    for column, default in changed:
        if not default.is_scalar:
            raise InvalidRequestError(
                f"column {column} computes its default: give the value, or use tx.execute"
            )
        found[column.key] = default.arg
    return found


class Plans:
    """The plans of one dialect, bounded: the oldest leaves when `limit` is reached."""

    def __init__(self, dialect: Dialect, limit: int = 1024) -> None:
        self._dialect = dialect
        self._limit = limit
        self._known: dict[Hashable, Plan] = {}
        self._lock = threading.Lock()

    def find(self, statement: ClauseElement, params: Mapping[str, Any]) -> Plan:
        """`insert(table)` without values has one plan for each set of columns given; all else has one."""
        plan = self._known.get(statement)
        if plan is not None:
            return plan
        if not _takes_its_columns_from_parameters(statement):
            return self._keep(statement, Plan(statement, self._dialect))
        key = (statement, *params)
        plan = self._known.get(key)
        if plan is not None:
            return plan
        unknown = params.keys() - set(statement.table.c.keys())
        if unknown:
            raise TypeError(f"wrong parameters: {statement.table.name} has no column {sorted(unknown)}")
        return self._keep(key, Plan(statement, self._dialect, list(params)))

    def _keep(self, key: Hashable, plan: Plan) -> Plan:
        with self._lock:
            while len(self._known) >= self._limit:
                del self._known[next(iter(self._known))]
            self._known[key] = plan
        return plan


def _takes_its_columns_from_parameters(statement: ClauseElement) -> TypeGuard[Insert]:
    if not isinstance(statement, Insert):
        return False
    given = statement._values or statement._multi_values  # no public name tells "insert(table)" from the rest
    return not given and statement.select is None
