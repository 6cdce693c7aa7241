"""How a figure is taken: the floor before and after each measurement, interleaved, medians; and how it is printed.

Absolute numbers drift two- to fourfold with the machine and its disk. Only a ratio within one run says anything.
"""

from __future__ import annotations

import json
import platform
import sqlite3
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Taken:
    """Medians over the rounds. `ratios`: of each round, the value over the mean of the floors around it."""

    value: float
    floor: float
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)


def interleaved(floor: Callable[[], float], value: Callable[[], float], rounds: int = ROUNDS) -> Taken:
    """floor, value, floor, value, … floor: each value stands between two floors."""
    floors = [floor()]
    values: list[float] = []
    for _ in range(rounds):
        values.append(value())
        floors.append(floor())
    ratios = [
        one * 2 / (before + after) for one, before, after in zip(values, floors, floors[1:], strict=False)
    ]
    return Taken(statistics.median(values), statistics.median(floors), tuple(ratios))


def percentile(times: Sequence[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def show(figure: str, **facts: object) -> None:
    """One JSON object a line; a missed target is said, never hidden."""
    shown = {name: _short(value) for name, value in facts.items()}
    print(json.dumps({"figure": figure} | shown, ensure_ascii=False), flush=True)


def show_ratio(figure: str, taken: Taken, *, target: float | None = None, **facts: object) -> None:
    """A rate beside its floor. Without a target it is shown for comparison only."""
    wanted = {} if target is None else {"target": f">= {target}", "met": taken.ratio >= target}
    show(
        figure,
        ratio=taken.ratio,
        **wanted,
        per_second=taken.value,
        floor_per_second=taken.floor,
        spread=f"{min(taken.ratios):.3f}-{max(taken.ratios):.3f}",
        runs=len(taken.ratios),
        **facts,
    )


def machine() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    return f"Python {version}, SQLite {sqlite3.sqlite_version}, {platform.machine()}"


def _short(value: object) -> object:
    if not isinstance(value, float):
        return value
    return round(value) if abs(value) >= 1000 else float(f"{value:.3g}")
