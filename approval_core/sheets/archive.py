"""The archive package of one request: the sheet, its files, its trail, and a manifest with the digest of each.

The same request gives the same bytes. `verify_package` needs nothing but the package.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, BinaryIO

from approval_core.errors import Invalid, Unavailable
from approval_core.sheets.sheet import Sheet

MANIFEST = "manifest.json"
SHEET = "sheet.pdf"
TRAIL = "trail.json"
FORM = 1  # of the manifest
PORTION = 256 * 1024
_STAMP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Paper:
    """A file to be packed: its name as people know it, its digest as it must be, its bytes as they come."""

    name: str
    sha256: str
    portions: Iterable[bytes]
    kind: str = "content"


def write_package(
    out: BinaryIO,
    *,
    sheet: Sheet,
    pdf: bytes,
    papers: Iterable[Paper],
    trail: list[dict[str, Any]],
) -> str:
    """The package into `out`; the SHA-256 of its manifest, which stands for all of it.

    Unavailable("file_damaged") when bytes are not those of their digest; what was written so far is then worthless.
    """
    listed: list[dict[str, Any]] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        listed.append(_put(box, SHEET, [pdf]))
        for number, paper in enumerate(papers, start=1):
            packed = _put(box, f"files/{number:03d}-{paper.name}", paper.portions)
            if packed["sha256"] != paper.sha256:
                raise Unavailable(
                    "file_damaged", f"{paper.name} is not what it was when it came in", name=paper.name
                )
            listed.append(packed | {"name": paper.name, "kind": paper.kind})
        listed.append(_put(box, TRAIL, [_json(trail)]))
        manifest = _json(_facts(sheet) | {"members": listed})
        _put(box, MANIFEST, [manifest])
    return hashlib.sha256(manifest).hexdigest()


def _facts(sheet: Sheet) -> dict[str, Any]:
    return {
        "format": FORM,
        "request": sheet.request_id,
        "source": sheet.source,
        "ref": sheet.ref,
        "type": sheet.type_name,
        "title": sheet.title,
        "state": sheet.state,
        "revision": sheet.revision,
        "content_hash": sheet.content_hash,
        "verification_code": sheet.code,
        "receipt": sheet.receipt,
        "submitted_at": sheet.submitted_at.isoformat(),
        "closed_at": sheet.closed_at.isoformat() if sheet.closed_at else None,
        "packed_by": sheet.printed_account,
        "packed_at": sheet.printed_at.isoformat(),
    }


def _put(box: zipfile.ZipFile, path: str, portions: Iterable[bytes]) -> dict[str, Any]:
    info = zipfile.ZipInfo(path, _STAMP)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    digest, size = hashlib.sha256(), 0
    with box.open(info, "w", force_zip64=True) as member:
        for portion in portions:
            digest.update(portion)
            size += len(portion)
            member.write(portion)
    return {"path": path, "size": size, "sha256": digest.hexdigest()}


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode("utf-8", "replace") + b"\n"


def verify_package(package: BinaryIO) -> list[str]:
    """What is wrong with a package, a sentence for each thing; an empty list when it is whole."""
    try:
        with zipfile.ZipFile(package) as box:
            manifest = json.loads(box.read(MANIFEST))
            known = {one["path"]: one for one in manifest["members"]}
            there = [name for name in box.namelist() if name != MANIFEST]
            return list(_flaws(box, known, there))
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, OSError, EOFError) as error:
        raise Invalid("no_package", f"this is no archive package: {type(error).__name__}") from error


def _flaws(box: zipfile.ZipFile, known: Mapping[str, Mapping[str, Any]], there: list[str]) -> Iterator[str]:
    for path in sorted(set(known) - set(there)):
        yield f"{path} is missing"
    for path in sorted(set(there) - set(known)):
        yield f"{path} is not in the manifest"
    if len(set(there)) != len(there):
        yield "a path is there twice"
    for path in sorted(set(known) & set(there)):
        try:
            with box.open(path) as member:
                found = _digest(member)
        except zipfile.BadZipFile:
            yield f"{path} cannot be read"
            continue
        if found != known[path]["sha256"]:
            yield f"{path} has other content"


def _digest(member: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while portion := member.read(PORTION):
        digest.update(portion)
    return digest.hexdigest()
