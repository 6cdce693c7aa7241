"""Requests from before routes were blocks: their steps become blocks, and each one that runs gets its token.

A step that was never reached has asked nobody; it is read from the route from now on, so its rows go.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from approval_core import columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_tables = sa.MetaData()
requests = sa.Table(
    "request", _tables, sa.Column("id", columns.BigId), sa.Column("revision", sa.Integer), sa.Column("state", sa.String),
    sa.Column("route", columns.Json),
)  # fmt: skip
steps = sa.Table(
    "step", _tables, sa.Column("id", columns.BigId), sa.Column("request_id", columns.BigId),
    sa.Column("revision", sa.Integer), sa.Column("position", sa.Integer), sa.Column("state", sa.String),
    sa.Column("token_id", columns.BigId), sa.Column("block", sa.String),
)  # fmt: skip
tasks = sa.Table("task", _tables, sa.Column("id", columns.BigId), sa.Column("step_id", columns.BigId))
tokens = sa.Table(
    "token", _tables, sa.Column("id", columns.BigId, primary_key=True), sa.Column("request_id", columns.BigId),
    sa.Column("revision", sa.Integer), sa.Column("sequence", sa.String), sa.Column("at", sa.Integer),
    sa.Column("state", sa.String),
)  # fmt: skip


def upgrade() -> None:
    bind = op.get_bind()
    never_reached = sa.select(steps.c.id).where(steps.c.state == "waiting", steps.c.token_id.is_(None))
    bind.execute(sa.delete(tasks).where(tasks.c.step_id.in_(never_reached)))
    bind.execute(sa.delete(steps).where(steps.c.state == "waiting", steps.c.token_id.is_(None)))
    for row in bind.execute(sa.select(requests)).all():
        if row.route and "step" not in row.route[0]:
            _carry_over(bind, row)


def _carry_over(bind: sa.Connection, row: Any) -> None:
    bind.execute(sa.update(requests).where(requests.c.id == row.id).values(route=_blocks(row.route)))
    mine = bind.execute(sa.select(steps).where(steps.c.request_id == row.id)).all()
    token_id = None
    active = next((one for one in mine if one.state == "active" and one.revision == row.revision), None)
    if row.state == "pending" and active is not None:
        place = {"request_id": row.id, "revision": row.revision, "sequence": "", "at": active.position - 1}
        made = sa.insert(tokens).values(**place, state="live").returning(tokens.c.id)
        token_id = bind.execute(made).scalar_one()
    for one in mine:
        standing = token_id if one.revision == row.revision else None
        named = sa.update(steps).where(steps.c.id == one.id)
        bind.execute(named.values(block=f"step{one.position}", token_id=standing))


def _blocks(route: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "step": f"step{number}",
            "approvers": [
                {"rule": "USER", "account": account, "weight": weight} for account, weight in one["approvers"]
            ],
            "mode": one["mode"],
            "threshold": one["threshold"],
            "own": "allow",
        }
        for number, one in enumerate(route, start=1)
    ]


def downgrade() -> None:
    """Only an office without requests goes back: what was carried over can be read by no earlier version."""
    if op.get_bind().execute(sa.select(requests.c.id).limit(1)).first() is not None:
        raise RuntimeError("there is no way back from 0003; restore the backup made before the upgrade")
