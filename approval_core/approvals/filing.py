"""A person asks for something of one of the office's own types: who may, the form, the number, and the way it will go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from approval_core.approvals.foreseeing import Walk
from approval_core.approvals.journey import Journey, applicant_facts
from approval_core.approvals.models import Numbering, Request
from approval_core.approvals.rules import blocks
from approval_core.approvals.rules.papers import check_attached
from approval_core.approvals.rules.route import Content, Submission
from approval_core.approvals.submitting import Submitted, submit
from approval_core.approvals.thought import thought
from approval_core.clock import OFFICE_ZONE
from approval_core.columns import table_of
from approval_core.definitions import queries as definitions
from approval_core.definitions.queries import Version
from approval_core.definitions.rules.document import TypeDocument
from approval_core.definitions.rules.forms import check_form, lines_in, subject
from approval_core.definitions.rules.known_names import amount_of
from approval_core.errors import Conflict, Forbidden, Invalid, NotFound
from approval_core.files.rules.stored import Stored
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.people.queries import PersonCard
from approval_core.store import Tx
from approval_core.working_time import add_working_days

requests, numbers = table_of(Request), table_of(Numbering)

#: The source of what the office's own people ask for.
SOURCE = "pishi"
#: Who may write down a request for everybody in his unit.
CLERKS = "unit_admin"

_NUMBER = (
    insert(numbers)
    .values(kind=bindparam("kind"), day=bindparam("day"), last=1)
    .on_conflict_do_update(index_elements=[numbers.c.kind, numbers.c.day], set_={"last": numbers.c.last + 1})
    .returning(numbers.c.last)
)
_LIKE_IT = (
    select(requests.c.id, requests.c.source_ref, requests.c.form)
    .where(
        requests.c.source == SOURCE,
        requests.c.type == bindparam("of_type"),
        requests.c.applicant_id == bindparam("of_applicant"),
        requests.c.submitted_at >= bindparam("since"),
        requests.c.revokes_id.is_(None),
        requests.c.revoked_by_id.is_(None),
        or_(requests.c.state == "pending", requests.c.state == "approved", requests.c.state == "returned"),
    )
    .order_by(requests.c.id.desc())
)


@dataclass(frozen=True, slots=True)
class Filing:
    """What a person filled in. `chosen`: accounts by the block that lets the applicant choose."""

    type: str
    form: Mapping[str, Any]
    applicant_id: int | None = None  #: whom it is for, when that is somebody else
    unit_id: int | None = None
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    urgency: int = 0
    #: a `file` field names them by their SHA-256
    papers: tuple[Stored, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """A filing that may be submitted: the version it will run on, and everything about it that was looked up."""

    version: Version
    applicant: PersonCard
    unit_id: int | None
    form: dict[str, Any]
    title: str


def file(tx: Tx, filing: Filing, *, actor: Actor, now: datetime, revokes_id: int | None = None) -> Submitted:
    """Takes the request and opens its first step.

    NotFound("no_type"); Forbidden("not_an_applicant" | "not_for_him"); Invalid("bad_form" with the fields | "not_your_unit"
    | "not_chosen" with the blocks); Conflict("duplicate") naming the earlier one.
    """
    checked = check(tx, filing, actor=actor, now=now)
    if revokes_id is None:
        _refuse_duplicate(tx, checked, now=now)
    refuse_unchosen(tx, checked, filing.chosen, now=now)
    document, applicant = checked.version.document, checked.applicant
    check_attached(document, checked.form, {one.sha256 for one in filing.papers})
    submission = Submission(
        source=SOURCE,
        ref=next_number(tx, filing.type, now=now),
        type=filing.type,
        content=Content(checked.title, summary(document, checked.form), checked.form),
        applicant=applicant.account,
        on_reject=document.on_reject,
        hold_seconds=document.hold,
        sms=document.sms != "none",
        urgency=filing.urgency,
        expires_at=None if document.expires is None else add_working_days(now, document.expires),
        route=checked.version.route,
        type_version_id=checked.version.id,
        unit_id=checked.unit_id,
        submitter_id=None if actor.person_id == applicant.id else actor.person_id,
        amount=amount_of(document, checked.form),
        chosen={block: list(accounts) for block, accounts in filing.chosen.items()},
        revokes_id=revokes_id,
        papers=filing.papers,
    )
    return submit(tx, submission, actor=actor, now=now)


def check(tx: Tx, filing: Filing, *, actor: Actor, now: datetime) -> Checked:
    """Everything that can be said against a filing before it is submitted; nothing is written."""
    version = definitions.current(tx, filing.type)
    if version is None:
        raise NotFound("no_type", f"there is no request type {filing.type}", type=filing.type)
    if version.document.given:
        raise Invalid("no_route", f"{filing.type} is for other systems: they bring their own steps")
    applicant = applicant_of(tx, filing, actor, now=now)
    unit_id = _unit(tx, filing, applicant, now=now)
    facts = applicant_facts(tx, applicant.id, unit_id, now=now)
    _refuse_stranger(tx, version.document, applicant, facts["unit"], now=now)
    if not 0 <= filing.urgency <= 2:
        raise Invalid("bad_urgency", "urgency is 0 ordinary, 1 urgent or 2 extra urgent")
    form = check_form(version.document, filing.form, applicant=facts, today=_day(now))
    title = subject(version.document, form, "zh", applicant=applicant.name, unit=facts["unit"])
    return Checked(version, applicant, unit_id, form, title)


def applicant_of(tx: Tx, filing: Filing, actor: Actor, *, now: datetime) -> PersonCard:
    """For whom it is filed: whoever files it, or one for whom he may."""
    if actor.person_id is None:
        raise Forbidden("not_a_person", "only a person files a request")
    if filing.applicant_id in (None, actor.person_id):
        return people.person_by_id(tx, actor.person_id, now=now)
    assert filing.applicant_id is not None  # noqa: S101  # told apart above
    other = people.person_by_id(tx, filing.applicant_id, now=now)
    secretaries = {one.id for one in people.secretaries_of(tx, other.id, now)}
    clerks = {
        one.id
        for unit_id in other.unit_ids
        for one in people.holders_of_role(tx, CLERKS, now, unit_id=unit_id)
    }
    if other.state != "active" or actor.person_id not in secretaries | clerks:
        raise Forbidden("not_for_him", f"you may not file for {other.name}", account=other.account)
    return other


def _unit(tx: Tx, filing: Filing, applicant: PersonCard, *, now: datetime) -> int | None:
    if filing.unit_id is None:
        return people.unit_of(tx, applicant.id, now=now)
    if filing.unit_id not in applicant.unit_ids:
        raise Invalid("not_your_unit", f"{applicant.name} has no post in that unit", units=applicant.units)
    return filing.unit_id


def _refuse_stranger(
    tx: Tx, document: TypeDocument, applicant: PersonCard, unit: str, *, now: datetime
) -> None:
    holders = {
        role: {one.id for one in people.holders_of_role(tx, role, now)} for role in document.applicants.roles
    }
    if not is_for(document, applicant.id, applicant.rank, unit, holders):
        raise Forbidden(
            "not_an_applicant", f"{applicant.name} may not file {document.type}", type=document.type
        )


def is_for(
    document: TypeDocument, person_id: int, rank: str, unit: str, holders: Mapping[str, Set[int]]
) -> bool:
    """Only those the type is for: any rank, unit or role that it names will do. `holders`: of those roles."""
    wanted = document.applicants
    if not (wanted.roles or wanted.units or wanted.ranks):
        return True
    held = any(person_id in holders[role] for role in wanted.roles)
    return held or rank in wanted.ranks or unit in wanted.units


def _refuse_duplicate(tx: Tx, checked: Checked, *, now: datetime) -> None:
    rule = checked.version.document.duplicates
    if rule is None:
        return
    since = now - timedelta(days=rule.within_days)
    for row in tx.run(_LIKE_IT, of_type=checked.version.type, of_applicant=checked.applicant.id, since=since):
        if all(row.form.get(name) == checked.form.get(name) for name in rule.fields):
            raise Conflict(
                "duplicate", f"the same was asked for in {row.source_ref}", ref=row.source_ref, id=row.id
            )


def journey_of(tx: Tx, checked: Checked, chosen: Mapping[str, Sequence[str]], *, now: datetime) -> Journey:
    """The way it would go, in thought."""
    return thought(
        tx, checked.version, form=checked.form, chosen=chosen, applicant_id=checked.applicant.id,
        unit_id=checked.unit_id, applicant=checked.applicant.name, title=checked.title, now=now,
    )  # fmt: skip


def refuse_unchosen(tx: Tx, checked: Checked, chosen: Mapping[str, Sequence[str]], *, now: datetime) -> None:
    """Whom the applicant chooses must be chosen before the request goes on its way, and within what he may choose."""
    if not _lets_choose(checked.version.route):
        return
    walk = Walk(journey_of(tx, checked, chosen, now=now))
    walk.sequence(blocks.ROOT)
    missing = {one.block: one for one in walk.choices if one.problem is not None}
    if missing:
        said = {block: one.why or {} for block, one in missing.items()}
        raise Invalid(
            "not_chosen",
            "; ".join(f"{block}: {words.get('en', '')}" for block, words in said.items()),
            blocks={
                block: {"problem": one.problem, "zh": said[block].get("zh"), "en": said[block].get("en")}
                for block, one in missing.items()
            },
        )


def _lets_choose(route: blocks.Route) -> bool:
    return any(
        rule["rule"] == "SELECT_BY_APPLICANT"
        for _, block in blocks.walk(route)
        if "step" in block
        for rule in (
            *block["approvers"],
            *(block["when_empty"] if isinstance(block.get("when_empty"), list) else ()),
        )
    )


def next_number(tx: Tx, kind: str, *, now: datetime) -> str:
    """类别-YYYYMMDD-序号, without a gap: whoever asks at the same time waits for the other's commit."""
    day = f"{_day(now):%Y%m%d}"
    number: int = tx.run(_NUMBER, kind=kind, day=day).scalar()
    return f"{kind}-{day}-{number:04d}"


def summary(document: TypeDocument, form: Mapping[str, Any]) -> str:
    """The fields that may be told outside the house, one on a line (F44)."""
    return "\n".join(f"{label}:{words}" for label, words in lines_in(document, form, "sms", "zh"))


def _day(now: datetime) -> date:
    return now.astimezone(OFFICE_ZONE).date()
