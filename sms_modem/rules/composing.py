"""Clean fields, lengths, and shortening: how a template becomes one SMS."""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import category

from sms_modem.rules.reply import SIGNATURE
from sms_modem.rules.templates import SINGLE, SPLIT, TEMPLATES
from sms_modem.rules.words import normalise

_INSTRUCTION = re.compile(r"回复?[^\w]*[YNX](?![A-Z])[0-9]*|(?:编号|单号|代码)[^\w]*[0-9]{4,6}")
_JOINERS = "\u200d\ufe0f\ufe0e"
#: A field longer than this cannot be shown anyway; it bounds the work of shortening.
_LONGEST_FIELD = 400


def units(text: str) -> int:
    """Length in UTF-16 code units: a character outside the BMP counts two."""
    return len(text) + sum(char > "\uffff" for char in text)


def parts_needed(text: str) -> int:
    """How many SMS a text takes in UCS-2."""
    return 1 if units(text) <= SINGLE else len(split(text))


def split(text: str) -> tuple[str, ...]:
    """Pieces of at most 67 units, never through a character."""
    pieces: list[str] = []
    piece: list[str] = []
    size = 0
    for char in text:
        width = 2 if char > "\uffff" else 1
        if size + width > SPLIT:
            pieces.append("".join(piece))
            piece, size = [], 0
        piece.append(char)
        size += width
    return (*pieces, "".join(piece))


def clean(field: str, *, signature: str = SIGNATURE) -> str:
    """C11: a field on one line, without invisible steering, that can forge neither signature, instruction nor code.

    Other figures stay as they are: the instruction always comes after every field, and is ours.
    """
    field = field[:_LONGEST_FIELD]
    shown = "".join(" " if category(char) in ("Cc", "Zl", "Zp", "Zs") else char for char in field)
    shown = "".join(
        char for char in shown if category(char) not in ("Cs", "Cf", "Co", "Cn") or char in _JOINERS
    )
    shown = re.sub(" +", " ", shown).strip()
    if signature:
        shown = re.sub(re.escape(signature), "", shown, flags=re.IGNORECASE)
    shown = shown.replace("【", "[").replace("】", "]")
    return _without_instructions(shown)


def _without_instructions(text: str) -> str:
    """回Y7382 or 编号7382 within a field becomes 回… or 编号…"""
    kept, position = [], 0
    for found in _INSTRUCTION.finditer(normalise(text)):
        word = 1 if found[0].startswith("回") else 2
        kept.append(text[position : found.start() + word] + "…")
        position = found.end()
    return "".join(kept) + text[position:]


def shorten(text: str, room: int) -> str:
    """At most `room` units, with … in place of what was cut."""
    if units(text) <= room:
        return text
    kept, size = [], 1
    for char in text:
        size += 2 if char > "\uffff" else 1
        if size > room:
            break
        kept.append(char)
    return "".join(kept).rstrip(_JOINERS + " ,,、(") + "…" if room > 0 else ""


def compose(name: str, fields: dict[str, str], *, signature: str = SIGNATURE, limit: int = SINGLE) -> str:
    """The text of template `name`, in one SMS: fields that may be shortened are, code and instruction never."""
    template = TEMPLATES[name]
    shown = {key: clean(value, signature=signature) for key, value in fields.items()}
    for group in template.shorten:
        while (over := units(signature + template.text.format(**shown)) - limit) > 0:
            longest = max(
                (key for key in group if key in shown), key=lambda key: units(shown[key]), default=None
            )
            if longest is None or units(shown[longest]) <= 1:
                break
            shown[longest] = shorten(shown[longest], max(1, units(shown[longest]) - _share(over, group)))
    return signature + template.text.format(**shown)


def _share(over: int, group: Sequence[str]) -> int:
    return over if len(group) == 1 else 1


def fit_list(
    name: str, items: Sequence[tuple[str, str]], fields: dict[str, str], *, signature: str = SIGNATURE
) -> str:
    """T09, T09X, T23: `{list}` shows each item's code and as much of its title as fits, then 等{n}件."""
    room = SINGLE - units(signature + TEMPLATES[name].text.format(list="", **fields))
    titles = [(code, clean(title, signature=signature)) for code, title in items]
    longest = max((units(title) for _, title in titles), default=0)
    for width in range(min(longest, room), 3, -1):
        whole = ",".join(code + shorten(title, width) for code, title in titles)
        if units(whole) <= room:
            return signature + TEMPLATES[name].text.format(list=whole, **fields)
    return signature + TEMPLATES[name].text.format(list=_as_many(titles, room), **fields)


def _as_many(titles: Sequence[tuple[str, str]], room: int) -> str:
    width = 4
    for count in range(len(titles), 0, -1):
        shown = ",".join(code + shorten(title, width) for code, title in titles[:count])
        if count < len(titles):
            shown += f"等{len(titles)}件"
        if units(shown) <= room:
            return shown
    return f"{len(titles)}件"
