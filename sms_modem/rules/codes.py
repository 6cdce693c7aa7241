"""C2: printed codes. Digits 2–9 only, the last one a check digit, linear over GF(8).

A digit d stands for the element d − 2 of GF(8) = GF(2)[x]/(x³ + x + 1). A code d₁…dₙ is well formed when
Σ gⁿ⁻ⁱ·dᵢ = 0 with g = x: weights are powers of a generator, so neighbours and all places of a code up to seven
digits have different non-zero weights. A single slip adds g^k·e ≠ 0; swapping neighbours adds (g^k + g^(k+1))·e ≠ 0.
"""

from __future__ import annotations

import secrets
from collections.abc import Set
from random import Random

ALPHABET = "23456789"
SHORTEST, LONGEST = 4, 6
#: Four digits on a SIM of our own, six elsewhere.
FOUR, SIX = 4, 6


def _times_generator(element: int) -> int:
    doubled = element << 1
    return (doubled ^ 0b1011) if doubled & 0b1000 else doubled


def _syndrome(digits: str) -> int:
    total = 0
    for digit in digits:
        total = _times_generator(total) ^ ALPHABET.index(digit)
    return total


def check_digit(body: str) -> str:
    """The digit that makes `body` + digit well formed; body has three to five digits 2–9."""
    return ALPHABET[_times_generator(_syndrome(body))]


def is_well_formed(code: str) -> bool:
    """Four to six digits 2–9 whose last is the check digit. A failing one is a typo, not a wrong code (S1)."""
    if not SHORTEST <= len(code) <= LONGEST or any(digit not in ALPHABET for digit in code):
        return False
    return _syndrome(code) == 0


def capacity(digits: int) -> int:
    """How many different codes of this length exist: 512 for four digits, 32768 for six."""
    return 1 << 3 * (digits - 1)


def _code(number: int, digits: int) -> str:
    body = ""
    for _ in range(digits - 1):
        number, rest = divmod(number, len(ALPHABET))
        body += ALPHABET[rest]
    return body + check_digit(body)


def draw(taken: Set[str], digits: int = FOUR, rng: Random | None = None) -> str | None:
    """A free code, each with the same chance; None when all are taken. Without `rng` the system's own source."""
    source = rng if rng is not None else secrets.SystemRandom()
    room = capacity(digits)
    if sum(len(code) == digits for code in taken) * 2 <= room:
        while True:
            code = _code(source.randrange(room), digits)
            if code not in taken:
                return code
    free = [code for number in range(room) if (code := _code(number, digits)) not in taken]
    return source.choice(free) if free else None


def digits_for(taken_count: int, six: bool = False) -> int:
    """Four on a SIM of our own; six when forced (provider, S1) or when over half the four-digit codes are in use."""
    return SIX if six or taken_count * 2 > capacity(FOUR) else FOUR


def draw_otp(rng: Random | None = None, digits: int = 6) -> str:
    """A one-time password: always with a 0 or a 1 in it, so that it never looks like a code."""
    source = rng if rng is not None else secrets.SystemRandom()
    while True:
        otp = "".join(source.choice("0123456789") for _ in range(digits))
        if "0" in otp or "1" in otp:
            return otp
