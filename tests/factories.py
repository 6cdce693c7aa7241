"""Plain functions with working defaults: people, requests and answers for the tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from approval_core.approvals.service import Content, StepPlan, Submission, Submitted, submit
from approval_core.people.actor import Actor, Evidence
from approval_core.people.models import Person, Phone
from approval_core.store import Store, Tx

NOW = datetime(2026, 5, 6, 9, 0, tzinfo=UTC)
CLIENT = Actor(kind="client", name="ctais")
BY_APP = Evidence(channel="app", level=2, ref="app:1")
BY_SMS = Evidence(channel="sms", level=1, ref="sms_inbound:1")


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def insert_person(
    tx: Tx, account: str, *, name: str = "", number: str | None = None, rank: str = "R3"
) -> int:
    person = Person(account=account, emp_no=account, name=name or account, rank=rank)
    tx.session.add(person)
    tx.session.flush()
    assert person.id is not None
    if number:
        tx.session.add(Phone(person_id=person.id, number=number, state="bound", bound_at=NOW))
        tx.session.flush()
    return person.id


def hire(store: Store, account: str, **facts: Any) -> Actor:
    """A person, as an actor."""
    return Actor(kind="person", name=account, person_id=store.write(insert_person, account, **facts))


def step(*approvers: str | tuple[str, int], mode: Any = "any", threshold: int | None = None) -> StepPlan:
    named = tuple(one if isinstance(one, tuple) else (one, 1) for one in approvers)
    return StepPlan(named, mode, threshold)


def submission(*steps: StepPlan, ref: str = "A-1", **facts: Any) -> Submission:
    content = Content(
        facts.pop("title", "申请年休假3天"), facts.pop("summary", "5月6日起"), facts.pop("form", {"days": 3})
    )
    defaults: dict[str, Any] = {
        "source": "ctais",
        "type": "GENERIC",
        "applicant": "王伟",
        "hold_seconds": 120,
        "sms": True,
    }
    return Submission(ref=ref, content=content, steps=steps, **(defaults | facts))


def ask(store: Store, *steps: StepPlan, now: datetime = NOW, **facts: Any) -> Submitted:
    return store.write(submit, submission(*steps, **facts), actor=CLIENT, now=now)
