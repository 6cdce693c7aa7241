"""F45: lists and packages that leave the office, and what nobody can hide in them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval_core.errors import Invalid, Unavailable
from approval_core.files.inspection import inspect
from approval_core.files.rules.kinds import KINDS
from approval_core.sheets.archive import Paper, verify_package, write_package
from approval_core.sheets.export import Mark, as_csv, as_xlsx, guarded
from tests.approval_core.sheets.samples import AT, FULL

MARK = Mark("张秘书", "zhangms", AT)
CELL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def read_xlsx(data: bytes) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(data)) as box:
        root = ElementTree.fromstring(box.read("xl/worksheets/sheet1.xml"))  # noqa: S314  # our own, made a line above
    return [["".join(cell.itertext()) for cell in row.iter(f"{CELL}c")] for row in root.iter(f"{CELL}row")]


@pytest.mark.parametrize(
    "formula",
    [
        "=1+1", "+1+1", "-1+1", "@SUM(A1)", " =1", "\t=1", "\r=1", "＝1+1", "－2+3", "=cmd|' /C calc'!A0", "|x", "%x",
        "\n=1", "\u00a0=1", "-", "+86x", "\tx",
    ],
)  # fmt: skip
def test_f45_a_formula_in_a_cell_stays_a_text(formula: str) -> None:
    rows = read_csv(as_csv([formula], [[formula]], mark=MARK))

    assert rows[0][0] == rows[1][0] == f"'{formula}"


@pytest.mark.parametrize("plain", ["-5", "+3.50", "王伟", "a=b", "2026-05-06", "'=1", "", "3-1"])
def test_f45_what_is_no_formula_stays_as_it_is(plain: str) -> None:
    assert guarded(plain) == plain


def test_f45_a_list_opens_in_excel_and_says_who_took_it() -> None:
    data = as_csv(["姓名", "天数"], [["王喆", 3], ['𠮷,\n"x"', None], [Decimal("1.50"), AT]], mark=MARK)

    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == 5
    assert read_csv(data) == [
        ["姓名", "天数"],
        ["王喆", "3"],
        ['𠮷,\n"x"', ""],
        ["1.50", "2026-05-06 09:00:00 +08:00"],
        ["导出：张秘书（zhangms） 2026-05-06 09:00:00 +08:00，共3行"],
    ]
    assert "Exported by" in as_csv([], [], mark=MARK, lang="en").decode()


def test_f45_the_name_of_who_takes_it_is_no_formula_either() -> None:
    mark = Mark("=1", "=x", AT)
    assert not any(row[0].startswith("=") for row in read_csv(as_csv(["a"], [], mark=mark)))


@given(st.lists(st.lists(st.text(), min_size=1, max_size=3), max_size=4))
def test_f45_any_text_survives_both_ways_out(rows: list[list[str]]) -> None:
    taken = as_csv(["a"], rows, mark=MARK)
    for row in read_csv(taken)[1:-1]:
        assert not any(
            cell[:1] in {"=", "+", "-", "@"} and not cell[1:].replace(".", "").isdigit() for cell in row
        )

    read = read_xlsx(as_xlsx(["a"], rows, mark=MARK))
    assert len(read) == len(rows) + 2
    with zipfile.ZipFile(io.BytesIO(as_xlsx(["a"], rows, mark=MARK))) as box:
        assert b"<f" not in box.read("xl/worksheets/sheet1.xml")


def test_f45_a_workbook_holds_texts_as_texts_and_numbers_as_numbers() -> None:
    rows: list[list[Any]] = [["=1+1", 12, Decimal("1.50"), 10**18, True, "<&>\x07"], [None, float("nan"), AT]]
    data = as_xlsx(["公式"] * 30, rows, mark=MARK, name="a/b[1]")

    read = read_xlsx(data)
    assert len(read[0]) == 30
    assert read[1] == ["=1+1", "12", "1.50", str(10**18), "True", "<&>\ufffd"]
    assert read[2] == ["nan", "2026-05-06 09:00:00 +08:00"]
    assert read[3][0].startswith("导出：张秘书")
    assert as_xlsx(["公式"] * 30, rows, mark=MARK, name="a/b[1]") == data, "the same list, the same bytes"
    inspect(io.BytesIO(data), KINDS[".xlsx"])  # our own door takes it


def packed(**changes: Any) -> bytes:
    out = io.BytesIO()
    papers = [
        Paper("合同.pdf", hashlib.sha256(b"one").hexdigest(), [b"o", b"ne"]),
        Paper("合同.pdf", hashlib.sha256(b"two").hexdigest(), [b"two"]),
    ]
    facts: dict[str, Any] = {"sheet": FULL, "pdf": b"%PDF-", "papers": papers}
    write_package(out, **(facts | {"trail": [{"seq": 1, "data": "甲"}]} | changes))
    return out.getvalue()


def test_f45_the_package_holds_sheet_files_trail_and_a_manifest_of_digests() -> None:
    data = packed()

    with zipfile.ZipFile(io.BytesIO(data)) as box:
        manifest = json.loads(box.read("manifest.json"))
        assert box.namelist() == [
            "sheet.pdf", "files/001-合同.pdf", "files/002-合同.pdf", "trail.json", "manifest.json",
        ]  # fmt: skip
        assert box.read("files/002-合同.pdf") == b"two"
        for member in manifest["members"]:
            assert hashlib.sha256(box.read(member["path"])).hexdigest() == member["sha256"]
    assert manifest["content_hash"] == FULL.content_hash
    assert manifest["verification_code"] == FULL.code
    assert verify_package(io.BytesIO(data)) == []
    assert packed() == data, "the same request, the same bytes"


def test_f45_the_digest_of_the_manifest_stands_for_the_package() -> None:
    out = io.BytesIO()
    said = write_package(out, sheet=FULL, pdf=b"x", papers=[], trail=[])
    with zipfile.ZipFile(out) as box:
        assert hashlib.sha256(box.read("manifest.json")).hexdigest() == said


def rewritten(data: bytes, change: dict[str, bytes | None]) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = change.get(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
        for name, content in change.items():
            if name not in old.namelist() and content is not None:
                new.writestr(name, content)
    return made


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ({"files/001-合同.pdf": b"0ne"}, "files/001-合同.pdf has other content"),
        ({"trail.json": None}, "trail.json is missing"),
        ({"files/009-x.pdf": b"x"}, "files/009-x.pdf is not in the manifest"),
    ],
)
def test_f45_a_package_that_was_touched_is_named_by_the_member(
    change: dict[str, bytes | None], flaw: str
) -> None:
    assert verify_package(rewritten(packed(), change)) == [flaw]


def test_f45_damaged_bytes_do_not_become_a_package() -> None:
    with pytest.raises(Unavailable, match="not what it was"):
        packed(papers=[Paper("a.pdf", "0" * 64, [b"x"])])


@pytest.mark.parametrize("data", [b"", b"no zip", packed()[:200]])
def test_f45_something_else_is_no_package(data: bytes) -> None:
    with pytest.raises(Invalid, match="no archive package"):
        verify_package(io.BytesIO(data))
