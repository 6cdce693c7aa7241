"""A file's name keeps what people wrote and loses what harms."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval_core.files.rules.kinds import suffix_of
from approval_core.files.rules.names import LONGEST, LONGEST_BYTES, UNNAMED, clean_name, labelled


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("请示.docx", "请示.docx"),
        ("  关于 购置   设备的请示 .pdf ", "关于 购置 设备的请示.pdf"),
        ("C:\\Users\\王伟\\桌面\\请示.docx", "请示.docx"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("a/b\\c.pdf", "c.pdf"),
        ("买买提·艾力的申请.pdf", "买买提·艾力的申请.pdf"),
        ("𠮷喆堃.pdf", "𠮷喆堃.pdf"),
        ("cafe\u0301.pdf", "café.pdf"),
        ("e\u200b\u0301.pdf", "é.pdf"),
        ("gepj\u202efdp.exe.pdf", "gepjfdp.exe.pdf"),
        ("a\x00b\x07.pdf", "ab.pdf"),
        ("一\r\n二.pdf", "一 二.pdf"),
        ("a\ud800b.pdf", "ab.pdf"),
        ('a<b>:"|?*.pdf', "a_b______.pdf"),
        ("CON.pdf", "_CON.pdf"),
        ("nul", "_nul"),
        ("com¹.txt", "_com¹.txt"),
        ("LPT9 .tar.pdf", "_LPT9 .tar.pdf"),
        ("concert.pdf", "concert.pdf"),
        (".pdf", f"{UNNAMED}.pdf"),
        ("...", UNNAMED),
        ("", UNNAMED),
        (None, UNNAMED),
        ("   ", UNNAMED),
        ("folder/", UNNAMED),
        ("\u202e\u200b", UNNAMED),
        (".hidden.txt", "hidden.txt"),
        ("a.pdf. . .", "a.pdf"),
    ],
)
def test_a_name_is_cleaned(raw: str | None, kept: str) -> None:
    assert clean_name(raw) == kept


def test_a_long_name_loses_its_middle_and_keeps_its_suffix() -> None:
    latin, chinese, rare = (clean_name(letter * 500 + ".docx") for letter in ("a", "字", "𠮷"))

    assert len(latin) == LONGEST
    for name in (latin, chinese, rare):
        assert name.endswith(".docx")
        assert len(name.encode()) <= LONGEST_BYTES
    assert len(rare.encode()) > LONGEST_BYTES - 4


@given(
    st.text(max_size=300) | st.text(alphabet='./\\ <>:"|?*conCONaux1¹\u202e\u0301é\u200b\r\n.', max_size=40)
)
def test_a_clean_name_is_harmless_and_stays_as_it_is(raw: str) -> None:
    name = clean_name(raw)

    assert clean_name(name) == name
    assert name == unicodedata.normalize("NFC", name)
    assert 0 < len(name) <= LONGEST
    assert len(name.encode()) <= LONGEST_BYTES
    assert not set(name) & set('/\\<>:"|?*\0\r\n\u202e')
    assert not name.startswith((".", " "))
    assert not name.endswith((".", " "))


@given(st.text(max_size=30))
def test_cleaning_never_turns_a_refused_suffix_into_an_accepted_one(stem: str) -> None:
    assert suffix_of(clean_name(f"{stem}.exe")) == ".exe"


def test_two_files_of_one_name_are_told_apart_by_their_number() -> None:
    papers = [("合同.pdf", "aa"), ("照片.png", "bb"), ("合同.pdf", "cc"), ("合同.pdf", "aa")]

    assert labelled(papers) == {
        "合同.pdf#1": "aa",
        "照片.png#1": "bb",
        "合同.pdf#2": "cc",
        "合同.pdf#3": "aa",
    }
    assert labelled([]) == {}
