"""Pure rules of the sheet: the verification code, what can be printed, how values read on paper."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Literal

from approval_core.clock import OFFICE_ZONE
from approval_core.sheets.words import word

Script = Literal["song", "latin"]

_SONG_FIRST: tuple[tuple[Script, str], ...] = (("song", "gbk"), ("latin", "cp1252"))
_LATIN_FIRST = (_SONG_FIRST[1], _SONG_FIRST[0])
_BLANK_LINES = re.compile(r"\n[ \n]*\n")
_DROPPED = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def verification_code(content_hash: str) -> str:
    """Four digits from the content hash: whoever reads them on two screens or on paper sees the same content on both.

    It is for eyes, not for machines: one in ten thousand other contents has the same digits.
    """
    digest = hashlib.sha256(f"pishi verification code\n{content_hash.lower()}".encode()).digest()
    return f"{int.from_bytes(digest, 'big') % 10_000:04d}"


def printable(text: str) -> tuple[str, bool]:
    """The text as the print fonts can show it, and whether something had to be named by its number.

    A character outside the fonts (𠮷 for instance) stands as 〔U+20BB7〕: never left out, never an empty box. What
    steers the direction of writing or prints nothing is dropped; of many empty lines one is left.
    """
    shown, named = [], False
    for char in unicodedata.normalize("NFC", text):
        if char in "\n\t":
            shown.append("\n" if char == "\n" else " ")
        elif unicodedata.category(char) in _DROPPED:
            continue
        elif _script(char) is None:
            shown.append(f"〔U+{ord(char):04X}〕")
            named = True
        else:
            shown.append(char)
    return _BLANK_LINES.sub("\n\n", "".join(shown)), named


def runs(text: str) -> Iterator[tuple[Script, str]]:
    """Stretches of printable text with the font that has them; `song` has all of GBK, `latin` Western letters."""
    for script, chars in groupby(text, key=lambda char: _script(char) or "song"):
        yield script, "".join(chars)


def cut(text: str, in_a_line: int, lines: int) -> list[str]:
    """The text in pieces of at most so many lines; at a line's end where there is one, else after so many characters.

    Nothing is lost but the line end at which it was cut. An empty text is one empty piece.
    """
    pieces: list[str] = []
    piece: list[str] = []
    used = 0
    for line in text.split("\n"):
        rest = line
        while True:
            room = (lines - used) * in_a_line
            if len(rest) <= room:
                break
            if room:
                piece.append(rest[:room])
                rest = rest[room:]
            pieces.append("\n".join(piece))
            piece, used = [], 0
        piece.append(rest)
        used += max(-(-len(rest) // in_a_line), 1)
        if used >= lines:
            pieces.append("\n".join(piece))
            piece, used = [], 0
    if piece or not pieces:
        pieces.append("\n".join(piece))
    return pieces


def _script(char: str) -> Script | None:
    """GBK is what the Chinese print font has for certain, 喆, 堃 and the dot of 买买提·艾力 among them; Western letters
    with accents are in it as well, as wide as a Han character, so they are taken from the other font."""
    accented = "\xc0" <= char < "\u0250"
    for script, charset in _LATIN_FIRST if accented else _SONG_FIRST:
        try:
            char.encode(charset)
        except UnicodeEncodeError:
            continue
        return script
    return "song" if char == "\n" else None


def shown_value(value: Any, lang: str) -> str:
    """A form's value as a person reads it."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return word("yes" if value else "no", lang)
    if isinstance(value, Decimal | int | float):
        return f"{value}"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, dict):
        return "\n".join(f"{name}: {shown_value(item, lang)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        inner = [shown_value(item, lang) for item in value]
        return ("\n" if any(isinstance(item, dict) for item in value) else "、").join(inner) or "—"
    return str(value)


def moment(at: datetime) -> str:
    """Beijing time to the second, with its offset, for a sheet is read years later."""
    return at.astimezone(OFFICE_ZONE).strftime("%Y-%m-%d %H:%M:%S +08:00")


def shown_size(size: int) -> str:
    return (
        f"{size} B"
        if size < 1024
        else f"{size / 1024:.1f} KB"
        if size < 1024**2
        else f"{size / 1024**2:.1f} MB"
    )
