"""What is defined: the version that takes new requests, and any version a running request stands on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, select

from approval_core.definitions.models import versions
from approval_core.definitions.rules.document import TypeDocument, load_document
from approval_core.errors import NotFound
from approval_core.store import Tx


@dataclass(frozen=True, slots=True)
class Version:
    """One version, never changed: keep nothing of it but read all of it. `route` is shared: do not write into it."""

    id: int
    type: str
    version: int
    document: TypeDocument
    route: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class VersionCard:
    id: int
    type: str
    version: int
    state: str
    sha256: str
    title: dict[str, str]
    module: str
    published_at: datetime
    published_by: str


_CURRENT = select(versions.c.id, versions.c.version, versions.c.sha256).where(
    versions.c.type == bindparam("of_type"), versions.c.state == "published"
)
_ONE = select(versions.c.type, versions.c.route, versions.c.source).where(
    versions.c.id == bindparam("version_id")
)
_NUMBERED = select(versions.c.id, versions.c.version, versions.c.sha256).where(
    versions.c.type == bindparam("of_type"), versions.c.version == bindparam("number")
)
_DIGEST = select(versions.c.version, versions.c.sha256).where(versions.c.id == bindparam("version_id"))


def current(tx: Tx, type_name: str) -> Version | None:
    """The version that takes new requests; None when the type is unknown or retired."""
    row = tx.run(_CURRENT, of_type=type_name).first()
    return None if row is None else _known(tx, row.id, row.version, row.sha256)


def version(tx: Tx, version_id: int) -> Version:
    """One version by its id, retired ones included; NotFound("no_version")."""
    row = tx.run(_DIGEST, version_id=version_id).first()
    if row is None:
        raise NotFound("no_version", f"there is no version {version_id} of any type", version_id=version_id)
    return _known(tx, version_id, row.version, row.sha256)


def numbered(tx: Tx, type_name: str, number: int) -> Version:
    """One version of a type by its number, retired ones included; NotFound("no_type")."""
    row = tx.run(_NUMBERED, of_type=type_name, number=number).first()
    if row is None:
        raise NotFound(
            "no_type", f"there is no version {number} of {type_name}", type=type_name, version=number
        )
    return _known(tx, row.id, row.version, row.sha256)


def cards(tx: Tx, *, type_name: str | None = None, retired: bool = False) -> list[VersionCard]:
    """What is published (and, if asked, what once was), by type, newest first."""
    wanted = select(versions).order_by(versions.c.type, versions.c.version.desc())
    if type_name is not None:
        wanted = wanted.where(versions.c.type == type_name)
    if not retired:
        wanted = wanted.where(versions.c.state == "published")
    return [
        VersionCard(
            id=row.id,
            type=row.type,
            version=row.version,
            state=row.state,
            sha256=row.sha256,
            title=row.document["title"],
            module=row.document["module"],
            published_at=row.published_at,
            published_by=row.published_by,
        )
        for row in tx.execute(wanted)
    ]


def source(tx: Tx, type_name: str, number: int | None = None) -> str:
    """The text as it was published, of one version or the newest; NotFound("no_type")."""
    wanted = select(versions.c.source).where(versions.c.type == type_name).order_by(versions.c.version.desc())
    if number is not None:
        wanted = wanted.where(versions.c.version == number)
    found = tx.execute(wanted.limit(1)).scalar()
    if found is None:
        raise NotFound("no_type", f"there is no such version of {type_name}", type=type_name)
    return str(found)


#: versions already read in this process; two databases in one process may use the same id, so the digest is named too
_seen: dict[tuple[int, int, str], Version] = {}
SEEN = 512


def _known(tx: Tx, version_id: int, number: int, digest: str) -> Version:
    key = (version_id, number, digest)
    found = _seen.get(key)
    if found is None:
        row = tx.run(_ONE, version_id=version_id).one()
        found = Version(version_id, row.type, number, _document(row.source), row.route)
        while len(_seen) >= SEEN:
            _seen.pop(next(iter(_seen)), None)  # the one read first
        _seen[key] = found
    return found


@lru_cache(maxsize=256)
def _document(text: str) -> TypeDocument:
    return load_document(text)
