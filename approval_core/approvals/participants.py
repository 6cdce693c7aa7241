"""Who has to do with a request: applicant, whoever wrote it down, everybody asked, who decided, who has a copy."""

from __future__ import annotations

from sqlalchemy import bindparam, select, union

from approval_core.approvals.models import Copy, Decision, Request, Task
from approval_core.columns import table_of
from approval_core.store import Tx

requests, tasks, decisions, copies = table_of(Request), table_of(Task), table_of(Decision), table_of(Copy)

_EVERYBODY = union(
    *(
        select(column.label("id")).where(owner == bindparam("of_request"))
        for column, owner in (
            (requests.c.applicant_id, requests.c.id),
            (requests.c.submitter_id, requests.c.id),
            (tasks.c.person_id, tasks.c.request_id),
            (decisions.c.person_id, decisions.c.request_id),
            (copies.c.person_id, copies.c.request_id),
        )
    )
)


def participants(tx: Tx, request_id: int) -> frozenset[int]:
    found = tx.run(_EVERYBODY, of_request=request_id)
    return frozenset(row.id for row in found if row.id is not None)
