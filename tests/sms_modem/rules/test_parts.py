"""Long messages arrive in parts, in any order, some of them twice."""

from __future__ import annotations

from itertools import permutations

from sms_modem.rules.parts import Part, PartKey, contradicts, is_complete, join, missing

KEY = PartKey("+8613800138000", 7, 3)
PARTS = [Part(KEY, 1, "同意，"), Part(KEY, 2, "请"), Part(KEY, 3, "尽快7382")]


def test_any_order_and_doubles_give_the_same_text() -> None:
    for order in permutations([*PARTS, PARTS[1]]):
        assert join(order, KEY) == "同意，请尽快7382"


def test_an_orphan_is_never_a_text() -> None:
    assert join(PARTS[:1], KEY) is None
    assert missing(PARTS[:1], KEY) == (2, 3)
    assert not is_complete([], KEY)
    assert join([], PartKey("x", 0, 0)) is None


def test_parts_of_another_sender_reference_or_width_do_not_mix() -> None:
    for other in (
        PartKey("+8613800138001", 7, 3),
        PartKey(KEY.sender, 8, 3),
        PartKey(KEY.sender, 7, 3, 16),
        PartKey(KEY.sender, 7, 4),
    ):
        assert join([*PARTS[:2], Part(other, 3, "N")], KEY) is None


def test_two_texts_under_one_number_are_never_decided_from() -> None:
    assert contradicts([*PARTS, Part(KEY, 2, "不")], KEY)
    assert join([*PARTS, Part(KEY, 2, "不")], KEY) is None


def test_impossible_parts_are_not_counted() -> None:
    assert not Part(KEY, 0, "x").is_sound
    assert not Part(KEY, 4, "x").is_sound
    assert not Part(PartKey("a", 300, 2), 1, "x").is_sound
    assert Part(PartKey("a", 300, 2, 16), 1, "x").is_sound
    assert join([Part(KEY, 4, "x"), *PARTS], KEY) == "同意，请尽快7382"


def test_a_character_split_between_two_parts_is_whole_again() -> None:
    key = PartKey("a", 1, 2)
    assert join([Part(key, 2, "\udc4e"), Part(key, 1, "Y\ud83d")], key) == "Y👎"
