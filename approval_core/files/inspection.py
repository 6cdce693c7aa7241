"""Looks at a received file where it lies, before anybody may see it, and holds it against the rules."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO

from PIL import Image, UnidentifiedImageError

from approval_core.files.rules import containers
from approval_core.files.rules.containers import Member
from approval_core.files.rules.faults import fault
from approval_core.files.rules.images import check_pixels
from approval_core.files.rules.kinds import KINDS, Kind, suffix_of
from approval_core.files.rules.sniffing import HEAD, check_sign, check_text

PORTION = 64 * 1024


def inspect(file: BinaryIO, kind: Kind) -> None:
    """Invalid, with its code, unless the content is what `kind` says and nothing else. The place in `file` moves."""
    file.seek(0)
    check_sign(kind, file.read(HEAD))
    file.seek(0)
    if kind.family == "text":
        check_text(kind, _portions(file))
    elif kind.family == "image":
        _check_image(file, kind)
    elif kind.family == "pdf":
        _check_pdf(file)
    else:
        _check_container(file, kind, depth=1)


def _portions(file: BinaryIO) -> Iterator[bytes]:
    while portion := file.read(PORTION):
        yield portion


def _check_pdf(file: BinaryIO) -> None:
    """Whole to its end mark, and without a program that starts by itself where that can be read in the open."""
    tail = b""
    active = (b"/JavaScript", b"/Launch")
    for portion in _portions(file):
        window = tail + portion
        for word in active:
            if word in window:
                raise fault("file_macros", what=word.decode())
        tail = window[-1024:]
    if b"%%EOF" not in tail:
        raise fault("file_damaged", why="no %%EOF")


def _check_image(file: BinaryIO, kind: Kind) -> None:
    """The header only: opening decodes nothing, and animations are counted by their marks."""
    form = "JPEG" if kind.mime == "image/jpeg" else kind.suffix[1:].upper()
    try:
        with Image.open(file, formats=(form,)) as image:
            width, height = image.size
            frames = getattr(image, "n_frames", 1)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise fault("image_too_large", width="?", height="?", most=50) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, zlib.error) as error:
        raise fault("file_damaged", why=type(error).__name__) from error
    check_pixels(width, height, frames)


def _check_container(file: BinaryIO, kind: Kind, *, depth: int) -> None:
    try:
        with zipfile.ZipFile(file) as box:
            infos = box.infolist()
            containers.check_listing(kind, [_member(info) for info in infos])
            for info in infos:
                if not info.is_dir():
                    _check_member(box, info, kind, depth=depth)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise fault("file_damaged", why=type(error).__name__) from error


def _member(info: zipfile.ZipInfo) -> Member:
    encrypted = bool(info.flag_bits & 0x1)
    return Member(info.filename, info.compress_size, info.file_size, info.header_offset, encrypted)


def _check_member(box: zipfile.ZipFile, info: zipfile.ZipInfo, kind: Kind, *, depth: int) -> None:
    """Unpacks it all, so that a size or a checksum that lies is found; keeps the part that is looked at."""
    if containers.is_index(info.filename) and info.file_size > containers.MOST_INDEX:
        raise fault("file_damaged", why=info.filename[:100])
    with box.open(info) as part:
        head = part.read(containers.MOST_INDEX if containers.is_index(info.filename) else PORTION)
        containers.check_member(kind, info.filename, head)
        if head.startswith(containers.OLE2):
            _check_old_object(part, info.filename, head)
        elif head.startswith(b"PK\x03\x04"):
            _check_inner(io.BytesIO(head + part.read()), info.filename, depth=depth)
        else:
            for _ in iter(lambda: part.read(PORTION), b""):
                pass


def _check_old_object(part: IO[bytes], name: str, head: bytes) -> None:
    window = head
    while window:
        if containers.VBA_IN_OLE2 in window:
            raise fault("file_macros", what=name[:100])
        more = part.read(PORTION)
        window = window[-64:] + more if more else b""


def _check_inner(file: BinaryIO, name: str, *, depth: int) -> None:
    """A workbook inside a document is looked at like one that came alone."""
    kind = KINDS.get(suffix_of(name))
    if depth >= containers.DEEPEST or kind is None or kind.family not in {"ooxml", "odf", "ofd"}:
        raise fault("file_macros", what=name[:100])
    _check_container(file, kind, depth=depth + 1)
