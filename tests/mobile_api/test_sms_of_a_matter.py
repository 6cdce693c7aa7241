"""What the SMS of a matter did, for the secretary and the operator, and what was given up: over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from approval_core.audit.models import entries
from approval_core.store import Tx
from gateway.serve import Site
from sms_modem.models import outbound_sms
from tests.gateway.conftest import register, until
from tests.gateway.story import System
from tests.mobile_api.office import At


@pytest.fixture
def system(site: Site) -> Iterator[System]:
    with register(site, "erp") as registered:
        yield registered


def give_up(tx: Tx) -> None:
    tx.execute(update(outbound_sms).values(state="dead", error="no network"))


def test_a_secretary_sees_her_leader_s_questions_and_an_operator_all_of_them(
    site: Site, system: System, at: At
) -> None:
    steps = [{"approvers": ["hy00001", "hy00002"], "mode": "all"}]
    number = system.ask(sms=True, steps=steps).json()["id"]
    secretary, operator = at("hy00050", secretary_of="hy00001"), at("hy00060", role="operator")
    path = f"/requests/{number}/sms"
    both = until(lambda: len(found := operator.asks(path)["items"]) == 2 and found, "nobody was asked")
    assert [one["account"] for one in both] == ["hy00001", "hy00002"]
    [hers] = secretary.asks(path)["items"]
    assert (hers["account"], hers["phone"], hers["sms_state"]) == ("hy00001", "+8612******001", "queued")
    assert [one["account"] for one in at("hy00002").asks(path)["items"]] == ["hy00002"]
    at("hy00003").asks(path, status=404)
    assert secretary.does(f"/prompts/{hers['prompt_id']}/resend", status=409)["code"] == "still_queued"
    other = next(one for one in both if one["account"] == "hy00002")
    assert secretary.does(f"/prompts/{other['prompt_id']}/resend", status=403)["code"] == "not_yours"
    secretary.does("/prompts/999/resend", status=404)
    site.store.write(give_up)
    assert secretary.does(f"/prompts/{hers['prompt_id']}/resend")["sms_id"] > 0
    assert secretary.asks(path)["items"][0]["resent"] == 1


def test_what_was_given_up_is_on_the_operator_s_list_and_goes_out_again(
    site: Site, system: System, at: At
) -> None:
    number = system.ask(sms=True).json()["id"]
    operator = at("hy00060", role="operator")
    until(lambda: operator.asks(f"/requests/{number}/sms")["items"], "nobody was asked")
    site.store.write(give_up)
    [one] = operator.asks("/queues/sms")["items"]
    assert (one["to"], one["state"], one["error"]) == ("+8612******001", "dead", "no network")
    operator.does(f"/queues/sms/{one['id']}/resend", status=204)
    assert operator.asks("/queues/sms")["items"] == []
    assert operator.does(f"/queues/sms/{one['id']}/resend", status=409)
    operator.does("/queues/callbacks/999/resend", status=404)
    operator.asks("/queues/letters", status=422)
    assert operator.asks("/queues/callbacks")["items"] == []
    assert at("hy00001").asks("/queues/sms", status=403)["code"] == "not_your_role"
    said = site.store.read(
        lambda tx: tx.execute(entries.select().where(entries.c.chain == "operations")).mappings().all()
    )
    assert [(row["actor"], row["verb"]) for row in said] == [("hy00060", "sms.resent")]
