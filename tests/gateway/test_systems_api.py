"""Another system asks for an approval, looks at it, changes it and takes it back."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from gateway.serve import Site
from tests.gateway.conftest import register, until
from tests.gateway.story import WITHOUT_PHONE, System, request


def test_a_submission_is_answered_with_the_whole_approval(system: System) -> None:
    answer = system.ask("京税〔2026〕1/2", hold=0, sms=True)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert (said["ref"], said["state"], said["revision"], said["hold"]) == (
        "京税〔2026〕1/2",
        "pending",
        1,
        0,
    )
    assert said["steps"][0]["approvers"] == [
        {"account": "hy00001", "name": "领导1", "weight": 1, "state": "open"}
    ]
    assert said["warnings"] == []
    assert system.show("京税〔2026〕1/2") == said


def test_a_decision_in_hold_still_shows_pending_with_held_until(system: System) -> None:
    system.ask(hold=600)
    system.decides("hy00001", comment="请尽快")
    said = system.show()
    assert said["state"] == "pending"
    assert said["held_until"] is not None
    [decision] = said["decisions"]
    assert (decision["verdict"], decision["by"], decision["state"]) == ("approve", "hy00001", "held")


def test_an_effective_decision_says_who_how_and_when(system: System) -> None:
    system.ask(hold=0)
    system.decides("hy00001", verdict="reject", comment="材料不全")
    said = system.show()
    assert (said["state"], said["held_until"]) == ("rejected", None)
    [decision] = said["decisions"]
    told = {name: decision[name] for name in ("verdict", "by", "on_behalf_of", "channel", "comment", "state")}
    assert told == {
        "verdict": "reject",
        "by": "hy00001",
        "on_behalf_of": None,
        "channel": "app",
        "comment": "材料不全",
        "state": "effective",
    }


def test_without_a_hold_the_types_default_applies(system: System) -> None:
    assert system.ask().json()["hold"] == 120


def test_the_worker_ends_a_hold(system: System) -> None:
    system.ask(hold=1)
    system.decides("hy00001")
    until(lambda: system.show()["state"] == "approved", "the hold did not end")


def test_an_unknown_approver_is_named(system: System) -> None:
    answer = system.ask(steps=[{"approvers": ["hy00001", "nobody"]}])
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["approvers"]) == ("unknown_approver", ["nobody"])
    assert system.http.get("/systems/v1/approvals/R-1").status_code == 404


def test_sms_for_an_approver_without_a_number_is_taken_with_a_warning(system: System) -> None:
    answer = system.ask(sms=True, steps=[{"approvers": [WITHOUT_PHONE]}])
    assert answer.status_code == 201
    assert WITHOUT_PHONE in answer.json()["warnings"][0]
    assert system.show()["warnings"] == answer.json()["warnings"]


def test_a_vote_takes_weights_and_a_threshold(system: System) -> None:
    vote = {"approvers": [{"account": "hy00001", "weight": 2}, "hy00002"], "mode": "vote", "threshold": 60}
    answer = system.ask(steps=[vote], hold=0)
    assert answer.status_code == 201, answer.text
    system.decides("hy00001")
    assert system.show()["state"] == "approved"


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ...},
        {"title": " "},
        {"steps": []},
        {"steps": [{"approvers": []}]},
        {"steps": [{"approvers": ["hy00001"], "mode": "vote"}]},
        {"steps": [{"approvers": ["hy00001", "hy00001"]}]},
        {"hold": -1},
        {"hold": "soon"},
        {"hodl": 5},
        {"type": "LEAVE"},
        {"on_reject": "maybe"},
        {"due": "2026-05-06T09:00:00"},
        {"due": "9999-12-31T23:59:59-23:59"},
        {"ref": "a/../b"},
        {"form": {"a": "\u0000"}},
        {"summary": "\ud83d"},
    ],
)
def test_a_body_that_cannot_be_used_is_a_422_problem(system: System, changes: dict[str, Any]) -> None:
    import json

    answer = system.http.post(
        "/systems/v1/approvals",
        content=json.dumps(request(**changes)),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    assert {"type", "title", "status", "code", "detail", "request_id"} <= answer.json().keys()


def test_the_same_ref_with_the_same_body_is_the_first_answer(system: System) -> None:
    first = system.ask(hold=0)
    system.decides("hy00001")
    again = system.ask(hold=0)
    assert (again.status_code, again.text) == (201, first.text)
    assert again.headers["idempotent-replayed"] == "true"


def test_the_same_ref_with_another_body_is_a_conflict(system: System) -> None:
    system.ask()
    answer = system.ask(title="另一件事")
    assert (answer.status_code, answer.json()["code"]) == (409, "ref_conflict")


def test_a_replayed_key_gives_the_first_answer(system: System) -> None:
    first = system.ask(key="k-1", hold=0)
    system.decides("hy00001")
    again = system.ask(key="k-1", hold=0)
    assert (again.status_code, again.text) == (first.status_code, first.text)


def test_a_key_used_for_another_request_is_refused(system: System) -> None:
    system.ask(key="k-1")
    answer = system.ask("R-2", key="k-1")
    assert (answer.status_code, answer.json()["code"]) == (409, "key_reused")


def test_a_failed_request_leaves_its_key_free(system: System) -> None:
    assert system.ask(key="k-1", steps=[{"approvers": ["nobody"]}]).status_code == 422
    assert system.ask(key="k-1").status_code == 201


def test_another_client_has_its_own_keys_and_refs(system: System, site: Site) -> None:
    first = system.ask(key="k-1").json()
    with register(site, "oa2") as other:
        second = other.ask(key="k-1", title="别的事")
        assert second.status_code == 201
        assert second.json()["id"] != first["id"]
        assert other.http.get("/systems/v1/approvals/R-1").json()["title"] == "别的事"


def test_many_at_once_with_one_key_make_one_approval(system: System) -> None:
    found: list[tuple[int, str]] = []

    def ask() -> None:
        answer = system.ask(key="once")
        found.append((answer.status_code, answer.text))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert {status for status, _ in found} == {201}
    assert len({text for _, text in found}) == 1


def test_another_systems_approval_is_not_there(system: System, site: Site) -> None:
    system.ask()
    with register(site, "oa2") as other:
        address = "/systems/v1/approvals/R-1"
        assert other.http.get(address).status_code == 404
        assert other.http.put(address, json={"title": "x"}).status_code == 404
        assert other.http.post(address + "/withdraw").status_code == 404
        assert other.http.get("/systems/v1/approvals").json()["items"] == []
    assert system.show()["state"] == "pending"


def test_new_content_is_a_new_revision_and_asks_again(system: System) -> None:
    system.ask()
    answer = system.http.put("/systems/v1/approvals/R-1", json={"title": "改期的请示", "summary": "七月"})
    assert answer.status_code == 200, answer.text
    said = system.show()
    assert (said["revision"], said["title"], said["summary"], said["form"]) == (
        2,
        "改期的请示",
        "七月",
        {"人数": 40},
    )
    assert said["steps"][0]["approvers"][0]["state"] == "open"


def test_new_content_may_bring_another_route(system: System) -> None:
    system.ask()
    system.http.put("/systems/v1/approvals/R-1", json={"title": "改", "steps": [{"approvers": ["hy00002"]}]})
    assert [one["account"] for one in system.show()["steps"][0]["approvers"]] == ["hy00002"]


def test_the_whole_body_edited_is_new_content_and_other_changes_are_named(system: System) -> None:
    system.ask(hold=60, on_reject="return")
    whole = request(title="改", hold=60, on_reject="return")
    assert system.http.put("/systems/v1/approvals/R-1", json=whole).status_code == 200
    refused = system.http.put("/systems/v1/approvals/R-1", json=whole | {"hold": 5, "applicant": "别人"})
    assert (refused.status_code, refused.json()["code"]) == (422, "cannot_change")
    assert refused.json()["fields"] == ["hold", "applicant"]
    assert system.show()["revision"] == 2


def test_nothing_is_changed_or_withdrawn_while_a_decision_is_held(system: System) -> None:
    system.ask(hold=600)
    system.decides("hy00001")
    put = system.http.put("/systems/v1/approvals/R-1", json={"title": "改"})
    withdrawn = system.http.post("/systems/v1/approvals/R-1/withdraw", json={})
    assert [(a.status_code, a.json()["code"]) for a in (put, withdrawn)] == [(409, "held")] * 2


def test_a_withdrawn_approval_is_withdrawn_once(system: System) -> None:
    system.ask()
    first = system.http.post("/systems/v1/approvals/R-1/withdraw", json={"reason": "重复"})
    again = system.http.post("/systems/v1/approvals/R-1/withdraw")
    assert [(a.status_code, a.json()["state"]) for a in (first, again)] == [(200, "withdrawn")] * 2


def test_a_decided_approval_cannot_be_withdrawn(system: System) -> None:
    system.ask(hold=0)
    system.decides("hy00001")
    answer = system.http.post("/systems/v1/approvals/R-1/withdraw")
    assert (answer.status_code, answer.json()["code"], answer.json()["state"]) == (409, "closed", "approved")
