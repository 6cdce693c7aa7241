"""The colours of the page can be told apart: WCAG 2.1 AA, in light and in dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.demo import words

CSS = (Path(words.__file__).parent / "static" / "demo.css").read_text("utf-8")
PALETTE = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--(\w+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", CSS)
}
TEXT, CONTROL = 4.5, 3.0


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_and_controls_stand_out(scheme: int) -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    pairs = [(ink, ground) for ink in ("ink", "soft") for ground in ("paper", "card", "mine")]
    pairs += [(ink, ground) for ink in ("red", "green", "blue", "amber") for ground in ("paper", "card")]
    pairs.append(("card", "red"))
    wrong = [pair for pair in pairs if contrast(PALETTE[pair[0]][scheme], PALETTE[pair[1]][scheme]) < TEXT]
    assert wrong == []
    for ground in ("paper", "card"):
        assert contrast(PALETTE["edge"][scheme], PALETTE[ground][scheme]) >= CONTROL
