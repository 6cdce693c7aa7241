"""B1: every single slip and every adjacent swap in a printed code is refused, in every way a leader types it.

The dangerous neighbour is the bare reply: a mistyped code must not pass for a comment beside a Y that then acts alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from sms_modem.rules.codes import draw
from sms_modem.rules.plan import plan
from sms_modem.rules.reply import parse_reply
from sms_modem.rules.situation import Form, OpenPrompt, Situation
from sms_modem.rules.steps import Answer
from tests.factories import NOW
from tests.proofs.leaders import NO_CODED, YES_CODED

CODES = {"small": 24, "full": 512}
#: where a leader also puts a code
MORE = ("Y 请尽快办理 {}", "同意，抓紧（{}）", "Y，编号{}号", "{}，同意", "X{}", "N，重报{}", "退回{}重报")


def typos(code: str) -> Iterator[str]:
    for place, digit in enumerate(code):
        for other in "0123456789":
            if other != digit:
                yield code[:place] + other + code[place + 1 :]
    for place in range(len(code) - 1):
        if code[place] != code[place + 1]:
            yield code[:place] + code[place + 1] + code[place] + code[place + 2 :]


def asked_bare(code: str) -> Situation:
    """One question, printed so that Y alone is enough: where a mistyped code does the most harm."""
    prompt = OpenPrompt(
        prompt_id=1,
        task_id=1,
        code=code,
        form=Form.BARE,
        sent_at=NOW - timedelta(minutes=5),
        expires_at=NOW + timedelta(hours=1),
        path="sim-1",
    )
    return Situation(received_at=NOW, smsc_time=NOW, open=(prompt,), path="sim-1")


@pytest.mark.parametrize("digits", [4, 6])
@pytest.mark.parametrize("style", [*YES_CODED, *NO_CODED, *MORE])
def test_no_mistyped_code_acts(style: str, digits: int, scale: str, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(CODES[scale]):
        code = draw(set(), digits, chance)
        assert code is not None
        assert_reads_as_code(style, code)
        for typo in typos(code):
            text = style.format(typo)
            steps = plan(parse_reply(text), asked_bare(code))
            assert all(isinstance(step, Answer) for step in steps), f"{text!r} for {code} did {steps}"


def assert_reads_as_code(style: str, code: str) -> None:
    """Typed rightly, this way of writing is understood; else its refusal would prove nothing."""
    assert parse_reply(style.format(code)).codes == (code,)
