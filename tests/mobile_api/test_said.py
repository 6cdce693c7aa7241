"""What people say to each other about a matter, and who has looked at it: over HTTP."""

from __future__ import annotations

from tests.mobile_api.office import At, file, publish, step


def test_f27_a_question_and_its_answer_land_on_the_matter_and_stop_nothing(at: At) -> None:
    publish(at, step("first", "hy00001"))
    asking, first, stranger = at("hy00900"), at("hy00001"), at("hy00003")
    number = file(asking)
    talk = first.does(f"/requests/{number}/talks", {"to": "hy00900", "text": "几个人去？"}, status=201)["id"]
    twice = first.does(f"/requests/{number}/talks", {"to": "hy00900", "text": "？"}, status=409)
    assert (twice["code"], twice["current"]["request_state"]) == ("asked_already", "pending")
    assert (
        first.does(f"/requests/{number}/talks", {"to": "hy00003", "text": "？"}, status=422)["code"]
        == "not_a_participant"
    )
    stranger.does(f"/requests/{number}/talks", {"to": "hy00900", "text": "？"}, status=404)
    stranger.asks(f"/requests/{number}/talks", status=404)
    assert first.does(f"/talks/{talk}/answer", {"text": "两个"}, status=403)["code"] == "not_yours"
    asking.does(f"/talks/{talk}/answer", {"text": "两个"}, status=204)
    late = asking.does(f"/talks/{talk}/answer", {"text": "三个"}, status=409)
    assert (late["code"], late["current"]["talk_state"]) == ("answered", "answered")
    [said] = asking.asks(f"/requests/{number}/talks")["items"]
    assert (said["asker"], said["asked"], said["answer"]) == ("hy00001", "hy00900", "两个")
    first.on_my_task(number, "decide", verdict="approve")
    over = first.does(f"/requests/{number}/talks", {"to": "hy00900", "text": "？"}, status=409)
    assert (over["code"], over["current"]["request_state"]) == ("closed", "approved")


def test_f28_a_comment_has_versions_and_tells_those_it_names(at: At) -> None:
    publish(at, step("first", "hy00001"))
    asking, named = at("hy00900"), at("hy00003")
    number = file(asking)
    first = asking.does(f"/requests/{number}/remarks", {"text": "请 @hy00003 知悉"}, status=201)["id"]
    again = {"text": "请 @hy00003 知悉并存档", "replaces": first}
    second = asking.does(f"/requests/{number}/remarks", again, status=201)["id"]
    assert asking.does(f"/requests/{number}/remarks", again, status=409)["code"] == "replaced"
    assert (
        at("hy00001").does(f"/requests/{number}/remarks", {"text": "x", "replaces": second}, status=403)[
            "code"
        ]
        == "not_yours"
    )
    remarks = named.asks(f"/requests/{number}")["remarks"]
    assert [(one["id"], one["replaces"], one["mentions"]) for one in remarks] == [
        (first, None, ["hy00003"]),
        (second, first, ["hy00003"]),
    ]


def test_f31_who_has_looked_at_it_is_on_record_by_channel(at: At) -> None:
    publish(at, step("first", "hy00001"), copies={"start": [{"rule": "USER", "account": "hy00002"}]})
    asking, copied = at("hy00900"), at("hy00002")
    number = file(asking)
    assert asking.asks(f"/requests/{number}/readings")["items"] == []
    copied.does(f"/requests/{number}/read", status=204)
    copied.does(f"/requests/{number}/read", status=204)
    [one] = asking.asks(f"/requests/{number}/readings")["items"]
    assert (one["account"], one["channel"], one["times"]) == ("hy00002", "web", 2)
    [copy] = asking.asks(f"/requests/{number}")["copies"]
    assert copy["read_at"] is not None
    at("hy00003").does(f"/requests/{number}/read", status=404)
    assert at("hy00060", role="operator").does(f"/requests/{number}/read", status=403)["code"] == "not_yours"
