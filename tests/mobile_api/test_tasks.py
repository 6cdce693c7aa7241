"""What an approver does with his task beside deciding it: over HTTP, each refusal with how things stand."""

from __future__ import annotations

from tests.mobile_api.office import At, file, publish, state, step


def test_f15_a_return_goes_to_a_step_that_the_matter_names(at: At) -> None:
    publish(at, step("first", "hy00001"), step("second", "hy00002"))
    number = file(at("hy00900"))
    first, second = at("hy00001"), at("hy00002")
    first.on_my_task(number, "decide", verdict="approve")
    assert second.mine(number)["returnable"] == ["first"]
    refused = second.on_my_task(
        number, "decide", verdict="return", comment="重来", target="second", status=409
    )
    assert (refused["code"], refused["possible"], refused["current"]["task_state"]) == (
        "not_before_you",
        ["first"],
        "open",
    )
    second.on_my_task(number, "decide", verdict="return", comment="重来", target="first", resume="back")
    first.on_my_task(number, "decide", verdict="approve")
    assert second.mine(number)["block"] == "second"
    assert (
        second.on_my_task(number, "decide", verdict="approve", resume="back", status=422)["code"]
        == "bad_target"
    )


def test_f39_an_approver_writes_the_fields_his_step_lets_him_and_no_others(at: At) -> None:
    publish(at, step("first", "hy00001", fields={"*": "read", "note": "write"}))
    number = file(at("hy00900"))
    first = at("hy00001")
    assert first.mine(number)["rights"]["note"] == "write"
    refused = first.on_my_task(number, "decide", verdict="approve", form={"days": 9}, status=422)
    assert (refused["code"], list(refused["fields"])) == ("bad_form", ["days"])
    first.on_my_task(number, "decide", verdict="approve", form={"note": "准三天"})
    assert first.asks(f"/requests/{number}")["form"]["note"] == "准三天"
    [written] = first.asks(f"/requests/{number}/history")["items"]
    assert (written["by"], written["block"], written["change"]["new"]) == ("hy00001", "first", "准三天")


def test_f18_a_task_is_handed_over_and_the_other_decides_it(at: At) -> None:
    publish(at, step("first", "hy00001"), step("last", "hy00003", transfer=False))
    number = file(at("hy00900"))
    first, second = at("hy00001"), at("hy00002")
    assert first.on_my_task(number, "transfer", to="nobody", status=422)["code"] == "no_person"
    task = first.mine(number)["task_id"]
    done = first.on_my_task(number, "transfer", to="hy00002", reason="出差")
    assert second.mine(number)["task_id"] == done["task_id"]
    late = first.does(f"/tasks/{task}/transfer", {"to": "hy00003", "task_revision": 1}, status=409)
    assert late["current"]["task_state"] == "moved"
    second.on_my_task(number, "decide", verdict="approve")
    last = at("hy00003")
    assert last.mine(number)["transfer"] is False
    assert last.on_my_task(number, "transfer", to="hy00001", status=403)["code"] == "no_transfer"


def test_f19_to_f22_people_are_brought_in_within_the_range_and_taken_out_again(at: At) -> None:
    publish(at, step("first", "hy00001", add={"from": [{"rule": "USER", "account": "hy00002"}]}))
    number = file(at("hy00900"))
    first, second, third = at("hy00001"), at("hy00002"), at("hy00003")
    assert first.mine(number)["add"] is True
    out = first.on_my_task(number, "add", persons=["hy00003"], placed="before", status=403)
    assert (out["code"], out["accounts"]) == ("out_of_range", ["hy00003"])
    added = first.on_my_task(number, "add", persons=["hy00002"], placed="before")
    [theirs] = added["task_ids"]
    assert second.mine(number)["task_id"] == theirs
    assert third.does(f"/tasks/{theirs}/remove", {}, status=403)["code"] == "not_added_by_you"
    assert first.does(f"/tasks/{theirs}/remove", {"reason": "不必了"})["state"] == "pending"
    late = first.does(f"/tasks/{theirs}/remove", {}, status=409)
    assert (late["code"], late["current"]["task_state"]) == ("acted", "removed")
    first.on_my_task(number, "decide", verdict="approve")
    assert state(first, number) == "approved"


