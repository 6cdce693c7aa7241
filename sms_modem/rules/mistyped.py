"""R3: a number at an edge of the comment that may be a mistyped code. A bare verdict beside one acts on nothing."""

from __future__ import annotations

import re

from sms_modem.rules.words import UNITS

_WIDE = {0xFF10 + digit: str(digit) for digit in range(10)}
_FIRST = re.compile(rf"[0-9]{{4,6}}(?![0-9{''.join(sorted(UNITS))}]|[.:/：．／][0-9])")
_LAST = re.compile(r"(?<![0-9A-Za-z.:/])[0-9]{4,6}号?[\W_]*\Z")
_LOOKED_AT = 40


def may_be_a_code(comment: str) -> bool:
    """Four to six digits, 0 and 1 included, first or last in the comment and no amount, date or time."""
    edge = comment[:_LOOKED_AT].translate(_WIDE)
    return _FIRST.match(edge) is not None or _LAST.search(comment[-_LOOKED_AT:].translate(_WIDE)) is not None
