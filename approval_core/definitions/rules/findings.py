"""One finding about a document: how grave, where, which, and in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """`error` refuses publishing; `warning` is for the administrator to weigh."""

    severity: Literal["error", "warning"]
    place: str
    code: str
    en: str
    zh: str

    def plain(self) -> dict[str, str]:
        return asdict(self)


def error(place: str, code: str, en: str, zh: str) -> Finding:
    return Finding("error", place, code, en, zh)


def warning(place: str, code: str, en: str, zh: str) -> Finding:
    return Finding("warning", place, code, en, zh)
