"""SMS as nobody expects them: every encoding, half emoji, quotes, parts in any order, strangers, NULs, no end."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sms_modem.transports.base import Concat, Inbound, storable

WORDS = (
    "Y", "y", "Ｙ", "N", "ｎ", "X", "同意", "不同意", "批准", "驳回", "退回", "不准", "可以", "不行", "OK", "okay", "1", "0",
    "收到", "好的", "谢谢", "已阅", "知道了", "吗", "？", "?", "不", "没", "原则同意", "再议", "暂缓", "别批", "发错了", "撤回", "待办", "详",
    "帮助", "HELP", "TD", "KT", "STOP", "START", "自动回复:开会中", "转发", "Fwd", "编号", "号", "元", "人", "2013", "7301", "5000元",
    "材料不全", "请尽快", "NOT", "👍", "👎", "👌", "❌", "✅", "\u200b", "\ufeff", "\u202e", "\x00", "\ud83d", "\udc4d", "\U0010ffff",
    "é", "е", "Υ", "ﷺ", "ｙ", "㎏", "①", "²", "½", "Ⅳ", "\u3000", "\n", "\r\n", "\t", "。", "，", "!", "【", "】", ">", "--",
    "> 同意", "原文:", "Original Message", "【政务OA】王伟申请年休假3天。同意回Y,不同意回N,编号7382", "发自我的 iPhone", "Sent from my",
    "' OR 1=1 --", "%s%n", "{what}", "\x1b", "\x7f", "\x85", "\u2028", "א", "ก็็็็็", "e\u0301", "𝐘", "Ⓨ", "🇨🇳", "👨‍👩‍👧",
)  # fmt: skip
SENDERS = (
    "10086",
    "政务OA",
    "",
    " ",
    "+",
    "+86",
    "0086 138 0000 0000",
    "+1 202 555 0100",
    "\x00",
    "\ud83d",
    "9" * 60,
    "BANK",
    "+86139",
)
STEMS = (
    "Y{}",
    "N{}",
    "X{}",
    "{}",
    "同意{}",
    "不同意 {}",
    "{} Y 好",
    "详{}",
    "待办{}",
    "Y {0} {0}",
    "已阅{}",
    "Y{}?",
    "Y{}5",
    "同意但{}",
)


@dataclass(frozen=True, slots=True)
class Posted:
    """What is handed to `record`, in this order, for one SMS; and the whole of its text when all of it comes."""

    pieces: tuple[Inbound, ...]
    whole: str | None


class Fuzz:
    def __init__(self, seed: int, numbers: list[str]) -> None:
        self.chance = random.Random(seed)
        self._numbers = numbers
        self._references: dict[str, int] = {}

    def post(self, codes: list[str], number: str, now: datetime) -> Posted:
        """One SMS of this phone, or of a stranger, made from what its owner may know."""
        sender = number if self.chance.random() < 0.85 else self.chance.choice(SENDERS)
        text = self._text(codes)
        inbound = Inbound(
            sender, text, self._pdu(), self._stamp(now), alphanumeric=self.chance.random() < 0.03
        )
        kind = self.chance.random()
        if kind < 0.03:
            why = self.chance.choice((None, "bad_dcs", "\x00", "truncated"))
            return Posted((replace(inbound, text=None, undecodable=why),), None)
        if kind < 0.20:
            return self._in_parts(inbound, text)
        if kind < 0.23:
            odd = Concat(
                self.chance.randrange(65536),
                self.chance.choice((0, 1, 2, 255)),
                self.chance.choice((0, 1, 3, 255)),
                16,
            )
            return Posted((replace(inbound, concat=odd),), None)
        copies = 2 if self.chance.random() < 0.05 else 1
        return Posted((inbound,) * copies, text)

    def _in_parts(self, inbound: Inbound, text: str) -> Posted:
        """Cut between UTF-16 units, an emoji in two included; any order, one twice, one lost."""
        units = text.encode("utf-16-be", "surrogatepass")
        total = self.chance.randint(2, 6)
        cuts = sorted(self.chance.randrange(0, len(units) // 2 + 1) * 2 for _ in range(total - 1))
        edges = [0, *cuts, len(units)]
        reference = self._references[inbound.sender] = self._references.get(inbound.sender, 0) + 1
        bits: Literal[8, 16] = 8 if self.chance.random() < 0.5 else 16
        pieces = [
            replace(
                inbound,
                text=storable(units[edges[n] : edges[n + 1]].decode("utf-16-be", "surrogatepass")),
                pdu=f"{inbound.pdu}-{reference}-{n}",
                concat=Concat(reference % (1 << bits), total, n + 1, bits),
            )
            for n in range(total)
        ]
        self.chance.shuffle(pieces)
        if self.chance.random() < 0.15:
            pieces.append(self.chance.choice(pieces))
        whole: str | None = text
        if self.chance.random() < 0.15:
            lost = self.chance.choice(pieces)
            pieces = [piece for piece in pieces if piece != lost]
            whole = None
        return Posted(tuple(pieces), whole)

    def _text(self, codes: list[str]) -> str:
        kind = self.chance.random()
        if kind < 0.35:
            stem = self.chance.choice(STEMS).format(self._code(codes))
            return stem if self.chance.random() < 0.6 else stem + self._words(3)
        if kind < 0.85:
            return self._words(8)
        if kind < 0.97:
            return "".join(chr(self._point()) for _ in range(self.chance.randint(0, 40)))
        return self._words(6) * self.chance.randint(1, 2000)

    def _words(self, most: int) -> str:
        glue = self.chance.choice(("", " ", "，"))
        return glue.join(self.chance.choice(WORDS) for _ in range(self.chance.randint(0, most)))

    def _code(self, codes: list[str]) -> str:
        if codes and self.chance.random() < 0.7:
            code = self.chance.choice(codes)
            if self.chance.random() < 0.8:
                return code
            return "".join(chr(ord(digit) + 0xFEE0) for digit in code)
        return "".join(self.chance.choice("0123456789") for _ in range(self.chance.randint(1, 8)))

    def _point(self) -> int:
        top = self.chance.choice((0x80, 0x800, 0xA000, 0xE000, 0x10000, 0x110000))
        return self.chance.randrange(top)

    def _pdu(self) -> str:
        return f"{self.chance.getrandbits(64):016X}" + ("\x00" if self.chance.random() < 0.01 else "")

    def _stamp(self, now: datetime) -> datetime | None:
        kind = self.chance.random()
        if kind < 0.02:
            return None
        if kind < 0.06:
            return now + timedelta(seconds=self.chance.uniform(-3e6, 3e6))
        return now - timedelta(seconds=self.chance.uniform(0, 5))
