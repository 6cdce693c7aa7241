"""The allow-list: the types that an office exchanges, and the spellings under which browsers declare them.

An archive (zip, rar, 7z) is not on it: what is inside would pass by the allow-list unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from approval_core.files.rules.faults import fault

Family = Literal["pdf", "image", "text", "ooxml", "odf", "ofd"]

_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
_ZIP = frozenset({"application/zip", "application/x-zip-compressed", "application/x-zip"})
#: What a browser says when it does not know the type: no declaration at all.
UNDECLARED = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/x-download"})


@dataclass(frozen=True, slots=True)
class Kind:
    suffix: str
    mime: str
    family: Family
    #: other declarations of the same thing
    also: frozenset[str] = frozenset()


_LIST = (
    Kind(".pdf", "application/pdf", "pdf", frozenset({"application/x-pdf"})),
    Kind(".docx", f"{_OOXML}.wordprocessingml.document", "ooxml", _ZIP),
    Kind(".xlsx", f"{_OOXML}.spreadsheetml.sheet", "ooxml", _ZIP),
    Kind(".pptx", f"{_OOXML}.presentationml.presentation", "ooxml", _ZIP),
    Kind(".odt", f"{_ODF}.text", "odf", _ZIP),
    Kind(".ods", f"{_ODF}.spreadsheet", "odf", _ZIP),
    Kind(".ofd", "application/ofd", "ofd", _ZIP | {"application/x-ofd", "application/vnd.ofd"}),
    Kind(".txt", "text/plain", "text"),
    # Excel under Windows claims the type for itself
    Kind(
        ".csv",
        "text/csv",
        "text",
        frozenset({"text/plain", "application/csv", "text/x-csv", "application/vnd.ms-excel"}),
    ),
    Kind(".png", "image/png", "image", frozenset({"image/x-png"})),
    Kind(".jpg", "image/jpeg", "image", frozenset({"image/jpg", "image/pjpeg"})),
    Kind(".gif", "image/gif", "image"),
    Kind(".webp", "image/webp", "image"),
)
KINDS: dict[str, Kind] = {kind.suffix: kind for kind in _LIST} | {
    ".jpeg": next(kind for kind in _LIST if kind.suffix == ".jpg")
}
ACCEPTED = ", ".join(KINDS)

MACRO_SUFFIXES = frozenset(
    {".docm", ".dotm", ".xlsm", ".xltm", ".xlam", ".xlsb", ".pptm", ".potm", ".ppsm", ".ppam"}
)
_OLD_SUFFIXES = frozenset({".doc", ".dot", ".xls", ".xlt", ".ppt", ".pps", ".wps", ".et", ".dps"})
_ARCHIVES = frozenset({".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".jar", ".iso"})


def suffix_of(name: str) -> str:
    """`.pdf` of `Report.PDF`; empty when there is none."""
    stem, dot, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if dot and stem else ""


def kind_of(name: str, declared: str | None) -> Kind:
    """What a clean name and the declared type say it is. Invalid: not accepted, or the two disagree."""
    suffix = suffix_of(name)
    if suffix in MACRO_SUFFIXES:
        raise fault("file_macros", what=suffix)
    if suffix in _OLD_SUFFIXES:
        raise fault("file_old_office")
    if suffix in _ARCHIVES:
        raise fault("file_archive")
    kind = KINDS.get(suffix)
    if kind is None:
        raise fault("file_type", suffix=suffix or "?", accepted=ACCEPTED)
    said = (declared or "").partition(";")[0].strip().lower()
    if said not in UNDECLARED and said != kind.mime and said not in kind.also:
        raise fault("file_disagrees", suffix=suffix, why=said[:100])
    return kind
