"""F24: the last approver takes his decision back while nobody after him has looked or acted."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from approval_core import audit
from approval_core.approvals import adding, handing, service
from approval_core.approvals.proof import record_problems
from approval_core.approvals.service import TakenBack
from approval_core.errors import Conflict, Forbidden
from approval_core.inbox.queries import open_items
from approval_core.people.actor import Evidence
from approval_core.store import Store
from tests.approval_core.approvals.routes import Bureau, parallel, step_block
from tests.approval_core.approvals.types import House, step
from tests.factories import BY_APP, BY_SMS


@pytest.fixture
def bureau(store: Store) -> Bureau:
    return Bureau(store)


def back(bureau: Bureau, account: str, evidence: Evidence = BY_APP, *, by: str = "") -> TakenBack:
    """The last decision of `account`."""
    mine = [one.id for one in bureau.view().decisions if one.by == account][-1]
    actor = bureau.person(by or account)
    return bureau.store.write(service.take_back, mine, actor=actor, evidence=evidence, now=bureau.now())


def refused(bureau: Bureau, account: str, **facts: Any) -> Conflict:
    before = bureau.view()
    with pytest.raises(Conflict) as found:
        back(bureau, account, **facts)
    assert bureau.view() == before, "a refused take-back leaves nothing"
    return found.value


def look(bureau: Bureau, account: str) -> None:
    bureau.store.write(
        service.mark_read, bureau.request_id, actor=bureau.person(account), channel="app", now=bureau.now()
    )


def on_list(bureau: Bureau, account: str) -> list[str]:
    person_id = bureau.person(account).person_id
    assert person_id is not None
    return [one.kind for one in bureau.store.read(open_items, person_id).items]


def proven(bureau: Bureau) -> bool:
    return bureau.store.read(lambda tx: audit.verify(tx, facts=record_problems)).problems == []


def test_f24_the_task_is_asked_anew_and_who_came_after_is_told(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"), step_block("zhang"))
    bureau.say("li")
    shown = bureau.task("li", state="decided").task_revision
    taken = back(bureau, "li")
    assert bureau.asked() == {"li"}
    assert bureau.task("li").task_revision == taken.task_revision == shown + 1
    assert (on_list(bureau, "li"), on_list(bureau, "wang")) == (["task"], ["told"])
    assert [one.state for one in bureau.view().decisions] == ["undone"]
    assert bureau.standing()[:2] == [("li", "active"), ("wang", "void")]
    for account in ("li", "wang"):
        bureau.say(account)
    assert bureau.say("zhang").state == "approved"
    assert proven(bureau)


def test_f24_not_once_the_next_person_has_opened_it_and_he_is_named(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"))
    look(bureau, "wang")
    bureau.say("li")
    back(bureau, "li")  # he had looked before it was his
    bureau.say("li")
    look(bureau, "li")
    look(bureau, "wang")
    conflict = refused(bureau, "li")
    assert (conflict.code, conflict.data["by"]) == ("seen", "wang")
    assert bureau.asked() == {"wang"}


def test_f24_not_once_somebody_has_acted(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"), step_block("zhang"))
    bureau.say("li")
    bureau.say("wang")
    conflict = refused(bureau, "li")
    assert (conflict.code, conflict.data["by"]) == ("acted", "wang")
    back(bureau, "wang")
    assert refused(bureau, "li").code == "acted", "he had it in his hands"
    assert bureau.asked() == {"wang"}


def test_f24_handing_it_on_is_acting(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"), people="li wang zhao")
    bureau.say("li")
    task, to_id = bureau.task("wang"), bureau.person("zhao").person_id
    assert to_id is not None
    bureau.store.write(
        handing.transfer, task.task_id, to_id, actor=bureau.person("wang"), task_revision=task.task_revision, now=bureau.now()
    )  # fmt: skip
    assert refused(bureau, "li").code == "acted"


def test_f24_only_one_s_own_decision_and_only_once(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"))
    bureau.say("li")
    with pytest.raises(Forbidden):
        back(bureau, "li", by="wang")
    back(bureau, "li")
    assert refused(bureau, "li").code == "already_undone"


def test_f24_after_the_end_it_is_no_longer_taken_back(store: Store) -> None:
    house = House(store).open("li")
    house.publish(step("chief"), revoke={"within_days": 3})
    house.file("li")
    house.say("chief")
    conflict = refused(house, "chief")
    assert (conflict.code, conflict.data["state"], conflict.data["revoke"]) == ("closed", "approved", True)


def test_f24_by_every_channel_and_by_sms_the_answer_brings_the_new_code(bureau: Bureau) -> None:
    for evidence in (BY_APP, BY_SMS, Evidence("web", 2, "session:1")):
        bureau.start(step_block("li"), step_block("wang"), ref=evidence.ref)
        bureau.say("li")
        back(bureau, "li", evidence)
        assert bureau.asked() == {"li"}


def test_f24_a_held_decision_is_undone_and_one_whose_hold_is_over_is_taken_back(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"), hold=120)
    bureau.say("li")
    back(bureau, "li")  # a minute later, in hold
    assert bureau.asked() == {"li"}
    bureau.say("li")
    bureau.minutes += 60  # the timer is late
    back(bureau, "li")
    assert bureau.asked() == {"li"}
    assert proven(bureau)


def test_f24_while_the_step_is_open_for_others_their_word_stays(bureau: Bureau) -> None:
    bureau.start(step_block("both", "li", "wang", "zhao", mode="all"))
    bureau.say("li")
    bureau.say("wang")
    back(bureau, "li")
    assert bureau.asked() == {"li", "zhao"}
    bureau.say("li")
    assert bureau.say("zhao").state == "approved"


def test_f24_in_a_settled_step_only_whoever_spoke_last_takes_his_word_back(bureau: Bureau) -> None:
    bureau.start(step_block("both", "li", "wang", mode="all"), step_block("zhang"))
    bureau.say("li")
    bureau.say("wang")
    assert refused(bureau, "li").code == "acted"
    back(bureau, "wang")
    assert bureau.asked() == {"wang"}
    bureau.say("wang")
    assert bureau.asked() == {"zhang"}


def test_f24_in_a_sequence_the_next_waits_again_for_his_turn(bureau: Bureau) -> None:
    bureau.start(step_block("both", "li", "wang", "zhao", mode="sequence"))
    bureau.say("li")
    back(bureau, "li")
    assert bureau.asked() == {"li"}
    for account in ("li", "wang"):
        bureau.say(account)
    look(bureau, "zhao")
    assert refused(bureau, "wang").code == "seen"
    assert bureau.say("zhao").state == "approved"


def test_f24_whoever_was_passed_over_is_asked_again(bureau: Bureau) -> None:
    bureau.start(step_block("any", "li", "wang"), step_block("zhang"))
    bureau.say("li")
    back(bureau, "li")
    assert bureau.asked() == {"li", "wang"}
    bureau.say("wang")
    assert bureau.asked() == {"zhang"}


def test_f24_a_vote_that_was_decided_early_is_open_for_everybody_again(bureau: Bureau) -> None:
    bureau.start(step_block("vote", "li", "wang", "zhao", mode="vote", threshold=60), step_block("zhang"))
    bureau.say("li")
    bureau.say("wang")
    back(bureau, "wang")
    assert bureau.asked() == {"wang", "zhao"}
    bureau.say("zhao")
    assert bureau.asked() == {"zhang"}


def test_f24_branches_that_one_decision_had_ended_live_again(bureau: Bureau) -> None:
    either = parallel("either", "any", a=[step_block("li")], b=[step_block("wang"), step_block("zhao")])
    bureau.start(either, step_block("zhang"))
    bureau.say("wang")
    bureau.say("li")
    assert bureau.asked() == {"zhang"}
    back(bureau, "li")
    assert bureau.asked() == {"li", "zhao"}
    bureau.say("zhao")
    assert bureau.asked() == {"zhang"}
    assert bureau.say("zhang").state == "approved"


def test_f24_a_branch_is_taken_back_into_its_branch_and_the_one_beside_stays_done(bureau: Bureau) -> None:
    bureau.start(parallel("both", a=[step_block("li")], b=[step_block("wang")]), step_block("zhang"))
    bureau.say("wang")
    bureau.say("li")
    back(bureau, "li")
    assert bureau.asked() == {"li"}
    bureau.say("li")
    assert bureau.asked() == {"zhang"}


def test_f24_a_detour_taken_back_is_a_detour_still(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"), step_block("zhang"))
    bureau.say("li")
    bureau.say("wang")
    bureau.say("zhang", "return", target="li", resume="back")
    bureau.say("li")
    assert bureau.asked() == {"zhang"}
    back(bureau, "li")
    assert bureau.asked() == {"li"}
    bureau.say("li")
    assert bureau.asked() == {"zhang"}
    assert bureau.say("zhang").state == "approved"


def test_f24_what_was_sent_back_is_not_taken_back(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"))
    bureau.say("li")
    bureau.say("wang", "return", target="li")
    assert refused(bureau, "wang").code == "sent_back"
    assert refused(bureau, "li").code == "superseded"


def test_f24_an_approval_carried_over_goes_with_the_one_it_came_from(store: Store) -> None:
    house = House(store).open("li", "zhao")
    house.publish(step("a", "zhao"), step("b", "zhao"), step("chief"))
    house.file("li")
    house.say("zhao")
    mine = house.view().decisions[0]
    house.store.write(
        service.take_back, mine.id, actor=house.person("zhao"), evidence=BY_APP, now=house.now()
    )
    assert house.asked() == {"zhao"}
    assert [one.state for one in house.view().decisions] == ["undone", "superseded"]
    assert house.say("zhao").decisions[-1].channel == "system"
    assert house.asked() == {"chief"}
    assert proven(house)


def test_f24_an_approval_carried_over_is_taken_back_by_whose_name_it_bears(store: Store) -> None:
    house = House(store).open("li", "zhao")
    house.publish(step("a", "zhao"), step("b", "zhao"), step("chief"))
    house.file("li")
    house.say("zhao")
    back(house, "zhao")
    assert house.asked() == {"zhao"}
    assert on_list(house, "zhao") == ["task"]
    assert [one.state for one in house.view().decisions] == ["effective", "undone"]
    house.say("zhao")
    assert house.asked() == {"chief"}


def added(store: Store, placed: Literal["before", "after"]) -> House:
    """zhao has brought in wang, before or after himself."""
    house = House(store).open("li", "zhao", "wang")
    house.publish(step("zhao", add={"from": "anyone"}), step("chief"))
    house.file("li")
    task = house.task("zhao")
    house.store.write(
        adding.add, task.task_id, [house.number("wang")], actor=house.person("zhao"), task_revision=task.task_revision, placed=placed,
        now=house.now(),
    )  # fmt: skip
    return house


def test_f24_whoever_was_brought_in_before_takes_back_and_the_asker_waits_again(store: Store) -> None:
    house = added(store, "before")
    house.say("wang")
    assert house.asked() == {"zhao"}
    back(house, "wang")
    assert house.asked() == {"wang"}
    house.say("wang")
    house.say("zhao")
    assert house.asked() == {"chief"}


def test_f24_those_brought_in_after_wait_again_when_the_approval_is_taken_back(store: Store) -> None:
    house = added(store, "after")
    house.say("zhao")
    assert house.asked() == {"wang"}
    back(house, "zhao")
    assert house.asked() == {"zhao"}
    house.say("zhao")
    house.say("wang")
    assert house.asked() == {"chief"}
    back(house, "wang")
    assert house.asked() == {"wang"}
    house.say("wang")
    assert house.asked() == {"chief"}
    assert house.say("chief").state == "approved"
    assert proven(house)
