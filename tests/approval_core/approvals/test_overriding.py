"""F25: the flow administrator ends, moves, decides, reassigns and asks again; by a right, with a reason, and people are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from approval_core import audit
from approval_core.approvals import service
from approval_core.approvals.proof import record_problems
from approval_core.approvals.queries import RequestView
from approval_core.approvals.rules import rights
from approval_core.errors import Conflict, Forbidden, Invalid, NotFound
from approval_core.inbox.queries import open_items
from approval_core.notices.alarms import alarms_of_request
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Store
from tests.approval_core.approvals.routes import Bureau, parallel, step_block
from tests.approval_core.approvals.types import House, step
from tests.factories import BY_APP, NOW


@pytest.fixture
def bureau(store: Store) -> Bureau:
    """`boss` is the flow administrator."""
    found = Bureau(store)
    return officer(found)


def officer(bureau: Bureau) -> Bureau:
    bureau.store.write(people.grant_role, number(bureau, "boss"), role="operator", actor=SYSTEM, now=NOW)
    return bureau


def number(bureau: Bureau, account: str) -> int:
    person_id = bureau.person(account).person_id
    assert person_id is not None
    return person_id


def by(bureau: Bureau, act: Callable[..., Any], *what: Any, who: str = "boss", **facts: Any) -> Any:
    reason = {"reason": "按规定处理"} | facts
    return bureau.store.write(act, *what, actor=bureau.person(who), now=bureau.now(), **reason)


def jump(bureau: Bureau, block: str, **facts: Any) -> RequestView:
    by(bureau, service.jump, bureau.request_id, block, **facts)
    return bureau.view()


def on_list(bureau: Bureau, account: str) -> list[str]:
    return [one.kind for one in bureau.store.read(open_items, number(bureau, account)).items]


def proven(bureau: Bureau) -> bool:
    return bureau.store.read(lambda tx: audit.verify(tx, facts=record_problems)).problems == []


def said(bureau: Bureau, verb: str) -> list[Any]:
    """What the trail of the request says under a verb."""
    rows = bureau.store.read(
        lambda tx: tx.execute(
            text("select actor, data from audit_entry where chain = :c and verb = :v order by seq"),
            {"c": f"request:{bureau.request_id}", "v": verb},
        ).all()
    )
    return [(row.actor, json.loads(row.data)) for row in rows]


def test_f25_the_right_is_a_named_one() -> None:
    assert rights.may_run_flows({"operator"})
    assert not rights.may_run_flows({"admin", "auditor", "hr", "person"})
    assert rights.may_clear_desks({"hr"})
    assert not rights.may_clear_desks({"admin"})


def test_f25_without_the_right_or_a_reason_nothing_happens(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"))
    task = bureau.task("li")
    facts: dict[str, Any] = {"evidence": BY_APP, "verdict": "approve", "task_revision": task.task_revision}
    before = bureau.view()
    for act, what, more in (
        (service.terminate, (bureau.request_id,), {}),
        (service.jump, (bureau.request_id, "wang"), {}),
        (service.override, (task.task_id,), facts),
        (service.reassign, (task.task_id, number(bureau, "wang")), {}),
    ):
        with pytest.raises(Forbidden) as stranger:
            by(bureau, act, *what, who="wang", **more)
        assert stranger.value.code == "no_right"
        with pytest.raises(Invalid) as wordless:
            by(bureau, act, *what, reason=" ", **more)
        assert wordless.value.code == "reason_required"
    assert bureau.view() == before


def test_f25_a_terminated_request_is_cancelled_and_whoever_held_it_is_told(bureau: Bureau) -> None:
    bureau.start(parallel("both", a=[step_block("li")], b=[step_block("wang")]), hold=120)
    bureau.say("li")
    by(bureau, service.terminate, bureau.request_id)
    view = bureau.view()
    assert (view.state, bureau.asked()) == ("cancelled", set())
    assert [one.state for one in view.decisions] == ["superseded"], "a decision in hold does not count"
    assert on_list(bureau, "wang") == ["told"]
    assert said(bureau, "cancelled") == [("boss", {"reason": "按规定处理"})]
    with pytest.raises(Conflict):
        by(bureau, service.terminate, bureau.request_id)
    assert proven(bureau)


def test_f25_back_to_any_step_strikes_out_what_was_decided_from_there(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"), step_block("zhang"))
    bureau.say("li")
    bureau.say("wang")
    view = jump(bureau, "li")
    assert (view.state, bureau.asked()) == ("pending", {"li"})
    assert [one.state for one in view.decisions] == ["superseded", "superseded"]
    assert on_list(bureau, "zhang") == ["told"]
    for account in ("li", "wang"):
        bureau.say(account)
    assert bureau.say("zhang").state == "approved"
    assert proven(bureau)


def test_f25_ahead_ends_what_is_asked_and_what_was_decided_stays(bureau: Bureau) -> None:
    bureau.start(
        step_block("li"),
        parallel("both", a=[step_block("wang")], b=[step_block("zhao"), step_block("qian")]),
        step_block("zhang"),
    )
    bureau.say("li")
    view = jump(bureau, "zhang")
    assert bureau.asked() == {"zhang"}
    assert (on_list(bureau, "wang"), on_list(bureau, "zhao")) == (["told"], ["told"])
    assert view.decisions[0].state == "effective"
    assert said(bureau, "jumped")[0][1]["reason"] == "按规定处理"
    assert bureau.say("zhang").state == "approved"


def test_f25_into_a_branch_runs_that_branch_and_what_runs_beside_it_goes_on(bureau: Bureau) -> None:
    both = parallel("both", a=[step_block("wang"), step_block("sun")], b=[step_block("zhao")])
    bureau.start(step_block("li"), both, step_block("zhang"))
    jump(bureau, "sun")
    assert bureau.asked() == {"sun"}, "from outside, that branch alone"
    bureau.say("sun")
    assert bureau.asked() == {"zhang"}
    jump(bureau, "li")
    bureau.say("li")
    jump(bureau, "sun")
    assert bureau.asked() == {"sun", "zhao"}
    bureau.say("sun")
    bureau.say("zhao")
    assert bureau.say("zhang").state == "approved"


def test_f25_out_of_one_way_of_a_choice_into_the_other_leaves_one_way(store: Store) -> None:
    house = officer(House(store).open("li", "wang", "zhao"))
    assert isinstance(house, House)
    ways = [{"when": "form.days > 3", "do": [step("wang")]}]
    house.publish({"choice": "long", "branches": ways, "otherwise": [step("zhao")]}, step("chief"))
    house.file("li", form={"days": 9})
    assert house.asked() == {"wang"}
    jump(house, "zhao")
    assert house.asked() == {"zhao"}
    house.say("zhao")
    assert house.asked() == {"chief"}
    assert house.say("chief").state == "approved"


def test_f25_out_of_a_detour_leaves_no_thread_behind(bureau: Bureau) -> None:
    both = parallel(
        "both", a=[step_block("wang"), step_block("sun"), step_block("qian")], b=[step_block("zhao")]
    )
    bureau.start(both, step_block("zhang"))
    bureau.say("wang")
    bureau.say("sun", "return", target="wang", resume="back")
    jump(bureau, "qian")
    assert bureau.asked() == {"qian", "zhao"}
    bureau.say("qian")
    bureau.say("zhao")
    assert bureau.asked() == {"zhang"}
    assert bureau.say("zhang").state == "approved"


def test_f25_a_decision_in_hold_does_not_survive_a_jump(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"), hold=120)
    bureau.say("li")
    held = bureau.view().decisions[0].id
    jump(bureau, "wang")
    assert bureau.store.write(service.settle, held, now=bureau.now()) is False
    assert bureau.asked() == {"wang"}
    with pytest.raises(NotFound):
        jump(bureau, "nowhere")
    assert proven(bureau)


def override(bureau: Bureau, account: str, verdict: str = "approve", **facts: Any) -> RequestView:
    task = bureau.task(account)
    by(
        bureau, service.override, task.task_id, evidence=BY_APP, verdict=verdict, task_revision=task.task_revision, **facts
    )  # fmt: skip
    return bureau.view()


def test_f25_a_decision_in_another_s_place_bears_both_names_and_the_word(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"))
    view = override(bureau, "li", reason="李已退休")
    (decision,) = view.decisions
    assert (decision.by, decision.on_behalf_of, decision.comment) == ("boss", "li", "李已退休")
    assert decision.evidence == f"override:{BY_APP.ref}"
    assert bureau.asked() == {"wang"}
    assert on_list(bureau, "li") == ["told"]
    task = bureau.task("li", state="decided")
    with pytest.raises(Conflict) as late:
        bureau.store.write(
            service.decide, task.task_id, actor=bureau.person("li"), evidence=BY_APP, verdict="approve",
            task_revision=task.task_revision, now=bureau.now(),
        )  # fmt: skip
    assert (late.value.code, late.value.data["by"]) == ("already_decided", "boss")
    assert override(bureau, "wang", "reject").state == "rejected"
    assert proven(bureau)


def test_f25_not_on_one_s_own_request_and_not_against_the_separation_of_duties(store: Store) -> None:
    house = officer(House(store).open("li", "wang", "boss"))
    assert isinstance(house, House)
    house.publish(step("a", "boss"), step("b", "wang"), separate=[{"steps": ["a", "b"]}], merge="none")
    house.file("li")
    house.say("boss")
    with pytest.raises(Forbidden) as refused:
        override(house, "wang")
    assert refused.value.code == "separated"
    house.publish(step("wang"))
    house.file("boss")
    with pytest.raises(Forbidden) as own:
        override(house, "wang")
    assert own.value.code == "own_request"
    assert house.asked() == {"wang"}


def test_f25_a_reassigned_task_lies_with_the_other_and_the_first_is_told(bureau: Bureau) -> None:
    bureau.start(step_block("li"), people="li wang")
    by(bureau, service.reassign, bureau.task("li").task_id, number(bureau, "wang"))
    assert bureau.asked() == {"wang"}
    assert (on_list(bureau, "li"), on_list(bureau, "wang")) == (["told"], ["task"])
    assert said(bureau, "reassigned")[0][1]["reason"] == "按规定处理"
    assert bureau.say("wang").state == "approved"


def test_f25_a_blocked_step_finds_its_people_and_its_alarm_is_settled(store: Store) -> None:
    house = officer(House(store).open("li", "zhao", "boss"))
    assert isinstance(house, House)
    house.publish(step("role", rules=[{"rule": "ROLE", "role": "checker"}]), step("chief"))
    house.file("li")
    with pytest.raises(Conflict) as refused:
        by(house, service.ask_again, house.request_id, "role")
    assert refused.value.code == "still_nobody"
    assert len(store.read(alarms_of_request, house.request_id)) == 1
    store.write(people.grant_role, house.number("zhao"), role="checker", actor=SYSTEM, now=house.now())
    by(house, service.ask_again, house.request_id, "role")
    assert house.asked() == {"zhao"}
    assert store.read(alarms_of_request, house.request_id) == []
    with pytest.raises(NotFound):
        by(house, service.ask_again, house.request_id, "role")
    house.say("zhao")
    assert house.say("chief").state == "approved"


def test_f25_a_jump_to_a_last_step_that_has_lost_its_people_and_may_be_skipped_ends_the_request(
    store: Store,
) -> None:
    house = officer(House(store).open("li", "zhao", "boss"))
    assert isinstance(house, House)
    checkers = [{"rule": "ROLE", "role": "checker"}]
    house.publish(step("chief"), step("last", rules=checkers, when_empty="skip"))
    house.file("li")
    by(house, service.jump, house.request_id, "last")
    assert (house.view().state, house.asked()) == ("approved", set())
