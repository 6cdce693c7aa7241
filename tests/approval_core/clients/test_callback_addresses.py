from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval_core.clients import rules
from approval_core.errors import Invalid

PREFIX = "https://a.example/cb"


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/cb",
        "https://a.example/cb/",
        "https://a.example/cb/17?x=1&y=2",
        "https://A.EXAMPLE/cb",
        "HTTPS://a.example:443/cb/x",
        "https://a.example/cb?next=https://b.example/",
        "https://a.example/cb/a%20b",
        "https://a.example/cb/...",
    ],
)
def test_an_address_under_the_prefix_is_called(url: str) -> None:
    assert rules.callback_allowed(url, [PREFIX])


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/cbx",
        "https://a.example.evil/cb",
        "https://a.example.evil/",
        "https://evil.example/cb",
        "https://a.example@evil.example/cb",
        "https://a.example:pw@evil.example/cb",
        "https://user@a.example/cb",
        "https://evil.example\\@a.example/cb",
        "https://a.example\\.evil.example/cb",
        "https:\\\\a.example\\cb",
        "https://a.example/cb\\..\\admin",
        "https://a.example/cb/../admin",
        "https://a.example/cb/..",
        "https://a.example/cb/./x",
        "https://a.example/cb/%2e%2e/admin",
        "https://a.example/cb/%252e%252e/admin",
        "https://a.example/cb/.%2E/admin",
        "https://a.example/cb/..;/admin",
        "https://a.example/cb/..%2fadmin",
        "https://a.example/cb/a%2fb",
        "https://a.example/cb/a%252Fb",
        "https://a.example/cb/%5c..%5cadmin",
        "https://a.example/cb%2f..%2fadmin",
        "https://a.example/cb/%0d%0aHost:%20evil",
        "https://a.example/cb%",
        "https://a.example/CB",
        "https://a.example/%63b",
        "https://a.example//cb",
        "https://a.example:8443/cb",
        "https://a.example:0/cb",
        "https://a.example:99999/cb",
        "https://a.example:/cb",
        "https://a.example:443:80/cb",
        "http://a.example/cb",
        "https://a.example./cb",
        "https://a.example/cb#x",
        "https://a.example#@evil.example/cb",
        "https://a.example?/cb",
        "//a.example/cb",
        "/cb",
        "ftp://a.example/cb",
        "https:///a.example/cb",
        "https:a.example/cb",
        " https://a.example/cb",
        "https://a.example/cb\n",
        "https://a.exa\tmple/cb",
        "https://а.example/cb",  # a Cyrillic letter
        "https://a。example/cb",
        "https://[a.example]/cb",
        "https://a%2eexample/cb",
        "https://a.example/cb/" + "x" * 2000,
        "",
    ],
)
def test_an_address_that_only_looks_like_it_is_not_called(url: str) -> None:
    assert not rules.callback_allowed(url, [PREFIX])


@pytest.mark.parametrize(
    ("prefix", "url", "allowed"),
    [
        ("https://a.example", "https://a.example/any/thing", True),
        ("https://a.example", "https://a.example", True),
        ("https://a.example/cb/", "https://a.example/cb", False),
        ("https://a.example/cb/", "https://a.example/cb/x", True),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/x", True),
        ("http://127.0.0.1/", "http://2130706433/x", False),
        ("http://127.0.0.1/", "http://0x7f.0.0.1/x", False),
        ("http://127.0.0.1/", "http://127.1/x", False),
        ("http://127.0.0.1/", "http://0177.0.0.1/x", False),
        ("http://127.0.0.1:80/", "http://127.0.0.1/x", True),
        ("http://[::1]:8080/", "http://[0:0:0:0:0:0:0:1]:8080/x", True),
        ("http://[::1]/", "http://[::2]/x", False),
    ],
)
def test_a_prefix_reaches_as_far_as_its_last_slash(prefix: str, url: str, allowed: bool) -> None:
    assert rules.callback_allowed(url, ["https://other.example/", prefix]) is allowed


def test_without_a_prefix_nothing_is_called() -> None:
    assert not rules.callback_allowed(PREFIX, [])


@pytest.mark.parametrize(
    ("prefix", "kept"),
    [
        ("HTTPS://A.Example:443/cb", "https://a.example/cb"),
        ("http://[0:0::1]:8080", "http://[::1]:8080/"),
        ("https://a.example", "https://a.example/"),
    ],
)
def test_a_prefix_is_kept_in_its_normal_form(prefix: str, kept: str) -> None:
    assert rules.callback_prefix(prefix) == kept


@pytest.mark.parametrize(
    "prefix",
    [
        "a.example/cb",
        "https://u@a.example/",
        "https://a.example/#",
        "https://a.example/?x",
        "https://a.example/?",
        "https://",
        "file:///x",
        "https://a.example/../x",
        "https://-a.example/",
    ],
)
def test_a_prefix_that_could_be_misread_is_refused(prefix: str) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.callback_prefix(prefix)
    assert refusal.value.code == "bad_prefix"


@given(st.text())
def test_no_text_makes_the_check_fall_over_or_pass(text: str) -> None:
    assert not rules.callback_allowed(text, [PREFIX])
    assert not rules.callback_allowed("https://a.example" + text, ["https://b.example/"])


@given(st.text(alphabet="./%2ef5c;\\ab", max_size=12))
def test_what_follows_the_prefix_never_leaves_it(tail: str) -> None:
    url = f"{PREFIX}/{tail}"
    if rules.callback_allowed(url, [PREFIX]):
        assert not any(part in {".", ".."} for part in tail.split("/"))
        assert "\\" not in tail
        assert "%2e%2e" not in tail.lower()
