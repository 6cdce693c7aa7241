"""Numbers as people and networks write them."""

from __future__ import annotations

import pytest

from approval_core.errors import Invalid
from sms_modem.rules.numbers import SenderKind, e164, is_demo, sender_kind

DEMO = "+86129"


@pytest.mark.parametrize(
    "raw",
    ["+8613800138000", "008613800138000", "8613800138000", "13800138000", "+86 138-0013-8000", " 138 0013 8000 ", "+86(138)00138000"],
)  # fmt: skip
def test_a_mainland_mobile_is_one_number_however_it_is_written(raw: str) -> None:
    assert e164(raw, demo_prefix=None) == "+8613800138000"


@pytest.mark.parametrize("raw", ["+8612900000001", "12900000001", "008612900000001", "86 129 0000 0001"])
def test_a_demo_number_passes_only_where_the_prefix_is_configured(raw: str) -> None:
    assert e164(raw, demo_prefix=DEMO) == "+8612900000001"
    assert is_demo("+8612900000001", DEMO)
    with pytest.raises(Invalid) as refused:
        e164(raw, demo_prefix=None)
    assert refused.value.code == "bad_number"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "abc",
        "10086",
        "+86128000000012345",
        "129",
        "1290000000",
        "+861290000000199",
        "138001380001",
        "+8613800138000 ext 5",
        "CMCC",
        "\ud800",
        "+",
    ],
)
def test_what_is_no_number_is_refused(raw: str) -> None:
    with pytest.raises(Invalid):
        e164(raw, demo_prefix=DEMO)


def test_a_foreign_number_keeps_its_country() -> None:
    assert e164("+14155552671") == "+14155552671"
    assert not is_demo("+14155552671", DEMO)
    assert not is_demo("+8612900000001", None)
    assert not is_demo("+8612900000001", "")


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("+8613800138000", SenderKind.NUMBER),
        ("13800138000", SenderKind.NUMBER),
        ("10086", SenderKind.SHORT_CODE),
        ("CMCC", SenderKind.NAME),
        ("银行", SenderKind.NAME),
        ("106X5", SenderKind.NAME),
        ("", SenderKind.UNKNOWN),
        ("***", SenderKind.UNKNOWN),
        ("138*0013#000", SenderKind.UNKNOWN),
    ],
)
def test_names_and_short_codes_are_no_person(raw: str, kind: SenderKind) -> None:
    assert sender_kind(raw) is kind
