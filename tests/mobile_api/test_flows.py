"""The flow administrator steps in: over HTTP, by his role, with a reason, and without reading what people wrote."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from approval_core.audit.models import entries
from approval_core.clock import utc_now
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from gateway.serve import Site
from tests.mobile_api.office import At, file, publish, state, step

WAY = (step("first", "hy00001"), step("second", "hy00002"), step("third", "hy00003"))


@pytest.fixture
def matter(at: At) -> int:
    publish(at, *WAY)
    return int(file(at("hy00900")))


def test_he_sees_how_it_stands_and_nothing_that_anybody_wrote(matter: int, at: At) -> None:
    operator = at("hy00060", role="operator")
    shown = operator.asks(f"/requests/{matter}")
    assert (shown["sight"], shown["title"], shown["form"], shown["mine"]) == ("administrator", "", {}, [])
    operator.asks(f"/requests/{matter}/files", status=403)
    operator.asks(f"/requests/{matter}/history", status=403)
    operator.asks(f"/requests/{matter}/sheet.pdf", status=403)


def test_f25_he_ends_a_request_with_a_reason_that_stays_on_record(site: Site, matter: int, at: At) -> None:
    operator = at("hy00060", role="operator")
    operator.does(f"/requests/{matter}/terminate", {"reason": ""}, status=422)
    operator.does(f"/requests/{matter}/terminate", {"reason": "重复申请"}, status=204)
    assert state(at("hy00900"), matter) == "cancelled"
    late = operator.does(f"/requests/{matter}/terminate", {"reason": "再次"}, status=409)
    assert (late["code"], late["current"]["request_state"]) == ("closed", "cancelled")
    said = site.store.read(
        lambda tx: (
            tx.execute(select(entries.c.actor).where(entries.c.data.like("%重复申请%"))).scalars().all()
        )
    )
    assert "hy00060" in said


def test_f25_he_puts_it_at_another_step_gives_tasks_away_and_decides_in_another_s_place(
    matter: int, at: At
) -> None:
    operator, second, third = at("hy00060", role="operator"), at("hy00002"), at("hy00003")
    why = {"reason": "承办人离岗"}
    assert operator.does(f"/requests/{matter}/jump", {"block": "none"} | why, status=404)["code"] == "no_step"
    assert operator.does(f"/requests/{matter}/jump", {"block": "second"} | why)["state"] == "pending"
    task = second.mine(matter)
    moved = operator.does(f"/tasks/{task['task_id']}/reassign", {"to": "hy00001"} | why)["task_id"]
    assert at("hy00001").mine(matter)["task_id"] == moved
    done = operator.does(f"/tasks/{moved}/override", {"verdict": "approve", "task_revision": 1} | why)
    assert done["effect"] == "approved"
    [decided] = third.asks(f"/requests/{matter}")["decisions"]
    assert (decided["by"], decided["on_behalf_of"]) == ("hy00060", "hy00001")
    late = operator.does(
        f"/tasks/{moved}/override", {"verdict": "approve", "task_revision": 1} | why, status=409
    )
    assert late["current"]["task_state"] == "decided"


def test_a_person_without_the_role_is_refused_at_the_gate(matter: int, at: At) -> None:
    for path in (
        f"/requests/{matter}/terminate",
        f"/requests/{matter}/jump",
        "/tasks/1/override",
        "/tasks/1/reassign",
    ):
        assert at("hy00002").does(path, {"reason": "x"}, status=403)["code"] == "not_your_role"


def test_f09_a_blocked_step_raises_an_alarm_and_looks_for_its_people_again(site: Site, at: At) -> None:
    publish(at, step("lead") | {"approvers": [{"rule": "ROLE", "role": "counsel", "scope": "office"}]})
    operator, asking = at("hy00060", role="operator"), at("hy00900")
    number = file(asking)
    [alarm] = operator.asks(f"/requests/{number}/alarms")["items"]
    assert (alarm["request_id"], alarm["acknowledged_by"]) == (number, None)
    assert operator.asks("/alarms/counts")["by_kind"] == {alarm["kind"]: 1}
    seen = operator.does(f"/alarms/{alarm['id']}/acknowledge", {"note": "在找人"})
    assert (seen["acknowledged_by"], seen["note"]) == ("hy00060", "在找人")
    assert operator.does(f"/alarms/{alarm['id']}/acknowledge", {}, status=409)["by"] == "hy00060"
    assert operator.asks(f"/alarms/{alarm['id']}")["note"] == "在找人"
    operator.asks("/alarms/999", status=404)
    operator.does("/alarms/999/acknowledge", {}, status=404)
    assert [one["id"] for one in operator.asks("/alarms")["items"]] == [alarm["id"]]
    assert operator.asks("/alarms", unseen=True)["items"] == []
    again = {"block": "lead", "reason": "已任命"}
    still = operator.does(f"/requests/{number}/ask-again", again, status=409)
    assert (still["code"], set(still["why"]) >= {"zh", "en"}) == ("still_nobody", True)
    leader = at("hy00001")
    site.store.write(people.grant_role, leader.asks("/me")["id"], role="counsel", actor=SYSTEM, now=utc_now())
    assert operator.does(f"/requests/{number}/ask-again", again)["state"] == "pending"
    assert leader.mine(number)["block"] == "lead"
    assert operator.asks("/alarms")["items"] == []


def test_f36_a_leaver_s_desk_goes_to_another_item_by_item(matter: int, at: At) -> None:
    clerk, taker = at("hy00055", role="hr_clerk"), at("hy00050")
    desk = clerk.asks("/people/hy00001/desk")
    assert [(one["request_id"], one["state"]) for one in desk["tasks"]] == [(matter, "open")]
    assert (desk["name"], desk["own_requests"], "title" in str(desk)) == ("领导1", [], False)
    clerk.asks("/people/nobody/desk", status=404)
    same = clerk.does("/people/hy00001/hand-over", {"to": "hy00001", "reason": "退休"}, status=422)
    assert same["code"] == "same_person"
    done = clerk.does("/people/hy00001/hand-over", {"to": "hy00050", "reason": "退休"})
    [item] = done["items"]
    assert (item["code"], item["request_id"], done["more"]) == ("moved", matter, False)
    assert taker.mine(matter)["task_id"] == item["new_task_id"]
    assert (
        at("hy00002").does("/people/hy00001/hand-over", {"to": "hy00050", "reason": "x"}, status=403)["code"]
        == "not_your_role"
    )
