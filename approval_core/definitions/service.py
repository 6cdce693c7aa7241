"""Publishes request types. A version is written once; the newest takes new requests, older ones run out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from approval_core import audit
from approval_core.definitions.models import versions
from approval_core.definitions.rules.checking import Finding, errors_in, findings_of
from approval_core.definitions.rules.document import load_document
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.people.actor import SYSTEM, Actor
from approval_core.store import Tx

CHAIN = "definitions"


@dataclass(frozen=True, slots=True)
class Published:
    """`created` is false when this very text is the published one already."""

    version_id: int
    type: str
    version: int
    created: bool


def publish(tx: Tx, yaml_text: str, *, actor: Actor, now: datetime) -> Published:
    """The text becomes the version that takes new requests; the same text again stays the same version.

    Invalid("bad_document") for a text that is no document, Invalid("bad_definition", findings=[…]) for one with
    errors of its own; nothing is stored then.
    """
    document = load_document(yaml_text)
    faults = errors_in(findings_of(document))
    if faults:
        raise refusal(document.type, faults)
    digest = hashlib.sha256(yaml_text.encode()).hexdigest()
    newest = tx.execute(
        select(versions.c.id, versions.c.version, versions.c.sha256, versions.c.state)
        .where(versions.c.type == document.type)
        .order_by(versions.c.version.desc())
        .limit(1)
    ).first()
    if newest is not None and newest.sha256 == digest and newest.state == "published":
        return Published(newest.id, document.type, newest.version, created=False)
    _retire(tx, document.type)
    number = 1 if newest is None else newest.version + 1
    row = {
        "type": document.type,
        "version": number,
        "document": document.json_value(),
        "route": document.route_json(),
        "source": yaml_text,
        "sha256": digest,
        "state": "published",
        "published_at": now,
        "published_by": actor.name,
    }
    try:
        with tx.nested():
            version_id = tx.execute(insert(versions).returning(versions.c.id), row).scalar_one()
    except IntegrityError as clash:
        raise Conflict(
            "published_meanwhile", f"{document.type} was published by somebody else just now"
        ) from clash
    audit.append(
        tx,
        chain=CHAIN,
        actor=actor.name,
        verb="type.published",
        thing=f"type:{document.type}",
        data={"version": number, "version_id": version_id, "sha256": digest},
        now=now,
    )
    return Published(version_id, document.type, number, created=True)


def retire(tx: Tx, type_name: str, *, actor: Actor, now: datetime) -> int:
    """No new requests of this type; running ones stay on their version. The version that was retired."""
    known = tx.execute(select(func.max(versions.c.version)).where(versions.c.type == type_name)).scalar()
    if known is None:
        raise NotFound("no_type", f"there is no type {type_name}", type=type_name)
    number = _retire(tx, type_name)
    if number is None:
        raise Conflict("already_retired", f"{type_name} takes no requests already", type=type_name)
    audit.append(
        tx,
        chain=CHAIN,
        actor=actor.name,
        verb="type.retired",
        thing=f"type:{type_name}",
        data={"version": number},
        now=now,
    )
    return number


def publish_shipped(tx: Tx, texts: Iterable[str], *, actor: Actor = SYSTEM, now: datetime) -> list[Published]:
    """What the house ships, where the office has nothing of its own: a type that is known, published or retired,
    is left as it is. Only what was newly published is returned."""
    known = set(tx.execute(select(versions.c.type).distinct()).scalars())
    done = []
    for text in texts:
        if load_document(text).type not in known:
            done.append(publish(tx, text, actor=actor, now=now))
    return done


def refusal(type_name: str, faults: list[Finding]) -> Invalid:
    said = "; ".join(f"{one.place}: {one.en}" for one in faults[:20])
    return Invalid(
        "bad_definition",
        f"{type_name}: {said}",
        type=type_name,
        findings=[one.plain() for one in faults],
    )


def _retire(tx: Tx, type_name: str) -> int | None:
    return tx.execute(
        update(versions)
        .where(versions.c.type == type_name, versions.c.state == "published")
        .values(state="retired")
        .returning(versions.c.version)
    ).scalar()
