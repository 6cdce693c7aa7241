"""C2: codes and their check digit."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from sms_modem.rules.codes import (
    ALPHABET,
    capacity,
    check_digit,
    digits_for,
    draw,
    draw_otp,
    is_well_formed,
)

ALL_FOUR = ["".join(body) + check_digit("".join(body)) for body in product(ALPHABET, repeat=3)]


def _slips(code: str) -> set[str]:
    changed = {code[:at] + digit + code[at + 1 :] for at in range(len(code)) for digit in "0123456789"}
    swapped = {code[:at] + code[at + 1] + code[at] + code[at + 2 :] for at in range(len(code) - 1)}
    return (changed | swapped) - {code}


def test_every_slip_and_every_swap_of_every_four_digit_code_is_caught() -> None:
    assert len(set(ALL_FOUR)) == 512 == capacity(4)
    for code in ALL_FOUR:
        assert is_well_formed(code)
        assert not any(is_well_formed(slip) for slip in _slips(code))


def test_every_slip_and_swap_of_five_and_six_digit_codes_is_caught() -> None:
    rng = Random(20121001)
    for digits in (5, 6):
        for _ in range(1500):
            code = draw(set(), digits, rng)
            assert code is not None
            assert is_well_formed(code)
            assert not any(is_well_formed(slip) for slip in _slips(code))


def test_the_sum_of_two_codes_is_a_code() -> None:
    """Linear over GF(8): digits as elements, addition is XOR."""
    rng = Random(1)
    for _ in range(500):
        one, two = rng.choice(ALL_FOUR), rng.choice(ALL_FOUR)
        together = "".join(
            ALPHABET[ALPHABET.index(a) ^ ALPHABET.index(b)] for a, b in zip(one, two, strict=True)
        )
        assert is_well_formed(together)


@pytest.mark.parametrize("text", ["", "222", "2222222", "2223 ", "２２２２", "1222", "222²"])
def test_other_lengths_and_other_digits_are_no_codes(text: str) -> None:
    assert not is_well_formed(text)


def test_a_free_code_is_drawn_until_none_is_left() -> None:
    rng, taken = Random(7), set[str]()
    for _ in range(512):
        code = draw(taken, 4, rng)
        assert code is not None
        assert code not in taken
        taken.add(code)
    assert taken == set(ALL_FOUR)
    assert draw(taken, 4, rng) is None
    six = draw(taken, 6)
    assert six is not None
    assert len(six) == 6


def test_every_free_code_has_the_same_chance() -> None:
    rng = Random(11)
    for left in (4, 300):
        free = set(ALL_FOUR[:left])
        taken = set(ALL_FOUR) - free
        counts = dict.fromkeys(free, 0)
        for _ in range(left * 40):
            code = draw(taken, 4, rng)
            assert code is not None
            counts[code] += 1
        assert min(counts.values()) > 10
        assert max(counts.values()) < 90


def test_six_digits_when_forced_or_when_half_the_short_codes_are_in_use() -> None:
    assert (digits_for(0), digits_for(256), digits_for(257), digits_for(0, six=True)) == (4, 4, 6, 6)


def test_a_one_time_password_never_looks_like_a_code() -> None:
    rng = Random(3)
    for _ in range(2000):
        otp = draw_otp(rng)
        assert len(otp) == 6
        assert "0" in otp or "1" in otp
        assert not is_well_formed(otp)
