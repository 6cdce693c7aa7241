"""F39: an approver writes into the form while he decides. What is decided on is then another content: its hash is new, and
whoever else is asked at that moment is asked again. What was decided before stays (F40 keeps old and new)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import bindparam, func, or_, select, update

from approval_core import audit
from approval_core.approvals import contents, opening, stepping
from approval_core.approvals.content_models import ContentRevision, FieldChange
from approval_core.approvals.contents import Writing
from approval_core.approvals.filing import summary
from approval_core.approvals.journey import Journey, applicant_facts
from approval_core.approvals.models import Provisional, Request, Step, Task
from approval_core.approvals.recording import Given
from approval_core.approvals.rules.content import field_digest
from approval_core.approvals.rules.papers import check_attached
from approval_core.approvals.rules.policy import unfilled
from approval_core.clock import OFFICE_ZONE
from approval_core.columns import table_of
from approval_core.definitions.rules.forms import check_changes, subject
from approval_core.definitions.rules.known_names import amount_of
from approval_core.errors import Invalid
from approval_core.files import queries as files
from approval_core.inbox import service as inbox
from approval_core.people.actor import Actor
from approval_core.store import Row

requests, steps, tasks = table_of(Request), table_of(Step), table_of(Task)
revisions, changes, provisionals = table_of(ContentRevision), table_of(FieldChange), table_of(Provisional)

_WRITE = (
    update(requests)
    .where(requests.c.id == bindparam("of_request"))
    .values(
        title=bindparam("new_title"),
        summary=bindparam("new_summary"),
        form=bindparam("new_form"),
        salts=bindparam("new_salts"),
        content_hash=bindparam("new_hash"),
        amount=bindparam("new_amount"),
        changed_at=bindparam("at"),
    )
)
_OTHERS = (
    select(tasks.c.id, steps.c.block)
    .join(steps, steps.c.id == tasks.c.step_id)
    .where(
        tasks.c.request_id == bindparam("of_request"),
        tasks.c.state == "open",
        tasks.c.id != bindparam("but"),
        tasks.c.step_id != bindparam("but_step"),
    )
    .order_by(tasks.c.id)
)
_RAISE = (
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"))
    .values(revision=tasks.c.revision + 1, opened_at=bindparam("at"))
    .returning(tasks.c.id, tasks.c.person_id, tasks.c.revision)
)
_VOID_PROVISIONAL = (
    update(provisionals)
    .where(
        provisionals.c.request_id == bindparam("of_request"),
        provisionals.c.state == "open",
        provisionals.c.task_id != bindparam("but"),
    )
    .values(state="void", closed_at=bindparam("at"))
)
_OPEN_STEPS = select(steps.c.id, steps.c.block, steps.c.sms).where(
    steps.c.request_id == bindparam("of_request"), or_(steps.c.state == "active", steps.c.state == "waiting")
)
_BY_SMS = update(steps).where(steps.c.id == bindparam("of_step")).values(sms=bindparam("new_sms"))
_LAST_SUBMITTED = select(func.max(revisions.c.at)).where(revisions.c.request_id == bindparam("of_request"))
_WRITTEN_WITH = (
    select(changes.c.field, changes.c.old, changes.c.new)
    .where(changes.c.decision_id == bindparam("of_decision"))
    .order_by(changes.c.id)
)


@dataclass(frozen=True, slots=True)
class Written:
    """`journey`: the request as it is now."""

    journey: Journey
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    block: str


def write(journey: Journey, task: Row, given: Given) -> Written | None:
    """None: he wrote nothing. Invalid("bad_form") names what he may not write, what does not fit, and what his step must
    have filled before it approves. People brought in by somebody, and whoever decides on a revocation, only read."""
    wanted = given.form or {}
    if journey.version is None or journey.matter.revokes_id is not None or task.parent_task_id is not None:
        _refuse(list(wanted), "may not be changed in this step", "本环节不可修改")
        return None
    if not wanted:
        if given.verdict == "approve":
            block = journey.named_block(task.block) or {}
            _refuse(unfilled(block, journey.form), "must be given in this step", "本环节必填")
        return None
    before = journey.form
    after = _checked(journey, task.block, wanted, approving=given.verdict == "approve")
    if not contents.differing(before, after):
        return None
    return Written(_put(journey, task, after, given.actor), before, after, task.block)


def note(written: Written, decision_id: int, actor: Actor) -> None:
    """The history of the fields names the decision that they came with."""
    matter = written.journey.matter
    contents.note(
        written.journey.tx, matter.id, matter.revision, written.before, written.after,
        Writing(actor, written.block, decision_id), now=written.journey.now,
    )  # fmt: skip


def take_back(journey: Journey, task: Row, decision_id: int, actor: Actor) -> Journey:
    """With a decision goes what was written with it, where nobody has written there since. `task`: with its step."""
    if journey.matter.type_version_id is None:
        return journey
    rows = journey.tx.run(_WRITTEN_WITH, of_decision=decision_id).all()
    if not rows:
        return journey
    before = journey.form
    back = {row.field: row.old for row in rows if before.get(row.field) == row.new}
    if not back:
        return journey
    after = {**before, **back}
    now_it_is = _put(journey, task, after, actor)
    contents.note(
        journey.tx, journey.matter.id, journey.matter.revision, before, after, Writing(actor, task.block),
        now=journey.now,
    )  # fmt: skip
    return now_it_is


def _checked(journey: Journey, step_id: str, wanted: Mapping[str, Any], *, approving: bool) -> dict[str, Any]:
    assert journey.version is not None  # noqa: S101  # `write` asks before
    document, tx = journey.version.document, journey.tx
    mine = {one.name: journey.form.get(one.name) for one in document.form.fields}
    facts = applicant_facts(tx, journey.matter.applicant_id, journey.matter.unit_id, now=journey.now)
    form = check_changes(
        document, step_id, mine, wanted, deciding=approving, applicant=facts, today=_day_of_the_form(journey)
    )
    changed = {name: form[name] for name in wanted if form.get(name) != mine.get(name)}
    check_attached(document, changed, set(files.digests(tx, journey.matter.id).values()))
    return {**journey.form, **form}


def _day_of_the_form(journey: Journey) -> date:
    """The rules of a form are about the day on which it was submitted last, however long its approvers take."""
    last = journey.tx.run(_LAST_SUBMITTED, of_request=journey.matter.id).scalar()
    at = last or journey.content.submitted_at
    day: date = at.astimezone(OFFICE_ZONE).date()
    return day


def _refuse(names: list[str], en: str, zh: str) -> None:
    if names:
        said = "; ".join(f"{name}: {en}" for name in names)
        raise Invalid("bad_form", said, fields=dict.fromkeys(names, en), zh=dict.fromkeys(names, zh))


def _put(journey: Journey, task: Row, after: Mapping[str, Any], actor: Actor) -> Journey:
    """The new content with its title, amount and hash, on record and on the lists; the others are asked anew."""
    assert journey.version is not None  # noqa: S101  # as above
    tx, matter, now, document = journey.tx, journey.matter, journey.now, journey.version.document
    row = contents.current(tx, matter.id)
    title, words = _words(journey, row, after)
    papers = files.digests(tx, matter.id)
    old = contents.whole(row.type, row.title, row.summary, row.applicant, row.form, papers)
    new = contents.whole(row.type, title, words, row.applicant, after, papers)
    kept = {name: salt for name, salt in row.salts.items() if name in new and old.get(name) == new[name]}
    salted = contents.salted(new, kept)
    amount = amount_of(document, after)
    tx.run(
        _WRITE, of_request=matter.id, new_title=title, new_summary=words, new_form=dict(after),
        new_salts=salted["salts"], new_hash=salted["content_hash"], new_amount=amount, at=now,
    )  # fmt: skip
    matter = replace(matter, title=title, amount=amount, content_hash=salted["content_hash"])
    names = contents.differing(row.form, after)
    audit.append(
        tx, chain=matter.chain, actor=actor.name, verb="fields.changed", thing=f"request:{matter.id}",
        data={
            "revision": matter.revision, "content_hash": matter.content_hash, "task_id": task.task_id,
            "block": task.block,
            "fields": {n: field_digest(salted["salts"][f"form.{n}"], after.get(n)) for n in names},
        },
        now=now,
    )  # fmt: skip
    stepping.tell(
        tx, matter, "fields.changed", task_id=task.task_id, person_id=actor.person_id, fields=names, now=now
    )
    changed = Journey(tx, matter, now)
    if title != row.title:
        inbox.retitle(tx, matter.id, title)
    if amount != journey.matter.amount:
        _sms_anew(changed)
    _ask_others(changed, task)
    return changed


def _words(journey: Journey, row: Row, after: Mapping[str, Any]) -> tuple[str, str]:
    """Title and summary, where they say something else than with the form before."""
    assert journey.version is not None  # noqa: S101  # as above
    document, matter = journey.version.document, journey.matter
    facts = applicant_facts(journey.tx, matter.applicant_id, matter.unit_id, now=journey.now)

    def titled(form: Mapping[str, Any]) -> str:
        return subject(document, form, "zh", applicant=row.applicant, unit=facts["unit"])

    title = row.title if titled(row.form) == titled(after) else titled(after)
    same = summary(document, row.form) == summary(document, after)
    return title, row.summary if same else summary(document, after)


def _sms_anew(journey: Journey) -> None:
    """With another amount an SMS may do something else in the steps that are open."""
    for step in journey.tx.run(_OPEN_STEPS, of_request=journey.matter.id).all():
        block = journey.named_block(step.block)
        if block is not None and "step" in block:
            mode = journey.policy.sms_in(block, journey.matter.amount)
            if mode != step.sms:
                journey.tx.run(_BY_SMS, of_step=step.id, new_sms=mode)


def _ask_others(journey: Journey, task: Row) -> None:
    """What they were shown is no longer what they would decide on: what was sent to them is void, and they are asked anew.
    Those who stop being asked with this very decision are left alone."""
    tx, matter, now = journey.tx, journey.matter, journey.now
    tx.run(_VOID_PROVISIONAL, of_request=matter.id, but=task.task_id, at=now)
    but_step = task.step_id if task.mode == "any" else 0
    for other in tx.run(_OTHERS, of_request=matter.id, but=task.task_id, but_step=but_step).all():
        raised = tx.run(_RAISE, of_task=other.id, at=now).one()
        stepping.rest(tx, matter, other.id, raised.revision - 1, reason="changed", now=now)
        opening.asked_anew(journey, raised, block=other.block)
