"""A person's list, the matters he may see, and what he does with them: over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from approval_core.approvals.models import Decision
from approval_core.audit.models import entries
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from gateway.serve import Site
from tests.gateway.conftest import register
from tests.gateway.story import System
from tests.mobile_api.browser import Browser, give_password

At = Callable[..., Browser]
CONTENT = ("title", "summary", "applicant", "form", "ref", "remarks")


@pytest.fixture
def system(site: Site) -> Iterator[System]:
    with register(site, "erp") as registered:
        yield registered


def asked(system: System, ref: str = "R-1", **changes: Any) -> int:
    answer = system.ask(ref, **changes)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_what_waits_for_a_leader_is_on_his_list_and_on_nobody_elses(system: System, at: At) -> None:
    leader, other = at("hy00001"), at("hy00002")
    number = asked(system)
    [item] = leader.asks("/inbox")["items"]
    assert (item["request_id"], item["source"], item["ref"][:5], item["state"]) == (
        number,
        "erp",
        "task/",
        "open",
    )
    assert leader.asks("/inbox/counts") == {"open": 1, "by_source": {"erp": 1}}
    assert (other.asks("/inbox"), other.asks("/inbox/counts")["open"]) == ({"items": [], "next": None}, 0)


def test_a_long_list_comes_page_by_page_without_gap_or_repeat(system: System, at: At) -> None:
    leader = at("hy00001")
    numbers = [asked(system, f"R-{place}") for place in range(5)]
    found, cursor = [], None
    while True:
        page = leader.asks("/inbox", limit=2, **({"cursor": cursor} if cursor else {}))
        found += [item["request_id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == numbers
    assert leader.asks("/inbox", cursor="nonsense", status=422)["code"] == "bad_cursor"
    leader.asks("/inbox", state="all", status=422)


def test_a_decision_is_recorded_with_the_session_as_its_evidence(site: Site, system: System, at: At) -> None:
    leader = at("hy00001")
    number = asked(system)
    done = leader.decides("approve", comment="同意，请尽快")
    assert (done["request_id"], done["state"], done["effect"]) == (number, "held", "approved")
    decisions = table_of(Decision)
    row = site.store.read(lambda tx: tx.execute(select(decisions)).one())
    assert (row.channel, row.level, row.evidence.partition(":")[0]) == ("web", 2, "session")
    [shown] = leader.asks(f"/requests/{number}")["decisions"]
    assert (shown["by"], shown["comment"], shown["channel"], shown["level"]) == (
        "hy00001",
        "同意，请尽快",
        "web",
        2,
    )
    assert leader.asks("/inbox")["items"] == []
    assert [item["request_id"] for item in leader.asks("/inbox", state="done")["items"]] == [number]


def test_a_late_reply_is_told_who_decided_when_and_by_which_channel(system: System, at: At) -> None:
    first, late = at("hy00001"), at("hy00002")
    number = asked(system, steps=[{"approvers": ["hy00001", "hy00002"], "mode": "any"}])
    task = late.asks("/inbox")["items"][0]["task_id"]
    first.decides("reject")
    refused = late.does(f"/tasks/{task}/decide", {"verdict": "approve", "task_revision": 1}, status=409)
    assert (refused["code"], refused["by"], refused["channel"], refused["verdict"]) == (
        "already_decided",
        "领导1",
        "web",
        "reject",
    )
    assert refused["at"][:4].isdigit()
    now = refused["current"]
    assert (now["request_id"], now["task_state"], now["request_state"]) == (number, "over", "pending")


def test_what_was_changed_meanwhile_is_not_decided_and_the_refusal_says_how_it_stands(
    system: System, at: At
) -> None:
    leader = at("hy00001")
    number = asked(system)
    task = leader.asks("/inbox")["items"][0]["task_id"]
    assert system.http.put("/systems/v1/approvals/R-1", json={"title": "改期的请示"}).status_code == 200
    refused = leader.does(f"/tasks/{task}/decide", {"verdict": "approve", "task_revision": 1}, status=409)
    assert refused["code"] in {"changed", "closed"}
    assert refused["current"]["request_revision"] == 2
    assert leader.decides()["request_id"] == number


def test_nobody_decides_what_was_asked_of_another(system: System, at: At) -> None:
    leader, other = at("hy00001"), at("hy00002")
    asked(system)
    task = leader.asks("/inbox")["items"][0]["task_id"]
    refused = other.does(f"/tasks/{task}/decide", {"verdict": "approve", "task_revision": 1}, status=403)
    assert refused["code"] == "not_yours"
    other.does("/tasks/99999/decide", {"verdict": "approve", "task_revision": 1}, status=404)
    leader.does(f"/tasks/{task}/decide", {"verdict": "maybe", "task_revision": 1}, status=422)
    assert leader.decides()["effect"] == "approved"


def test_a_held_decision_is_undone_by_who_took_it_and_by_nobody_else(system: System, at: At) -> None:
    leader, other = at("hy00001"), at("hy00002")
    asked(system, steps=[{"approvers": ["hy00001", "hy00002"], "mode": "any"}])
    taken = leader.decides("reject")["decision_id"]
    assert other.does(f"/decisions/{taken}/undo", status=403)["code"] == "not_yours"
    undone = leader.does(f"/decisions/{taken}/undo")
    assert undone["task_revision"] == 2
    again = leader.does(f"/decisions/{taken}/undo", status=409)
    assert again["current"]["decision_state"] == "undone"
    assert leader.decides("approve")["effect"] == "approved"


def sight(browser: Browser, number: int) -> str | None:
    answer = browser.get(f"/api/v1/requests/{number}")
    if answer.status_code == 404:
        assert answer.json()["code"] == "no_approval"
        return None
    return str(answer.json()["sight"])


def test_a_request_is_seen_by_those_it_concerns_and_is_not_there_for_others(
    site: Site, system: System, at: At
) -> None:
    give_password(site.store, "hy00003")
    asking, leader = at("hy00900"), at("hy00001")
    number = asked(system, applicant="hy00900")
    assert sight(asking, number) == "applicant"
    assert sight(leader, number) == "asked"
    assert sight(at("hy00050", secretary_of="hy00001"), number) == "secretary"
    assert sight(at("hy00051", secretary_of="hy00900"), number) == "secretary"
    assert sight(at("hy00052", secretary_of="hy00003"), number) is None
    assert sight(at("hy00003"), number) is None
    assert sight(at("hy00053", role="hr_clerk"), number) is None
    assert sight(leader, 99999) is None


def test_a_stand_in_sees_what_he_may_decide_and_who_decided_goes_on_seeing_it(
    site: Site, system: System, at: At
) -> None:
    leader, stand_in = at("hy00001"), at("hy00002")
    number = asked(system)
    assert sight(stand_in, number) is None
    now = utc_now()
    giver, taker = leader.asks("/me")["id"], stand_in.asks("/me")["id"]
    site.store.write(
        people.delegate, giver, taker, reason="出差", valid_from=now, valid_to=now.replace(year=now.year + 1),
        actor=SYSTEM, now=now,
    )  # fmt: skip
    assert sight(stand_in, number) == "stand_in"
    task = leader.asks("/inbox")["items"][0]["task_id"]
    stand_in.does(f"/tasks/{task}/decide", {"verdict": "approve", "task_revision": 1})
    assert sight(stand_in, number) == "decided"


def test_an_administrator_sees_how_it_stands_and_nothing_that_anybody_wrote(system: System, at: At) -> None:
    leader, admin = at("hy00001"), at("hy00060", role="system_admin")
    number = asked(system)
    leader.decides("approve", comment="机密意见")
    leader.does(f"/requests/{number}/remarks", {"text": "机密说明"}, status=201)
    shown = admin.asks(f"/requests/{number}")
    assert shown["sight"] == "administrator"
    assert [shown[name] for name in CONTENT] == ["", "", "", {}, "", []]
    assert (shown["state"], shown["steps"][0]["approvers"][0]["account"]) == ("pending", "hy00001")
    for secret in ("机密", "征管", "人数", "王伟"):
        assert secret not in str(shown)
    assert admin.does(f"/requests/{number}/remarks", {"text": "x"}, status=403)["code"] == "not_yours"


def test_an_auditor_reads_everything_changes_nothing_and_his_reading_is_written_down(
    site: Site, system: System, at: At
) -> None:
    auditor = at("hy00070", role="audit_admin")
    number = asked(system)
    shown = auditor.asks(f"/requests/{number}")
    assert (shown["sight"], shown["title"]) == ("auditor", "关于召开征管工作会的请示")
    for path, body in (
        (f"/requests/{number}/remarks", {"text": "x"}),
        ("/tasks/1/decide", {"verdict": "approve", "task_revision": 1}),
        ("/decisions/1/undo", None),
    ):
        assert auditor.does(path, body, status=403)["code"] == "not_your_role"
    read = site.store.read(
        lambda tx: [
            (one.actor, one.verb, one.thing)
            for one in tx.execute(select(entries).where(entries.c.chain == "auditors"))
        ]
    )
    assert read == [("hy00070", "audit.read", f"request:{number}")]


def test_a_remark_lands_on_the_matter_for_those_who_see_it(system: System, at: At) -> None:
    leader, other = at("hy00001"), at("hy00002")
    number = asked(system)
    leader.does(f"/requests/{number}/remarks", {"text": "请补充人数"}, status=201)
    other.does(f"/requests/{number}/remarks", {"text": "x"}, status=404)
    leader.does(f"/requests/{number}/remarks", {"text": "  "}, status=422)
    [said] = leader.asks(f"/requests/{number}")["remarks"]
    assert (said["by"], said["text"]) == ("hy00001", "请补充人数")


def test_the_leaders_whose_secretary_i_am_are_named(at: At) -> None:
    leaders = at("hy00050", secretary_of="hy00001").asks("/me")["leaders"]
    assert [one["account"] for one in leaders] == ["hy00001"]


def test_who_asked_takes_it_back_and_nobody_else_does(system: System, at: At) -> None:
    asking, leader = at("hy00900"), at("hy00001")
    number = asked(system, applicant="hy00900")
    assert leader.does(f"/requests/{number}/withdraw", {}, status=403)["code"] == "not_yours"
    at("hy00003").does(f"/requests/{number}/withdraw", {}, status=404)
    asking.does(f"/requests/{number}/withdraw", {"reason": "改期"}, status=204)
    assert asking.asks(f"/requests/{number}")["state"] == "withdrawn"
    again = asking.does(f"/requests/{number}/withdraw", {}, status=409)
    assert again["current"] == {"request_state": "withdrawn", "request_revision": 1}
    assert leader.asks("/inbox")["items"] == []
