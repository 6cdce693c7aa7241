"""What was effectively decided in a step, counted: read after the write, under the request's lock."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import aliased

from approval_core.approvals.models import Decision, Step, Task
from approval_core.approvals.rules import moves
from approval_core.columns import table_of
from approval_core.store import Row, Tx

steps, tasks, decisions = table_of(Step), table_of(Task), table_of(Decision)
_after = aliased(steps, name="after_step")

_VOTES = (
    select(tasks.c.weight, decisions.c.verdict, _after.c.state.label("after"))
    .select_from(
        tasks.outerjoin(
            decisions,
            and_(
                decisions.c.task_id == tasks.c.id,
                decisions.c.task_revision == tasks.c.revision,
                decisions.c.state == "effective",
            ),
        ).outerjoin(_after, _after.c.id == tasks.c.after_step_id)
    )
    .where(tasks.c.step_id == bindparam("of_step"))
    .where(
        or_(
            tasks.c.state == "waiting",
            tasks.c.state == "open",
            tasks.c.state == "decided",
            tasks.c.state == "over",
        )
    )
    .order_by(tasks.c.position, tasks.c.id)
)


def rows_of(tx: Tx, step_id: int) -> list[Row]:
    return tx.run(_VOTES, of_step=step_id).all()


def counted(rows: Sequence[Row]) -> list[moves.Vote]:
    return [moves.Vote(row.weight, _counted(row)) for row in rows]


def alone(rows: Sequence[Row]) -> bool:
    """Nobody else was asked in the step, nor added to it."""
    return len(rows) == 1 and rows[0].after is None


def votes_of(tx: Tx, step_id: int) -> list[moves.Vote]:
    return counted(rows_of(tx, step_id))


def _counted(row: Row) -> str | None:
    """An approval counts when those added after it have approved as well."""
    if row.verdict != "approve" or row.after in (None, "approved", "void"):
        return row.verdict  # type: ignore[no-any-return]  # a column of strings
    return "reject" if row.after == "rejected" else None


def outcome_of(
    tx: Tx, step_id: int, mode: str, threshold: int | None, *, collect_all: bool = False
) -> moves.Outcome:
    return moves.outcome(mode, votes_of(tx, step_id), threshold=threshold, collect_all=collect_all)
