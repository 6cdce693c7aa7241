"""F45: the opinion sheet as PDF, read back as text."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from approval_core.sheets.render import render
from approval_core.sheets.rules import cut, moment, printable, runs, shown_value, verification_code
from approval_core.sheets.sheet import FieldLine, Opinion, Sheet, StepBlock
from approval_core.sheets.words import _WORDS, word
from tests.approval_core.sheets.samples import AT, FULL, SIGNATURE, WORST, sheet


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def text_of(shown: Sheet, **options: Any) -> str:
    """Without line ends: a cell breaks its text where it must."""
    return "".join(pages(render(shown, **options))).replace("\n", "")


def test_f45_the_sheet_says_who_decided_what_when_how_and_for_whom() -> None:
    text = text_of(FULL)

    for said in (
        "审批单", "关于购置档案密集架的请示", "A-2026-0017", "采购申请", "买买提·艾力", "128000.00", "处室负责人", "会签",
        "王喆", "李堃", "同意，请从速办理。", "短信 AL1", "手机应用 AL3", "代赵局长", "2026-05-06 09:00:00 +08:00",
        "金额不清，请补充。", "已被取代", "本人撤回", "请看附件第二页。", "合同.pdf", "cd" * 32, "ef" * 32, "提交",
        "strange.verb", "前3条略", "leaf 41", "ab" * 32, "（按权限不显示）", "无人可审",
    ):  # fmt: skip
        assert said in text, said


def test_f45_the_sheet_is_in_english_too() -> None:
    text = text_of(FULL, lang="en")

    for said in (
        "Opinion sheet",
        "on behalf of 赵局长",
        "Approved",
        "taken back",
        "Page 1 of 2",
        "3 earlier entries",
    ):
        assert said in text
    assert "审批单" not in text


def test_f45_every_page_carries_its_number_the_code_and_who_printed_it() -> None:
    many = tuple(FieldLine(f"项目{n}", "内容" * 40) for n in range(60))
    found = pages(render(sheet(fields=many)))

    assert len(found) > 3
    for number, text in enumerate(found, start=1):
        assert f"第{number}页 / 共{len(found)}页" in text
        assert f"校验码 {FULL.code}" in text
        assert "张秘书 zhangms 2026-05-06 18:00" in text, "the watermark"
        assert "打印：张秘书（zhangms）" in text


def test_f45_what_no_longer_stands_is_kept_and_struck_out() -> None:
    def lines(shown: Sheet) -> int:
        content = PdfReader(io.BytesIO(render(shown))).pages[0].get_contents()
        assert content is not None
        return len(re.findall(rb" m [\d.]+ [\d.]+ l S", content.get_data().replace(b"\n", b" ")))

    one = FULL.former[0]
    short = {"steps": (), "remarks": (), "files": (), "trail": (), "fields": (), "trail_left_out": 0}
    standing = sheet(**short | {"steps": (StepBlock(1, "x", "any", "approved", (one,)),), "former": ()})
    struck = sheet(**short, former=(one,))

    assert "金额不清" in text_of(struck)
    assert lines(struck) >= lines(standing) + 2, "at least who and what carry a line"


def test_f45_the_same_sheet_gives_the_same_bytes_in_any_process() -> None:
    here = render(FULL)
    code = (
        "import sys;from tests.approval_core.sheets.samples import FULL;"
        "from approval_core.sheets.render import render;sys.stdout.buffer.write(render(FULL))"
    )
    for seed in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": "."}, capture_output=True, check=True,
        ).stdout  # fmt: skip
        assert hashlib.sha256(there).digest() == hashlib.sha256(here).digest()
    assert render(sheet(printed_account="other")) != here


def test_f45_rare_characters_are_named_by_number_and_never_lost() -> None:
    text = text_of(sheet(title=WORST, applicant="𠮷·买买提"))

    assert "〔U+20BB7〕·买买提" in text
    assert "王喆、李堃" in text
    assert "Müller-Žižek" in text
    assert "为打印字库之外的字" in text, "a line explains the sign"
    plain = sheet(fields=(FieldLine("姓名", "王喆、李堃、买买提·艾力"),))
    assert "打印字库之外" not in text_of(plain)


def test_f45_markup_in_a_text_is_text() -> None:
    text = text_of(
        sheet(title='<img src="file:///etc/passwd"/><a href="http://x">&lt;</a><para>', summary="</font>")
    )

    assert '<img src="file:///etc/passwd"/><a href="http://x">&lt;</a><para>' in text
    assert "</font>" in text


@pytest.mark.parametrize("letter", ["字", "W", "𠮷", "a ", "a\n"])
def test_f45_a_text_longer_than_a_page_goes_on_over_the_next(letter: str) -> None:
    opinion = Opinion("王喆", "wz", "approve", "effective", letter * 1500, None, "web", 2, AT)
    shown = sheet(
        steps=(StepBlock(1, "x", "any", "approved", (opinion,)),),
        former=(opinion,),
        fields=(FieldLine("长文", letter * 3000), FieldLine("A" * 300, "x")),
        title=letter * 200,
    )
    assert len(pages(render(shown))) >= 3


def test_f45_a_signature_stands_on_the_sheet_or_is_named_by_its_digest() -> None:
    made = io.BytesIO()
    Image.new("RGBA", (300, 100), (0, 0, 90, 255)).save(made, "PNG")
    signed = render(FULL, images={SIGNATURE: made.getvalue()})

    assert len(PdfReader(io.BytesIO(signed)).pages[0].images) == 1
    assert render(FULL, images={SIGNATURE: made.getvalue()}) == signed
    assert f"签名 SHA-256 {SIGNATURE[:16]}" in text_of(FULL)


def test_a_request_with_nothing_on_it_is_a_sheet() -> None:
    bare = sheet(
        fields=(), steps=(), former=(), remarks=(), files=(), trail=(), trail_left_out=0, receipt=None,
        closed_at=None, summary="", title="",
    )  # fmt: skip
    assert "尚未入日志" in text_of(bare)


def test_the_verification_code_is_four_digits_of_the_content_hash() -> None:
    digest = hashlib.sha256(b"pishi verification code\n" + b"ab" * 32).digest()
    assert verification_code("ab" * 32) == f"{int.from_bytes(digest, 'big') % 10000:04d}" == FULL.code
    assert verification_code("AB" * 32) == FULL.code
    codes = {verification_code(f"{n:064x}") for n in range(2000)}
    assert all(re.fullmatch(r"\d{4}", code) for code in codes)
    assert len(codes) > 1500, "it depends on the hash"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("王喆", "王喆"),
        ("𠮷", "〔U+20BB7〕"),
        ("㐂한", "〔U+3402〕〔U+D55C〕"),
        ("a\u202eb\u200b\x07\ud800", "ab"),
        ("e\u0301", "é"),
        ("€ Ž ß", "€ Ž ß"),
        ("a\tb\nc", "a b\nc"),
    ],
)
def test_what_the_fonts_have_is_shown_and_the_rest_is_named(text: str, shown: str) -> None:
    assert printable(text)[0] == shown
    assert printable(text)[1] == ("〔" in shown)
    assert "".join(stretch for _, stretch in runs(shown)) == shown


def test_values_of_a_form_read_as_people_say_them() -> None:
    assert [shown_value(one, "zh") for one in (None, "", True, False, 3, 2.5, ["甲", "乙"], [], AT)] == [
        "—", "—", "是", "否", "3", "2.5", "甲、乙", "—", moment(AT),
    ]  # fmt: skip
    assert shown_value([{"a": 1}, {"a": None}], "en") == "a: 1\na: —"


def test_every_word_has_two_languages() -> None:
    for key, (chinese, english) in _WORDS.items():
        assert not chinese.isascii(), key
        assert english.replace("…", "").replace("〔", "").replace("〕", "").isascii(), key
    assert word("verdict.unheard", "zh") == "unheard"


@given(st.text(alphabet="ab\n", max_size=300), st.integers(1, 9), st.integers(1, 5))
def test_a_long_text_is_cut_into_low_pieces_and_nothing_is_lost(
    text: str, in_a_line: int, lines: int
) -> None:
    pieces = cut(text, in_a_line, lines)

    assert "".join(pieces).replace("\n", "") == text.replace("\n", "")
    for piece in pieces:
        assert sum(max(-(-len(line) // in_a_line), 1) for line in piece.split("\n")) <= lines
