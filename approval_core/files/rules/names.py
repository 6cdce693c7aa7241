"""A file's name as it may be kept: no path, no control or bidi characters, nothing that a file system refuses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 120  # characters
LONGEST_BYTES = 255  # in UTF-8: what a file system and a zip entry take
UNNAMED = "unnamed"

_PATH = re.compile(r"[/\\]")
_REFUSED_BY_WINDOWS = re.compile(r'[<>:"|?*]')
_BLANKS = re.compile(r"\s+")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\..*)?", re.IGNORECASE)
# controls, formats (bidi and zero-width among them), halves of surrogate pairs, line and paragraph separators
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def clean_name(raw: str | None) -> str:
    """The name to keep and to show, in NFC. Cleaning a clean name changes nothing.

    Two files may have the same name; nothing here makes it unique.
    """
    text = unicodedata.normalize("NFC", (raw or "")[:4096])
    text = _PATH.split(text)[-1]
    text = "".join(" " if char in "\t\n\r" else char for char in text)
    text = "".join(char for char in text if not _is_invisible(char))
    text = _REFUSED_BY_WINDOWS.sub("_", _BLANKS.sub(" ", text))
    # what was taken away may have stood between two that compose
    text = unicodedata.normalize("NFC", text).strip(" ")
    stem, suffix = _parted(text)
    stem, suffix = stem.strip(". "), suffix.strip(" ")
    if _RESERVED.fullmatch(f"{stem}{suffix}"):
        stem = f"_{stem}"
    return _shortened(stem or UNNAMED, suffix)


def _parted(text: str) -> tuple[str, str]:
    """Stem and suffix with its dot; a name of dots alone, or one that ends in a dot, has no suffix."""
    text = text.rstrip(". ")
    stem, dot, suffix = text.rpartition(".")
    if not dot or not suffix.strip() or len(suffix) > 16:
        return text, ""
    return stem, f".{suffix}"


def _shortened(stem: str, suffix: str) -> str:
    room = LONGEST - len(suffix)
    stem = stem[:room]
    while len(f"{stem}{suffix}".encode()) > LONGEST_BYTES:
        stem = stem[:-1]
    return f"{stem.rstrip('. ')}{suffix}"


def _is_invisible(char: str) -> bool:
    point = ord(char)
    return unicodedata.category(char) in _INVISIBLE or (point & 0xFFFE) == 0xFFFE or 0xFDD0 <= point <= 0xFDEF


def labelled(papers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """(name, sha256) in their order → `name#n` → sha256, n counted per name from 1: two files may share a name.

    This is how attachments stand among the fields that a content hash covers.
    """
    seen: dict[str, int] = {}
    digests: dict[str, str] = {}
    for name, sha256 in papers:
        seen[name] = seen.get(name, 0) + 1
        digests[f"{name}#{seen[name]}"] = sha256
    return digests
