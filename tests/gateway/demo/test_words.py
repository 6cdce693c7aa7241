"""The page's words: every one in both languages, every one used, every one that is asked for there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.demo import words
from gateway.demo.words import WORDS, Words

FOLDER = Path(words.__file__).parent
SOURCES = "\n".join(
    file.read_text("utf-8")
    for file in (*FOLDER.rglob("*.html"), *FOLDER.glob("*.py"))
    if file.name != "words.py"
)
ASKED_FOR = set(re.findall(r"""words\(["']([\w.]+)["']\)""", SOURCES))
#: "state." ~ key, f"refused.{field}", name ~ "." ~ key, chip("state", …)
FAMILIES = (
    set(re.findall(r"""["'](\w+)\.["'] ~""", SOURCES))
    | set(re.findall(r"""["'](\w+)\.\{""", SOURCES))
    | set(re.findall(r"""(?:chip|options)\("(\w+)",""", SOURCES))
)
#: of SMS and callbacks, as the record says it: words.maybe(row.state, row.state)
STATES = {"received", "in_the_air", "sent", "delivered", "unknown", "failed", "queued", "leased", "dead"}


def test_every_word_that_is_asked_for_is_there() -> None:
    assert len(ASKED_FOR) > 40
    assert set(WORDS) >= ASKED_FOR


def test_every_word_is_said_in_both_languages() -> None:
    assert [
        key for key, said in WORDS.items() if len(said) != 2 or not all(one.strip() for one in said)
    ] == []
    assert {key for key, (chinese, _) in WORDS.items() if not re.search(r"[\u4e00-\u9fff]", chinese)} == {
        "language",
        "list_comma",
    }


def test_both_languages_leave_the_same_gaps_to_fill() -> None:
    for key, (chinese, english) in WORDS.items():
        assert set(re.findall(r"\{\w+\}", chinese)) == set(re.findall(r"\{\w+\}", english)), key


def test_no_word_is_unused() -> None:
    assert {"state", "verb", "mode", "refused", "channel"} <= FAMILIES
    unused = {key for key in WORDS if key not in ASKED_FOR | STATES and key.split(".")[0] not in FAMILIES}
    assert unused == set()


@pytest.mark.parametrize(
    ("accepted", "language"), [("en-GB,en;q=0.9", "en"), ("zh-CN", "zh"), ("fr", "zh"), ("", "zh")]
)
def test_the_browsers_language_is_taken_unless_one_is_chosen(accepted: str, language: str) -> None:
    assert words.language_of(None, accepted) == language
    assert words.language_of("en", accepted) == "en"


def test_an_unknown_language_is_chinese() -> None:
    assert Words("xx")("send") == "发送"