def test_f05_a_task_is_taken_from_the_pool_and_put_back(at: At) -> None:
    publish(at, step("pool", "hy00001", "hy00002", claim=True))
    number = file(at("hy00900"))
    first, second = at("hy00001"), at("hy00002")
    task = second.mine(number)
    first.on_my_task(number, "claim", status=204)
    assert first.mine(number)["claimed"] is True
    late = second.does(
        f"/tasks/{task['task_id']}/claim", {"task_revision": task["task_revision"]}, status=409
    )
    assert late["current"]["task_state"] == "over"
    first.on_my_task(number, "release", status=204)
    assert first.on_my_task(number, "release", status=409)["code"] == "not_claimed"
    second.on_my_task(number, "decide", verdict="approve")
    assert state(second, number) == "approved"


def test_f24_a_decision_is_taken_back_while_nobody_after_has_looked(at: At) -> None:
    publish(at, step("first", "hy00001"), step("second", "hy00002"))
    number = file(at("hy00900"))
    first, second = at("hy00001"), at("hy00002")
    taken = first.on_my_task(number, "decide", verdict="approve")["decision_id"]
    assert second.does(f"/decisions/{taken}/take-back", status=403)["code"] == "not_yours"
    back = first.does(f"/decisions/{taken}/take-back")
    assert (back["request_id"], back["told"], first.mine(number)["task_id"]) == (number, 1, back["task_id"])
    taken = first.on_my_task(number, "decide", verdict="approve")["decision_id"]
    second.does(f"/requests/{number}/read", status=204)
    late = first.does(f"/decisions/{taken}/take-back", status=409)
    assert (late["code"], late["current"]["decision_state"]) == ("seen", "effective")


def test_a_stand_in_finds_the_task_at_his_hand_and_whose_it_is(at: At) -> None:
    publish(at, step("first", "hy00001"))
    first, second = at("hy00001"), at("hy00002")
    period = {"valid_from": "2020-01-01T00:00:00+08:00", "valid_to": "2199-01-01T00:00:00+08:00"}
    first.does("/me/delegations", {"to": "hy00002", "reason": "出差"} | period, status=201)
    number = file(at("hy00900"))
    assert second.mine(number)["on_behalf_of"] == "hy00001"
    second.on_my_task(number, "decide", verdict="approve")
    [decided] = first.asks(f"/requests/{number}")["decisions"]
    assert (decided["by"], decided["on_behalf_of"]) == ("hy00002", "hy00001")


def test_b4_a_decision_below_the_floor_is_provisional_and_says_what_would_confirm_it(at: At) -> None:
    publish(at, step("first", "hy00001", floor=3))
    number = file(at("hy00900"))
    first = at("hy00001")
    assert first.mine(number)["provisional"] is None
    said = first.on_my_task(number, "decide", verdict="approve", comment="同意")
    assert (said["state"], bool(said["step_up"])) == ("provisional", True)
    kept = first.mine(number)["provisional"]
    assert (kept["verdict"], kept["comment"], kept["level"], kept["floor"]) == ("approve", "同意", 2, 3)
    assert state(first, number) == "pending"


def test_f30_several_are_decided_with_one_word_and_each_has_its_own_answer(at: At) -> None:
    publish(at, step("first", "hy00001"), amount="cost", limits={"batch": 1000})
    asking, first, other = at("hy00900"), at("hy00001"), at("hy00002")
    numbers = [
        file(asking, form={"days": n, "cost": cost}) for n, cost in ((1, "0.00"), (2, "5000.00"), (3, "0.00"))
    ]
    tasks = [first.mine(number) for number in numbers]
    items = [{"task_id": one["task_id"], "task_revision": one["task_revision"]} for one in tasks]
    items[2]["task_revision"] = 7
    body = {"items": items, "verdict": "approve", "comment": "同意"}
    done = first.does("/tasks:decide-batch", body)["items"]
    assert [one["code"] for one in done] == ["", "alone", "changed"]
    assert done[0]["decided"]["request_id"] == numbers[0]
    assert [state(asking, number) for number in numbers] == ["approved", "pending", "pending"]
    assert other.does("/tasks:decide-batch", body)["items"][1]["code"] == "not_yours"
    assert (
        first.does("/tasks:decide-batch", body | {"items": items[:1] * 2}, status=422)["code"] == "bad_batch"
    )
    first.does("/tasks:decide-batch", body | {"items": []}, status=422)
