"""B9: closed requests on a new version in thought: who would have been asked, against who did decide. Nothing is written.

Each is walked with its stored form and applicant, in the organisation of the day on which it was submitted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from approval_core.approvals.foreseeing import Walk
from approval_core.approvals.foreseen import BranchAhead, StepAhead
from approval_core.approvals.models import Decision, Request, Step, Task
from approval_core.approvals.rules import blocks
from approval_core.approvals.thought import thought
from approval_core.clock import OFFICE_ZONE
from approval_core.columns import table_of
from approval_core.definitions.queries import Version
from approval_core.definitions.rules.document import TypeDocument, load_document
from approval_core.definitions.rules.forms import check_form
from approval_core.errors import Invalid
from approval_core.people.models import persons
from approval_core.people.queries.remembering import moments_of_change, remembering
from approval_core.store import Tx

requests, steps, tasks, decisions = table_of(Request), table_of(Step), table_of(Task), table_of(Decision)

#: Requests read at a time, and examples kept of each difference.
CHUNK, EXAMPLES = 500, 5
KINDS = ("others", "left", "new", "gone", "stops")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Example:
    """`did`: accounts that decided; `would`: that would be asked."""

    ref: str
    did: tuple[str, ...]
    would: tuple[str, ...]


@dataclass(slots=True)
class StepDifference:
    """A step of the new version against what was decided.

    `same`: whoever decided would be asked; `others`: somebody else; `left`: as others, but who decided has left since;
    `new`: approved without this step, which would be asked; `gone`: decided, and not on the new way; `stops`: the new
    version finds nobody. `passes`: nobody would be asked any more (F10, F11).
    """

    step: str
    same: int = 0
    others: int = 0
    left: int = 0
    new: int = 0
    gone: int = 0
    stops: int = 0
    passes: int = 0
    examples: dict[str, list[Example]] = field(default_factory=dict)


@dataclass(slots=True)
class Differences:
    """`unfit`: requests whose form the new version refuses, with the fields; `unanswered`: a condition has no answer."""

    type: str
    requests: int = 0
    same: int = 0
    unfit: int = 0
    unfit_fields: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0
    steps: dict[str, StepDifference] = field(default_factory=dict)

    def at(self, step: str) -> StepDifference:
        return self.steps.setdefault(step, StepDifference(step))


@dataclass(slots=True)
class Decided:
    """What was decided in one step of one request: those who were asked by its rules and spoke, or for whom others did."""

    persons: set[int] = field(default_factory=set)


def replay(
    tx: Tx,
    type_name: str,
    text: str,
    *,
    since: datetime | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Differences:
    """The newest first, at most `limit`, closed since. Invalid("bad_document" | "other_type")."""
    document = load_document(text)
    if document.type != type_name:
        raise Invalid(
            "other_type", f"the text is of type {document.type}, not {type_name}", type=document.type
        )
    if document.given:
        raise Invalid("no_route", f"{type_name} is for other systems: they bring their own steps")
    ids = _closed(tx, type_name, since, limit)
    run = _Run(tx, document)
    for start in range(0, len(ids), CHUNK):
        run.requests(ids[start : start + CHUNK])
        if progress is not None:
            progress(min(start + CHUNK, len(ids)), len(ids))
    return run.found


def _closed(tx: Tx, type_name: str, since: datetime | None, limit: int | None) -> list[int]:
    wanted = select(requests.c.id).where(
        requests.c.type == type_name,
        requests.c.type_version_id.is_not(None),
        requests.c.state.in_(("approved", "rejected")),
    )
    if since is not None:
        wanted = wanted.where(requests.c.closed_at >= since)
    wanted = wanted.order_by(requests.c.id.desc())
    return list(tx.execute(wanted if limit is None else wanted.limit(limit)).scalars())


class _Run:
    def __init__(self, tx: Tx, document: TypeDocument) -> None:
        self.tx, self.document = remembering(tx), document
        self.version = Version(0, document.type, 0, document, document.route_json())
        self.found = Differences(document.type)
        self.changes = moments_of_change(tx)
        rows = tx.execute(select(persons.c.id, persons.c.account, persons.c.state)).all()
        self.accounts = {row.id: row.account for row in rows}
        self.gone = {row.id for row in rows if row.state != "active"}
        self.form_alone = _without_rules(document)

    def requests(self, ids: Sequence[int]) -> None:
        wanted = select(
            requests.c.id, requests.c.source_ref, requests.c.form, requests.c.chosen, requests.c.applicant_id,
            requests.c.unit_id, requests.c.submitted_at, requests.c.state,
        ).where(requests.c.id.in_(ids)).order_by(requests.c.id)  # fmt: skip
        decided = _decided(self.tx, ids)
        for row in self.tx.execute(wanted).all():
            self._one(row, decided.get(row.id, {}))

    def _one(self, row: Any, decided: Mapping[str, Decided]) -> None:
        found = self.found
        found.requests += 1
        form = self._form(row.form)
        journey = thought(
            self.tx, self.version, form=form, chosen=row.chosen or {}, applicant_id=row.applicant_id,
            unit_id=row.unit_id, now=self._moment(row.submitted_at),
            today=row.submitted_at.astimezone(OFFICE_ZONE).date(),
        )  # fmt: skip
        walk = Walk(journey)
        walk.sequence(blocks.ROOT)
        ahead = {one.block: one for one in walk.entries if isinstance(one, StepAhead)}
        unanswered = any(isinstance(one, BranchAhead) and not one.taken for one in walk.entries)
        found.unanswered += unanswered
        alike = [self._step(row, one, decided) for one in ahead.values()]
        for block, one in decided.items():
            if block not in ahead:
                alike.append(False)
                self._note(row.source_ref, block, "gone", one.persons, ())
        found.same += all(alike) and not unanswered

    def _step(self, row: Any, one: StepAhead, decided: Mapping[str, Decided]) -> bool:
        """Whether it is as it was."""
        there = decided.get(one.block)
        would = {who.person.person_id for who in one.people}
        did = set() if there is None else there.persons
        step = self.found.at(one.block)
        step.passes += one.outcome == "passes"
        if one.outcome == "stops":
            kind = "stops" if there is not None or row.state == "approved" else None
        elif there is None:
            kind = "new" if row.state == "approved" and one.outcome in ("asks", "choose") else None
        elif did <= would or one.outcome in ("later", "choose"):
            step.same += 1
            kind = None
        else:
            kind = "left" if did - would <= self.gone else "others"
        if kind is not None:
            self._note(row.source_ref, one.block, kind, did, [who.person.person_id for who in one.people])
        return kind is None

    def _note(self, ref: str, block: str, kind: str, did: set[int], would: Sequence[int]) -> None:
        step = self.found.at(block)
        setattr(step, kind, getattr(step, kind) + 1)
        kept = step.examples.setdefault(kind, [])
        if len(kept) < EXAMPLES:
            names = tuple(sorted(self.accounts.get(one, "?") for one in did))
            kept.append(Example(ref, names, tuple(self.accounts.get(one, "?") for one in would)))

    def _form(self, form: Mapping[str, Any]) -> Mapping[str, Any]:
        """The form as the new version stores it; as it is, and counted, where that is refused."""
        names = {one.name for one in self.document.form.fields}
        try:
            return check_form(self.form_alone, {name: value for name, value in form.items() if name in names})
        except Invalid as refused:
            self.found.unfit += 1
            for name in refused.data.get("fields", {}):
                self.found.unfit_fields[name] = self.found.unfit_fields.get(name, 0) + 1
            return form

    def _moment(self, at: datetime) -> datetime:
        """The beginning of the time in which nothing changed in the organisation: all its days answer alike."""
        place = bisect_right(self.changes, at)
        return self.changes[place - 1] if place else at


def _without_rules(document: TypeDocument) -> TypeDocument:
    """Rules of a form may speak of the day on which it was filled in: that day is over."""
    if not document.form.rules:
        return document
    return document.model_copy(update={"form": document.form.model_copy(update={"rules": []})})


def _decided(tx: Tx, ids: Sequence[int]) -> dict[int, dict[str, Decided]]:
    """By request and block: whose word counted. A task that was handed on counts for the one whom the rules named."""
    rows = tx.execute(
        select(
            steps.c.request_id, steps.c.block, tasks.c.person_id, tasks.c.from_task_id
        )
        .select_from(
            decisions.join(tasks, tasks.c.id == decisions.c.task_id)
            .join(steps, steps.c.id == decisions.c.step_id)
            .join(requests, requests.c.id == steps.c.request_id)
        )
        .where(
            decisions.c.request_id.in_(ids), decisions.c.state == "effective", steps.c.revision == requests.c.revision,
            steps.c.parent_task_id.is_(None),
        )
    ).all()  # fmt: skip
    origins = _origins(tx, {row.from_task_id for row in rows if row.from_task_id is not None})
    found: dict[int, dict[str, Decided]] = {}
    for row in rows:
        there = found.setdefault(row.request_id, {}).setdefault(row.block, Decided())
        there.persons.add(row.person_id if row.from_task_id is None else origins[row.from_task_id])
    return found


def _origins(tx: Tx, wanted: set[int]) -> dict[int, int]:
    """Each task with the person to whom it was put first."""
    first: dict[int, int] = {}
    came: dict[int, int] = {one: one for one in wanted}
    while came:
        rows = tx.execute(
            select(tasks.c.id, tasks.c.person_id, tasks.c.from_task_id).where(
                tasks.c.id.in_(set(came.values()))
            )
        ).all()
        by_id = {row.id: row for row in rows}
        further: dict[int, int] = {}
        for origin, here in came.items():
            row = by_id[here]
            if row.from_task_id is None:
                first[origin] = row.person_id
            else:
                further[origin] = row.from_task_id
        came = further
    return first


def differing(found: Differences) -> Iterator[tuple[StepDifference, str]]:
    """Each step and kind of difference that occurred."""
    for step in found.steps.values():
        for kind in KINDS:
            if getattr(step, kind):
                yield step, kind
