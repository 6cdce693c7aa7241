"""A file of absences read row by row: what a row says, or what is wrong with it. No database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from approval_core.clock import OFFICE_ZONE
from approval_core.errors import Invalid
from approval_core.people.rules import fields
from approval_core.people.rules.roster_rows import BadRow, decode, flaw, heading, records

#: Column -> the heading a Chinese sheet may carry instead.
COLUMNS: dict[str, str] = {"account": "账号", "kind": "类别", "from": "开始", "to": "结束"}
KINDS: dict[str, str] = {
    "休假": "leave",
    "请假": "leave",
    "年休假": "leave",
    "出差": "travel",
    "培训": "training",
    "病假": "sick",
}
_CLOCK = re.compile(r"(.+?)[ T]([0-9]{1,2}):([0-9]{2})")


@dataclass(frozen=True, slots=True)
class AbsenceRow:
    line: int
    account: str
    kind: str
    start: datetime
    end: datetime


def read(data: bytes) -> tuple[list[AbsenceRow], list[BadRow]]:
    """The rows that can be understood, and all that is wrong with the others."""
    rows: list[AbsenceRow] = []
    bad: list[BadRow] = []
    numbered = records(decode(data), bad)
    _, first = next(numbered, (1, []))
    columns = heading(first, COLUMNS, tuple(COLUMNS))
    for line, cells in numbered:
        if len(cells) > len(columns):
            bad.append(flaw(line, "", "too_many_cells", "单元格比列名多", "has more cells than the heading"))
            continue
        padded = [*cells, *[""] * (len(columns) - len(cells))]
        given = {column: cell for column, cell in zip(columns, padded, strict=True) if column is not None}
        row = _row(line, given, bad)
        if row is not None:
            rows.append(row)
    return rows, bad


def _row(line: int, given: dict[str, str], bad: list[BadRow]) -> AbsenceRow | None:
    found: dict[str, str] = {}
    moments: dict[str, datetime] = {}
    wrong: list[BadRow] = []
    for column, cell in given.items():
        try:
            if column == "account":
                found[column] = fields.account(cell)
            elif column == "kind":
                found[column] = kind(cell)
            else:
                moments[column] = moment(cell, ends=column == "to")
        except Invalid as fault:
            wrong.append(flaw(line, column, fault.code, fault.data.get("zh", fault.message), fault.message))
    if not wrong and moments["from"] >= moments["to"]:
        wrong.append(flaw(line, "to", "bad_period", "结束早于开始", "is not after the beginning"))
    bad.extend(wrong)
    if wrong:
        return None
    return AbsenceRow(line, found["account"], found["kind"], moments["from"], moments["to"])


def kind(text: str) -> str:
    value = fields.required(text)
    named = KINDS.get(value, value.lower())
    return named if named in fields.ABSENCE_KINDS else fields.refuse("bad_absence")


def moment(text: str, *, ends: bool) -> datetime:
    """A day, the last one included, or a day and a time of the office's clock (2026-05-06 14:00)."""
    value = fields.required(text)
    clock = _CLOCK.fullmatch(value)
    day = fields.day(clock[1] if clock else value)
    if day is None or not date(1990, 1, 1) <= day <= date(2200, 1, 1):
        fields.refuse("bad_date")
    if clock is None:
        return datetime.combine(day + timedelta(days=1 if ends else 0), time(), OFFICE_ZONE)
    hour, minute = int(clock[2]), int(clock[3])
    if hour > 23 or minute > 59:
        fields.refuse("bad_date")
    return datetime.combine(day, time(hour, minute), OFFICE_ZONE)
