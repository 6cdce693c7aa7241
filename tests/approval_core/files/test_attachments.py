"""F28: files on requests and comments. F29: a signature bound to its decision."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from approval_core import audit
from approval_core.approvals import service as approvals
from approval_core.approvals.models import Decision, Draft, Remark, Request, Task
from approval_core.approvals.service import Content, submit
from approval_core.audit.models import entries
from approval_core.columns import table_of
from approval_core.errors import Conflict, Forbidden, Invalid, NotFound, OfficeError
from approval_core.files import queries, service
from approval_core.files.models import attachments, blobs
from approval_core.files.scanning import StandInScanner
from approval_core.files.storage import Storage
from approval_core.files.taking import Stored, take
from approval_core.people.actor import Actor
from approval_core.store import Store, Tx
from tests.approval_core.files.papers import PDF, image
from tests.factories import BY_APP, CLIENT, NOW, after, ask, hire, step, submission

requests, drafts = table_of(Request), table_of(Draft)
Take = Callable[..., Stored]


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "files")


@pytest.fixture
def taken(storage: Storage) -> Take:
    def one(name: str = "合同.pdf", content: bytes = PDF) -> Stored:
        return take([content], name=name, declared=None, storage=storage, scanner=StandInScanner())

    return one


@pytest.fixture
def clerk(store: Store) -> Actor:
    return hire(store, "wangwei", name="王伟")


@pytest.fixture
def leader(store: Store) -> Actor:
    return hire(store, "lixiang", name="李想")


def in_state(tx: Tx, request_id: int, state: str) -> None:
    tx.execute(update(requests).where(requests.c.id == request_id).values(state=state))


@pytest.fixture
def draft(store: Store, leader: Actor) -> int:
    request_id = ask(store, step("lixiang")).request_id
    store.write(in_state, request_id, "draft")
    return request_id


def trail(tx: Tx, request_id: int) -> list[tuple[str, dict[str, Any]]]:
    rows = tx.execute(
        select(entries.c.verb, entries.c.data)
        .where(entries.c.chain == f"request:{request_id}", entries.c.verb.like("file.%"))
        .order_by(entries.c.seq)
    )
    return [(row.verb, json.loads(row.data)) for row in rows]


def code_of(work: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    with pytest.raises(OfficeError) as caught:
        work(*args, **kwargs)
    return caught.value.code


def decided(store: Store, request_id: int, leader: Actor) -> int:
    def task_of(tx: Tx) -> Any:
        return tx.execute(select(table_of(Task)).where(table_of(Task).c.request_id == request_id)).one()

    task = store.read(task_of)
    return store.write(
        approvals.decide, task.id, actor=leader, evidence=BY_APP, verdict="approve",
        task_revision=task.revision, now=after(60),
    ).decision_id  # fmt: skip


def test_f28_two_files_of_one_name_and_one_content_lie_on_a_draft(
    store: Store, storage: Storage, draft: int, clerk: Actor, taken: Take
) -> None:
    papers = [taken(), taken("合同.pdf", PDF + b"2 %%EOF"), taken()]
    for stored in papers:
        store.write(service.attach, draft, stored=stored, actor=clerk, now=NOW)

    found = store.read(queries.of_request, draft)

    assert [one.name for one in found] == ["合同.pdf"] * 3
    assert store.read(queries.digests, draft) == {
        "合同.pdf#1": papers[0].sha256,
        "合同.pdf#2": papers[1].sha256,
        "合同.pdf#3": papers[0].sha256,
    }
    assert len(list(storage.stored())) == 2
    assert found[0].sha256 == hashlib.sha256(PDF).hexdigest()
    assert (found[0].uploaded_by, found[0].at, found[0].state) == ("wangwei", NOW, "clean")


def test_f28_the_trail_names_the_file_and_its_digest_and_verifies(
    store: Store, draft: int, clerk: Actor, taken: Take
) -> None:
    stored = taken()
    number = store.write(service.attach, draft, stored=stored, name="新/合同.pdf", actor=clerk, now=NOW)
    store.write(service.detach, draft, number, actor=clerk, now=after(1))
    store.write(service.detach, draft, number, actor=clerk, now=after(2))  # again: nothing more happens

    told = store.read(trail, draft)

    assert [verb for verb, _ in told] == ["file.attached", "file.detached"]
    assert told[0][1]["sha256"] == told[1][1]["sha256"] == stored.sha256
    assert told[0][1]["name"] == "合同.pdf"
    assert store.read(audit.verify).ok


def test_f28_a_file_comes_off_a_draft_and_its_row_stays(
    store: Store, draft: int, clerk: Actor, taken: Take
) -> None:
    number = store.write(service.attach, draft, stored=taken(), actor=clerk, now=NOW)
    store.write(service.detach, draft, number, actor=clerk, now=after(1))

    assert store.read(queries.of_request, draft) == []
    assert store.read(queries.digests, draft) == {}
    assert [one.state for one in store.read(queries.of_request, draft, detached=True)] == ["detached"]
    assert store.read(queries.referred, [taken().sha256]) == {taken().sha256}, "the sweep leaves it"


@pytest.mark.parametrize(
    "state", ["pending", "returned", "approved", "rejected", "withdrawn", "cancelled", "expired"]
)
def test_f28_what_is_decided_on_does_not_change_under_the_deciders(
    store: Store, draft: int, clerk: Actor, taken: Take, state: str
) -> None:
    number = store.write(service.attach, draft, stored=taken(), actor=clerk, now=NOW)
    store.write(in_state, draft, state)

    with pytest.raises(Conflict) as caught:
        store.write(service.attach, draft, stored=taken(), actor=clerk, now=NOW)
    assert caught.value.code == "not_open_for_files"
    assert code_of(store.write, service.detach, draft, number, actor=clerk, now=NOW) == "not_open_for_files"
    assert len(store.read(queries.digests, draft)) == 1


def test_f28_a_request_that_came_back_gets_other_files_with_its_next_revision(
    store: Store, clerk: Actor, leader: Actor, taken: Take
) -> None:
    request_id = store.write(
        submit, submission(step("lixiang"), papers=(taken(),)), actor=CLIENT, now=NOW
    ).request_id
    store.write(in_state, request_id, "returned")
    (old,) = store.read(queries.of_request, request_id)
    assert (
        code_of(store.write, service.detach, request_id, old.id, actor=clerk, now=NOW) == "not_open_for_files"
    )

    store.write(
        approvals.revise, request_id, content=Content("新", "新"), papers=[taken("新.pdf", PDF + b"%%EOF")],
        without=[old.id], actor=CLIENT, now=after(2),
    )  # fmt: skip

    assert list(store.read(queries.digests, request_id)) == ["新.pdf#1"]


def test_f28_files_that_come_with_a_submission_are_there_from_the_start(
    store: Store, leader: Actor, taken: Take
) -> None:
    request_id = ask(store, step("lixiang")).request_id
    papers = [taken(), taken("图.png", image("PNG"))]
    store.write(service.attach_at_submission, request_id, papers, actor=CLIENT, now=NOW)

    assert list(store.read(queries.digests, request_id)) == ["合同.pdf#1", "图.png#1"]


def test_f28_a_comment_carries_its_own_files_and_they_change_nothing_that_is_decided_on(
    store: Store, clerk: Actor, leader: Actor, taken: Take
) -> None:
    request_id = ask(store, step("lixiang")).request_id
    store.write(approvals.remark, request_id, actor=clerk, text="请看附件", now=NOW)
    remark_id = store.read(lambda tx: tx.execute(select(table_of(Remark).c.id)).scalar_one())
    at: dict[str, Any] = {"stored": taken(), "kind": "comment", "now": NOW}
    number = store.write(service.attach, request_id, remark_id=remark_id, actor=clerk, **at)

    assert store.read(queries.by_id, request_id, number).remark_id == remark_id
    assert store.read(queries.digests, request_id) == {}
    assert (
        code_of(store.write, service.attach, request_id, remark_id=remark_id, actor=leader, **at)
        == "not_yours"
    )
    assert code_of(store.write, service.attach, request_id, remark_id=99, actor=clerk, **at) == "no_remark"
    store.write(in_state, request_id, "draft")
    assert code_of(store.write, service.detach, request_id, number, actor=clerk, now=NOW) == "kept"


def test_f28_another_requests_file_is_not_found(store: Store, draft: int, clerk: Actor, taken: Take) -> None:
    number = store.write(service.attach, draft, stored=taken(), actor=clerk, now=NOW)
    other = ask(store, step("lixiang"), ref="A-2").request_id

    assert store.read(queries.by_id, draft, number).id == number
    with pytest.raises(NotFound):
        store.read(queries.by_id, other, number)
    with pytest.raises(NotFound):
        store.write(service.attach, 999, stored=taken(), actor=clerk, now=NOW)


def test_f28_a_request_has_an_end_of_files(
    store: Store, draft: int, clerk: Actor, taken: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_FILES", 2)
    for _ in range(2):
        store.write(service.attach, draft, stored=taken(), actor=clerk, now=NOW)
    with pytest.raises(Invalid, match="at most 2"):
        store.write(service.attach, draft, stored=taken(), actor=clerk, now=NOW)


def test_f28_what_a_later_scan_condemns_is_given_to_nobody_and_not_taken_again(
    store: Store, draft: int, clerk: Actor, taken: Take
) -> None:
    number = store.write(service.attach, draft, stored=taken(), actor=clerk, now=NOW)
    assert store.read(queries.readable, draft, number).id == number

    assert store.write(service.condemn, taken().sha256, reason="Doc.Dropper", actor=clerk, now=after(9)) == 1
    assert store.write(service.condemn, taken().sha256, reason="Doc.Dropper", actor=clerk, now=after(9)) == 0

    with pytest.raises(Forbidden, match="virus"):
        store.read(queries.readable, draft, number)
    assert store.read(queries.of_request, draft)[0].state == "condemned"
    assert (
        code_of(store.write, service.attach, draft, stored=taken(), actor=clerk, now=NOW) == "file_condemned"
    )
    assert [verb for verb, _ in store.read(trail, draft)] == ["file.attached", "file.condemned"]


def test_a_refused_attachment_leaves_no_row(store: Store, draft: int, clerk: Actor, taken: Take) -> None:
    store.write(in_state, draft, "approved")
    with pytest.raises(Conflict):
        store.write(service.attach, draft, stored=taken(), actor=clerk, now=NOW)

    assert store.read(lambda tx: tx.execute(select(blobs)).all()) == []
    assert store.read(lambda tx: tx.execute(select(attachments)).all()) == []


def test_f29_a_signature_is_bound_to_the_decision_and_what_was_decided_on(
    store: Store, leader: Actor, taken: Take
) -> None:
    request_id = ask(store, step("lixiang")).request_id
    decision_id = decided(store, request_id, leader)
    stroke = taken("签名.png", image("PNG"))

    number = store.write(service.sign, decision_id, stored=stroke, actor=leader, now=after(61))

    told = store.read(trail, request_id)[-1][1]
    row = store.read(lambda tx: tx.execute(select(table_of(Decision))).one())
    text = f"signature\n{decision_id}\n{row.content_hash}\n{stroke.sha256}"
    assert told["bound"] == hashlib.sha256(text.encode()).hexdigest()
    assert store.read(queries.by_id, request_id, number).decision_id == decision_id
    assert code_of(store.write, service.sign, decision_id, stored=stroke, actor=leader, now=NOW) == "signed"
    assert store.read(audit.verify).ok


def test_f29_nobody_signs_another_persons_decision_or_one_that_does_not_stand(
    store: Store, leader: Actor, clerk: Actor, taken: Take
) -> None:
    request_id = ask(store, step("lixiang")).request_id
    decision_id = decided(store, request_id, leader)
    stroke = {"stored": taken("签名.png", image("PNG")), "now": after(61)}

    assert code_of(store.write, service.sign, decision_id, actor=clerk, **stroke) == "not_yours"
    paper = {"stored": taken(), "now": after(61)}
    assert code_of(store.write, service.sign, decision_id, actor=leader, **paper) == "not_an_image"
    store.write(approvals.undo, decision_id, actor=leader, evidence=BY_APP, now=after(62))
    assert code_of(store.write, service.sign, decision_id, actor=leader, **stroke) == "not_live"
    assert code_of(store.write, service.sign, 999, actor=leader, **stroke) == "no_decision"


def test_f28_a_drafts_files_wait_with_it_and_become_attachments(
    store: Store, storage: Storage, clerk: Actor, leader: Actor, taken: Take
) -> None:
    def begun(tx: Tx) -> int:
        values = {"person_id": clerk.person_id, "applicant_id": clerk.person_id, "type": "LEAVE"}
        rest = {"form": {}, "chosen": {}, "urgency": 0, "changed_at": NOW}
        return int(tx.execute(insert(drafts).values(**values, **rest).returning(drafts.c.id)).scalar_one())

    draft_id = store.write(begun)
    first = store.write(service.keep_with_draft, draft_id, stored=taken(), actor=clerk, now=NOW)
    store.write(service.keep_with_draft, draft_id, stored=taken(), name="b/附件.pdf", actor=clerk, now=NOW)
    other = {"stored": taken(), "actor": leader, "now": NOW}
    assert code_of(store.write, service.keep_with_draft, draft_id, **other) == "no_draft"
    assert code_of(store.write, service.drop_from_draft, draft_id, first, actor=leader) == "no_draft"
    assert store.read(queries.referred, [taken().sha256]) == {taken().sha256}, "the sweep leaves it"

    store.write(service.drop_from_draft, draft_id, first, actor=clerk)
    assert code_of(store.write, service.drop_from_draft, draft_id, first, actor=clerk) == "no_attachment"
    papers = [one.stored for one in store.read(queries.of_draft, draft_id)]
    request_id = ask(store, step("lixiang")).request_id
    store.write(service.attach_at_submission, request_id, papers, actor=clerk, now=after(1))
    store.write(lambda tx: tx.execute(delete(drafts).where(drafts.c.id == draft_id)))

    assert list(store.read(queries.digests, request_id)) == ["附件.pdf#1"]
    assert store.read(queries.of_draft, draft_id) == []
