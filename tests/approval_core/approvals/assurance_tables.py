"""The tables of docs/protocol/assurance.md, printed from the rules.

`python -m tests.approval_core.approvals.assurance_tables` writes them into the page; the test compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from approval_core.approvals.rules import floor as rules
from approval_core.approvals.rules.floor import Device, Risk, Secrecy, Stakes

PAGE = Path(__file__).resolve().parents[3] / "docs/protocol/assurance.md"
_CLASSES = {
    "open": "公开",
    "internal": "内部",
    "secret": "秘密",
    "confidential": "机密",
    "top_secret": "绝密",
}


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


def levels() -> str:
    rows = (
        [f"`{way}`", saying.zh, saying.en, *(f"AL{rules.level_of(way, device)}" for device in Device)]
        for way, (_, saying) in rules.WAYS.items()
    )
    return _table(["way", "中文", "English", *Device], rows)


def risks() -> str:
    floors = range(rules.LEAST, rules.MOST + 1)
    rows = (
        [
            risk,
            *(f"AL{rules.floor_of(Stakes(type_floor=one), verdict='approve', risk=risk)}" for one in floors),
        ]
        for risk in Risk
    )
    return _table(["risk", *(f"floor AL{one}" for one in floors)], rows)


def signs() -> str:
    return _table(["sign", "risk"], ([f"`{sign}`", risk] for sign, risk in rules.SIGNS.items()))


def classes() -> str:
    def row(secrecy: Secrecy) -> list[str]:
        stakes = Stakes(secrecy=secrecy)
        return [
            f"{_CLASSES[secrecy]} (`{secrecy}`)",
            f"AL{rules.floor_of(stakes, verdict='approve', risk=Risk.NORMAL)}",
            "yes" if rules.on_a_phone(secrecy) and rules.open_by_sms(stakes, "approve") else "no",
            "yes" if rules.on_a_phone(secrecy) else "no",
        ]

    return _table(["class", "least floor", "yes by plain SMS", "on a phone"], map(row, Secrecy))


def verdicts() -> str:
    def floor(verdict: str, type_floor: int, risk: Risk, *, ok: bool) -> str:
        stakes = Stakes(type_floor=type_floor, sms_reject_ok=ok)
        return f"AL{rules.floor_of(stakes, verdict=verdict, risk=risk)}"

    rows = (
        [f"AL{one}", risk, floor("approve", one, risk, ok=True), floor("reject", one, risk, ok=True)]
        for one in range(rules.LEAST, rules.MOST + 1)
        for risk in Risk
    )
    return _table(["floor", "risk", "yes", "no, where `sms_reject_ok`"], rows)


def batch() -> str:
    limit = Decimal(50000)
    cases = [
        *((f"floor AL{one}", Stakes(type_floor=one)) for one in range(rules.LEAST, rules.MOST + 1)),
        ("amount over `limits.batch`", Stakes(amount=limit + 1, batch_limit=limit)),
        ("amount unknown, `limits.batch` set", Stakes(batch_limit=limit)),
    ]
    rows = (
        [
            said,
            *(
                "yes" if rules.fits_a_batch(stakes, verdict="approve", risk=risk) else "alone"
                for risk in Risk
            ),
        ]
        for said, stakes in cases
    )
    return _table(["item", *Risk], rows)


TABLES: dict[str, Callable[[], str]] = {
    "levels": levels,
    "risks": risks,
    "signs": signs,
    "classes": classes,
    "verdicts": verdicts,
    "batch": batch,
}


def filled(page: str) -> str:
    """The page with every table as the rules print it. KeyError when a place for one is missing."""
    for name, render in TABLES.items():
        before, begun, rest = page.partition(f"<!-- {name} -->\n")
        _, ended, after = rest.partition(f"<!-- end {name} -->")
        if not begun or not ended:
            raise KeyError(name)
        page = f"{before}{begun}{render()}\n{ended}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
