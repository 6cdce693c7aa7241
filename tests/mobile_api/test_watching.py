"""Figures for who may see them, and the trail for the auditor, whose reading is itself an entry: over HTTP."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from sqlalchemy import select

from approval_core.audit.models import entries
from gateway.serve import Site
from tests.gateway.conftest import until
from tests.mobile_api.office import At, file, publish, step


@pytest.fixture
def decided(at: At) -> dict[str, Any]:
    publish(at, step("first", "hy00001"))
    number = file(at("hy00900"))
    done: dict[str, Any] = at("hy00001").on_my_task(number, "decide", verdict="approve")
    return done


def read_by_auditors(site: Site) -> list[tuple[str, str]]:
    found = (
        select(entries.c.actor, entries.c.thing).where(entries.c.chain == "auditors").order_by(entries.c.id)
    )
    return site.store.read(lambda tx: [(one.actor, one.thing) for one in tx.execute(found)])


def test_f46_figures_are_for_those_who_look_after_the_office(
    site: Site, decided: dict[str, Any], at: At
) -> None:
    clerk = at("hy00055", role="hr_clerk")
    found = clerk.asks("/statistics", type="LEAVE")
    assert (found["whole"]["submitted"], found["whole"]["approved"], found["by_person"][0]["account"]) == (
        1,
        1,
        "hy00001",
    )
    assert clerk.asks("/statistics", without=["pishi"])["excluded"] == 1
    assert (
        clerk.asks("/statistics", first="2026-05-06", last="2026-05-01", status=422)["code"] == "bad_period"
    )
    assert clerk.asks("/statistics", unit="NONE", status=422)["code"] == "no_unit"
    clerk.asks("/statistics", first="9999-12-31", last="9999-12-31", status=422)
    assert at("hy00001").asks("/statistics", status=403)["code"] == "not_your_role"
    at("hy00070", role="auditor").asks("/statistics")
    assert read_by_auditors(site) == [("hy00070", "statistics")]


def test_b3_the_auditor_reads_the_trail_and_every_reading_is_on_it(
    site: Site, decided: dict[str, Any], at: At
) -> None:
    auditor = at("hy00070", role="audit_admin")
    chain = f"request:{decided['request_id']}"
    page = auditor.asks("/audit/entries", chain=chain, limit=1)
    assert (page["items"][0]["verb"], page["items"][0]["seq"]) == ("submitted", 1)
    rest = auditor.asks("/audit/entries", chain=chain, cursor=page["next"])
    assert "decided" in [one["verb"] for one in rest["items"]]
    [by] = auditor.asks("/audit/entries", person="hy00001", verb="decided")["items"]
    assert by["thing"] == f"decision:{decided['decision_id']}"
    assert auditor.asks("/audit/entries", until="2020-01-01T00:00:00Z")["items"] == []
    auditor.asks("/audit/entries", since="2026-05-06T09:00:00", status=422)
    assert read_by_auditors(site) == [("hy00070", chain)] * 2 + [("hy00070", "entries")] * 2
    for account, facts in (("hy00001", {}), ("hy00060", {"role": "admin"})):
        assert at(account, **facts).asks("/audit/entries", status=403)["code"] == "not_your_role"


def test_b3_the_receipt_of_a_decision_proves_it_to_a_stranger(
    site: Site, decided: dict[str, Any], at: At
) -> None:
    auditor = at("hy00070", role="auditor")
    path = f"/api/v1/audit/receipts/{decided['decision_id']}"
    got = until(lambda: (found := auditor.get(path)).status_code == 200 and found, "the log did not take it")
    receipt = got.json()
    assert (receipt["format"], receipt["entry"]["verb"]) == ("pishi/receipt/1", "decided")
    assert receipt["keys"][0]["key_id"] == receipt["checkpoint"]["key_id"]
    assert auditor.get(path, params={"text": False}).json()["entry"]["data"] is None
    assert auditor.get(path, params={"tlog": True}).text.startswith("c2sp.org/tlog-proof@v1\n")
    assert auditor.asks("/audit/receipts/999", status=404)["code"] == "no_decision"
    packed = auditor.get(f"/api/v1/audit/packages/{decided['request_id']}")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as box:
        assert {"manifest.sig", "verify_record.py", "entries.json"} <= set(box.namelist())
    assert auditor.asks("/audit/packages/999", status=404)["code"] == "no_approval"
    assert ("hy00070", f"decision:{decided['decision_id']}") in read_by_auditors(site)
    assert (
        at("hy00001").asks(f"/audit/receipts/{decided['decision_id']}", status=403)["code"] == "not_your_role"
    )
