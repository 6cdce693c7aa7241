"""Who designs types: checks, publishes, carries running requests over and replays closed ones: over HTTP."""

from __future__ import annotations

from typing import Any

from tests.mobile_api.office import At, file, publish, state, step, text_of

WAY = (step("first", "hy00001"), step("second", "hy00002"))


def test_b9_a_text_is_checked_with_each_fault_in_its_place(at: At) -> None:
    designer = at("hy00080", role="designer")
    bad = text_of(step("first", "hy00001"), step("first", "hy00002"))
    [fault] = designer.does("/types/check", {"text": bad})["findings"]
    assert (fault["severity"], fault["place"], bool(fault["zh"])) == ("error", "route[1]", True)
    designer.does("/types/check", {"text": "- a list"})
    for text in ("a: &a [*a, *a]", "{", "x" * 1000):
        assert designer.does("/types/check", {"text": text})["findings"][0]["severity"] == "error"
    lonely = text_of(step("first") | {"approvers": [{"rule": "ROLE", "role": "counsel", "scope": "office"}]})
    found = designer.does("/types/check", {"text": lonely, "organisation": True})
    assert ("nobody", "first") in [(one["code"], one["step"]) for one in found["organisation"]]
    assert designer.does("/types/check", {"text": text_of(*WAY)})["organisation"] is None


def test_a_type_is_published_by_its_designer_and_by_nobody_else(at: At) -> None:
    first = publish(at, *WAY)
    assert (first["version"], first["created"]) == (1, True)
    assert publish(at, *WAY)["created"] is False
    designer = at("hy00080")
    refused = designer.does("/types", {"text": text_of(step("first", "hy00001", mode="vote"))}, status=422)
    assert (refused["code"], refused["place"][:8]) == ("bad_document", "route[0]")
    assert at("hy00001").does("/types", {"text": text_of(*WAY)}, status=403)["code"] == "not_your_role"
    assert designer.asks("/types/LEAVE/source")["text"] == text_of(*WAY)
    assert publish(at, step("only", "hy00003"))["version"] == 2
    designer = at("hy00080")
    assert [one["version"] for one in designer.asks("/versions", type="LEAVE", retired=True)["items"]] == [
        2,
        1,
    ]
    assert designer.does("/types/LEAVE/retire")["version"] == 2
    assert designer.does("/types/LEAVE/retire", status=409)["code"] == "already_retired"
    assert file(at("hy00900"), status=404)["code"] == "no_type"


def test_f41_running_requests_are_carried_over_as_they_were_planned_and_put_back(at: At) -> None:
    publish(at, *WAY)
    first, second = at("hy00001"), at("hy00002")
    asking = at("hy00900")
    numbers = [file(asking, form={"days": days}) for days in (1, 2)]
    publish(at, step("first", "hy00003"), step("second", "hy00002"))
    designer = at("hy00080")
    designer.does("/types/LEAVE/migrations/plan", {"to_version": 2}, status=422)
    plan = designer.does("/types/LEAVE/migrations/plan", {"to_version": 2, "from_version": 1})
    assert [(one["request_id"], one["anew"][0]["asked"]) for one in plan["items"]] == [
        (n, ["hy00003"]) for n in numbers
    ]
    first.on_my_task(numbers[1], "decide", verdict="approve")  # it moves before the plan is done
    items = [{"request_id": one["request_id"], "mark": one["mark"]} for one in plan["items"]]
    order: dict[str, Any] = {"to_version": 2, "items": items, "reason": "分工调整"}
    done = designer.does("/types/LEAVE/migrations", order)["items"]
    assert [(one["state"], one["code"]) for one in done] == [("migrated", None), ("refused", "moved")]
    assert at("hy00003").mine(numbers[0])["block"] == "first"
    designer.does(f"/requests/{numbers[0]}/migration/revert", {"reason": "有误"}, status=204)
    assert first.mine(numbers[0])["block"] == "first"
    back = f"/requests/{numbers[1]}/migration/revert"
    assert designer.does(back, {"reason": "有误"}, status=404)["code"] == "no_migration"
    plan = designer.does("/types/LEAVE/migrations/plan", {"to_version": 2, "requests": [numbers[1]]})
    order["items"] = [{"request_id": numbers[1], "mark": plan["items"][0]["mark"]}]
    assert designer.does("/types/LEAVE/migrations", order)["items"][0]["state"] == "migrated"
    second.on_my_task(numbers[1], "decide", verdict="approve")
    late = designer.does(back, {"reason": "有误"}, status=409)
    assert late["current"]["request_state"] == state(asking, numbers[1]) == "approved"


def test_b9_closed_requests_are_replayed_on_a_new_text(at: At) -> None:
    publish(at, step("first", "hy00001"))
    number = file(at("hy00900"))
    at("hy00001").on_my_task(number, "decide", verdict="approve")
    designer = at("hy00080")
    found = designer.does("/types/LEAVE/replay", {"text": text_of(step("first", "hy00003"))})
    [difference] = found["steps"]
    assert (found["requests"], found["same"], difference["others"]) == (1, 0, 1)
    assert difference["examples"]["others"][0]["would"] == ["hy00003"]
    assert designer.does("/types/OTHER/replay", {"text": text_of(*WAY)}, status=422)["code"] == "other_type"
