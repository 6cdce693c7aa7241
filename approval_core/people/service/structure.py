"""Units and posts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update

from approval_core.errors import Conflict, Invalid
from approval_core.people.actor import Actor
from approval_core.people.models import assignments, charges, org_units, posts
from approval_core.people.rules import fields
from approval_core.people.service import ledger
from approval_core.store import Tx


def open_unit(
    tx: Tx,
    *,
    code: str,
    name: str,
    kind: str,
    short: str = "",
    parent_id: int | None = None,
    sort: int = 0,
    site: str = "",
    actor: Actor,
    now: datetime,
) -> int:
    if kind not in fields.UNIT_KINDS:
        raise Invalid("bad_kind", "There is no such kind of unit.", known=list(fields.UNIT_KINDS))
    code, name = fields.required(code, limit=32), fields.required(name, limit=200)
    level = ledger.unit(tx, parent_id).level + 1 if parent_id is not None else 1
    unit_id = ledger.add(
        tx,
        org_units,
        taken="unit_exists",
        message=f"Unit {code} exists.",
        code=code,
        name=name,
        short=fields.clean(short) or name,
        kind=kind,
        parent_id=parent_id,
        level=level,
        sort=sort,
        site=site,
        valid_from=now,
    )
    ledger.note(tx, actor, "unit.opened", f"unit:{code}", now, name=name, kind=kind)
    return unit_id


def move_unit(tx: Tx, unit_id: int, *, parent_id: int, actor: Actor, now: datetime) -> None:
    """Hang a unit, with all below it, under another one. Never below itself."""
    ledger.one_at_a_time(tx, org_units)
    moved, parent = ledger.unit(tx, unit_id), ledger.unit(tx, parent_id)
    step = parent
    while True:
        if step.id == unit_id:
            raise Conflict("unit_loop", f"{moved.code} cannot stand below itself.", unit=moved.code)
        if step.parent_id is None:
            break
        step = ledger.unit(tx, step.parent_id)
    tx.execute(update(org_units).where(org_units.c.id == unit_id).values(parent_id=parent_id))
    _set_levels(tx, unit_id, parent.level + 1)
    ledger.note(tx, actor, "unit.moved", f"unit:{moved.code}", now, parent=parent.code)


def _set_levels(tx: Tx, unit_id: int, level: int) -> None:
    rank = [unit_id]
    while rank:
        tx.execute(update(org_units).where(org_units.c.id.in_(rank)).values(level=level))
        rank = list(tx.execute(select(org_units.c.id).where(org_units.c.parent_id.in_(rank))).scalars())
        level += 1


def close_unit(tx: Tx, unit_id: int, *, successor_id: int | None = None, actor: Actor, now: datetime) -> None:
    """A unit without people and without open units below it ends; its history stays, pointing at the successor."""
    closed = ledger.unit(tx, unit_id)
    seats = assignments.join(posts, posts.c.id == assignments.c.post_id)
    staffed = tx.execute(
        select(func.count())
        .select_from(seats)
        .where(posts.c.unit_id == unit_id, ledger.unended(assignments, now))
    ).scalar_one()
    below = tx.execute(
        select(func.count()).where(org_units.c.parent_id == unit_id, ledger.unended(org_units, now))
    ).scalar_one()
    if staffed or below:
        raise Conflict(
            "unit_in_use", f"{closed.code} still has people or units.", people=staffed, units=below
        )
    successor = ledger.unit(tx, successor_id).code if successor_id is not None else None
    tx.execute(
        update(org_units).where(org_units.c.id == unit_id).values(valid_to=now, successor_id=successor_id)
    )
    tx.execute(
        update(charges).where(charges.c.unit_id == unit_id, ledger.unended(charges, now)).values(valid_to=now)
    )
    ledger.note(tx, actor, "unit.closed", f"unit:{closed.code}", now, successor=successor)


def open_post(
    tx: Tx,
    *,
    code: str,
    unit_id: int,
    name: str,
    rank: str,
    is_head: bool = False,
    is_deputy: bool = False,
    sort: int = 0,
    actor: Actor,
    now: datetime,
) -> int:
    home = ledger.unit(tx, unit_id)
    code, name, rank = fields.required(code, limit=48), fields.required(name), fields.rank(rank)
    post_id = ledger.add(
        tx,
        posts,
        taken="post_exists",
        message=f"Post {code} exists.",
        code=code,
        unit_id=unit_id,
        name=name,
        rank=rank,
        is_head=is_head,
        is_deputy=is_deputy,
        sort=sort,
    )
    ledger.note(tx, actor, "post.opened", f"post:{code}", now, unit=home.code, name=name)
    return post_id
