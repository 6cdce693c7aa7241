"""Lists as files: CSV and XLSX, each with a line that says who took it and when. A cell never becomes a formula."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from approval_core.sheets.rules import moment
from approval_core.sheets.words import word

BOM = "\ufeff"
#: what a spreadsheet takes for the beginning of a formula, full-width forms included
_FORMULA = re.compile(r"^[\s\x00-\x20]*[=+\-@＝＋－＠|%]|^[\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")
#: what XML cannot carry
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_STAMP = (1980, 1, 1, 0, 0, 0)
LONGEST_CELL = 32_767  # characters that Excel takes


@dataclass(frozen=True, slots=True)
class Mark:
    """Who takes the list, and when: the watermark line."""

    name: str
    account: str
    at: datetime

    def line(self, count: int, lang: str) -> str:
        return word(
            "export.mark", lang, name=self.name, account=self.account, at=moment(self.at), count=count
        )


def guarded(text: str) -> str:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it; a plain number stays one."""
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, mark: Mark, lang: str = "zh") -> bytes:
    """UTF-8 with the mark that Excel wants, CRLF, the watermark as the last line."""
    made = io.StringIO(newline="")
    writer = csv.writer(made, lineterminator="\r\n")
    writer.writerow([guarded(one) for one in columns])
    count = 0
    for row in rows:
        count += 1
        writer.writerow([guarded(_text(value)) for value in row])
    writer.writerow([guarded(mark.line(count, lang))])
    return (BOM + made.getvalue()).encode("utf-8", "replace")


def as_xlsx(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, mark: Mark, lang: str = "zh", name: str = "list"
) -> bytes:
    """One sheet. Texts are inline strings, which no program runs; numbers are numbers where a double holds them exactly."""
    lines = [_line(1, columns)]
    count = 0
    for row in rows:
        count += 1
        lines.append(_line(count + 1, row))
    lines.append(_line(count + 2, [mark.line(count, lang)]))
    sheet = f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    shown = escape(re.sub(r"[\\/*?:\[\]]", "_", _UNWRITABLE.sub("", name))[:31] or "list", {'"': "&quot;"})
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as box:
        for path, content in {
            "[Content_Types].xml": _TYPES,
            "_rels/.rels": _RELATION.format(kind="officeDocument", target="xl/workbook.xml"),
            "xl/workbook.xml": _BOOK.format(name=shown),
            "xl/_rels/workbook.xml.rels": _RELATION.format(kind="worksheet", target="worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml": sheet,
        }.items():
            box.writestr(zipfile.ZipInfo(path, _STAMP), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value).replace("\x00", "")


def _line(number: int, values: Sequence[Any]) -> str:
    cells = "".join(_cell(f"{_column(place)}{number}", value) for place, value in enumerate(values))
    return f'<row r="{number}">{cells}</row>'


def _cell(place: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    exact = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if exact and value == value and abs(value) < 10**15:  # not-a-number is not equal to itself
        return f'<c r="{place}"><v>{value}</v></c>'
    text = _UNWRITABLE.sub("\ufffd", _text(value))[:LONGEST_CELL]
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _column(place: int) -> str:
    """0 → A, 26 → AA."""
    letters = ""
    place += 1
    while place:
        place, letter = divmod(place - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TYPES = (
    f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_TYPE}.worksheet+xml"/></Types>'
)
_RELATION = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_LINKS}/{{kind}}" Target="{{target}}"/></Relationships>'
)
_BOOK = (
    f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>'
    '<sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
