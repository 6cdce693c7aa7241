"""Who has opened which file: nobody approves by SMS what he had to read and has not."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from approval_core.approvals.content_models import PaperReading
from approval_core.approvals.journey import Journey
from approval_core.approvals.rules.papers import mandatory
from approval_core.columns import table_of
from approval_core.errors import Forbidden
from approval_core.files import queries as files
from approval_core.people.actor import Actor
from approval_core.store import Tx

openings = table_of(PaperReading)

_OPENED = insert(openings).on_conflict_do_nothing(
    index_elements=[openings.c.attachment_id, openings.c.person_id]
)
_BY_HIM = select(openings.c.attachment_id).where(openings.c.person_id == bindparam("of_person"))


def mark_opened(tx: Tx, request_id: int, attachment_id: int, *, actor: Actor, now: datetime) -> None:
    """He is given the file. The first time counts. Whether he may see the request is for the caller to know.
    NotFound("no_attachment"); Forbidden("not_a_person" | "file_condemned")."""
    if actor.person_id is None:
        raise Forbidden("not_a_person", "only a person reads")
    files.readable(tx, request_id, attachment_id)
    tx.run(_OPENED, attachment_id=attachment_id, person_id=actor.person_id, at=now)


def unread(journey: Journey, person_id: int) -> list[str]:
    """The names of the files in required fields that he has not opened: nobody approves by SMS what he could not read."""
    version = journey.version
    if version is None or not any(
        one.type == "file" and one.required for one in version.document.form.fields
    ):
        return []
    wanted = mandatory(version.document, journey.form)
    there = [
        one
        for one in files.of_request(journey.tx, journey.matter.id)
        if one.kind == "content" and one.sha256 in wanted
    ]
    numbers = [one.id for one in there]
    mine = _BY_HIM.where(openings.c.attachment_id.in_(numbers))
    opened = set(journey.tx.execute(mine, {"of_person": person_id}).scalars())
    seen = {one.sha256 for one in there if one.id in opened}
    return [one.name for one in there if one.sha256 not in seen]
