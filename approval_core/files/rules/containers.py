"""What a document that is a zip inside (docx, xlsx, pptx, odt, ods, ofd) may hold.

`check_listing` judges the directory before anything is unpacked; `check_member` one member's first bytes while it is
unpacked; both see names and numbers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from approval_core.files.rules.faults import fault
from approval_core.files.rules.kinds import MACRO_SUFFIXES, Kind, suffix_of

MOST_MEMBERS = 10_000
MOST_UNPACKED = 300 * 1024 * 1024  # bytes, all members together
MOST_RATIO = 200  # of a member above 1 MB: documents reach 40, bombs 1000
RATIO_FROM = 1024 * 1024
MOST_INDEX = 1024 * 1024  # bytes of a part that says what the others are
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
VBA_IN_OLE2 = "_VBA_PROJECT".encode("utf-16-le")
DEEPEST = 2  # a workbook inside a document, and no further

_CONTENT_TYPES = "[Content_Types].xml"
#: the part and its content type that make a document of that kind
_MAIN = {
    ".docx": ("word/", b"wordprocessingml.document.main+xml"),
    ".xlsx": ("xl/", b"spreadsheetml.sheet.main+xml"),
    ".pptx": ("ppt/", b"presentationml.presentation.main+xml"),
}
_ACTIVE_FILES = {
    "vbaproject.bin",
    "vbadata.xml",
    "vbaprojectsignature.bin",
    "script-lc.xml",  # OpenDocument's own macros
    "script-lb.xml",
}
_ACTIVE_FOLDERS = ("activex/", "macrosheets/", "dialogsheets/", "basic/", "scripts/")
#: programs, whatever they are called inside an office document
_PROGRAMS = (
    ".exe",
    ".dll",
    ".scr",
    ".com",
    ".bat",
    ".cmd",
    ".js",
    ".jse",
    ".vbs",
    ".vbe",
    ".ps1",
    ".hta",
    ".lnk",
    ".jar",
)


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    packed: int
    size: int
    offset: int = 0
    encrypted: bool = False


def check_listing(kind: Kind, members: Sequence[Member]) -> None:
    """Invalid for a bomb, a password, macros, or a container that is not of that kind."""
    if len(members) > MOST_MEMBERS:
        raise fault("file_unpacks_too_large", why=f"{len(members)} parts")
    if any(member.encrypted for member in members):
        raise fault("file_encrypted")
    _check_sizes(members)
    for member in members:
        _check_name(member.name)
    names = [member.name for member in members]
    if len(set(names)) != len(names):
        raise fault("file_damaged", why="two parts of one name")
    if kind.family == "ooxml" and not (
        _CONTENT_TYPES in names and any(name.startswith(_MAIN[kind.suffix][0]) for name in names)
    ):
        raise fault("file_disagrees", suffix=kind.suffix, why="zip")
    if kind.family == "odf" and "mimetype" not in names:
        raise fault("file_disagrees", suffix=kind.suffix, why="zip")
    if kind.family == "ofd" and "OFD.xml" not in names:
        raise fault("file_disagrees", suffix=kind.suffix, why="zip")


def _check_sizes(members: Sequence[Member]) -> None:
    whole = sum(member.size for member in members)
    if whole > MOST_UNPACKED:
        raise fault("file_unpacks_too_large", why=f"{whole // (1024 * 1024)} MB")
    for member in members:
        if member.size > RATIO_FROM and member.size > MOST_RATIO * max(member.packed, 1):
            raise fault("file_unpacks_too_large", why=f"1:{member.size // max(member.packed, 1)}")
    end = 0
    for member in sorted(members, key=lambda one: one.offset):
        if member.offset < end:  # one stretch of bytes counted several times
            raise fault("file_unpacks_too_large", why="overlapping parts")
        end = member.offset + member.packed


def _check_name(name: str) -> None:
    low = name.replace("\\", "/").lower()
    last = low.rpartition("/")[2]
    active = last in _ACTIVE_FILES or any(f"/{folder}" in f"/{low}" for folder in _ACTIVE_FOLDERS)
    if active or suffix_of(last) in MACRO_SUFFIXES or last.endswith(_PROGRAMS):
        raise fault("file_macros", what=name[:100])


def check_member(kind: Kind, name: str, content: bytes) -> None:
    """`content`: all of a part that says what the others are (`is_index`), else the first 64 KB. Invalid when it makes the
    document another thing than it says."""
    if name.lower().endswith((".xml", ".rels")) and b"<!ENTITY" in content:
        raise fault("file_macros", what=f"{name[:100]}: ENTITY")
    if name == _CONTENT_TYPES:
        _check_content_types(kind, content)
    if name == "mimetype" and kind.family == "odf" and content.strip() != kind.mime.encode():
        raise fault("file_disagrees", suffix=kind.suffix, why=content[:60].decode("ascii", "replace"))
    if name == "META-INF/manifest.xml" and b"encryption-data" in content:
        raise fault("file_encrypted")
    if name.endswith(".rels") and b"attachedTemplate" in content and b"External" in content:
        raise fault("file_macros", what="attachedTemplate")


def is_index(name: str) -> bool:
    """Parts that name and type other parts; they are read whole, and a large one is refused."""
    return name in {_CONTENT_TYPES, "mimetype"} or name.endswith(".rels")


def _check_content_types(kind: Kind, content: bytes) -> None:
    plain = content.replace(b"\x00", b"")  # UTF-16 without its zeros reads like ASCII
    if b"&#" in plain:  # a word spelled in numbers is hidden from whoever looks for it
        raise fault("file_damaged", why=_CONTENT_TYPES)
    if b"macroenabled" in plain.lower() or b"vbaProject" in plain:
        raise fault("file_macros", what="macroEnabled")
    if kind.family == "ooxml" and _MAIN[kind.suffix][1] not in plain:
        raise fault("file_disagrees", suffix=kind.suffix, why="zip")
