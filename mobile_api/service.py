"""What a person does with a matter, where the core does not ask whether it is his: looked at here, in the same work.

People are named by their accounts outside, by their rows inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from approval_core.approvals import adding, commenting, contents, handing, reading, talking
from approval_core.approvals import service as approvals
from approval_core.approvals.adding import Added, Placed
from approval_core.approvals.handover import HandedOver
from approval_core.approvals.models import Decision
from approval_core.approvals.paper_reading import mark_opened
from approval_core.approvals.rules.papers import named_in
from approval_core.approvals.submitting import Submitted
from approval_core.columns import table_of
from approval_core.definitions.rules.document import TypeDocument
from approval_core.errors import Forbidden, Invalid, NotFound
from approval_core.files import queries as files
from approval_core.files import service as attaching
from approval_core.files.queries import AttachmentView
from approval_core.files.rules.stored import Stored
from approval_core.forecast import Holdings, holdings
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.store import Tx
from mobile_api.queries import Viewer, hidden_for, must_see, must_take_part

decisions = table_of(Decision)


def named(tx: Tx, account: str, *, field: str = "to") -> int:
    """The person of an account that a body names. Invalid("no_person")."""
    card = people.person_by_account(tx, account)
    if card is None:
        raise Invalid("no_person", f"there is no account {account}", field=field, zh=f"没有账号{account}")
    return card.id


def remark(
    tx: Tx, request_id: int, *, viewer: Viewer, actor: Actor, text: str, replaces: int | None, now: datetime
) -> int:
    must_take_part(tx, viewer, request_id, now=now)
    return commenting.remark(tx, request_id, actor=actor, text=text, replaces_id=replaces, now=now)


def withdraw(tx: Tx, request_id: int, *, viewer: Viewer, actor: Actor, reason: str, now: datetime) -> None:
    """To whoever does not see it, it is not there."""
    must_see(tx, viewer, request_id, now=now)
    approvals.withdraw_by_person(tx, request_id, actor=actor, reason=reason, now=now)


def mark_read(tx: Tx, request_id: int, *, viewer: Viewer, actor: Actor, channel: str, now: datetime) -> None:
    must_take_part(tx, viewer, request_id, now=now)
    reading.mark_read(tx, request_id, actor=actor, channel=channel, now=now)


def ask(tx: Tx, request_id: int, *, viewer: Viewer, actor: Actor, to: str, text: str, now: datetime) -> int:
    must_take_part(tx, viewer, request_id, now=now)
    return talking.ask_question(tx, request_id, to_id=named(tx, to), text=text, actor=actor, now=now)


def transfer(
    tx: Tx, task_id: int, *, to: str, actor: Actor, task_revision: int, reason: str, now: datetime
) -> int:
    return handing.transfer(
        tx, task_id, named(tx, to), actor=actor, task_revision=task_revision, reason=reason, now=now
    )


def add(
    tx: Tx,
    task_id: int,
    *,
    persons: Sequence[str],
    actor: Actor,
    task_revision: int,
    placed: Placed,
    method: str,
    reason: str,
    now: datetime,
) -> Added:
    ids = [named(tx, one, field="persons") for one in persons]
    return adding.add(
        tx, task_id, ids, actor=actor, task_revision=task_revision, placed=placed, method=method,
        reason=reason, now=now,
    )  # fmt: skip


def reassign(tx: Tx, task_id: int, *, to: str, actor: Actor, reason: str, now: datetime) -> int:
    return approvals.reassign(tx, task_id, named(tx, to), actor=actor, reason=reason, now=now)


def of_account(tx: Tx, account: str) -> int:
    """The person that an address names. NotFound("no_person")."""
    card = people.person_by_account(tx, account)
    if card is None:
        raise NotFound("no_person", f"there is no account {account}", account=account)
    return card.id


def desk_of(tx: Tx, account: str, *, now: datetime) -> Holdings:
    return holdings(tx, of_account(tx, account), now=now)


def hand_over(tx: Tx, account: str, *, to: str, actor: Actor, reason: str, now: datetime) -> HandedOver:
    leaver, taker = of_account(tx, account), named(tx, to)
    return approvals.hand_over(tx, leaver, taker, reason=reason, actor=actor, now=now)


def attachments(tx: Tx, request_id: int, *, viewer: Viewer, now: datetime) -> list[AttachmentView]:
    """Those of fields that are closed to him are not there."""
    sight = must_take_part(tx, viewer, request_id, now=now)
    hidden, version = hidden_for(tx, request_id, sight)
    shut = _shut(tx, request_id, hidden, None if version is None else version.document)
    return [one for one in files.of_request(tx, request_id) if one.sha256 not in shut]


def _shut(tx: Tx, request_id: int, hidden: frozenset[str], document: TypeDocument | None) -> set[str]:
    if not hidden or document is None:
        return set()
    form = contents.current(tx, request_id).form
    fields = [one.name for one in document.form.fields if one.type == "file"]
    closed = {str(sha) for name in fields if name in hidden for sha in named_in(form, name)}
    shown = {str(sha) for name in fields if name not in hidden for sha in named_in(form, name)}
    return closed - shown


def open_attachment(
    tx: Tx, request_id: int, attachment_id: int, *, viewer: Viewer, actor: Actor, now: datetime
) -> AttachmentView:
    """He is given the file, and that is on record where he is a person of the matter."""
    found = {one.id: one for one in attachments(tx, request_id, viewer=viewer, now=now)}
    if attachment_id not in found:
        raise NotFound("no_attachment", "this request has no such file", id=attachment_id)
    readable = files.readable(tx, request_id, attachment_id)
    if "auditor" not in viewer.roles:
        mark_opened(tx, request_id, attachment_id, actor=actor, now=now)
    return readable


def attach_to_comment(
    tx: Tx, request_id: int, *, viewer: Viewer, actor: Actor, remark: int, stored: Stored, now: datetime
) -> AttachmentView:
    must_take_part(tx, viewer, request_id, now=now)
    number = attaching.attach(
        tx, request_id, stored=stored, kind="comment", remark_id=remark, actor=actor, now=now
    )
    return files.by_id(tx, request_id, number)


def sign(tx: Tx, decision_id: int, *, stored: Stored, actor: Actor, now: datetime) -> AttachmentView:
    number = attaching.sign(tx, decision_id, stored=stored, actor=actor, now=now)
    request_id = tx.execute(select(decisions.c.request_id).where(decisions.c.id == decision_id)).scalar_one()
    return files.by_id(tx, request_id, number)


def may_sign(tx: Tx, decision_id: int, *, person_id: int) -> None:
    """Before the bytes of a signature are taken. NotFound("no_decision"); Forbidden("not_yours")."""
    whose = tx.execute(select(decisions.c.person_id).where(decisions.c.id == decision_id)).scalar()
    if whose is None:
        raise NotFound("no_decision", "there is no such decision", id=decision_id)
    if whose != person_id:
        raise Forbidden("not_yours", "a decision is signed by who took it")


def revoke(tx: Tx, request_id: int, *, viewer: Viewer, actor: Actor, reason: str, now: datetime) -> Submitted:
    must_see(tx, viewer, request_id, now=now)
    return approvals.revoke(tx, request_id, actor=actor, reason=reason, now=now)
