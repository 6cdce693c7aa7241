"""F45: the sheet of a real request, gathered from what is on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from approval_core import audit
from approval_core.approvals import service as approvals
from approval_core.approvals.models import Task
from approval_core.approvals.service import Content
from approval_core.columns import table_of
from approval_core.errors import Forbidden, NotFound
from approval_core.files import service as files
from approval_core.files.scanning import StandInScanner
from approval_core.files.storage import Storage
from approval_core.files.taking import take
from approval_core.people.actor import Actor
from approval_core.sheets.queries import build, signature_files
from approval_core.sheets.render import render
from approval_core.sheets.service import record_export
from approval_core.store import Store, Tx
from tests.approval_core.files.papers import PDF, image
from tests.factories import BY_APP, BY_SMS, CLIENT, after, ask, hire, step

tasks = table_of(Task)


@pytest.fixture
def secretary(store: Store) -> Actor:
    return hire(store, "zhangms", name="张秘书")


def open_task(tx: Tx, person: int) -> Any:
    return tx.execute(select(tasks).where(tasks.c.person_id == person, tasks.c.state == "open")).one()


def decide(
    store: Store, who: Actor, verdict: str, at: float, comment: str = "", evidence: Any = BY_APP
) -> int:
    assert who.person_id is not None
    task = store.read(open_task, who.person_id)
    decided = store.write(
        approvals.decide, task.id, actor=who, evidence=evidence, verdict=verdict,
        task_revision=task.revision, comment=comment, now=after(at),
    )  # fmt: skip
    return decided.decision_id


def test_f45_the_sheet_of_a_request_shows_what_stands_and_what_does_not(
    store: Store, secretary: Actor, tmp_path: Path
) -> None:
    head, leader = hire(store, "wangzhe", name="王喆"), hire(store, "lijuzhang", name="李局长")
    request_id = ask(
        store, step("wangzhe"), step("lijuzhang"), hold_seconds=0, form={"days": 3, "bank": "6222"}
    ).request_id
    paper = take([PDF], name="假条.pdf", declared=None, storage=Storage(tmp_path), scanner=StandInScanner())
    store.write(files.attach_at_submission, request_id, [paper], actor=CLIENT, now=after(1))
    decide(store, head, "approve", 10, "第一次同意")
    content = Content("申请年休假2天", "5月6日起", {"days": 2, "bank": "6222"})
    store.write(approvals.revise, request_id, content=content, actor=CLIENT, now=after(20))
    first = decide(store, head, "approve", 30, "同意", BY_SMS)
    stroke = take(
        [image("PNG")], name="签名.png", declared=None, storage=Storage(tmp_path), scanner=StandInScanner()
    )
    store.write(files.sign, first, stored=stroke, actor=head, now=after(31))

    shown = store.read(
        build, request_id, viewer=secretary, now=after(99), labels={"days": "天数"}, hidden={"bank"}
    )

    assert [(one.label, one.value) for one in shown.fields] == [("天数", "2"), ("bank", None)]
    said = [
        (block.number, one.account, one.verdict, one.comment, one.channel)
        for block in shown.steps
        for one in block.opinions
    ]
    assert said == [(1, "wangzhe", "approve", "同意", "sms"), (2, "lijuzhang", None, "", "")]
    assert [(one.comment, one.state) for one in shown.former] == [("第一次同意", "superseded")]
    assert [one.name for one in shown.files] == ["假条.pdf"]
    assert signature_files(shown) == (stroke.sha256,)
    assert (shown.revision, shown.state, shown.printed_by) == (2, "pending", "张秘书")
    assert [one.verb for one in shown.trail][:2] == ["submitted", "file.attached"]
    assert shown.receipt is None
    assert render(shown).startswith(b"%PDF")
    decide(store, leader, "approve", 110)
    assert store.read(build, request_id, viewer=secretary, now=after(120)).state == "approved"


def test_f45_an_opinion_that_was_taken_back_is_struck_and_the_task_is_open_again(
    store: Store, secretary: Actor
) -> None:
    head = hire(store, "wangzhe", name="王喆")
    request_id = ask(store, step("wangzhe")).request_id
    decision_id = decide(store, head, "approve", 10)
    store.write(approvals.undo, decision_id, actor=head, evidence=BY_APP, now=after(20))

    shown = store.read(build, request_id, viewer=secretary, now=after(99))

    assert [(one.verdict, one.state) for one in shown.steps[0].opinions] == [(None, "open")]
    assert [(one.verdict, one.state) for one in shown.former] == [("approve", "undone")]


def test_f45_the_sheet_names_its_place_in_the_signed_log(store: Store, secretary: Actor) -> None:
    hire(store, "wangzhe")
    request_id = ask(store, step("wangzhe")).request_id
    store.write(audit.sequence, now=after(5), key=Ed25519PrivateKey.generate())

    shown = store.read(build, request_id, viewer=secretary, now=after(99))

    assert shown.receipt is not None
    assert shown.receipt.startswith("leaf ")
    assert "checkpoint 1 (" in shown.receipt


def test_f45_a_long_trail_is_cut_at_its_beginning_and_says_so(store: Store, secretary: Actor) -> None:
    hire(store, "wangzhe")
    request_id = ask(store, step("wangzhe")).request_id
    for n in range(80):
        store.write(approvals.remark, request_id, actor=secretary, text=str(n), now=after(n))

    shown = store.read(build, request_id, viewer=secretary, now=after(99))

    assert len(shown.trail) == 60
    assert shown.trail[0].seq == shown.trail_left_out + 1
    assert shown.trail[-1].verb == "remarked"


def test_f45_a_sheet_is_printed_for_a_person_and_of_a_request(store: Store, secretary: Actor) -> None:
    with pytest.raises(Forbidden):
        store.read(build, 1, viewer=CLIENT, now=after(0))
    with pytest.raises(NotFound):
        store.read(build, 999, viewer=secretary, now=after(0))


def test_f45_what_left_the_office_is_on_record(store: Store, secretary: Actor) -> None:
    facts = {"what": "sheet", "thing": "request:1", "sha256": "ab" * 32, "actor": secretary, "now": after(1)}
    number = store.write(record_export, **facts)  # type: ignore[arg-type]  # one dict of facts

    row = store.read(
        lambda tx: tx.execute(select(audit.models.entries).where(audit.models.entries.c.id == number)).one()
    )
    assert (row.chain, row.actor, row.verb, row.thing) == (
        "exports",
        "zhangms",
        "exported.sheet",
        "request:1",
    )
    assert store.read(audit.verify).ok
