"""A person asks for something, sees the way beforehand, changes it, hurries it, takes it back: over HTTP."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from approval_core.approvals.models import Request
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.people.models import org_units
from approval_core.store import Tx
from gateway.serve import Site
from tests.mobile_api.office import At, file, publish, state, step

WAY = (step("first", "hy00001"), step("second", "hy00002", on_reject="return"))


def test_the_types_he_may_file_are_listed_with_their_titles_and_no_others(at: At) -> None:
    publish(at, *WAY)
    publish(at, *WAY, type="PASSPORT", applicants={"ranks": ["R1"]})
    asking = at("hy00900")
    [one] = [one for one in asking.asks("/types")["items"] if one["type"] in ("LEAVE", "PASSPORT")]
    assert (one["type"], one["title"], one["module"]) == ("LEAVE", {"zh": "请假", "en": "Leave"}, "hr")
    assert "GENERIC" not in [one["type"] for one in asking.asks("/types")["items"]]
    refused = file(asking, type="PASSPORT", status=403)
    assert refused["code"] == "not_an_applicant"


def test_a_form_has_labels_in_two_languages_and_the_applicant_s_rights(at: At) -> None:
    publish(at, *WAY, revoke={"within_days": 5})
    form = at("hy00900").asks("/types/LEAVE")
    fields = {one["name"]: one for one in form["fields"]}
    assert (fields["days"]["label"], fields["days"]["right"], fields["note"]["right"]) == (
        {"zh": "天数", "en": "Days"},
        "required",
        "write",
    )
    assert (form["revoke_within_days"], form["hold"]) == (5, 0)
    assert at("hy00900").asks("/types/NONE", status=404)["code"] == "no_type"


def test_the_form_of_a_request_says_what_my_step_lets_me_do(at: At) -> None:
    publish(at, step("first", "hy00001", fields={"*": "read", "cost": "write", "note": "hidden"}))
    number = file(at("hy00900"))
    publish(at, *WAY)  # a newer version, which the request does not run on
    shown = at("hy00001").asks(f"/requests/{number}/form")
    rights = {one["name"]: one["right"] for one in shown["fields"]}
    assert (shown["version"], rights) == (1, {"days": "read", "cost": "write", "note": "hidden"})


def test_f42_the_whole_way_is_shown_with_people_and_reasons_before_it_is_submitted(at: At) -> None:
    choice = {
        "choice": "dear",
        "branches": [{"when": "form.days > 2", "do": [step("long", "hy00002")]}],
        "otherwise": [],
    }
    publish(at, step("first", "hy00001"), choice)
    asking = at("hy00900")
    ahead = asking.does("/types/LEAVE/preview", {"form": {"days": 3, "cost": "0.00"}})
    first, branch, long = ahead["entries"]
    assert (first["people"][0]["person"]["account"], first["people"][0]["person"]["why"]["rule"]) == (
        "hy00001",
        "USER",
    )
    assert (branch["kind"], branch["conditions"], branch["taken"]) == (
        "choice",
        [{"when": "form.days > 2", "holds": True}],
        ["0"],
    )
    assert (long["block"], long["within"], ahead["title"]) == ("long", ["dear:0"], "请假3天")
    assert asking.asks("/requests")["items"] == []


def test_a_form_at_fault_names_each_field_in_two_languages(at: At) -> None:
    publish(at, *WAY)
    refused = file(at("hy00900"), form={"days": "many", "colour": "red"}, status=422)
    assert (refused["code"], set(refused["fields"])) == ("bad_form", {"days", "colour"})
    assert refused["zh"]["colour"] == "没有此字段"


def test_the_same_asked_twice_is_told_the_first(at: At) -> None:
    publish(at, *WAY, duplicates={"fields": ["days"], "within_days": 30})
    asking = at("hy00900")
    first = file(asking)
    refused = file(asking, status=409)
    assert (refused["code"], refused["id"]) == ("duplicate", first)


def test_what_i_filed_what_waits_for_me_and_what_i_decided_are_lists_of_their_own(at: At) -> None:
    publish(at, *WAY, copies={"start": [{"rule": "USER", "account": "hy00003"}]})
    asking, first = at("hy00900"), at("hy00001")
    numbers = [file(asking, form={"days": days}) for days in (1, 2, 3)]
    first.on_my_task(numbers[0], "decide", verdict="approve")

    def listed(browser: Any, mine: str, **more: Any) -> list[int]:
        return [one["id"] for one in browser.asks("/requests", mine=mine, **more)["items"]]

    assert listed(asking, "filed") == numbers[::-1]
    assert listed(first, "asked") == [numbers[2], numbers[1]]
    assert listed(first, "decided") == [numbers[0]]
    assert listed(at("hy00003"), "copies") == numbers[::-1]
    assert listed(first, "filed") == []
    assert listed(asking, "filed", type="OTHER") == []
    page = asking.asks("/requests", limit=2)
    assert [one["id"] for one in page["items"]] == [numbers[2], numbers[1]]
    rest = asking.asks("/requests", limit=2, cursor=page["next"])
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([numbers[0]], None)
    assert asking.asks("/requests", cursor="nonsense", status=422)["code"] == "bad_cursor"


def test_f17_what_came_back_is_submitted_again_and_the_difference_is_shown(at: At) -> None:
    publish(at, *WAY)
    asking, first = at("hy00900"), at("hy00001")
    number = file(asking)
    first.on_my_task(number, "decide", verdict="return", comment="天数不对")
    assert state(asking, number) == "returned"
    assert (
        first.does(f"/requests/{number}/resubmit", {"form": {"days": 1}}, status=403)["code"] == "not_yours"
    )
    asking.does(f"/requests/{number}/resubmit", {"form": {"days": 1}})
    shown = first.asks(f"/requests/{number}")
    assert (shown["revision"], shown["form"]["days"], shown["mine"][0]["block"]) == (2, 1, "first")
    found = {one["name"]: one for one in first.asks(f"/requests/{number}/difference")["changes"]}
    assert (found["days"]["old"], found["days"]["new"], found["days"]["label"]["zh"]) == (3, 1, "天数")
    [written] = first.asks(f"/requests/{number}/history")["items"]
    assert (written["change"]["name"], written["by"], written["block"]) == ("days", "hy00900", None)
    assert first.asks(f"/requests/{number}/difference", revision=5, status=404)["code"] == "no_revision"


def test_f23_it_is_taken_back_until_somebody_has_decided_and_then_revoked_by_the_same_way(at: At) -> None:
    publish(at, step("first", "hy00001"), step("second", "hy00002"), revoke={"within_days": 30})
    asking, first, second = at("hy00900"), at("hy00001"), at("hy00002")
    number = file(asking)
    first.on_my_task(number, "decide", verdict="approve")
    refused = asking.does(f"/requests/{number}/withdraw", {"reason": "改期"}, status=409)
    assert (refused["code"], refused["by"], refused["current"]["request_state"]) == (
        "decided",
        "领导1",
        "pending",
    )
    second.on_my_task(number, "decide", verdict="approve")
    assert asking.does(f"/requests/{number}/withdraw", {}, status=409)["revoke"] is True
    assert first.does(f"/requests/{number}/revoke", {"reason": "改期"}, status=403)["code"] == "not_yours"
    asking.does(f"/requests/{number}/revoke", {"reason": " "}, status=422)
    back = asking.does(f"/requests/{number}/revoke", {"reason": "行程取消"}, status=201)["id"]
    assert asking.asks(f"/requests/{back}")["revokes_id"] == number
    again = asking.does(f"/requests/{number}/revoke", {"reason": "行程取消"}, status=409)
    assert (again["code"], again["id"]) == ("revocation_open", back)
    first.on_my_task(back, "decide", verdict="approve")
    second.on_my_task(back, "decide", verdict="approve")
    assert asking.asks(f"/requests/{number}")["revoked_by_id"] == back


def test_f26_it_is_hurried_and_not_too_often(at: At) -> None:
    publish(at, *WAY)
    asking, first = at("hy00900"), at("hy00001")
    number = file(asking)
    standing = asking.asks(f"/requests/{number}/urge")
    assert (standing["times"], standing["next_at"] is not None) == (0, True)
    refused = asking.does(f"/requests/{number}/urge", status=409)
    assert (refused["code"], refused["current"]["request_state"]) == ("urge_too_soon", "pending")
    assert refused["next_at"][:19] == standing["next_at"][:19]
    assert first.does(f"/requests/{number}/urge", status=403)["code"] == "not_yours"
    at("hy00003").does(f"/requests/{number}/urge", status=404)


def test_the_rest_of_the_way_keeps_closed_fields_closed(at: At) -> None:
    choice = {
        "choice": "dear",
        "branches": [{"when": "form.cost > 100.0", "do": [step("long", "hy00003")]}],
        "otherwise": [],
    }
    publish(at, step("first", "hy00001"), step("blind", "hy00002", fields={"cost": "hidden"}), choice)
    asking = at("hy00900")
    number = file(asking, form={"cost": "500.00"})
    at("hy00001").on_my_task(number, "decide", verdict="approve")
    [running, branch, _] = asking.asks(f"/requests/{number}/rest")["entries"]
    assert (running["running"], branch["conditions"][0]["holds"]) == (True, True)
    [_, closed, _] = at("hy00002").asks(f"/requests/{number}/rest")["entries"]
    assert closed["conditions"] == []
    at("hy00003").asks(f"/requests/{number}/rest", status=404)
    assert at("hy00060", role="admin").asks(f"/requests/{number}/rest")["title"] == ""


def test_an_unknown_person_or_unit_in_a_form_is_named(at: At) -> None:
    publish(at, *WAY)
    asking = at("hy00900")
    refused = file(asking, applicant="nobody", status=422)
    assert (refused["code"], refused["field"]) == ("no_person", "applicant")
    assert file(asking, unit="NONE", status=422)["code"] == "no_unit"
    assert file(asking, applicant="hy00001", status=403)["code"] == "not_for_him"


def _two_units(tx: Tx, person_id: int) -> None:
    now = utc_now()
    for code, kind in (("U", "main"), ("V", "concurrent")):
        unit = people.open_unit(tx, code=code, name=f"单位{code}", kind="internal", actor=SYSTEM, now=now)
        post = people.open_post(
            tx, code=f"{code}-S", unit_id=unit, name="科员", rank="R7", actor=SYSTEM, now=now
        )
        people.assign(tx, person_id, post, kind=kind, actor=SYSTEM, now=now)
    people.open_unit(tx, code="W", name="单位W", kind="internal", actor=SYSTEM, now=now)


def test_who_has_posts_in_several_units_files_for_one_of_them(site: Site, at: At) -> None:
    publish(at, step("boss", "hy00001"))
    asking = at("hy00900")
    site.store.write(_two_units, asking.asks("/me")["id"])
    assert [one["code"] for one in asking.asks("/me")["places"]] == ["U", "V"]
    number = file(asking, unit="V")
    units = table_of(Request).c.unit_id, org_units.c.code
    told = (
        select(units[1])
        .join(table_of(Request), units[0] == org_units.c.id)
        .where(table_of(Request).c.id == number)
    )
    assert site.store.read(lambda tx: tx.execute(told).scalar()) == "V"
    assert file(asking, unit="W", status=422)["code"] == "not_your_unit"
