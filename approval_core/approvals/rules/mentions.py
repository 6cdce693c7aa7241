"""Whom a text names with an @."""

from __future__ import annotations

import re

#: An account after an @ that does not stand within a word: the @ of a mail address names nobody. Both widths of the sign.
_AT = re.compile(r"(?<![\w.@＠])[@＠]([A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)", re.ASCII)


def mentioned(text: str) -> list[str]:
    """The accounts, each once, in the order of the text."""
    return list(dict.fromkeys(_AT.findall(text)))
