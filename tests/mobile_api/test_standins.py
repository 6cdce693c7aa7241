"""Who is away and who decides for him: over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from approval_core.clock import OFFICE_ZONE, utc_now
from tests.mobile_api.office import At, file, publish, step


def days(first: int, last: int) -> dict[str, str]:
    now = utc_now().astimezone(OFFICE_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "valid_from": (now + timedelta(days=first)).isoformat(),
        "valid_to": (now + timedelta(days=last)).isoformat(),
    }


def away(first: int = 1, last: int = 5, **changes: Any) -> dict[str, Any]:
    return {"kind": "travel"} | days(first, last) | changes


def test_b10_an_absence_is_entered_its_proxy_named_and_both_end_when_he_is_back(at: At) -> None:
    leader, second = at("hy00001"), at("hy00002")
    entered = leader.does("/me/absences", away(), status=201)
    [mine] = leader.asks("/me/absences")["items"]
    assert (mine["id"], mine["kind"]) == (entered["id"], "travel")
    assert leader.does("/me/absences", away(2, 3), status=409)["code"] == "overlap"
    leader.does("/me/absences", away(kind="hunting"), status=422)
    leader.does("/me/absences", away(valid_from="2026-05-06T09:00:00"), status=422)  # whose nine o'clock?
    assert (
        second.does(f"/absences/{entered['id']}/proxy", {"to": "hy00003"}, status=403)["code"] == "not_yours"
    )
    nobody = leader.does(f"/absences/{entered['id']}/proxy", {}, status=409)
    assert nobody["code"] == "no_proposal"
    leader.does(f"/absences/{entered['id']}/proxy", {"to": "hy00002"}, status=201)
    [given] = leader.asks("/me/delegations")["given"]
    assert (given["taker"], given["absence_id"]) == ("hy00002", entered["id"])
    assert leader.asks(f"/absences/{entered['id']}/proposal")["account"] == "hy00002"
    second.asks(f"/absences/{entered['id']}/proposal", status=403)
    assert second.does(f"/absences/{entered['id']}/end", status=403)["code"] == "not_yours"
    leader.does(f"/absences/{entered['id']}/end", status=204)
    assert leader.asks("/me/absences")["items"] == leader.asks("/me/delegations")["given"] == []


def test_the_personnel_office_enters_absences_of_others_and_sees_who_is_away(at: At) -> None:
    clerk, leader = at("hy00055", role="hr_clerk"), at("hy00001")
    entered = clerk.does("/people/hy00001/absences", away(), status=201)
    clerk.does("/people/nobody/absences", away(), status=404)
    [one] = clerk.asks("/absences")["items"]
    assert (one["account"], one["id"], one["proxies"]) == ("hy00001", entered["id"], [])
    assert clerk.asks("/absences", day="2020-05-06")["items"] == []
    clerk.asks("/absences", day="9999-12-31", status=422)
    assert leader.asks("/absences", status=403)["code"] == "not_your_role"
    assert leader.asks("/me/absences")["items"][0]["id"] == entered["id"]


def test_f35_a_delegation_is_given_with_types_and_a_ceiling_and_revoked(at: At) -> None:
    leader, second = at("hy00001"), at("hy00002")
    body = {"to": "hy00002", "types": ["LEAVE"], "ceiling": "5000.00"} | days(0, 5)
    number = leader.does("/me/delegations", body, status=201)["id"]
    [given], [received] = leader.asks("/me/delegations")["given"], second.asks("/me/delegations")["received"]
    assert given == received
    assert (given["types"], given["ceiling"], given["taker_name"]) == (["LEAVE"], "5000.00", "领导2")
    loop = second.does("/me/delegations", {"to": "hy00001"} | days(0, 5), status=409)
    assert (loop["code"], loop["taker"]) == ("delegation_loop", "hy00001")
    assert leader.does("/me/delegations", {"to": "hy00001"} | days(0, 5), status=422)["code"] == "self"
    leader.does("/me/delegations", body | {"ceiling": "0.001"}, status=422)
    at("hy00050", secretary_of="hy00001")
    assert leader.does("/me/delegations", {"to": "hy00050"} | days(0, 5), status=409)["code"] == "secretary"
    assert second.does(f"/delegations/{number}/revoke", status=403)["code"] == "not_yours"
    leader.does(f"/delegations/{number}/revoke", status=204)
    leader.does(f"/delegations/{number}/revoke", status=404)


def test_b10_what_will_stall_tomorrow_is_foreseen_with_the_reason(at: At) -> None:
    publish(at, step("first", "hy00001"))
    number = file(at("hy00900"))
    at("hy00001").does("/me/absences", away(), status=201)
    clerk = at("hy00055", role="hr_clerk")
    [stall] = clerk.asks("/forecast")["items"]
    assert (stall["request_id"], stall["account"], stall["code"], stall["proposed"]) == (
        number,
        "hy00001",
        "no_proxy",
        None,
    )
    assert clerk.asks("/forecast", day="1900-01-01", status=422)["code"] == "bad_day"
