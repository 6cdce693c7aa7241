"""F32: a request is written in peace, begun from an old one, and submitted, also for somebody else. F28: with its files."""

from __future__ import annotations

from typing import Any

import pytest

from approval_core.approvals import changes, drafts, paper_reading, resubmitting, service, stepping
from approval_core.approvals.drafts import DraftView, Sketch
from approval_core.approvals.journey import Journey
from approval_core.approvals.resubmitting import Resubmission
from approval_core.files import queries as file_queries
from approval_core.files import service as files
from approval_core.files.rules.stored import Stored
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Store, Tx
from tests.approval_core.approvals.motion import problems, refusal
from tests.approval_core.approvals.types import FORM, House, step
from tests.factories import BY_SMS, NOW

OFFER = {"name": "offer", "label": {"zh": "报价单", "en": "Offer"}, "type": "file", "required": True}
WITH_OFFER: dict[str, Any] = {"fields": [*FORM["fields"], OFFER]}


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao")


def paper(name: str = "报价.pdf", mark: str = "a") -> Stored:
    return Stored(mark * 64, 100, "application/pdf", name, "stand-in")


def keep(house: House, sketch: Sketch, account: str = "li", type: str = "LEAVE") -> int:  # noqa: A002  # the office's word
    number: int = house.store.write(drafts.save, type, sketch, actor=house.person(account), now=house.now())
    return number


def view(house: House, number: int, account: str = "li") -> DraftView:
    found: DraftView = house.store.read(drafts.show, number, actor=house.person(account), now=NOW)
    return found


def unread(house: House, account: str) -> list[str]:
    def ask(tx: Tx) -> list[str]:
        matter = stepping.lock(tx, house.request_id)
        assert matter is not None
        return paper_reading.unread(Journey(tx, matter, NOW), house.number(account))

    return house.store.write(ask)


def act(house: House, work: Any, *args: Any, account: str = "li", **facts: Any) -> Any:
    return house.store.write(work, *args, actor=house.person(account), now=house.now(), **facts)


def test_f32_a_draft_may_be_half_written_and_is_gone_on_with(house: House) -> None:
    house.publish(step("chief"))
    number = keep(house, Sketch({"days": "?"}))
    act(house, drafts.change, number, Sketch({"days": 2}, urgency=1))
    found = view(house, number)
    assert (found.type, found.form, found.urgency, found.applicant) == ("LEAVE", {"days": 2}, 1, "li")
    assert [one.id for one in house.store.read(drafts.mine, actor=house.person("li"), now=NOW)] == [number]


def test_f32_nobody_else_sees_changes_submits_or_discards_it(house: House) -> None:
    house.publish(step("chief"))
    number = keep(house, Sketch({"days": 2, "cost": "1"}))
    wang: Any = {"actor": house.person("wang")}
    moments: Any = wang | {"now": NOW}
    assert refusal(house.store.read, drafts.show, number, **moments).code == "no_draft"
    assert refusal(house.store.write, drafts.change, number, Sketch(), **moments).code == "no_draft"
    assert refusal(house.store.write, drafts.submit, number, **moments).code == "no_draft"
    assert refusal(house.store.write, drafts.discard, number, **wang).code == "no_draft"
    assert house.store.read(drafts.mine, **moments) == []


def test_f32_a_field_that_the_type_has_not_is_refused_at_once(house: House) -> None:
    house.publish(step("chief"))
    wrong = refusal(keep, house, Sketch({"colour": "red"}))
    assert (wrong.code, set(wrong.data["fields"])) == ("bad_form", {"colour"})
    assert refusal(keep, house, Sketch(), type="NOWHERE").code == "no_type"


def test_f32_submitted_it_is_a_request_and_no_draft_any_more(house: House) -> None:
    house.publish(step("chief"))
    number = keep(house, Sketch({"days": 2, "cost": "1.00"}))
    house.request_id = act(house, drafts.submit, number).request_id
    found = house.view()
    assert (found.title, found.ref, found.state) == ("请假2天", "LEAVE-20260506-0001", "pending")
    assert refusal(view, house, number).code == "no_draft"


def test_f32_what_cannot_be_submitted_stays_a_draft_and_takes_no_number(house: House) -> None:
    house.publish(step("chief"))
    number = keep(house, Sketch({"days": 2}))
    assert set(refusal(act, house, drafts.submit, number).data["fields"]) == {"cost"}
    act(house, drafts.change, number, Sketch({"days": 2, "cost": "1.00"}))
    house.request_id = act(house, drafts.submit, number).request_id
    assert house.view().ref.endswith("0001")


def test_f32_a_draft_for_somebody_else_is_recorded_as_a_for_b(house: House) -> None:
    house.publish(step("wang"))
    leader, secretary = house.number("chief"), house.number("zhao")
    for_him = Sketch({"days": 2, "cost": "1.00"}, applicant_id=leader)
    assert refusal(keep, house, for_him, "zhao").code == "not_for_him"
    house.store.write(people.name_secretary, leader, secretary, actor=SYSTEM, now=house.now())
    number = keep(house, for_him, "zhao")
    house.request_id = act(house, drafts.submit, number, account="zhao").request_id
    found = house.view()
    assert (found.applicant, found.submitter) == ("chief", "zhao")


