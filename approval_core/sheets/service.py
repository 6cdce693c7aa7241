"""What left the office is on record: who took it, what it was, and the digest of what he was given."""

from __future__ import annotations

from datetime import datetime

from approval_core import audit
from approval_core.people.actor import Actor
from approval_core.store import Tx


def record_export(
    tx: Tx, *, what: str, thing: str, sha256: str, rows: int | None = None, actor: Actor, now: datetime
) -> int:
    """The entry's id, in the chain "exports". `what`: sheet | csv | xlsx | archive; `thing`: e.g. request:17.

    Called before the bytes are handed over: an export that nobody recorded does not happen.
    """
    return audit.append(
        tx,
        chain="exports",
        actor=actor.name,
        verb=f"exported.{what}",
        thing=thing,
        data={"sha256": sha256} | ({} if rows is None else {"rows": rows}),
        now=now,
    )
