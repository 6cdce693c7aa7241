"""A field that a step hides is not sent to who sees the matter through that step; the content proves itself all the same."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from approval_core.approvals import filing
from approval_core.approvals.filing import Filing
from approval_core.approvals.models import Request
from approval_core.approvals.rules.content import canonical, field_digest
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.definitions import service as definitions
from approval_core.people.actor import SYSTEM, Actor
from approval_core.people.models import persons
from approval_core.store import Tx
from gateway.serve import Site
from tests.approval_core.approvals.types import FORM, Plain, document
from tests.mobile_api.browser import Browser

At = Callable[..., Browser]
SECRET = "88888.00"
PAID = {"fields": [*FORM["fields"], {"name": "pay", "label": {"zh": "工资", "en": "Pay"}, "type": "money"}]}


def step(name: str, account: str, **settings: Any) -> dict[str, Any]:
    rules = [{"rule": "USER", "account": account}]
    return {"step": name, "name": {"zh": name, "en": name}, "approvers": rules} | settings


ROUTE = (
    step("first", "hy00001", fields={"*": "read", "pay": "hidden", "note": "write"}),
    step("second", "hy00002", fields={"note": "hidden"}),
)


def _file(tx: Tx, account: str) -> int:
    now = utc_now()
    definitions.publish(
        tx, yaml.dump(document(*ROUTE, form=PAID), Dumper=Plain, allow_unicode=True), actor=SYSTEM, now=now
    )  # fmt: skip
    person_id = tx.execute(select(persons.c.id).where(persons.c.account == account)).scalar_one()
    what = Filing(type="LEAVE", form={"days": 3, "cost": "0.00", "pay": SECRET, "note": "家事"})
    return filing.file(tx, what, actor=Actor("person", account, person_id), now=now).request_id


@pytest.fixture
def matter(site: Site) -> int:
    return site.store.write(_file, "hy00900")


def content_hash_of(shown: dict[str, Any]) -> str:
    """As a phone would: the fields it has with their salts, the digests of those it has not."""
    fields = {name: shown[name] for name in ("type", "title", "summary", "applicant")}
    fields |= {f"form.{name}": value for name, value in shown["form"].items()}
    digests = {name: field_digest(salt, fields[name]) for name, salt in shown["salts"].items()}
    digests |= shown["digests"]
    return sha256(canonical([[name, digests[name]] for name in sorted(digests)]).encode()).hexdigest()


def test_each_sees_what_his_step_shows_and_all_arrive_at_one_hash(site: Site, matter: int, at: At) -> None:
    asking, first = at("hy00900"), at("hy00001")
    mine = asking.asks(f"/requests/{matter}")
    theirs = first.asks(f"/requests/{matter}")
    assert (mine["form"], mine["hidden"], mine["digests"]) == (
        {"days": 3, "cost": "0.00", "pay": SECRET, "note": "家事"},
        [],
        {},
    )
    assert (theirs["form"], theirs["hidden"]) == ({"days": 3, "cost": "0.00", "note": "家事"}, ["pay"])
    assert SECRET not in str(theirs)
    assert set(theirs["digests"]) == {"form.pay"}
    assert "form.pay" not in theirs["salts"]
    kept = site.store.read(lambda tx: tx.execute(select(table_of(Request).c.content_hash)).scalar_one())
    assert content_hash_of(mine) == content_hash_of(theirs) == mine["content_hash"] == kept


def test_what_he_may_write_is_said_with_the_task_that_waits_for_him(matter: int, at: At) -> None:
    first = at("hy00001")
    [mine] = first.asks(f"/requests/{matter}")["mine"]
    assert (mine["block"], mine["rights"]) == (
        "first",
        {"days": "read", "cost": "read", "note": "write", "pay": "hidden"},
    )
    body = {"verdict": "approve", "task_revision": mine["task_revision"]}
    first.does(f"/tasks/{mine['task_id']}/decide", body)
    shown = first.asks(f"/requests/{matter}")
    assert (shown["mine"], shown["form"]) == ([], {"days": 3, "cost": "0.00", "note": "家事"})


def test_where_it_is_since_when_why_he_and_what_comes_next_stand_in_one_answer(matter: int, at: At) -> None:
    shown = at("hy00900").asks(f"/requests/{matter}")
    now, then = shown["steps"]
    [holder] = now["approvers"]
    assert (now["block"], now["state"], holder["account"], holder["state"]) == (
        "first",
        "active",
        "hy00001",
        "open",
    )
    assert holder["opened_at"] is not None
    assert holder["why"]["rule"] == "USER"
    assert (then["block"], then["approvers"][0]["account"], then["approvers"][0]["task_id"]) == (
        "second",
        "hy00002",
        0,
    )


def test_a_secretary_sees_through_the_eyes_of_her_leader(matter: int, at: At) -> None:
    at("hy00002")
    of_first = at("hy00050", secretary_of="hy00001").asks(f"/requests/{matter}")
    assert (of_first["sight"], of_first["hidden"]) == ("secretary", ["pay"])
    of_asking = at("hy00051", secretary_of="hy00900").asks(f"/requests/{matter}")
    assert (of_asking["sight"], of_asking["hidden"]) == ("secretary", [])
    assert at("hy00070", role="auditor").asks(f"/requests/{matter}")["form"]["pay"] == SECRET
    assert SECRET not in str(at("hy00060", role="admin").asks(f"/requests/{matter}"))
