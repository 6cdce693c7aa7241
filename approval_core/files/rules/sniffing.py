"""What the first bytes of a file say it is, and whether a text is text."""

from __future__ import annotations

import codecs
from collections.abc import Iterable

import puremagic

from approval_core.files.rules.faults import fault
from approval_core.files.rules.kinds import Kind

HEAD = 4096  # bytes that `sniff` wants to see
_SIGNS = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
    "application/msword": "ole2",
    "text/html": "html",
    "application/rtf": "rtf",
    "text/rtf": "rtf",
    "application/vnd.microsoft.portable-executable": "program",
}
_WANTED = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
}
_ZIP = b"PK\x03\x04"
#: In a text only tab, line feed, form feed and carriage return are not printed; ESC would speak to a terminal.
_NOT_TEXT = frozenset(map(chr, {*range(32), 127})) - set("\t\n\f\r")


def sniff(head: bytes) -> str | None:
    """pdf, png, jpeg, gif, webp, zip, ole2, html, rtf, program; None for what shows no sign, a text for instance."""
    if head.startswith(_ZIP):
        return "zip"
    try:
        found = puremagic.magic_string(head[:HEAD])
    except (puremagic.PureError, ValueError):
        return None
    for match in found:
        sign = _SIGNS.get(match.mime_type)
        if sign and (head.startswith(match.byte_match) or sign == "html"):
            return sign
    return None


def check_sign(kind: Kind, head: bytes) -> None:
    """Invalid when the first bytes belong to something else than the name says."""
    sign = sniff(head)
    if sign == "ole2":
        raise fault("file_old_office")
    wanted = "zip" if kind.family in {"ooxml", "odf", "ofd"} else _WANTED.get(kind.mime)
    if sign != wanted:
        raise fault("file_disagrees", suffix=kind.suffix, why=sign or "?")


def check_text(kind: Kind, portions: Iterable[bytes]) -> None:
    """Invalid unless it decodes as UTF-8, UTF-16 with its mark, or GB18030, and holds no control characters."""
    tries = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8-sig", "gb18030")}
    first = True
    for portion in portions:
        if first and portion.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            tries = {"utf-16": codecs.getincrementaldecoder("utf-16")()}
        first = False
        _feed(kind, tries, portion, final=False)
    _feed(kind, tries, b"", final=True)


def _feed(kind: Kind, tries: dict[str, codecs.IncrementalDecoder], portion: bytes, *, final: bool) -> None:
    for name, decoder in list(tries.items()):
        try:
            text = decoder.decode(portion, final)
        except UnicodeDecodeError:
            del tries[name]
            continue
        if not _NOT_TEXT.isdisjoint(text):
            del tries[name]
    if not tries:
        raise fault("file_disagrees", suffix=kind.suffix, why="binary")
