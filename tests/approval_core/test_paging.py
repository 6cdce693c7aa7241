from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval_core.errors import Invalid
from approval_core.paging import BIGGEST, Page, decode_cursor, encode_cursor

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
VALUES = st.lists(
    st.none()
    | st.booleans()
    | st.integers(-BIGGEST, BIGGEST)
    | WORDS
    | st.datetimes(timezones=st.just(UTC), min_value=datetime(1900, 1, 1)),  # the zone is added
    max_size=6,
)


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(VALUES)
def test_a_cursor_gives_back_what_was_put_in(values: list[object]) -> None:
    cursor = encode_cursor(*values)  # type: ignore[arg-type]  # drawn from the allowed types
    assert decode_cursor(cursor) == tuple(values)
    assert all(letter.isalnum() or letter in "-_" for letter in cursor)


def test_a_moment_of_any_zone_comes_back_in_utc() -> None:
    moment = datetime(2026, 3, 1, 8, 30, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    (back,) = decode_cursor(encode_cursor(moment))
    assert back == moment
    assert back.utcoffset() == timedelta(0)


def code_of(cursor: str) -> str:
    try:
        decode_cursor(cursor)
    except Invalid as refused:
        return refused.code
    return "read"


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_text_is_a_cursor_or_refused_by_name(text: str) -> None:
    assert code_of(text) in {"read", "bad_cursor"}


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "=",
        "abc!",
        "页",
        "A" * 2001,
        packed({"a": 1}),
        packed([[1]]),
        packed([1.5]),
        packed([float("nan")]),
        packed([2**63]),
        packed(["a\0b"]),
        packed(["\ud800"]),
        packed([{"at": "2026-03-01T08:00:00"}]),
        packed([{"at": "0001-01-01T00:00:00+14:00"}]),
        packed([{"at": 5}]),
        packed([{"at": "2026-03-01T08:00:00+00:00", "more": 1}]),
        packed("text"),
        base64.urlsafe_b64encode(b"[" * 1400).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_what_we_never_made_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode_cursor(cursor)
    assert refused.value.code == "bad_cursor"


def test_a_cursor_of_another_list_is_refused() -> None:
    cursor = encode_cursor("urgent", 5)
    assert decode_cursor(cursor, str, int) == ("urgent", 5)
    for types in [(int, int), (str,), (str, int, int), (str, bool)]:
        with pytest.raises(Invalid):
            decode_cursor(cursor, *types)
    with pytest.raises(Invalid):
        decode_cursor(encode_cursor(True), int)
    assert decode_cursor(encode_cursor(None), (int, type(None))) == (None,)


def test_the_last_page_has_no_next() -> None:
    assert Page([1, 2]).next is None
