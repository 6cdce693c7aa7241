"""Simulated leaders. Each reads the text that reached his phone, knows which item he means, and types.

He knows nothing of the database: item, content and code are what the SMS says. What he means is kept beside what he
types, so that it can be judged afterwards.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

_ITEM = re.compile(r"第(\d+)号(?:改(\d+)版)?")
_CODE = re.compile(r"(?:编号|回Y|回X)([2-9]{4,6})")
_CLARIFIES = re.compile(r"未能识别|前后矛盾|不作为审批意见|您有\d+件待批|不在您的待批")
_VOID = re.compile(r"编号([2-9]{4,6})(?:已|短信)")

YES, NO = "approve", "reject"
_YES = ("Y", "y", "Ｙ", "同意", "批准", "OK", "1", "可以")
YES_CODED = (
    "Y{}",
    "y {}",
    "同意{}",
    "{} Y",
    "Y【{}】",
    "Ｙ{}",
    "批准，编号{}",
    "Y{}请尽快办理",
    "同意，抓紧{}",
)
_NO = ("N", "n", "不同意", "0", "驳回")
NO_CODED = ("N{}", "n {}", "不同意{}", "{} N", "N{} 材料不全", "退回 {}")

ANSWER_MEDIAN = 240.0
#: A code is called stale only when its hold is long over.
STALE_AFTER = 1800.0


@dataclass(slots=True)
class Seen:
    """One question as it stands on a phone."""

    sms_id: int
    item: int
    version: int
    code: str
    bare: bool
    at: float
    answered: bool = False
    receipted: bool = False
    void: bool = False


@dataclass(frozen=True, slots=True)
class Intent:
    """What a leader typed, and what he meant by it."""

    text: str
    meant: tuple[Seen, ...]
    verdict: str | None  #: None: he takes back
    typed: str  #: right | bare | slip | swap | stale

    @property
    def by_code(self) -> bool:
        return self.typed != "bare"


@dataclass(slots=True)
class Leader:
    phone: str
    account: str
    rate: float  #: requests an hour
    person_id: int
    seen: list[Seen] = field(default_factory=list)
    last: Seen | None = None

    def read(self, sms_id: int, text: str, at: float) -> tuple[str, Seen | None]:
        """What kind of SMS this is to him: ask | receipt | clarify | void | other, and the question it is about."""
        if _CLARIFIES.search(text):
            return "clarify", self.last
        code = _CODE.search(text)
        if text.startswith("【政务OA】已记录"):
            found = next((one for one in reversed(self.seen) if f"({one.code})" in text), None)
            if found is not None:
                found.receipted = True
            return ("receipt" if code else "other"), found
        void = _VOID.search(text)
        if void:
            for one in self.seen:
                one.void = one.void or one.code == void.group(1)
            return "void", None
        item = _ITEM.search(text)
        if item is None or code is None or "同意回Y" not in text:
            return "other", None
        bare = f"回Y{code.group(1)}" not in text
        seen = Seen(sms_id, int(item.group(1)), int(item.group(2) or 1), code.group(1), bare, at)
        self.seen.append(seen)
        return "ask", seen

    def answers(self, seen: Seen, at: float, chance: random.Random) -> Intent | None:
        """The moment he picks up the phone for this question."""
        if seen.answered:
            return None
        if seen.void and chance.random() < 0.7:
            seen.answered = True  # he was told that nobody asks any more
            return None
        self.last = seen
        verdict = YES if chance.random() < 0.85 else NO
        slip = chance.random()
        if slip < 0.015:
            return Intent(_coded(_slipped(seen.code, chance), verdict, chance), (seen,), verdict, "slip")
        if slip < 0.030 and (swapped := _swapped(seen.code, chance)):
            return Intent(_coded(swapped, verdict, chance), (seen,), verdict, "swap")
        if slip < 0.045 and (old := self._stale(seen, at, chance)):
            return Intent(_coded(old, verdict, chance), (seen,), verdict, "stale")
        if slip < 0.075 and (several := self._several(seen, chance)):
            codes = " ".join(one.code for one in several)
            return Intent(f"{'Y' if verdict == YES else 'N'} {codes}", several, verdict, "right")
        seen.answered = True
        if chance.random() < (0.75 if seen.bare else 0.03):
            return Intent(chance.choice(_YES if verdict == YES else _NO), (seen,), verdict, "bare")
        return self.by_code(seen, verdict, chance)

    def by_code(self, seen: Seen, verdict: str, chance: random.Random) -> Intent:
        seen.answered = True
        text = _coded(seen.code, verdict, chance)
        if chance.random() < 0.01:
            text += f"\n原文:【政务OA】王伟用车第{seen.item}号。同意回Y{seen.code},不同意回N{seen.code}"
        return Intent(text, (seen,), verdict, "right")

    def tries_again(self, seen: Seen, chance: random.Random) -> Intent | None:
        """After a question back: with the code, as he should have."""
        if seen.receipted or seen.void:
            return None
        return self.by_code(seen, YES if chance.random() < 0.85 else NO, chance)

    def takes_back(self, seen: Seen, chance: random.Random) -> Intent:
        """X after a receipt; now and then a no instead."""
        how = chance.random()
        if how < 0.6:
            return Intent(f"X{seen.code}", (seen,), None, "right")
        if how < 0.75:
            return Intent(f"N{seen.code}", (seen,), None, "right")
        return Intent("X" if how < 0.93 else "N", (seen,), None, "bare")

    def _stale(self, seen: Seen, at: float, chance: random.Random) -> str | None:
        live = {one.code for one in self.seen if not one.receipted and not one.void}
        old = [
            one.code
            for one in self.seen
            if one.item != seen.item and one.receipted and at - one.at > STALE_AFTER and one.code not in live
        ]
        return chance.choice(old) if old else None

    def _several(self, seen: Seen, chance: random.Random) -> tuple[Seen, ...]:
        others = [
            one
            for one in self.seen[-20:]
            if not (one.answered or one.void) and one is not seen and one.code != seen.code
        ]
        if not others:
            return ()
        chosen = (seen, *others[: chance.randint(1, 4)])
        for one in chosen:
            one.answered = True
        return chosen


def pause(chance: random.Random, median: float = ANSWER_MEDIAN, spread: float = 1.0) -> float:
    return float(median * chance.lognormvariate(0.0, spread))


def _coded(code: str, verdict: str, chance: random.Random) -> str:
    return chance.choice(YES_CODED if verdict == YES else NO_CODED).format(code)


def _slipped(code: str, chance: random.Random) -> str:
    place = chance.randrange(len(code))
    other = chance.choice([digit for digit in "0123456789" if digit != code[place]])
    return code[:place] + other + code[place + 1 :]


def _swapped(code: str, chance: random.Random) -> str | None:
    places = [n for n in range(len(code) - 1) if code[n] != code[n + 1]]
    if not places:
        return None
    n = chance.choice(places)
    return code[:n] + code[n + 1] + code[n] + code[n + 2 :]
