"""A person's list as he takes it out of the office: guarded cells, his name in the last line, and an entry on record."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal

from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.sheets.export import Mark, as_csv, as_xlsx
from approval_core.sheets.service import record_export
from approval_core.store import Tx
from mobile_api.lists import Mine, my_requests

Format = Literal["csv", "xlsx"]
MIME: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
#: the newest; who wants more asks by type or state
MOST = 5000
_COLUMNS = {
    "ref": ("编号", "No."),
    "type": ("类型", "Type"),
    "title": ("标题", "Title"),
    "applicant": ("申请人", "Applicant"),
    "state": ("状态", "State"),
    "submitted_at": ("提交时间", "Submitted"),
    "due_at": ("期限", "Due"),
    "closed_at": ("办结时间", "Closed"),
}


def export_requests(
    tx: Tx,
    person_id: int,
    *,
    mine: Mine,
    type_name: str | None,
    state: str | None,
    form: Format,
    lang: str,
    actor: Actor,
    now: datetime,
) -> bytes:
    """What `my_requests` lists. An export that nobody recorded does not happen."""
    found = my_requests(tx, person_id, mine=mine, type_name=type_name, state=state, limit=MOST).items
    columns = [words[lang == "en"] for words in _COLUMNS.values()]
    rows = [[getattr(one, name) for name in _COLUMNS] for one in found]
    card = people.person_by_id(tx, person_id)
    mark = Mark(card.name, card.account, now)
    made = (as_csv if form == "csv" else as_xlsx)(columns, rows, mark=mark, lang=lang)
    digest = hashlib.sha256(made).hexdigest()
    record_export(
        tx, what=form, thing=f"requests:{mine}", sha256=digest, rows=len(rows), actor=actor, now=now
    )
    return made
