"""A roster file read row by row: what a row says, or what is wrong with it. No database."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from approval_core.errors import Invalid
from approval_core.people.rules import fields

#: Column -> the heading a Chinese sheet may carry instead.
COLUMNS: dict[str, str] = {
    "account": "账号",
    "emp_no": "工号",
    "name": "姓名",
    "unit_code": "单位代码",
    "post": "职务",
    "rank": "职级",
    "established": "在编",
    "phone": "手机",
    "email": "邮箱",
    "birthday": "出生日期",
    "entered_on": "参加工作日期",
}
REQUIRED = ("account", "emp_no", "name", "unit_code", "rank")
LARGEST_FILE = 20_000_000  # bytes

Normalise = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class BadRow:
    """`line`: where the row begins in the file, from 1; `column`: the English name, or "" for the whole row."""

    line: int
    column: str
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class RosterRow:
    """`given` holds the clean values of the cells that were not left empty."""

    line: int
    given: dict[str, Any]

    @property
    def account(self) -> str:
        return str(self.given["account"])


def decode(data: bytes) -> str:
    """UTF-8, with or without its mark, else GB18030 as older spreadsheets write it."""
    if len(data) > LARGEST_FILE:
        raise Invalid("file_too_large", f"A file has at most {LARGEST_FILE} bytes.", zh="文件过大")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid(
        "bad_encoding", "The file is neither UTF-8 nor GB18030.", zh="文件编码不是 UTF-8 或 GB18030"
    )


def read(data: bytes, *, normalise: Normalise | None = None) -> tuple[list[RosterRow], list[BadRow]]:
    """The rows that can be understood, and all that is wrong with the others."""
    rows: list[RosterRow] = []
    bad: list[BadRow] = []
    numbered = records(decode(data), bad)
    _, first = next(numbered, (1, []))
    columns = heading(first, COLUMNS, REQUIRED)
    for line, cells in numbered:
        wrong, given = _check(line, columns, cells, normalise)
        if wrong:
            bad.extend(wrong)
        else:
            rows.append(RosterRow(line, given))
    return _without_twins(rows, bad), bad


def records(text: str, bad: list[BadRow]) -> Iterator[tuple[int, list[str]]]:
    """(line where it begins, cells); a quote that never closes ends the file there and is named."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            bad.append(
                flaw(
                    line,
                    "",
                    "bad_csv",
                    "引号或分隔符不正确，此行及以后未读",
                    "broken quoting: not read from here on",
                )
            )
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def heading(first: Sequence[str], columns: Mapping[str, str], required: Sequence[str]) -> list[str | None]:
    """What each cell of the first line stands for; `Invalid` (bad_heading) when one is missing or named twice."""
    known = {name: name for name in columns} | {chinese: name for name, chinese in columns.items()}
    named = [known.get(cell.strip().lower()) for cell in first]
    missing = [name for name in required if name not in named]
    twice = sorted({name for name in named if name is not None and named.count(name) > 1})
    if missing or twice:
        raise Invalid(
            "bad_heading",
            "The first line must name each column once: " + ", ".join(columns),
            zh="首行应为列名，且每列只出现一次：" + "、".join(columns.values()),
            missing=missing,
            twice=twice,
        )
    return named


_CHECKS: dict[str, Callable[[str], Any]] = {
    "account": fields.account,
    "emp_no": fields.emp_no,
    "name": fields.person_name,
    "unit_code": lambda text: fields.required(text, limit=32),
    "post": fields.clean,
    "rank": fields.rank,
    "established": fields.flag,
    "email": fields.email,
    "birthday": fields.day,
    "entered_on": fields.day,
}


def _check(
    line: int, columns: Sequence[str | None], cells: Sequence[str], normalise: Normalise | None
) -> tuple[list[BadRow], dict[str, Any]]:
    if len(cells) > len(columns):
        return [flaw(line, "", "too_many_cells", "单元格比列名多", "has more cells than the heading")], {}
    wrong: list[BadRow] = []
    given: dict[str, Any] = {}
    padded = [*cells, *[""] * (len(columns) - len(cells))]
    for column, cell in zip(columns, padded, strict=True):
        if column is None or (not cell.strip(" ") and column not in REQUIRED):
            continue
        try:
            given[column] = _phone(cell, normalise) if column == "phone" else _CHECKS[column](cell)
        except Invalid as fault:
            wrong.append(flaw(line, column, fault.code, fault.data.get("zh", fault.message), fault.message))
    born, entered = given.get("birthday"), given.get("entered_on")
    if isinstance(born, date) and isinstance(entered, date) and born >= entered:
        wrong.append(
            flaw(line, "entered_on", "before_birth", "参加工作日期早于出生日期", "is before the birthday")
        )
    return wrong, given


def _phone(cell: str, normalise: Normalise | None) -> str:
    text = cell.strip(" ")
    return fields.number((normalise(text) or "") if normalise else text)


def _without_twins(rows: list[RosterRow], bad: list[BadRow]) -> list[RosterRow]:
    """An account, employee number or telephone belongs to one row; the later one is named."""
    kept: list[RosterRow] = []
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        keys = [
            (column, str(row.given[column]))
            for column in ("account", "emp_no", "phone")
            if column in row.given
        ]
        twins = [(column, first[column, value]) for column, value in keys if (column, value) in first]
        if not twins:
            kept.append(row)
            first.update(dict.fromkeys(keys, row.line))
        for column, line in twins:
            bad.append(flaw(row.line, column, "twice", f"与第 {line} 行重复", f"repeats line {line}"))
    return kept


def flaw(line: int, column: str, code: str, chinese: str, english: str) -> BadRow:
    return BadRow(line, column, code, chinese, english)