def test_f32_a_copy_of_an_old_request_has_the_fields_that_still_are(house: House) -> None:
    house.publish(step("chief"))
    old = house.file("li", form={"days": 300, "cost": "5.00", "note": "探亲"})
    days = {**WITH_OFFER["fields"][0], "max": 30}
    house.publish(step("chief"), form={"fields": [days, FORM["fields"][2]]})
    number = act(house, drafts.copy, old.id)
    assert view(house, number).form == {"note": "探亲"}
    assert refusal(act, house, drafts.copy, old.id, account="wang").code == "not_yours"


def test_f32_the_files_of_a_draft_are_those_of_the_request_and_come_along_in_a_copy(house: House) -> None:
    house.publish(step("chief"), form=WITH_OFFER)
    number = keep(house, Sketch({"days": 2, "cost": "1.00"}))
    file_id = act(house, files.keep_with_draft, number, stored=paper())
    act(house, drafts.change, number, Sketch({"days": 2, "cost": "1.00", "offer": [file_id]}))
    house.request_id = act(house, drafts.submit, number).request_id
    assert house.view().form["offer"] == [paper().sha256]
    assert house.store.read(file_queries.digests, house.request_id) == {"报价.pdf#1": paper().sha256}
    copied = view(house, act(house, drafts.copy, house.request_id))
    assert copied.form["offer"] == [copied.papers[0].id]
    assert copied.papers[0].stored == paper()
    again = act(house, drafts.submit, copied.id).request_id
    assert house.store.read(file_queries.digests, again) == {"报价.pdf#1": paper().sha256}
    assert problems(house) == []


def test_f28_a_required_file_must_be_there_and_a_named_one_attached(house: House) -> None:
    house.publish(step("chief"), form=WITH_OFFER)
    assert set(refusal(house.file, "li").data["fields"]) == {"offer"}
    wrong = refusal(house.file, "li", form={"offer": [paper().sha256]})
    assert wrong.data["zh"] == {"offer": "文件未上传"}
    assert house.file("li", form={"offer": [paper().sha256]}, papers=(paper(),)).state == "pending"


def test_f28_the_hash_that_is_decided_on_covers_the_files(house: House) -> None:
    house.publish(step("chief"))
    plain = house.file("li")
    held = house.file("li", papers=(paper(), paper(mark="b")))
    assert plain.content_hash != held.content_hash
    assert problems(house) == []
    (first, _) = house.store.read(file_queries.of_request, held.id)
    house.store.write(files._detach, held.id, first.id, actor=SYSTEM, now=NOW)  # behind the back
    assert any("the content is not what its hash says" in one for one in problems(house))


def test_f17_other_files_come_with_a_new_revision_and_the_difference_names_them(house: House) -> None:
    house.publish(step("chief"), form=WITH_OFFER)
    house.file("li", form={"offer": [paper().sha256]}, papers=(paper(),))
    house.say("chief", "return")
    (old,) = house.store.read(file_queries.of_request, house.request_id)
    better = paper("新报价.pdf", "b")
    gone = Resubmission(papers=(better,), without=(old.id,))
    assert refusal(act, house, resubmitting.resubmit, house.request_id, gone).code == "bad_form"
    new = Resubmission({"offer": [better.sha256]}, papers=(better,), without=(old.id,))
    act(house, resubmitting.resubmit, house.request_id, new)
    found = house.store.read(changes.difference, house.request_id)
    named = next(one for one in found.changes if one.name == "files")
    assert (list(named.old), list(named.new)) == (["报价.pdf#1"], ["新报价.pdf#1"])
    shut = house.store.read(changes.difference, house.request_id, hidden=["offer"])
    assert all(one.hidden and one.old is None for one in shut.changes)
    assert problems(house) == []


def test_f28_a_file_that_had_to_be_read_and_was_not_is_named(house: House) -> None:
    more = {**OFFER, "name": "more", "required": False}
    house.publish(step("chief"), form={"fields": [*WITH_OFFER["fields"], more]})
    form = {"offer": [paper().sha256], "more": ["b" * 64]}
    house.file("li", form=form, papers=(paper(), paper("附图.pdf", "b")))
    assert unread(house, "chief") == ["报价.pdf"]
    number = house.store.read(file_queries.of_request, house.request_id)[0].id
    for _ in range(2):
        act(house, paper_reading.mark_opened, house.request_id, number, account="chief")
    assert unread(house, "chief") == []
    assert unread(house, "wang") == ["报价.pdf"]


def test_b4_nobody_approves_by_sms_what_he_had_to_read_and_has_not(house: House) -> None:
    house.publish(step("chief", sms="approve"), form=WITH_OFFER, sms="approve")
    house.file("li", form={"offer": [paper().sha256]}, papers=(paper(),))
    task = house.task("chief")
    said: dict[str, Any] = {"evidence": BY_SMS, "verdict": "approve", "task_revision": task.task_revision}
    assert refusal(act, house, service.decide, task.task_id, account="chief", **said).code == "not_by_sms"
    (offer,) = house.store.read(file_queries.of_request, house.request_id)
    act(house, paper_reading.mark_opened, house.request_id, offer.id, account="chief")
    act(house, service.decide, task.task_id, account="chief", **said)
    assert house.view().state == "approved"
